"""Images in TFRecord files as one list of examples."""

from __future__ import annotations

import os
import resource
import threading
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from archspec.data import store
from archspec.data.known import settled
from archspec.data.names import Names
from archspec.data.sources.listed import listed
from archspec.data.sources.messages import Damaged
from archspec.data.sources.records import Found, Wanted, records_of
from archspec.data.threads import READERS
from archspec.errors import InputError, visible
from archspec.preprocess.check import Look, look_into

MOST_FILES = 100_000
"""Of one split."""


@dataclass(frozen=True, eq=False)
class Shards:
    """The images of several files, read by number: in which file each lies, (n,) int32, from which byte on, and how many.

    `opened` keeps files open, up to a quarter of those that the system allows; it is filled while reading.
    """

    files: tuple[bytes, ...]
    shards: np.ndarray
    offsets: np.ndarray
    sizes: np.ndarray
    opened: dict[int, int] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def item(self, index: int) -> bytes:
        """All bytes of the i-th."""
        return self._read(index, int(self.sizes[index]), 0)

    def head(self, index: int) -> Look:
        """What its beginning and its end say."""
        size = int(self.sizes[index])
        try:
            return look_into(lambda offset, count: self._read(index, max(0, min(count, size - offset)), offset), size)
        except OSError as error:
            return Look(0, b"", error.strerror or str(error))

    def file(self, index: int) -> bytes:
        """The path of the file in which the i-th lies."""
        return self.files[int(self.shards[index])]

    def _read(self, index: int, count: int, offset: int) -> bytes:
        shard, place = int(self.shards[index]), int(self.offsets[index]) + offset
        descriptor = self._open(shard)
        if descriptor is not None:
            return os.pread(descriptor, count, place)
        descriptor = os.open(self.files[shard], os.O_RDONLY)
        try:
            return os.pread(descriptor, count, place)
        finally:
            os.close(descriptor)

    def _open(self, shard: int) -> int | None:
        """The descriptor of a file that stays open; None if enough are."""
        if shard not in self.opened:
            with self.lock:
                if shard not in self.opened:
                    if len(self.opened) >= resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 4:
                        return None
                    self.opened[shard] = os.open(self.files[shard], os.O_RDONLY)
        return self.opened[shard]

    def __del__(self) -> None:
        for descriptor in self.opened.values():
            os.close(descriptor)


@dataclass(frozen=True, eq=False)
class Records:
    """The records of several files, in their order: as Shards, with how many labels each has, (n,) int64.

    `labels` are those of all records in a row, (m,) int64. Where `texts` has some, labels are their numbers.
    """

    shards: np.ndarray
    offsets: np.ndarray
    sizes: np.ndarray
    counts: np.ndarray
    labels: np.ndarray
    texts: tuple[bytes, ...]

    def owners(self) -> np.ndarray:
        """Of each label the number of its record, (m,) int64."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    def numbers(self) -> np.ndarray:
        """Of each record its number in its file, (n,) int64."""
        counts = np.bincount(self.shards)
        return np.arange(len(self.shards)) - np.repeat(np.cumsum(counts) - counts, counts)


def records_in(paths: Sequence[Path], wanted: Wanted, index: Path | None = None) -> Records:
    """The records of files. Raises InputError with the file's name where one is damaged.

    Files that fit their `index` are not looked through. What is found is kept for the next start, as long as the files'
    sizes and times of change stay the same.
    """
    try:
        facts = [path.stat() for path in paths]
    except OSError as error:
        raise InputError(f"{visible(str(error.filename))}: cannot be read: {error.strerror}") from None
    kept = store.path_of("records of any number of labels", *(str(path.absolute()) for path in paths), *map(repr, wanted))
    stamp = np.array([(fact.st_size, fact.st_mtime_ns) for fact in facts], np.int64)
    known = store.read(kept)
    if np.array_equal(known.get("stamp", ()), stamp):
        return _from_arrays(known)
    found = listed(index, paths, wanted) if index is not None else None
    if found is None:
        with ThreadPoolExecutor(READERS) as pool:
            found = list(pool.map(lambda path: _found(path, wanted), paths))
    records = _joined(found, paths)
    if settled(stamp[:, 1], time.time_ns()).all():
        store.write(kept, {"stamp": stamp, **_to_arrays(records)})
    return records


def _found(path: Path, wanted: Wanted) -> Found:
    try:
        return records_of(path, wanted)
    except Damaged as error:
        raise InputError(f"{visible(str(path))}: {error}") from None
    except OSError as error:
        raise InputError(f"{visible(str(path))}: cannot be read: {error.strerror}") from None


def _joined(found: list[Found], paths: Sequence[Path]) -> Records:
    texts = {text: number for number, text in enumerate(sorted({text for each in found for text in each.texts}))}
    for path, each in zip(paths, found, strict=True):
        if texts and len(each.labels) and not each.texts:
            raise InputError(f"{visible(str(path))}: its labels are numbers, and those of others are texts")
    labels = [np.array([texts[text] for text in each.texts], np.int64)[each.labels] if texts and each.texts else each.labels
              for each in found]
    shards = np.repeat(np.arange(len(found), dtype=np.int32), [len(each.counts) for each in found])
    offsets, sizes, counts = (np.concatenate([getattr(each, name) for each in found])
                              for name in ("offsets", "sizes", "counts"))
    return Records(shards, offsets, sizes, counts, np.concatenate(labels), tuple(texts))


def _to_arrays(records: Records) -> dict[str, np.ndarray]:
    texts = Names.of(records.texts)
    return {"shards": records.shards, "offsets": records.offsets, "sizes": records.sizes, "counts": records.counts,
            "labels": records.labels, "texts": np.frombuffer(texts.blob, np.uint8), "ends": texts.offsets}


def _from_arrays(kept: Mapping[str, np.ndarray]) -> Records:
    texts = Names(kept["texts"].tobytes(), kept["ends"])
    return Records(kept["shards"], kept["offsets"], kept["sizes"], kept["counts"], kept["labels"],
                   tuple(texts.all_raw()))
