"""`archspec list`: the specs, blocks and recipes at hand."""

from __future__ import annotations

from dataclasses import asdict

import click

from archspec.cli import DONE
from archspec.cli.options import as_json, print_json
from archspec.cli.screen import screen
from archspec.errors import InputError, nearest
from archspec.io.places import relative, shipped
from archspec.spec.dump import to_inline
from archspec.spec.files import recipe_names, spec_names
from archspec.views import catalog


@click.command(name="list")
@click.argument("word", required=False)
@as_json
@click.option("--blocks", "only_blocks", is_flag=True, help="The blocks with their parameters instead of the specs.")
def list_(word: str | None, as_json: bool, only_blocks: bool) -> int:
    """Show the specs that ship with archspec by family, with their cost; with --blocks the blocks.

    With WORD those alone that have it in their name, family or description.
    """
    specs = [entry for entry in catalog.specs() if _has(word, entry)]
    blocks = [entry for entry in catalog.blocks() if _has(word, entry)] if as_json or only_blocks else []
    if as_json:
        print_json({"specs": [asdict(entry) for entry in specs], "blocks": [asdict(entry) for entry in blocks],
                    "recipes": [name for name in recipe_names() if word is None or word.lower() in name]})
        return DONE
    if not (blocks if only_blocks else specs):
        raise InputError(f"no {'block' if only_blocks else 'spec'} has '{word}' in its name, family or description\n"
                         f"  hint: {nearest(word or '', spec_names()) or 'archspec list shows all'}")
    if only_blocks:
        _print_blocks(blocks)
        return DONE
    from archspec.views.tables import catalog_table
    console = screen(160)
    console.print(catalog_table(specs))
    return DONE


def _has(word: str | None, entry: catalog.SpecEntry | catalog.BlockEntry) -> bool:
    return word is None or any(word.lower() in text.lower() for text in (entry.name, entry.family, entry.description))


def _print_blocks(blocks: list[catalog.BlockEntry]) -> None:
    family = ""
    for entry in blocks:
        if entry.family != family:
            click.echo(relative(shipped() / "blocks" / f"{entry.family}.yaml"))
            family = entry.family
        parameters = " ".join(name if value == "required" else f"{name}={_shown(value)}"
                              for name, value in entry.parameters.items())
        click.echo(f"  {entry.name}: {parameters}\n      {entry.description}")


def _shown(value: object) -> str:
    return f"{value:g}" if isinstance(value, float) else to_inline(value)
