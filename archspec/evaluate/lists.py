"""Files about images that come from elsewhere: which images are left out, and ReaL's re-assessed labels of ImageNet."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archspec.data.names import Names, readable
from archspec.data.source import Split
from archspec.errors import InputError, some, visible
from archspec.evaluate.order import SYNSET
from archspec.io.files import opened

MOST_BYTES = 1 << 26
"""Of a file: a hundred times that of ReaL's labels."""
VALIDATION = re.compile(rb"ILSVRC2012_val_([0-9]{8})(\.[A-Za-z]+)?")
"""How ILSVRC calls the images to validate on, by their numbers from 1."""
CLASSES = 1000
"""Of ILSVRC: re-assessed labels count their synsets, sorted, from 0."""
LIST = "a text with the name of an image a line, or its number where images are called ILSVRC2012_val_00000001.JPEG"
REAL = "real.json of google-research/reassessed-imagenet is expected: a list with a list of class numbers an image"
LONG = 12
"""Digits that no number of an image has."""
BEGINS = b"\xef\xbb\xbf"
"""A byte order mark, as some editors write it."""


@dataclass(frozen=True)
class Listed:
    """A file as the user called it, and the SHA-256 of its bytes."""

    file: str
    sha256: str


@dataclass(frozen=True)
class ListFile:
    """A file as it was read: before there are images, so that one that cannot be used is told at once."""

    path: Path
    data: bytes

    @property
    def listed(self) -> Listed:
        """What is recorded of it."""
        return Listed(str(self.path), hashlib.sha256(self.data).hexdigest())


@dataclass(frozen=True)
class RealFile(ListFile):
    """With the labels of each image that it has some for."""

    entries: tuple[tuple[int, ...], ...]


@dataclass(frozen=True)
class LeftOut:
    """The images of a split that a list leaves out, (k,) int64, each once."""

    listed: Listed
    numbers: np.ndarray


@dataclass(frozen=True)
class Real:
    """Re-assessed labels of a split's images, in its order: numbers of ILSVRC's classes, none where nobody agreed on one."""

    listed: Listed
    labels: tuple[tuple[int, ...], ...]

    @property
    def labelled(self) -> np.ndarray:
        """(n,) bool: whether an image has labels."""
        return np.array([bool(each) for each in self.labels])

    def rows(self, begin: int, end: int, places: np.ndarray, classes: int) -> np.ndarray:
        """(end - begin, classes) bool: the labels of some images as the outputs of a model, see `places`."""
        found = np.zeros((end - begin, classes), bool)
        for row, labels in zip(found, self.labels[begin:end], strict=True):
            row[places[list(labels)]] = True
        return found


def read_list(path: Path) -> ListFile:
    """A list of images to leave out. Raises InputError where it cannot be read."""
    return ListFile(path, _bytes(path, "--leave-out", LIST))


def read_real(path: Path) -> RealFile:
    """A file of re-assessed labels. Raises InputError where it cannot be read, or that is not what it holds."""
    data = _bytes(path, "--real", REAL)
    return RealFile(path, data, tuple(_entries(data, visible(str(path)))))


def leave_out(file: ListFile, split: Split) -> LeftOut:
    """The images of a split that a file lists: by name, with its folders or without, or by ILSVRC's number.

    Raises InputError with the line of one that is not there, or that may be several.
    """
    called = visible(str(file.path))
    known, found, number = _Known(split.keys), set[int](), 0
    for number, line in enumerate(file.data.removeprefix(BEGINS).splitlines(), 1):
        if name := line.strip():
            try:
                found.update(known.find(name))
            except LookupError as error:
                raise InputError(f"{called}:{number}: {error}") from None
    if not found:
        raise InputError(f"{called}: names no image\n  hint: {LIST}")
    return LeftOut(file.listed, np.array(sorted(found), np.int64))


