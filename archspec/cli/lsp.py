"""`archspec lsp`: the language server that editors start."""

from __future__ import annotations

import click

from archspec.cli import DONE
from archspec.io.packages import refuse_missing


@click.command()
@click.option("--stdio", is_flag=True, help="Over standard input and output, as it always is; some editors say so.")
def lsp(stdio: bool) -> int:
    """Answer an editor over the Language Server Protocol: problems, completion, meaning and places while a spec is typed.

    It speaks on standard input and output; docs/editors.md says how editors are told of it. It needs one package more:
    pip install 'archspec-keras[editor]'.
    """
    refuse_missing("archspec lsp", ("pygls",))
    from archspec.lsp.requests import serve
    serve()
    return DONE
