"""`archspec schema`: the JSON Schema of a spec, for editors."""

from __future__ import annotations

import click

from archspec.author.spec_schema import schema_text
from archspec.cli import DONE


@click.command()
def schema() -> int:
    """Print the JSON Schema of a spec (draft 2020-12), by which editors complete, explain and underline what is typed.

    A line at the head of a spec names it: `# yaml-language-server: $schema=schema.json`, a path from the spec's folder.
    """
    click.echo(schema_text(), nl=False)
    return DONE
