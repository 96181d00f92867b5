"""What the worker knows of texts by now: checked ones are kept as long as their files are what they were."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archspec.editor.checked import Checked, check
from archspec.editor.cursor import NO_BREAKS
from archspec.errors import InputError, SpecError
from archspec.io.unsaved import unsaved
from archspec.spec.inherit import Resolved, resolve
from archspec.studio.documents import Folder, Held
from archspec.studio.places import Json, Text

MOST = 6
"""Checked texts that are kept: graphs of a thousand layers are some 20 MB each."""
NEW = "untitled"

Stamp = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A text as it was checked, and what its files were then."""

    checked: Checked
    stamps: Mapping[Path, Stamp]

    @property
    def holds(self) -> bool:
        """Whether none of the files has changed."""
        return all(stamp(path) == was for path, was in self.stamps.items())


_KNOWN: dict[tuple[Path, str], Known] = {}
_RESOLVED: dict[Path, Resolved] = {}
"""Of each file the last of its texts that could be read."""


def stamp(path: Path) -> Stamp:
    """What tells a file from another one of the same name; () where there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return ()
    return found.st_mtime_ns, found.st_size, found.st_ino


def text_of(request: Json) -> Text:
    """The text that a request is about. Raises InputError where its file is not the studio's."""
    folder = here()
    name = request.get("path") or f"{request.get('name') or NEW}.yaml"
    return Text(folder.path(name), request["text"].replace("\r\n", "\n").translate(NO_BREAKS))


def here() -> Folder:
    """The folder of the studio: the worker's current one."""
    return Folder(Path.cwd(), FILE[0] if FILE else None)


FILE: list[Path] = []
"""The file that the studio was started with, which may be called anyhow."""


def checked(text: Text) -> Checked:
    """What the checker says of a text."""
    key = text.path, text.text
    known = _KNOWN.pop(key, None)
    if known is None or not known.holds:
        stamps = {text.path: stamp(text.path)}
        found = check(text.path, {text.path: text.text})
        stamps |= {path: stamp(path) for path in found.files if path != text.path}
        known = Known(found, stamps)
    _KNOWN[key] = known
    for old in [*_KNOWN][:-MOST]:
        del _KNOWN[old]
    if known.checked.resolved is not None:
        _keep(text.path, known.checked.resolved)
    return known.checked


def resolved(text: Text) -> Resolved | None:
    """What a text is made of, be it right or not; of one that cannot be read what was last known of its file."""
    known = _KNOWN.get((text.path, text.text))
    if known is not None and known.checked.resolved is not None and known.holds:
        return known.checked.resolved
    try:
        with unsaved({text.path: text.text}):
            _keep(text.path, resolve(str(text.path)))
    except SpecError:
        pass
    return _RESOLVED.get(text.path)


def _keep(path: Path, found: Resolved) -> None:
    _RESOLVED.pop(path, None)
    _RESOLVED[path] = found
    for old in [*_RESOLVED][:-MOST]:
        del _RESOLVED[old]


def on_disk(path: Path) -> Held | None:
    """The file of a text; None where there is none, or none that a spec could be."""
    try:
        return here().read(path)
    except InputError:
        return None
