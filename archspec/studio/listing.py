"""The specs that lie in the folder of the studio, to be opened: so many at most, those nearest first."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from archspec.editor.checked import is_spec
from archspec.io.files import opened
from archspec.studio.documents import SUFFIXES, Folder
from archspec.studio.places import Json

MOST, MOST_LOOKED_AT, DEEPEST = 200, 5000, 4
"""Specs that are told of, entries of folders that are looked at, and folders below one another."""
BEGIN = 16384
"""Bytes by which a spec is told from another file."""
LEFT_OUT = ("runs", "node_modules", "__pycache__")
"""Folders whose files nobody edits; those that are hidden are left out, too."""


def specs_in(folder: Folder) -> Json:
    """Names of files that look like specs, and whether there may be more of them."""
    found = list[str]()
    for looked_at, path in enumerate(_files(folder.root)):
        if len(found) == MOST or looked_at == MOST_LOOKED_AT:
            return {"files": found, "more": True}
        if path is not None and _is_spec(path):
            found.append(folder.name(path))
    return {"files": found, "more": False}


def _files(root: Path) -> Iterator[Path | None]:
    """Files by their names, a folder after those above it, links left out; None for each entry that is no such file."""
    level = [root]
    for _ in range(DEEPEST):
        below = list[Path]()
        for folder in level:
            try:
                with os.scandir(folder) as entries:
                    some = sorted((entry for entry, _ in zip(entries, range(MOST_LOOKED_AT + 1), strict=False)),
                                  key=lambda entry: entry.name)
            except OSError:  # not to be read, or gone
                continue
            for entry in some:
                is_folder, is_file = entry.is_dir(follow_symlinks=False), entry.is_file(follow_symlinks=False)
                if is_folder and not entry.name.startswith(".") and entry.name not in LEFT_OUT:
                    below.append(Path(entry))
                yield Path(entry) if is_file and entry.name.endswith(SUFFIXES) and _can_be_said(entry.name) else None
        level = below


def _can_be_said(name: str) -> bool:
    try:
        name.encode()
    except UnicodeEncodeError:  # bytes that are no UTF-8
        return False
    return name.isprintable()


def _is_spec(path: Path) -> bool:
    try:
        with opened(path) as file:
            return is_spec(file.read(BEGIN).decode("utf-8", errors="replace"), path)
    except OSError:
        return False
