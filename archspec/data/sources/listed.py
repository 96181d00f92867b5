"""The index that `archspec data pack` writes beside TFRecord files: with it they need not be looked through.

It may come from anywhere, so it is believed only where it fits: the names and sizes of the files, places that follow one
another from the first byte to the last, and a few records of each file, which are read and compared.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from archspec.data.columns import labels_in, labels_written, numbers, written
from archspec.data.sources.records import FOOTER, HEADER, Found, Record, Wanted, record_at
from archspec.io.files import read_json, write_json

INDEX = "index.json"
FORMAT = "archspec-records"
VERSION = 1
MOST_BYTES = 1 << 29
"""Of the index; and it is no larger than the files that it lists, or LEAST."""
LEAST = 1 << 20
LOOKED_AT = 8
"""Records of a file that are compared."""
_PLACES = ("starts", "offsets", "sizes")


@dataclass(frozen=True, eq=False)
class Entry:
    """A file that the index lists: its name, its size in bytes, its SHA-256, and its records, whose labels are numbers."""

    name: str
    size: int
    sha256: str
    found: Found


def write_index(path: Path, entries: Sequence[Entry], wanted: Wanted) -> None:
    """Writes an index: few, long texts, see data/columns.py."""
    write_json(path, {"format": FORMAT, "version": VERSION, "image": wanted.image.decode(), "label": wanted.label.decode(),
                      "several": wanted.several, "files": [_to_json(entry) for entry in entries]})


def listed(path: Path, files: Sequence[Path], wanted: Wanted) -> list[Found] | None:
    """The records of files beside it as an index has them; None where there is none, or where it does not fit them."""
    try:
        largest = min(MOST_BYTES, max(LEAST, sum(file.stat().st_size for file in files)))
        if path.stat().st_size > largest or any(file.parent != path.parent for file in files):
            return None
        entries = _entries(read_json(path), wanted)
        return [_fitting(file, entries[file.name], wanted) for file in files]
    except (OSError, KeyError, TypeError, ValueError, AttributeError, OverflowError):
        return None


def _entries(document: Any, wanted: Wanted) -> dict[str, Any]:
    said = [document[key] for key in ("format", "version", "image", "label", "several")]
    if said != [FORMAT, VERSION, wanted.image.decode(), wanted.label.decode(), wanted.several]:
        raise ValueError("it is of something else")
    return {each["name"]: each for each in document["files"]}


def _fitting(file: Path, document: Any, wanted: Wanted) -> Found:
    """The records of a file. Raises ValueError where they are not those that it has."""
    found = _from_json(document)
    with file.open("rb") as opened:
        size = os.fstat(opened.fileno()).st_size
        if size != document["bytes"] or not _in_order(found, size) or not (wanted.several or (found.counts == 1).all()):
            raise ValueError("it is another file")
        for number, record in _some(found, size):
            if record_at(opened.fileno(), record.start, size, wanted, number) != record:
                raise ValueError("another record is there")
    return found


def _in_order(found: Found, size: int) -> bool:
    """Whether records follow one another from the first byte to the last, and each image lies within its own."""
    edges = np.append(found.starts, size)
    if edges[0] != 0 or (np.diff(edges) <= 0).any() or edges.max() > size:
        return False
    begins, ends = edges[:-1] + HEADER, edges[1:] - FOOTER
    return bool(((found.offsets >= begins) & (found.sizes >= 0) & (found.sizes <= ends - found.offsets)).all())


def _some(found: Found, size: int) -> Iterator[tuple[int, Record]]:
    """The first record, the last, and some between them."""
    edges, labels = np.append(found.starts, size), np.append(0, np.cumsum(found.counts))
    count = len(found.starts)
    for number in sorted(set(np.linspace(0, count - 1, LOOKED_AT).astype(int).tolist())) if count else ():
        own = found.labels[labels[number]:labels[number + 1]]
        yield number, Record(int(edges[number]), int(edges[number + 1]), int(found.offsets[number]),
                             int(found.sizes[number]), tuple(own.tolist()))


def _to_json(entry: Entry) -> dict[str, Any]:
    found = entry.found
    labels = iter(found.labels.tolist())
    by_record = (islice(labels, count) for count in found.counts.tolist())
    return {"name": entry.name, "bytes": entry.size, "sha256": entry.sha256,
            **{name: written(getattr(found, name).tolist()) for name in _PLACES}, "labels": labels_written(by_record)}


def _from_json(document: Any) -> Found:
    """Raises ValueError where its lists have different lengths."""
    starts, offsets, sizes = (numbers(document[name].split()) for name in _PLACES)
    words = labels_in(document["labels"])
    if not len(starts) == len(offsets) == len(sizes) == len(words):
        raise ValueError("lists of different lengths")
    counts = np.array([len(word) for word in words], np.int64)
    return Found(starts, offsets, sizes, counts, numbers(number for word in words for number in word))
