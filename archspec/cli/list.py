"""`archspec list`: the specs, blocks and recipes at hand."""

from __future__ import annotations

from dataclasses import asdict

import click
from rich.console import Console

from archspec.cli import DONE
from archspec.cli.options import as_json, print_json
from archspec.io.places import relative, shipped
from archspec.spec.dump import to_inline
from archspec.spec.files import recipe_names
from archspec.views import catalog


@click.command(name="list")
@as_json
@click.option("--blocks", "only_blocks", is_flag=True, help="The blocks with their parameters instead of the specs.")
def list_(as_json: bool, only_blocks: bool) -> int:
    """Show the specs that ship with archspec by family, with their cost; with --blocks the blocks."""
    if as_json:
        print_json({"specs": [asdict(entry) for entry in catalog.specs()],
                    "blocks": [asdict(entry) for entry in catalog.blocks()], "recipes": recipe_names()})
        return DONE
    if only_blocks:
        _print_blocks()
        return DONE
    from archspec.views.tables import catalog_table
    console = Console(width=None if Console().is_terminal else 160, highlight=False)
    console.print(catalog_table(catalog.specs()))
    return DONE


def _print_blocks() -> None:
    family = ""
    for entry in catalog.blocks():
        if entry.family != family:
            click.echo(relative(shipped() / "blocks" / f"{entry.family}.yaml"))
            family = entry.family
        parameters = " ".join(name if value == "required" else f"{name}={_shown(value)}"
                              for name, value in entry.parameters.items())
        click.echo(f"  {entry.name}: {parameters}\n      {entry.description}")


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else to_inline(value)
