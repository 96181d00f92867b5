"""`archspec show`: the resolved spec, its blocks, or where a value came from."""

from __future__ import annotations

import click

from archspec.cli import DONE
from archspec.cli.options import overrides, spec_of
from archspec.spec.arch import Spec
from archspec.views.explain import explain as explain_key


@click.command()
@click.argument("spec")
@overrides
@click.option("--expand", is_flag=True, help="Write the shipped blocks out that it uses.")
@click.option("--explain", metavar="KEY", help="Say where the value of a key came from: --explain stages.widths.")
def show(spec: str, overrides: tuple[str, ...], expand: bool, explain: str | None) -> int:
    """Show SPEC with everything it extends merged into it. What is printed is a spec."""
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
