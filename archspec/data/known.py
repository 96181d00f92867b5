"""What is known of every image of a split: a row each, kept while its file's size and time of change stay the same."""

from __future__ import annotations

import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from archspec.data import store
from archspec.data.names import Names
from archspec.data.source import Source, Split
from archspec.data.threads import READERS, spread

ROW = np.dtype([
    ("file_size", "<i8"), ("changed", "<i8"),  # of the file in which it lies: bytes, nanoseconds
    ("state", "u1"),  # see below
    ("size", "<i8"), ("head", "<u4"),  # bytes, CRC-32 of the first HEAD of them
    ("height", "<i4"), ("width", "<i4"), ("orientation", "u1"),  # pixels, as a viewer shows it; EXIF's 1 to 8
    ("plain", "u1"),  # whether it is a JPEG as most are; see routes.plain_jpeg
    ("kind", "<i4"), ("mode", "<i4"), ("problem", "<i4"),  # numbers of texts
    ("decoded", "<i4"), ("damage", "<i4"),  # how it was, see below; the number of a text
    ("hashed", "u1"), ("content", "<u8"),  # whether it was; the beginning of its bytes' SHA-256
    ("brightest", "<i4"),  # of the pixels as they were decoded; -1 of floats, 65535 of more
])
NOTHING, FRESH, SETTLED = 0, 1, 2
"""States: what is known of a file that changed only just now may be of what it was before, and is not kept."""
NOT_YET = 0
"""How an image was decoded: for so many channels, with a minus if with all its bits, or NOT_YET."""
SETTLES = 2 * 10**9
"""Nanoseconds, the coarsest time of change that file systems keep (FAT's)."""
AHEAD_OF_US = 86_400 * 10**9
"""Nanoseconds that a file server's clock may be ahead: a time further in the future was set by hand, and no change gives it."""
NO_FILE = -1
CHUNK = 1024


@dataclass(eq=False)
class Texts:
    """Sentences by number, since a million images have few different ones. 0 is ''."""

    known: list[str] = field(default_factory=lambda: [""])
    numbers: dict[str, int] = field(default_factory=lambda: {"": 0})

    def number(self, text: str) -> int:
        """The number of a text, which is a new one if need be."""
        if text not in self.numbers:
            self.numbers[text] = len(self.known)
            self.known.append(text)
        return self.numbers[text]

    def __getitem__(self, number: int) -> str:
        return self.known[number]


@dataclass(frozen=True, eq=False)
class Shelf:
    """The rows of one split, or of two that lie in one place, and where they are kept, if anywhere.

    Two together, so that an image that goes from one to the other is still known. `begun` (nanoseconds) is when the files'
    times of change were asked for.
    """

    splits: tuple[Split, ...]
    rows: np.ndarray
    texts: Texts
    path: Path | None = None
    begun: int = 0

    def of(self, split: Split) -> np.ndarray:
        """The rows of one of the splits, (n,) ROW: a view."""
        begin = 0 if split is self.splits[0] else self.splits[0].size
        return self.rows[begin:begin + split.size]

    def keep(self) -> None:
        """For the next start. Where nothing can be written it is found out anew then."""
        if self.path is not None:
            names = _names(self.splits)
            store.write(self.path, {"names": np.frombuffer(names.blob, np.uint8), "offsets": names.offsets,
                                    "rows": self.rows, "texts": _from_texts(self.texts)})


def shelves(source: Source) -> list[Shelf]:
    """What is known of a source's images from earlier starts, as far as their files have not changed since."""
    train, test = source.train, source.test
    together = train.file is not None and test.file is not None and train.place == test.place
    return [_shelf(source.name, splits) for splits in ([(train, test)] if together else [(train,), (test,)])]


def _shelf(name: str, splits: tuple[Split, ...]) -> Shelf:
    rows = np.zeros(sum(split.size for split in splits), ROW)
    if splits[0].file is None:
        return Shelf(splits, rows, Texts())
    path, begun = store.path_of(name, os.path.abspath(splits[0].place)), time.time_ns()
    texts, old, where = _kept(path, _names(splits))
    shelf = Shelf(splits, rows, texts, path, begun)
    for split in splits:
        _stamp(split, shelf.of(split))
    if len(old):
        _take_over(rows, old, where)
    return shelf


def _stamp(split: Split, rows: np.ndarray) -> None:
    """Fills in what the system says of each image's file."""
    assert split.file is not None
    file, sizes, changed = split.file, rows["file_size"], rows["changed"]

    def some(begin: int, end: int) -> None:
        last, found = b"", (NO_FILE, 0)
        for index in range(begin, end):
            path = file(index)
            if path != last:  # many records may lie in one
                last, found = path, _size_and_change(path)
            sizes[index], changed[index] = found
    for _ in spread(some, split.size, CHUNK, READERS):
        pass


def _size_and_change(path: bytes) -> tuple[int, int]:
    try:
        found = os.stat(path)
    except OSError:
        return NO_FILE, 0
    return found.st_size, found.st_mtime_ns


def _take_over(rows: np.ndarray, old: np.ndarray, where: np.ndarray | slice) -> None:
    """Copies what is known of files that are as they were."""
    found = old[where]
    same = (found["state"] == SETTLED) & (found["file_size"] == rows["file_size"]) & (found["changed"] == rows["changed"])
    if not isinstance(where, slice):
        same &= where >= 0
    rows[same] = found[same]
    rows["damage"][rows["decoded"] == NOT_YET] = 0  # what the system refused to read it is asked for again


def _kept(path: Path, names: Names) -> tuple[Texts, np.ndarray, np.ndarray | slice]:
    """Texts and rows of earlier, and where in them each name is: -1 if nowhere."""
    kept = store.read(path)
    try:
        texts, rows = _to_texts(kept["texts"]), kept["rows"]
        before = Names(kept["names"].tobytes(), kept["offsets"])
        whole = rows.dtype == ROW and len(before) == len(rows) and before.offsets[-1] == len(before.blob) and not any(
            (rows[name].astype("<u4") >= len(texts.known)).any() for name in ("kind", "mode", "problem", "damage"))
    except (KeyError, ValueError, IndexError):
        whole = False
    if not whole:
        return Texts(), np.zeros(0, ROW), slice(None)
    if before.blob == names.blob and np.array_equal(before.offsets, names.offsets):
        return texts, rows, slice(None)
    places = {name: place for place, name in enumerate(before.all_raw())}
    return texts, rows, np.fromiter((places.get(name, -1) for name in names.all_raw()), np.int64, len(names))


def settled(changed: np.ndarray, now: int) -> np.ndarray:
    """Whether files with these times of change (n,) would have another one if they changed from now on (nanoseconds)."""
    return (changed < now - SETTLES) | (changed > now + AHEAD_OF_US)


def _names(splits: tuple[Split, ...]) -> Names:
    if len(splits) == 1:
        return splits[0].keys
    first, second = (split.keys for split in splits)
    return Names(first.blob + second.blob, np.concatenate([first.offsets, second.offsets[1:] + len(first.blob)]))


def _from_texts(texts: Texts) -> np.ndarray:
    return np.frombuffer("\0".join(texts.known).encode("utf-8", "surrogateescape"), np.uint8)


def _to_texts(array: np.ndarray) -> Texts:
    known = array.tobytes().decode("utf-8", "surrogateescape").split("\0")
    return Texts(known, {text: number for number, text in enumerate(known)})
