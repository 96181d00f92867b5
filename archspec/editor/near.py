"""Files that are made of a file: those that an editor holds and those of its folder that extend or include it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from archspec.editor.cursor import NO_BREAKS
from archspec.errors import Problem, SpecError
from archspec.io.files import opened
from archspec.io.places import reached
from archspec.io.unsaved import unsaved
from archspec.spec.inherit import resolve
from archspec.spec.source import MAX_BYTES, read

MOST = 200
"""YAML files of a folder that are looked into."""
NAMES_ANOTHER = re.compile(r"\b(extends|include)\b")


@dataclass(frozen=True, slots=True)
class Near:
    """What is made of a file: texts by file, links resolved.

    `broken` are those of them of which nothing can be read, and that may be made of it, each with what is wrong; `unseen` is
    how many YAML files of the folder were not looked into.
    """

    texts: Mapping[Path, str]
    broken: Mapping[Path, Problem]
    unseen: int = 0


def on_disk(path: Path) -> str:
    """What a file holds, its lines ended as an editor's, as far as a spec may be large. Raises OSError."""
    with opened(path) as file:
        return file.read(MAX_BYTES).decode("utf-8-sig", errors="replace").translate(NO_BREAKS)


def made_of(path: Path, texts: Mapping[Path, str]) -> Near:
    """The files that extend or include a file, directly or through others. `texts` are what an editor holds, by their paths."""
    others, unseen = _beside(path, texts)
    named, waiting = dict[Path, str](), [path.stem]
    while waiting:  # who may be: a file that is read for it takes a hundred times as long
        stem = waiting.pop()
        for other in [other for other, text in others.items() if stem in text and NAMES_ANOTHER.search(text)]:
            named[other] = others.pop(other)
            waiting.append(other.stem)
    broken = {other: problem for other in named if (problem := _unreadable(other, texts)) is not None}
    made = {other for other in named if other in broken or not _files_of(other, texts).isdisjoint({path, *broken})}
    return Near({other: text for other, text in named.items() if other in made}, broken, unseen)


def _beside(path: Path, texts: Mapping[Path, str]) -> tuple[dict[Path, str], int]:
    """What an editor holds and the other YAML files of a folder, and how many of these are left out."""
    found, unseen = {other: text for other, text in texts.items() if other != path}, 0
    for other in _yaml(path.parent):
        if other == path or other in found:
            continue
        if len(found) >= MOST:
            unseen += 1
            continue
        with suppress(OSError):
            found[other] = on_disk(other)
    return found, unseen


def _yaml(folder: Path) -> Iterator[Path]:
    with suppress(OSError):
        for each in sorted((*folder.glob("*.yaml"), *folder.glob("*.yml"))):
            if (found := reached(each, (folder, Path.cwd()))) is not None:  # what lies elsewhere can name none of these
                yield found


def _unreadable(path: Path, texts: Mapping[Path, str]) -> Problem | None:
    try:
        with unsaved(texts):
            read(path, [])
    except SpecError as error:
        return error.problems[0]
    return None


def _files_of(path: Path, texts: Mapping[Path, str]) -> set[Path]:
    """The files that a spec is made of, and names that it looked for."""
    with unsaved(texts) as asked, suppress(SpecError):
        resolve(str(path))
    return asked
