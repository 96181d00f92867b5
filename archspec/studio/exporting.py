"""What a view is written as: a picture, a table, Mermaid, or the command that gives the same."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from typing import get_args

from archspec.draw.mermaid import mermaid
from archspec.draw.svg import Picture, svg
from archspec.draw.table import Format, Style, table, write
from archspec.editor.cursor import NO_BREAKS
from archspec.errors import InputError
from archspec.spec.files import spec_names
from archspec.studio.documents import shipped_file
from archspec.studio.known import checked, here, on_disk, text_of
from archspec.studio.pictures import Asked, block, difference, full, network, other_of, part
from archspec.studio.places import Json, Text

NAMES = re.compile(r"[^\w.+-]+")
"""What stands in no name of a file."""
UNSAVED = "It draws the file as it is saved: what was changed since then is not in it."
DRAWN: Mapping[str, Callable[[Asked], Picture | None]] = {
    "network": network, "block": block, "full": full, "table": network,
    "diff": lambda asked: difference(asked, other_of(asked))}


def export(request: Json) -> Json:
    """The file of a view: its name and its text. Raises InputError."""
    text = text_of(request)
    found = checked(text)
    if found.problems or found.spec is None or found.graph is None:
        raise InputError("the text has problems, and what has is not drawn\n  hint: mend them first")
    asked = Asked(text, found.spec, found.graph, request.get("view") or {})
    kind, form = asked.one_of("kind", tuple(DRAWN)), request["format"]
    if form not in FORMS:
        raise InputError(f"format is one of {' '.join(FORMS)}")
    suffix, made = FORMS[form]
    name = "_".join([asked.graph.name, *([kind] if kind != "network" and form == "svg" else [])])
    note = {"note": UNSAVED} if form == "command" and _saved(text) not in (None, text.text) else {}
    return {"name": f"{NAMES.sub('_', name)}{suffix}", "text": made(asked, kind), **note}


def _saved(text: Text) -> str | None:
    held = on_disk(text.path)
    return None if held is None else Text(text.path, held.text.translate(NO_BREAKS)).text


def _svg(asked: Asked, kind: str) -> str:
    drawn = DRAWN[kind](asked)
    if drawn is None:
        raise InputError("nothing differs, and there is no picture of that")
    return svg(drawn)


def _table(form: Format) -> Callable[[Asked, str], str]:
    def made(asked: Asked, kind: str) -> str:
        style: Style = asked.one_of("style", get_args(Style))
        return write(table({asked.spec.name: (asked.graph, asked.spec)}, style), form)
    return made


# -- commands ------------------------------------------------------------------------------------------------------------

def _ships(text: Text) -> bool:
    """Whether it is a shipped spec as it ships."""
    name = text.path.stem
    return name in spec_names() and here().read(shipped_file(name)).text == text.text


def _command(asked: Asked, kind: str) -> str:
    file = here().name(asked.text.path)
    if _saved(asked.text) is None and _ships(asked.text):
        file = asked.text.path.stem
    elif _saved(asked.text) is None:
        raise InputError("a command draws a file, and this text is none yet\n  hint: save it first")
    return shlex.join(["archspec", *COMMANDS[kind](asked, f"./{file}" if file.startswith("-") else file)]) + "\n"


def _block(asked: Asked, file: str) -> list[str]:
    found = part(asked)
    which = ["--stage", asked.word("stage")] if asked.word("stage") else ["--block", found.title]
    repeat = asked.repeat
    return ["draw", file, *which, *(["--repeat", str(repeat)] if repeat is not None else [])]


def _full(asked: Asked, file: str) -> list[str]:
    if asked.word("stage"):
        raise InputError("no command draws all of one stage\n  hint: archspec draw --stage draws one of its repeats")
    return ["draw", file, "--full"]


def _tabled(asked: Asked, file: str) -> list[str]:
    style = asked.one_of("style", get_args(Style))
    return ["draw", file, "--table", "markdown", *(["--style", style] if style != get_args(Style)[0] else [])]


def _difference(asked: Asked, file: str) -> list[str]:
    other = other_of(asked)
    if not other.said:
        raise InputError("a command compares files, and this text is not saved\n  hint: save it under another name")
    return ["diff", other.said, file, "-o", f"{NAMES.sub('_', asked.graph.name)}_diff.svg"]


COMMANDS: Mapping[str, Callable[[Asked, str], list[str]]] = {
    "network": lambda asked, file: ["draw", file], "block": _block, "full": _full, "table": _tabled, "diff": _difference}

FORMS: Mapping[str, tuple[str, Callable[[Asked, str], str]]] = {
    "svg": (".svg", _svg), "latex": (".tex", _table("latex")), "markdown": (".md", _table("markdown")),
    "mermaid": (".mmd", lambda asked, kind: mermaid(asked.graph)), "command": (".sh", _command)}
"""What a format's files end with, and what makes them."""
