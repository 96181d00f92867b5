"""What can be said of a folder by its names alone, and by the files of a version without reading them."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from archspec.errors import InputError, some, visible
from archspec.export.versions import LARGEST, NUMBER, versions
from archspec.serving.rules import Fault

GRAPH, ASSETS = "saved_model.pb", "assets"
PLAIN = re.compile(r"0|[1-9]\d*")
MOST_GRAPH = 1 << 31
MOST_FILES = 10_000
DATA = re.compile(r"variables\.data-(\d{5})-of-(\d{5})")


def saved_models(folder: Path) -> list[Path]:
    """The SavedModel that a folder is, or those of its versions, the lowest first; there may be none.

    Raises InputError where it holds models, each with versions, or cannot be looked into.
    """
    if (folder / GRAPH).is_file():
        return [folder]
    try:
        found = _whole(folder)
        models = [] if found else sorted(each for each in folder.iterdir() if _whole(each))
    except OSError as error:
        raise InputError(f"{visible(str(folder))}: {error.strerror}") from None
    if models:
        raise InputError(f"{visible(str(folder))} holds models, not versions of one\n"
                         f"  hint: name one of {some(visible(str(each)) for each in models)}")
    return found


def _whole(folder: Path) -> list[Path]:
    return [each for each in versions(folder).values() if (each / GRAPH).is_file()]


def layout(folder: Path) -> Iterator[Fault]:
    """Of the folder that a server is given; of a version that was named alone, of its name."""
    if (folder / GRAPH).is_file():
        if not NUMBER.fullmatch(folder.resolve().name):
            yield Fault("layout.versions", "", f"{GRAPH} lies in {visible(folder.resolve().name)}, which is no number: a "
                        "server that is given this folder, or the one above it, waits for a version for ever")
        return
    seen = dict[int, str]()
    for name in sorted(each.name for each in folder.iterdir() if NUMBER.fullmatch(each.name)):
        number = int(name)
        if not (folder / name / GRAPH).is_file():
            yield Fault("layout.whole", name, f"is called by a number and holds no {GRAPH}: the server takes it for a version")
        if abs(number) > LARGEST:
            yield Fault("layout.whole", name, "is larger than any number of a version")
        if not PLAIN.fullmatch(name):
            yield Fault("layout.names", name, "is no plain number")
        if number in seen:
            yield Fault("layout.names", name, f"is the same version as {seen[number]}: one of them is ignored")
        seen[number] = name


def files(version: Path) -> Iterator[Fault]:
    """Of a version's files, but for what is in them."""
    size = (version / GRAPH).stat().st_size
    if not 0 < size < MOST_GRAPH:
        yield Fault("files.graph", GRAPH, f"has {size:,} bytes")
    if (version / "export.meta").exists():
        yield Fault("files.format", "export.meta", "is there")
    if (version / "model.tflite").exists():
        yield Fault("files.tflite", "model.tflite", "is there")
    found = list(islice(_all(version), MOST_FILES + 1))
    if len(found) > MOST_FILES:
        yield Fault("files.inside", "", f"there are more than {MOST_FILES:,} files: not all are looked at")
    if unreadable := [path for path in found if _hidden(path)]:
        yield Fault("files.readable", "", f"not everybody may read {_named(version, unreadable)}")
    root = version.resolve()
    if out := [path for path in found if path.is_symlink() and not path.resolve().is_relative_to(root)]:
        yield Fault("files.inside", "", f"{_named(version, out)} leads out of the folder")


def variables(version: Path, *, needed: bool) -> Iterator[Fault]:
    """Of the files with the weights; they are `needed` where the graph has any."""
    folder = version / "variables"
    names = [each.name for each in folder.iterdir()] if folder.is_dir() else []
    data = [found for found in map(DATA.fullmatch, names) if found]
    if "variables.index" not in names:
        if needed or data:
            yield Fault("files.variables", "variables/variables.index", "is not there")
        return
    totals = {int(found[2]) for found in data}
    if len(totals) != 1 or {int(found[1]) for found in data} != set(range(*totals)):
        there = some(sorted(found[0] for found in data))
        yield Fault("files.variables", "variables", f"of the data files there are {there or 'none'}")
    for name in ("variables.index", *(found[0] for found in data)):
        if not (folder / name).is_file() or not (folder / name).stat().st_size:
            yield Fault("files.variables", f"variables/{name}", "is empty, or no file")


def _all(version: Path) -> Iterator[Path]:
    """The files and folders of a version."""
    for root, folders, names in os.walk(version):
        for name in (*folders, *names):
            yield Path(root, name)


def _hidden(path: Path) -> bool:
    try:
        mode = path.stat().st_mode
    except OSError:
        return True
    return not mode & 0o004 or (path.is_dir() and not mode & 0o001)


def _named(version: Path, paths: list[Path]) -> str:
    return some(visible(str(path.relative_to(version))) for path in paths)