class _Known:
    """The images of a split by what a list may call them."""

    def __init__(self, keys: Names) -> None:
        self._keys, self._whole, self._short, self._numbers = keys, _by(keys, bytes), _by(keys, os.path.basename), _by(
            keys, validation_number)

    def find(self, name: bytes) -> list[int]:
        """The numbers of the image that is called so: several where it is there several times. Raises LookupError."""
        if name in self._whole:
            return self._whole[name]
        found = [number for number in self._short.get(os.path.basename(name), [])
                 if (b"/" + self._keys.raw(number)).endswith(b"/" + name)]
        if not found and name.isdigit() and len(name) < LONG:
            found = self._numbers.get(int(name), [])
        names = sorted({self._keys.raw(each) for each in found})
        if len(names) == 1:
            return found
        if names:
            raise LookupError(f"{len(names)} images are called {readable(name)}: {some(map(readable, names))}\n"
                              "  hint: write the folder before the name")
        raise LookupError(self._missing(name))

    def _missing(self, name: bytes) -> str:
        like = f"these are called as {readable(self._keys.raw(0))}" if len(self._keys) else "there are no images"
        if name.isdigit() and None not in self._numbers:
            return f"there is no image of the number {readable(name[:40])}\n  hint: {like}; numbers count from 1"
        if name.isdigit():
            return (f"{readable(name[:40])} is no name of an image, and not all images are called by ILSVRC's numbers\n"
                    f"  hint: {like}; write names")
        return f"no image is called {readable(name[:400])}\n  hint: {like}; the name is expected, with its folders or without"


def _by(keys: Names, what: Any) -> dict[Any, list[int]]:
    found = dict[Any, list[int]]()
    for number, key in enumerate(keys.all_raw()):
        found.setdefault(what(key), []).append(number)
    return found


def validation_number(key: bytes) -> int | None:
    """ILSVRC's number of an image to validate on, by its name; None of any other."""
    said = VALIDATION.fullmatch(os.path.basename(key))
    return int(said[1]) if said else None


def real(file: RealFile, split: Split) -> Real:
    """The re-assessed labels of a split's images, by their names. Raises InputError where a file has none of an image."""
    entries = file.entries
    found = list[tuple[int, ...]]()
    for key in split.keys.all_raw():
        number = validation_number(key)
        if number is None or not 1 <= number <= len(entries):
            why = "is not called as ILSVRC calls it" if number is None else f"is none of the {len(entries)} that are labelled"
            raise InputError(f"--real {visible(str(file.path))}: the image {readable(key)} {why}\n"
                             "  hint: the labels are of the images ILSVRC2012_val_00000001.JPEG and on: --data names others")
        found.append(entries[number - 1])
    return Real(file.listed, tuple(found))


def real_places(classes: Sequence[str], called: str) -> np.ndarray:
    """(1000,) int32: the output of a model for each class that re-assessed labels count, by the names of its classes."""
    known = {name: place for place, name in enumerate(classes) if SYNSET.fullmatch(name)}
    if len(known) != CLASSES:
        raise InputError(f"--real counts all {CLASSES} synsets of ILSVRC, from n01440764 on, and {called} calls {len(known)} "
                         f"of its {len(classes)} classes by one: {some(classes)}\n  hint: it is for a network that tells all "
                         "of them apart; --labels FILE names its classes by synsets, one a line, in the order of its outputs")
    return np.array([known[name] for name in sorted(known)], np.int32)


def _entries(data: bytes, called: str) -> list[tuple[int, ...]]:
    """The labels of each image."""
    try:
        document = json.loads(data.removeprefix(BEGINS))
    except json.JSONDecodeError as error:
        raise InputError(f"{called}:{error.lineno}:{error.colno}: is no JSON ({error.msg})\n  hint: {REAL}") from None
    except (ValueError, RecursionError):
        raise InputError(f"{called}: is no JSON\n  hint: {REAL}") from None
    if not isinstance(document, list) or not document:
        raise InputError(f"{called}: is no list, or an empty one\n  hint: {REAL}")
    return list(_labels(document, called))


def _labels(document: list[Any], called: str) -> Iterator[tuple[int, ...]]:
    for number, each in enumerate(document, 1):
        if not isinstance(each, list) or not all(type(label) is int and 0 <= label < CLASSES for label in each):
            raise InputError(f"{called}: entry {number}, of ILSVRC2012_val_{number:08}.JPEG, is no list of class numbers from "
                             f"0 to {CLASSES - 1}\n  hint: {REAL}")
        yield tuple(each)


def _bytes(path: Path, option: str, expected: str) -> bytes:
    try:
        with opened(path) as file:
            data = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise InputError(f"{option} {visible(str(path))}: {error.strerror}\n  hint: {expected}") from None
    if len(data) > MOST_BYTES:
        raise InputError(f"{option} {visible(str(path))}: is larger than {MOST_BYTES >> 20} MiB\n  hint: {expected}")
    return data
