"""Images and labels that a table names: a row an image, one label or several."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from archspec.data.names import Names, readable
from archspec.data.nearby import Nearby
from archspec.data.source import Source, Split
from archspec.data.sources.files import in_files
from archspec.data.sources.holdout import held_out
from archspec.data.sources.listing import SUFFIXES
from archspec.data.sources.several import table_of
from archspec.data.sources.table import Table, read_table
from archspec.errors import InputError, some, visible
from archspec.io.places import expanded
from archspec.spec.data import Csv

LOOKED = 100
"""So many images of a table are looked for before the first is read: if none is there, the folder is a wrong one."""


def csv(section: Csv) -> Source:
    """The images of one table and of another, or of one table with `holdout`. Classes have the order of their names' bytes."""
    path, test, root = places(section)
    table = read_table(path, section)
    _refuse_missing_images(table, root, section)
    classes = sorted({label for labels in table.labels for label in labels}, key=str.encode)
    numbers = {name: number for number, name in enumerate(classes)}
    split = partial(_split, root=os.fsencode(root), numbers=numbers, section=section)
    if test is None:
        held = _held(table, section)
        train, testing = split("train", table, np.flatnonzero(~held)), split("holdout", table, np.flatnonzero(held))
    else:
        other = read_table(test, section)
        _refuse_missing_images(other, root, section)
        _refuse_other_classes(other, numbers, path)
        train, testing = (split(name, each, np.arange(len(each.lines))) for name, each in (("train", table), ("test", other)))
    return Source(section.source, tuple(map(visible, classes)), train, testing)


def places(section: Csv) -> tuple[Path, Path | None, Path]:
    """The table to train on, that to test on, and the folder of the images. Raises InputError where one is not there."""
    tables = {"path": section.path, **({"test": section.test} if section.test else {})}
    found = {key: expanded(text) for key, text in tables.items()}
    for key, path in found.items():
        if not path.is_file():
            raise InputError(f"train.data.{key}: no file {path} (seen from {Path.cwd()})\n"
                             f"  hint: --set train.data.{key}=FILE, a table with the columns '{section.image}' and "
                             f"'{section.label}'")
    root = expanded(section.root) if section.root else found["path"].parent
    if not root.is_dir():
        raise InputError(f"train.data.root: no folder {root} (seen from {Path.cwd()})\n"
                         "  hint: --set train.data.root=FOLDER, in which the paths of the table begin")
    return found["path"], found.get("test"), root


def _refuse_missing_images(table: Table, root: Path, section: Csv) -> None:
    """Raises InputError if none of the first images is there: single ones are told with all else that cannot be read."""
    base = os.fsencode(root)
    if any(os.path.isfile(os.path.join(base, name)) for name in table.names[:LOOKED]):
        return
    count = min(LOOKED, len(table.names))
    none = "its image is not there" if count == 1 else f"none of its first {count} images is there"
    first = os.path.join(base, table.names[0])
    raise InputError(f"{table.file}: {none}; line {table.lines[0]}: no file {readable(first)}\n"
                     f"  hint: {_found(first, section)}")


def _found(path: bytes, section: Csv) -> str:
    """What to write so that an image is found."""
    suffix = next((suffix for suffix in SUFFIXES if os.path.isfile(path + suffix)), b"").decode()
    if suffix and not section.suffix:
        return f"--set train.data.suffix={suffix}"
    return Nearby().instead(path) or "--set train.data.root=FOLDER, in which the paths of the table begin"


def _refuse_other_classes(table: Table, numbers: dict[str, int], train: Path) -> None:
    for line, labels in zip(table.lines, table.labels, strict=True):
        other = [label for label in labels if label not in numbers]
        if other:
            raise InputError(f"{table.file}:{line}: the class '{visible(other[0])}' is none of {train}, which has "
                             f"{some(map(visible, numbers))}\n  hint: a class to test on needs images to train on")


def _held(table: Table, section: Csv) -> np.ndarray:
    """(n,) bool: of each class a share, by a hash of the paths; of images with several labels a share of all."""
    groups: dict[str, list[int]] = {}
    for index, labels in enumerate(table.labels):
        groups.setdefault("" if section.separator else labels[0], []).append(index)
    held = np.zeros(len(table.lines), bool)
    for name, indices in groups.items():
        called = f"{table.file}: " + (f"class '{visible(name)}'" if name else "the table")
        held[indices] = held_out([table.names[index] for index in indices], section.holdout, called)
    return held


def _split(name: str, table: Table, chosen: np.ndarray, *, root: bytes, numbers: dict[str, int], section: Csv) -> Split:
    rows = chosen.tolist()
    labels = [[numbers[label] for label in table.labels[row]] for row in rows]
    lines = np.array(table.lines, np.int32)[chosen]
    names = Names.of(table.names[row] for row in rows)
    array = np.array([label for each in labels for label in each], np.int32)
    if section.separator:
        array = table_of(len(rows), len(numbers), np.repeat(np.arange(len(rows)), list(map(len, labels))), array, table.file)
    return in_files(name, array, root, names, section.white, _places_in(table.file, lines))


def _places_in(file: str, lines: np.ndarray) -> Callable[[int], str]:
    def where(index: int) -> str:
        return f"{file}:{lines[index]}"
    return where
