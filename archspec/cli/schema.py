"""`archspec schema`: the JSON Schema of a spec, for editors."""

from __future__ import annotations

import click

from archspec.author.new import write_schema
from archspec.author.spec_schema import HEAD, schema_text
from archspec.cli import DONE
from archspec.cli.completed import files
from archspec.io.places import user_path


@click.command()
@click.option("-o", "--output", metavar="FILE", shell_complete=files,
              help="A file to write, schema.json as `archspec new` looks for it; an older schema is replaced.  "
                   "[default: standard output]")
def schema(output: str | None) -> int:
    """Print the JSON Schema of a spec (draft 2020-12), by which editors complete, explain and underline what is typed.

    A line at the head of a spec names it: `# yaml-language-server: $schema=schema.json`, a path from the spec's folder.
    """
    if output is None:
        click.echo(schema_text(), nl=False)
        return DONE
    path = user_path(output, "-o")
    write_schema(path)
    click.echo(f"{path}: the first line of a spec beside it: {HEAD}{path.name}")
    return DONE
