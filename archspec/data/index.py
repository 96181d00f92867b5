"""The index of the data: which classes, which images, in which split. It belongs to a run, and a resumed run compares it."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import numpy as np

from archspec.data.names import Names, readable
from archspec.data.source import Source, Split
from archspec.errors import FEW, InputError, some

READERS = 16
"""Files that are looked into at once: on a cold disk or over a network one waits for each."""
CHUNK = 1024


@dataclass(frozen=True, eq=False)
class Listing:
    """The images of one split: names relative to the data, labels (n,) int32, sizes in bytes (n,) int64.

    `heads` (n,) uint32 is the CRC-32 of the first HEAD bytes of each: with the size it tells an exchanged image from the
    old one, without reading either whole. What changes behind them and keeps the size is not seen.
    """

    name: str
    keys: Names
    labels: np.ndarray
    sizes: np.ndarray
    heads: np.ndarray


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
            for array, kind in ((listing.keys.offsets, "<i8"), (listing.labels, "<i4"), (listing.sizes, "<i8"),
                                (listing.heads, "<u4")):
                state.update(np.ascontiguousarray(array, kind).tobytes())
        return state.hexdigest()[:16]

    def to_json(self) -> dict[str, Any]:
        """A JSON document of few, long texts: a million images are a second's work and no million of objects."""
        return {"source": self.source, "digest": self.digest, "classes": list(self.classes),
                **{half: _to_json(listing) for half, listing in (("train", self.train), ("test", self.test))}}

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Index:
        """The index that `to_json` wrote. Raises InputError for anything else, or where its digest does not fit."""
        try:
            found = cls(document["source"], tuple(document["classes"]),
                        *(_from_json(document[half]) for half in ("train", "test")))
            fits = found.digest == document["digest"]
        except (KeyError, TypeError, ValueError, AttributeError, OverflowError):
            fits = False
        if not fits:
            raise InputError("this is no index of data, or it is damaged")
        return found


def index_of(source: Source) -> Index:
    """Looks into every image's beginning. Raises InputError with the first names if some cannot be read as images."""
    looked = [_look(split) for split in (source.train, source.test)]
    problems = [problem for _, found in looked for problem in found]
    if problems:
        many = "1 image" if len(problems) == 1 else f"{len(problems)} images"
        raise InputError(f"{many} cannot be read:\n" + "\n".join(
            f"  {problem}" for problem in problems[:FEW]) + ("\n  …" if len(problems) > FEW else "") +
            "\n  hint: replace or remove them")
    return Index(source.name, source.classes, *(listing for listing, _ in looked))


def _look(split: Split) -> tuple[Listing, list[str]]:
    """What one split holds, and what is wrong with it."""
    sizes, heads, problems = np.zeros(split.size, np.int64), np.zeros(split.size, np.uint32), list[str]()

    def some(begin: int) -> list[str]:
        found = []
        for index in range(begin, min(begin + CHUNK, split.size)):
            head = split.head(index)
            sizes[index], heads[index] = head.size, zlib.crc32(head.first)
            if head.problem:
                found.append(f"{split.path(index)}: {head.problem}")
        return found
    with ThreadPoolExecutor(READERS) as pool:
        for found in pool.map(some, range(0, split.size, CHUNK)):
            problems += found
    return Listing(split.name, split.keys, split.labels, sizes, heads), problems


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
    changes = {"removed": gone, "added": added, "given another class": moved, "exchanged for another": exchanged}
    for what, names in changes.items():
        if names:
            yield f"{len(names)} {new.name} image{'s' * (len(names) > 1)} {what}: {some(map(readable, sorted(names)))}"


def _facts(listing: Listing, classes: tuple[str, ...], wanted: set[str]) -> dict[bytes, tuple[str, int, int]]:
    rows = zip(listing.keys.all_raw(), listing.labels.tolist(), listing.sizes.tolist(), listing.heads.tolist(), strict=True)
    return {name: (classes[label], size, head) for name, label, size, head in rows if classes[label] in wanted}


def _to_json(listing: Listing) -> dict[str, str]:
    numbers = {"labels": listing.labels, "sizes": listing.sizes, "heads": listing.heads}
    names = b"\0".join(listing.keys.all_raw()).decode("utf-8", "surrogateescape")  # no name holds a NUL
    return {"name": listing.name, "names": names, **{key: " ".join(map(str, array.tolist())) for key, array in numbers.items()}}


def _from_json(document: Mapping[str, str]) -> Listing:
    names = document["names"].encode("utf-8", "surrogateescape")
    labels, sizes, heads = (np.array(document[key].split(), dtype=kind)
                            for key, kind in (("labels", np.int32), ("sizes", np.int64), ("heads", np.uint32)))
    keys = Names.of(names.split(b"\0") if names else [])
    if not len(keys) == len(labels) == len(sizes) == len(heads):
        raise ValueError("lists of different lengths")
    return Listing(document["name"], keys, labels, sizes, heads)
