"""Finds out about images what is not known yet: from their beginnings, or by decoding them whole; both in parallel."""

from __future__ import annotations

import hashlib
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from archspec.data.known import CHUNK, FRESH, NOT_YET, NOTHING, SETTLED, Shelf, Texts, settled, shelves
from archspec.data.source import Item, Source, Split
from archspec.data.threads import READERS, decoders, spread
from archspec.preprocess.check import Look
from archspec.preprocess.header import EMPTY, NoImage
from archspec.preprocess.routes import NO_WHITE

Tick = Callable[[str, int, int], None]
"""Is called with what goes on, how many images are done, and of how many."""
Decode = Callable[[Item], np.ndarray]
"""An image's pixels (h, w, c). Raises NoImage, or OSError."""
DECODED = 16
"""Images that are decoded one after another by one thread."""
WIDE = ("32 bit", "64 bit", "floats")
"""The ends of a header's words for channels of more than 16 bits."""
MOST = (1 << 16) - 1
"""The brightest level that is told apart: white of 16 bits."""
KEEP = 1 << 16
"""After so many images what is known is kept, so that a kill loses less."""


@dataclass(frozen=True, eq=False)
class Looked:
    """What is known of a source's images; see known.ROW."""

    source: Source
    shelves: list[Shelf]

    def rows(self, split: Split) -> np.ndarray:
        """The rows of a split."""
        return self.shelf(split).of(split)

    def texts(self, split: Split) -> Texts:
        """What the numbers of texts in its rows mean."""
        return self.shelf(split).texts

    def unreadable(self, split: Split, channels: int) -> np.ndarray:
        """The numbers of the images that cannot be read, (k,) int64.

        As far as is known: by their beginnings, and of those that were decoded for so many channels by the whole.
        """
        rows = self.rows(split)
        decoded = (rows["decoded"] == way(split, channels)) | (rows["decoded"] == NOT_YET)
        return np.flatnonzero((rows["problem"] > 0) | ((rows["damage"] > 0) & decoded) | self._without_white(split))

    def reason(self, split: Split, index: int) -> str:
        """Why an image cannot be read."""
        row = self.rows(split)[index]
        return self.texts(split)[int(row["problem"] or row["damage"])] or NO_WHITE

    def _without_white(self, split: Split) -> np.ndarray:
        """(n,) bool: TIFFs with more than 16 bits, by their headers, where nobody says which value is white."""
        if not (split.encoded and split.eight_bits):
            return np.zeros(split.size, bool)
        rows, known = self.rows(split), self.texts(split).known
        wide = [number for number, text in enumerate(known) if text.endswith(WIDE)]
        return np.asarray(np.isin(rows["mode"], wide) & (rows["kind"] == self.texts(split).numbers.get("TIFF", -1)))

    def reasons(self, split: Split, numbers: np.ndarray) -> Iterator[str]:
        """Lines on images that cannot be read: path and reason."""
        return (f"{split.path(index)}: {self.reason(split, index)}" for index in numbers.tolist())

    def shelf(self, split: Split) -> Shelf:
        """Where they stand."""
        return next(shelf for shelf in self.shelves if any(each is split for each in shelf.splits))


def look_into(source: Source, tick: Tick) -> Looked:
    """Looks into the beginning of every image that is not known yet, or whose file has changed."""
    looked = Looked(source, shelves(source))
    for shelf in looked.shelves:
        for split in shelf.splits:
            _look(shelf, split, tick)
    return looked


def _look(shelf: Shelf, split: Split, tick: Tick) -> None:
    rows = shelf.of(split)
    unknown = np.flatnonzero(rows["state"] == NOTHING)
    if not len(unknown):
        return

    def some(begin: int, end: int) -> list[Look]:
        return [split.head(index) for index in unknown[begin:end].tolist()]
    try:
        done = 0
        for heads in spread(some, len(unknown), CHUNK, READERS):
            _fill(shelf, rows, unknown[done:done + len(heads)], heads)
            done += len(heads)
            tick(f"looking into {split.name} images", done, len(unknown))
    finally:
        shelf.keep()


def _fill(shelf: Shelf, rows: np.ndarray, chosen: np.ndarray, heads: list[Look]) -> None:
    """Takes what was found into the rows that were chosen."""
    rows["head"][chosen] = [zlib.crc32(head.first) for head in heads]
    for name in ("size", "height", "width", "orientation", "plain"):
        rows[name][chosen] = [getattr(head, name) for head in heads]
    for name in ("kind", "mode", "problem"):
        rows[name][chosen] = [shelf.texts.number(getattr(head, name)) for head in heads]
    # what the system refuses to read it may give the next time, though the file stays the same
    problems = rows["problem"][chosen]
    refused = (problems > 0) & (problems != shelf.texts.number(EMPTY)) & (rows["size"][chosen] == 0)
    rows["state"][chosen] = np.where(settled(rows["changed"][chosen], shelf.begun) & ~refused, SETTLED, FRESH)


def decode_all(looked: Looked, split: Split, channels: int, decoder: Callable[[], Decode], tick: Tick) -> None:
    """Decodes every image of a split that has no problem and was not yet decoded for so many channels; of arrays takes sums.

    `decoder` is asked for only where there is something to decode.
    """
    shelf, rows, how = looked.shelf(split), looked.rows(split), way(split, channels)
    wanted = rows["decoded"] != how if split.encoded else rows["hashed"] == 0
    unknown = np.flatnonzero((rows["problem"] == 0) & wanted)
    if not len(unknown):
        return
    decode = decoder() if split.encoded else np.asarray

    def some(begin: int, end: int) -> list[str]:
        return [_decoded(split, index, decode, rows, how) for index in unknown[begin:end].tolist()]
    try:
        done = kept = 0
        for found in spread(some, len(unknown), DECODED, decoders()):
            rows["damage"][unknown[done:done + len(found)]] = [shelf.texts.number(text) for text in found]
            done += len(found)
            if done - kept >= KEEP:
                shelf.keep()
                kept = done
            tick(f"decoding {split.name} images", done, len(unknown))
    finally:
        shelf.keep()


def way(split: Split, channels: int) -> int:
    """How a split's images are decoded for so many channels, as it is kept."""
    return channels if split.eight_bits else -channels


def _decoded(split: Split, index: int, decode: Decode, rows: np.ndarray, how: int) -> str:
    """What is wrong with the i-th, '' if nothing; all else goes to its row."""
    try:
        item = split.item(index)
        rows["content"][index], rows["hashed"][index] = _content(item), 1
        pixels = decode(item)
        rows["height"][index], rows["width"][index] = pixels.shape[:2]
        rows["brightest"][index] = min(int(pixels.max()), MOST) if pixels.dtype.kind in "ui" else -1
    except NoImage as error:
        rows["decoded"][index] = how
        return str(error)
    except OSError as error:  # it may be another one the next time, so that the row stays open
        return error.strerror or str(error)
    rows["decoded"][index] = how
    return ""


def _content(item: Item) -> int:
    """The first eight bytes of SHA-256: among a million images two that differ are the same in one case of 30 million."""
    data = item if isinstance(item, bytes) else repr((item.shape, item.dtype)).encode() + item.tobytes()
    return int.from_bytes(hashlib.sha256(data).digest()[:8])
