"""`archspec show`: the resolved spec, its blocks, or where a value came from."""

from __future__ import annotations

import click

from archspec.cli import DONE
from archspec.cli.completed import blocks, keys, specs
from archspec.cli.options import overrides, spec_of
from archspec.spec.arch import Spec
from archspec.spec.blocks import BlockTable
from archspec.views.block_text import block_text
from archspec.views.explain import explain as explain_key


@click.command()
@click.argument("spec", required=False, shell_complete=specs)
@overrides
@click.option("--expand", is_flag=True, help="Write the shipped blocks out that it uses; of --block what it copies.")
@click.option("--explain", metavar="KEY", shell_complete=keys,
              help="Say where the value of a key came from: --explain stages.widths.")
@click.option("--block", metavar="NAME", shell_complete=blocks, help="A block instead, of SPEC or one that ships.")
def show(spec: str | None, overrides: tuple[str, ...], expand: bool, explain: str | None, block: str | None) -> int:
    """Show SPEC with everything it extends merged into it. What is printed is a spec.

    With --block one block: of SPEC, or one that ships.
    """
    if block is not None:
        if explain is not None or (spec is None and overrides):
            raise click.UsageError("--explain and --set are of a SPEC: --block stands without --explain, and --set with a SPEC")
        click.echo(block_text(BlockTable(None) if spec is None else spec_of(spec, overrides).blocks, block, expand), nl=False)
        return DONE
    if spec is None:
        raise click.UsageError("say which SPEC, or --block NAME for a block that ships")
    loaded = spec_of(spec, overrides)
    if explain is None:
        click.echo(loaded.to_yaml(expand) + _rate(loaded), nl=False)
        return DONE
    *overridden, last = explain_key(loaded, explain)
    click.echo(str(last))
    for origin in reversed(overridden):
        click.echo(f"  instead of {origin}")
    return DONE


def _rate(spec: Spec) -> str:
    """A comment with the learning rate, where it follows from a rate per batch."""
    return f"# train: {spec.train.rate_said}\n" if spec.train.reckoned else ""
