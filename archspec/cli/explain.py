"""`archspec explain`: what a problem's code means, with a wrong and a right example."""

from __future__ import annotations

import click

from archspec.author.problems import page, pages, shown
from archspec.cli import DONE
from archspec.cli.completed import codes


@click.command()
@click.argument("codes", metavar="[CODE]...", nargs=-1, shell_complete=codes)
def explain(codes: tuple[str, ...]) -> int:
    """Say what the CODE of a problem means, with a wrong and a right example. Without CODE: all of them, a line each.

    `archspec check` names the codes of what it found.
    """
    for number, found in enumerate([page(code) for code in codes]):
        click.echo("\n".join([*[""] * (number > 0), *shown(found)]))
    if not codes:
        wide = max(map(len, pages()))
        for each in pages().values():
            click.echo(f"{each.code:{wide}}  {each.title}")
    return DONE
