"""The index of the data: which classes, which images, in which split. It belongs to a run, and a resumed run compares it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from archspec.data.columns import labels_in, labels_written, numbers, written
from archspec.data.looking import Looked
from archspec.data.names import Names, readable
from archspec.data.source import Split
from archspec.errors import InputError, some

NONE = np.zeros(0, np.int64)
"""No image."""


@dataclass(frozen=True, eq=False)
class Listing:
    """The images of one split: names relative to the data, labels as in its Split, sizes in bytes (n,) int64.

    `heads` (n,) uint32 is the CRC-32 of the first HEAD bytes of each: with the size it tells an exchanged image from the
    old one, without reading either whole. What changes behind them and keeps the size is not seen. `skipped` (k,) int64
    are the numbers of those that cannot be read, and are left out.
    """

    name: str
    keys: Names
    labels: np.ndarray
    sizes: np.ndarray
    heads: np.ndarray
    skipped: np.ndarray = field(default_factory=lambda: NONE)


@dataclass(frozen=True, eq=False)
class Index:
    """What a source held when it was looked into. Where it lay is no part of it."""

    source: str
    classes: tuple[str, ...]
    train: Listing
    test: Listing

    @property
    def digest(self) -> str:
        """16 hex digits; equal for equal data, wherever they lie."""
        state = hashlib.sha256(repr((self.source, self.classes)).encode())
        for listing in (self.train, self.test):
            state.update(repr((listing.name, len(listing.keys))).encode())
            state.update(listing.keys.blob)
            for array, kind in ((listing.keys.offsets, "<i8"), (listing.labels, "<i4" if listing.labels.ndim == 1 else "u1"),
                                (listing.sizes, "<i8"), (listing.heads, "<u4"), (listing.skipped, "<i8")):
                state.update(np.ascontiguousarray(array, kind).data)
        return state.hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """A JSON document of few, long texts: see columns.py."""
        return {"source": self.source, "digest": self.digest, "classes": list(self.classes),
                **{half: _to_json(listing) for half, listing in (("train", self.train), ("test", self.test))}}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Index:
        """The index that `to_json` wrote. Raises InputError for anything else, or where its digest does not fit."""
        try:
            found = cls(document["source"], tuple(document["classes"]),
                        *(_from_json(document[half], len(document["classes"])) for half in ("train", "test")))
            fits = found.digest == document["digest"]
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError, IndexError):
            fits = False
        if not fits:
            raise InputError("this is no index of data, or it is damaged")
        return found


def indexed(looked: Looked, train: np.ndarray, test: np.ndarray) -> Index:
    """The index of what was looked into, but for images that are skipped: their numbers in each split, (k,) int64."""
    source = looked.source
    halves = (_listing(split, looked.rows(split), skipped)
              for split, skipped in ((source.train, train), (source.test, test)))
    return Index(source.name, source.classes, *halves)


def _listing(split: Split, rows: np.ndarray, skipped: np.ndarray) -> Listing:
    sizes, heads = (np.ascontiguousarray(rows[name]) for name in ("size", "head"))
    return Listing(split.name, split.keys, split.labels, sizes, heads, skipped)


def difference(before: Index, now: Index) -> list[str]:
    """Sentences for the user on how the data differ; none if they are the same, wherever they lie."""
    if before.digest == now.digest:
        return []
    if before.source != now.source:
        return [f"the source of the data was {before.source}, is {now.source}"]
    halves = ((before.train, now.train), (before.test, now.test))
    return [*_classes(before, now), *(line for old, new in halves for line in _images(old, new, before, now))]


def _classes(before: Index, now: Index) -> list[str]:
    if before.classes == now.classes:
        return []
    gone = [name for name in before.classes if name not in now.classes]
    new = [name for name in now.classes if name not in before.classes]
    lines = [f"classes that are {what}: {some(names)}" for what, names in (("gone", gone), ("new", new)) if names]
    return lines or [f"the order of the classes was {some(before.classes)}, is {some(now.classes)}"]


def _images(old: Listing, new: Listing, before: Index, now: Index) -> Iterator[str]:
    """How the images of one split differ, but for those of classes that only one of the two has."""
    if old.name != new.name:
        yield f"the images of '{old.name}' were used where those of '{new.name}' are now"
    both = set(before.classes) & set(now.classes)
    then, today = _facts(old, before.classes, both), _facts(new, now.classes, both)
    gone, added = then.keys() - today.keys(), today.keys() - then.keys()
    kept = then.keys() & today.keys()
    moved = {name for name in kept if then[name][0] != today[name][0]}
    exchanged = {name for name in kept - moved if then[name] != today[name]}
    skipped, skips = _skipped(old), _skipped(new)
    changes = {"removed": gone, "added": added, "given another class": moved, "exchanged for another": exchanged,
               "newly skipped": skips - skipped - added, "no longer skipped": skipped - skips - gone}
    for what, names in changes.items():
        if names:
            yield f"{len(names)} {new.name} image{'s' * (len(names) > 1)} {what}: {some(map(readable, sorted(names)))}"


def _facts(listing: Listing, classes: tuple[str, ...], wanted: set[str]) -> dict[bytes, tuple[tuple[str, ...], int, int]]:
    """What is compared, by name, of the images that have only classes of both."""
    labels = ([classes[label] for label in each] for each in _numbers(listing.labels))
    rows = zip(listing.keys.all_raw(), labels, listing.sizes.tolist(), listing.heads.tolist(), strict=True)
    return {name: (tuple(label), size, head) for name, label, size, head in rows if wanted.issuperset(label)}


def _skipped(listing: Listing) -> set[bytes]:
    return {listing.keys.raw(number) for number in listing.skipped.tolist()}


def _numbers(labels: np.ndarray) -> Iterator[list[int]]:
    """The labels of each image."""
    return ([label] for label in labels.tolist()) if labels.ndim == 1 else (np.flatnonzero(row).tolist() for row in labels)


def _to_json(listing: Listing) -> dict[str, Any]:
    arrays = {"sizes": listing.sizes, "heads": listing.heads, "skipped": listing.skipped}
    names = b"\0".join(listing.keys.all_raw()).decode("utf-8", "surrogateescape")  # no name holds a NUL
    return {"name": listing.name, "names": names, "several": listing.labels.ndim > 1,
            "labels": labels_written(_numbers(listing.labels)),
            **{key: written(array.tolist()) for key, array in arrays.items()}}


def _from_json(document: Mapping[str, Any], classes: int) -> Listing:
    names = document["names"].encode("utf-8", "surrogateescape")
    sizes, heads, skipped = (_whole(document[key].split(), kind, most) for key, kind, most in (
        ("sizes", "i8", 1 << 62), ("heads", "u4", 1 << 32), ("skipped", "i8", 1 << 62)))
    said = document["labels"]
    labels = _several(labels_in(said), classes) if document["several"] else _whole(said.split(), "i4", classes)
    keys = Names.of(names.split(b"\0") if names else [])
    if not len(keys) == len(labels) == len(sizes) == len(heads) or not ((skipped >= 0) & (skipped < len(keys))).all():
        raise ValueError("lists of different lengths")
    return Listing(document["name"], keys, labels, sizes, heads, skipped)


def _several(words: list[list[str]], classes: int) -> np.ndarray:
    labels = np.zeros((len(words), classes), np.uint8)
    for row, own in zip(labels, words, strict=True):
        row[_whole(own, "i8", classes)] = 1
    return labels


def _whole(words: list[str], kind: str, most: int) -> np.ndarray:
    """(n,) numbers from 0 on, less than `most`."""
    found = numbers(words)
    if not ((found >= 0) & (found < most)).all():
        raise ValueError("numbers of something else")
    return found.astype(kind)
