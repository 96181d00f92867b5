"""One file of a packed data set: written, read back, and only then called by its name."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import tensorflow as tf

from archspec.data.pack.images import Make, Picture
from archspec.data.source import Split
from archspec.data.sources.listed import Entry
from archspec.data.sources.messages import Damaged
from archspec.data.sources.records import Found, Wanted, records_of
from archspec.data.threads import decoders, spread
from archspec.errors import InputError, visible
from archspec.io.files import replacing

IMAGE, LABEL = "image/encoded", "image/class/label"
"""Keys of a record, TF-slim's, as are the others below."""
FIRST = 1
"""The number of the first class, as TF-slim has it."""
Digest = bytes
_AT = re.compile(r"(corrupted|truncated) record at (\d+)")


@dataclass(frozen=True, eq=False)
class Packing:
    """A split that is packed: its images, how each is made, the names of the classes."""

    split: Split
    make: Make
    classes: tuple[str, ...]

    @property
    def wanted(self) -> Wanted:
        """How its records are read."""
        return Wanted(IMAGE.encode(), LABEL.encode(), self.split.labels.ndim > 1)

    def labels(self, index: int) -> list[int]:
        """The labels of the i-th as its record has them."""
        label = self.split.labels[index]
        return [int(label) + FIRST] if label.ndim == 0 else (np.flatnonzero(label) + FIRST).tolist()


def write_shard(path: Path, packing: Packing, begin: int, end: int, tick: Callable[[int], None]) -> Entry:
    """Writes the images from `begin` to `end`, and compares what can be read of the file with what was to be in it.

    Raises InputError with the name of an image that cannot be made, or of the file where the disk takes no more, or gives
    back something else.
    """
    with replacing(path) as partial:
        try:
            digests = _write(partial, packing, begin, end, tick)
        except tf.errors.OpError as error:
            raise InputError(f"{visible(str(path))}: cannot be written: {visible(error.message)}\n"
                             "  hint: once that is mended, the same command goes on with this file") from None
        try:
            entry = _read(partial, packing, begin, end)
            _compare_images(partial, entry.found, digests)
        except _Other as error:
            raise InputError(f"{visible(str(path))}: {error}\n"
                             "  hint: the same command goes on with this file; where it comes again, look at the disk"
                             ) from None
    return Entry(path.name, entry.size, entry.sha256, entry.found)


def read_shard(path: Path, packing: Packing, begin: int, end: int) -> Entry:
    """What is in a file that was packed. Raises InputError unless it is whole and has the labels of those images."""
    try:
        return _read(path, packing, begin, end)
    except _Other as error:
        raise InputError(f"{visible(str(path))}: {error}\n"
                         "  hint: remove the file and pack again; where it comes again, look at the disk") from None


class _Other(Exception):
    """A file holds something else than was written into it."""

    def __str__(self) -> str:
        return f"what is read back is not what was written: {self.args[0]}"


def _read(path: Path, packing: Packing, begin: int, end: int) -> Entry:
    """As `read_shard`. Raises _Other."""
    try:
        records = int(tf.data.TFRecordDataset(str(path)).reduce(np.int64(0), lambda count, _: count + 1))  # its checksums, too
        found = records_of(path, packing.wanted)
    except tf.errors.DataLossError as error:
        raise _Other(_damage(error.message)) from None
    except Damaged as error:
        raise _Other(str(error)) from None
    wanted = [packing.labels(index) for index in range(begin, end)]
    counts = np.array([len(labels) for labels in wanted], np.int64)
    if records != end - begin or not np.array_equal(found.counts, counts) or found.labels.tolist() != _joined(wanted):
        raise _Other("other labels")
    with path.open("rb") as file:
        return Entry(path.name, os.fstat(file.fileno()).st_size, hashlib.file_digest(file, "sha256").hexdigest(), found)


def _damage(said: str) -> str:
    """What TensorFlow says of a file whose checksums do not fit, or which ends too early, without how it came to say so."""
    found = _AT.search(said)
    if found is None:
        return "its bytes are damaged"
    at = f"at byte {found[2]}"
    return f"the data {at} do not have their checksum" if found[1] == "corrupted" else f"the record {at} breaks off"


def _joined(lists: list[list[int]]) -> list[int]:
    """All of them in a row."""
    return [each for one in lists for each in one]


def _write(path: Path, packing: Packing, begin: int, end: int, tick: Callable[[int], None]) -> list[Digest]:
    """Writes the records in order, while threads make the images; at most some for each thread wait in memory."""
    digests = list[Digest]()
    made = spread(lambda first, _: packing.make(begin + first), end - begin, 1, decoders())
    with tf.io.TFRecordWriter(str(path)) as writer:
        for index, picture in zip(range(begin, end), made, strict=True):
            writer.write(_example(packing, index, picture))
            digests.append(_digest(picture.data))
            tick(index + 1)
    return digests


def _digest(data: bytes) -> Digest:
    return hashlib.blake2b(data, digest_size=16).digest()


def _example(packing: Packing, index: int, picture: Picture) -> bytes:
    """A tf.train.Example, the same bytes each time."""
    labels = packing.labels(index)
    texts = [packing.classes[label - FIRST].encode() for label in labels]
    features = {LABEL: _whole(labels), "image/class/text": _bytes(texts), IMAGE: _bytes([picture.data]),
                "image/filename": _bytes([packing.split.keys.raw(index)]), "image/format": _bytes([picture.kind.encode()]),
                "image/height": _whole([picture.height]), "image/width": _whole([picture.width])}
    example = tf.train.Example(features=tf.train.Features(feature=features))
    return bytes(example.SerializeToString(deterministic=True))


def _whole(values: list[int]) -> tf.train.Feature:
    return tf.train.Feature(int64_list=tf.train.Int64List(value=values))


def _bytes(values: list[bytes]) -> tf.train.Feature:
    return tf.train.Feature(bytes_list=tf.train.BytesList(value=values))


def _compare_images(path: Path, found: Found, digests: list[Digest]) -> None:
    with path.open("rb") as file:
        for number, digest in enumerate(digests):
            if _digest(os.pread(file.fileno(), int(found.sizes[number]), int(found.offsets[number]))) != digest:
                raise _Other(f"the image of record {number}")
