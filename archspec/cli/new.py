"""`archspec new`: a spec to start from."""

from __future__ import annotations

import click

from archspec.author.new import target, write_block, write_variant
from archspec.cli import DONE
from archspec.cli.completed import files, nothing, specs
from archspec.cli.options import tell_hidden


@click.command()
@click.argument("name", required=False, shell_complete=files)
@click.option("--from", "reference", metavar="SPEC", shell_complete=specs,
              help="Extend this spec; what is usually changed stands in comments, as it is now.")
@click.option("--block", metavar="BLOCK", shell_complete=nothing,
              help="A block of this name, and a small network of it, valid as written.")
def new(name: str | None, reference: str | None, block: str | None) -> int:
    """Write NAME.yaml to start from: a variant of the SPEC behind --from, or a BLOCK with a network of it.

    An editor's schema is named in its first line where one lies in its folder or above: archspec schema -o schema.json.

    NAME may be a path; with --block it may be left out, and is the block's. A file that is there is left as it is.
    """
    if (reference is None) is (block is None):
        raise click.UsageError("say what to start from: --from SPEC, or --block BLOCK; one of them")
    if name is None and block is None:
        raise click.UsageError("say what the new spec is called: archspec new NAME --from SPEC")
    if reference is not None:
        tell_hidden(reference)
    path = target(name or block or "")
    spec = write_variant(path, reference) if reference is not None else write_block(path, block or "")
    click.echo(f"{path}: {spec.description}; archspec check {path}")
    return DONE
