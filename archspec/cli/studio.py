"""`archspec studio`: the page in the browser in which a network is seen while its spec is written."""

from __future__ import annotations

import os
import sys
import webbrowser
from pathlib import Path
from threading import Thread

import click

from archspec.cli import DONE
from archspec.cli.completed import files
from archspec.errors import InputError
from archspec.io.packages import refuse_missing
from archspec.io.places import kind_of, user_path
from archspec.spec.files import spec_names


@click.command()
@click.argument("file", required=False, shell_complete=files)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="The port of 127.0.0.1.  [default: a free one]")
@click.option("--browser/--no-browser", default=True, help="Open the page in the browser, where there is a display.")
def studio(file: str | None, port: int, browser: bool) -> int:
    """Write the spec FILE in a browser, and see its network while you do: problems, cost and picture with every change.

    Without FILE it begins with the specs that ship; a FILE that is not there becomes one when it is saved. It prints the
    address of its page, which this machine's users can open who know it, and serves until Ctrl C. Files below the folder
    that it is started in can be opened and written, and no others. It needs two packages more: pip install
    'archspec-keras[studio]'.
    """
    refuse_missing("archspec studio", ("starlette", "uvicorn"))
    from archspec.studio.documents import Folder
    from archspec.studio.server import serve
    folder = Folder(*_places(file))
    if folder.file is not None:
        folder.held(folder.file)
    serve(folder, port, lambda address: _ready(address, browser))
    return DONE


def _places(file: str | None) -> tuple[Path, Path | None]:
    """The folder, and the file in it: the current folder, or that of a file that lies elsewhere."""
    if file is None:
        return Path.cwd(), None
    path = user_path(file, "FILE")
    if kind_of(path) == "folder":
        raise InputError(f"{path} is a folder, a spec is a file\n  hint: cd {path}, then archspec studio")
    if kind_of(path) == "none" and path.suffix not in (".yaml", ".yml"):
        ships = path.name == file and file in spec_names()
        raise InputError(f"there is no file {path}, and a new spec is a file .yaml\n  hint: " + (
            f"{file} ships: archspec studio, and choose it" if ships else f"archspec studio {path}.yaml"))
    whole = path.resolve()
    if kind_of(whole.parent) != "folder":
        raise InputError(f"{path}: there is no folder {path.parent}\n  hint: make it first")
    return (Path.cwd() if whole.is_relative_to(Path.cwd().resolve()) else whole.parent), whole


def _ready(address: str, browser: bool) -> None:
    click.echo(f"archspec studio: {address}")
    sys.stdout.flush()
    if browser and (sys.platform == "darwin" or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        Thread(target=webbrowser.open, args=(address,), daemon=True).start()  # some browsers end only when they are closed
