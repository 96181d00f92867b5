"""TFRecord files read by random access: where the image of each record lies, and which label it has.

TensorFlow's reader goes through a file from its beginning, and none of its ops seeks; so the format is read here. It is a
length (8 bytes), a checksum of it, the data, a checksum of them (tensorflow/core/lib/io/record_writer.h). The data are a
message of Protocol Buffers (tensorflow/core/example/example.proto), of which only the beginning and the end of fields are
read: the image itself is stepped over. Whether it is damaged its decoder sees.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from archspec.data.sources.messages import Damaged, Window
from archspec.errors import some, visible

HEADER, FOOTER = 12, 4
MOST_TEXT = 1024
"""Bytes of a text that is a label."""
LONGEST = 1 << 31
"""Bytes of a record, as Protocol Buffers have it."""
_BYTES, _FLOATS, _WHOLE = 1, 2, 3
"""The lists of a feature, by their fields."""
_POLYNOMIAL = 0x82F63B78


class Wanted(NamedTuple):
    """The keys of a record's image and label, and whether an image may have several labels, or none."""

    image: bytes
    label: bytes
    several: bool = False


class Record(NamedTuple):
    """Where a record begins and the next one does; offset and size of its image; its labels."""

    start: int
    end: int
    offset: int
    size: int
    labels: tuple[int | bytes, ...]


@dataclass(frozen=True, eq=False)
class Found:
    """The records of one file: where each begins, offset and size of its image, and how many labels it has, int64 (n,).

    `labels` are those of all records in a row, (m,) int64: numbers, or where `texts` has some, the numbers of these.
    """

    starts: np.ndarray
    offsets: np.ndarray
    sizes: np.ndarray
    counts: np.ndarray
    labels: np.ndarray
    texts: tuple[bytes, ...] = ()


def records_of(path: Path, wanted: Wanted) -> Found:
    """Looks through a file. Raises Damaged with the number of the record, counted from 0."""
    found = list[Record]()
    descriptor = os.open(path, os.O_RDONLY)
    try:
        end, offset = os.fstat(descriptor).st_size, 0
        while offset < end:
            found.append(record_at(descriptor, offset, end, wanted, len(found)))
            offset = found[-1].end
    finally:
        os.close(descriptor)
    return _found(found)


def record_at(descriptor: int, start: int, end: int, wanted: Wanted, number: int) -> Record:
    """The record that begins there in a file of `end` bytes. Raises Damaged, with its number, where none does."""
    begin, length = _frame(descriptor, start, end, number)
    try:
        image, labels = _fields(Window(descriptor, begin, begin + length), wanted)
    except Damaged as error:
        raise Damaged(f"record {number}: {error}") from None
    return Record(start, begin + length + FOOTER, *image, labels)


def _found(records: list[Record]) -> Found:
    labels = [label for record in records for label in record.labels]
    texts = {label: number for number, label in enumerate(dict.fromkeys(label for label in labels if isinstance(label, bytes)))}
    if texts and not all(isinstance(label, bytes) for label in labels):
        raise Damaged("some labels are numbers and some are texts")
    rows = ([record.start, record.offset, record.size, len(record.labels)] for record in records)
    starts, offsets, sizes, counts = np.array(list(rows), np.int64).reshape(-1, 4).T.copy()
    numbers = np.array([texts[label] if isinstance(label, bytes) else label for label in labels], np.int64)
    return Found(starts, offsets, sizes, counts, numbers, tuple(texts))


def _frame(descriptor: int, offset: int, end: int, number: int) -> tuple[int, int]:
    """Where the data of the record begin, and how many bytes they have."""
    head = os.pread(descriptor, HEADER, offset)
    length = int.from_bytes(head[:8], "little")
    if len(head) < HEADER or _masked(head[:8]) != int.from_bytes(head[8:], "little"):
        raise Damaged(_not_one(head) if not number else f"record {number}: its length is damaged")
    if length > LONGEST or offset + HEADER + length + FOOTER > end:
        raise Damaged(f"the file breaks off in record {number}")
    return offset + HEADER, length


def _not_one(head: bytes) -> str:
    if head[:2] in (b"\x1f\x8b", b"\x78\x9c"):
        return "it is compressed, and what is compressed is read from its beginning only; gunzip it first"
    return "this is no TFRecord file"


def _masked(data: bytes) -> int:
    """The checksum of a few bytes: CRC-32C, turned by 15 bits and moved, so that one of a checksum is none of its data."""
    value = 0xFFFFFFFF
    for byte in data:
        value = _TABLE[(value ^ byte) & 255] ^ value >> 8
    value ^= 0xFFFFFFFF
    return ((value >> 15 | value << 17) + 0xA282EAD8) & 0xFFFFFFFF


def _crc(byte: int) -> int:
    for _ in range(8):
        byte = byte >> 1 ^ (_POLYNOMIAL if byte & 1 else 0)
    return byte


_TABLE = [_crc(byte) for byte in range(256)]


def _fields(window: Window, wanted: Wanted) -> tuple[tuple[int, int], tuple[int | bytes, ...]]:
    """Offset and size of the image, and the labels."""
    image: tuple[int, int] | None = None
    labels: tuple[int | bytes, ...] | None = None
    seen = list[bytes]()
    for _, begin, end in window.fields(window.begin, window.end):  # an Example has one: its features
        for _, entry, entry_end in window.fields(begin, end):
            key, value, value_end = _entry(window, entry, entry_end)
            if key == wanted.image:
                image = _image(window, value, value_end)
            elif key == wanted.label:
                labels = _labels(window, value, value_end)
                _refuse_count(labels, wanted)
            seen.append(key)
            if image is not None and labels is not None:
                return image, labels
    said, missing = ("label", wanted.label) if image is not None else ("image", wanted.image)
    raise Damaged(f"it has no key '{_shown(missing)}'; its keys are {some(map(_shown, sorted(seen))) or 'none'}"
                  + f"\n  hint: --set train.data.{said}=KEY, the one of these that holds the {said}" * bool(seen))


def _refuse_count(labels: tuple[int | bytes, ...], wanted: Wanted) -> None:
    if not wanted.several and len(labels) != 1:
        raise Damaged(f"it has {len(labels)} labels; one is expected\n"
                      "  hint: --set train.data.several=true, if an image may have several, or none")


def _entry(window: Window, begin: int, end: int) -> tuple[bytes, int, int]:
    """Of an entry of a map the key, and where its value begins and ends."""
    key, value = b"", (end, end)
    for field, start, stop in window.fields(begin, end):
        if field == 1:
            key = window.at(start, min(stop - start, MOST_TEXT))
        else:
            value = start, stop
    return key, *value


def _image(window: Window, begin: int, end: int) -> tuple[int, int]:
    for kind, start, stop in window.fields(begin, end):
        values = [(first, last - first) for _, first, last in window.fields(start, stop)] if kind == _BYTES else []
        if len(values) == 1:
            return values[0]
        raise Damaged("its image is no bytes" if kind != _BYTES else f"it has {len(values)} images")
    raise Damaged("its image is empty")


def _labels(window: Window, begin: int, end: int) -> tuple[int | bytes, ...]:
    """Numbers or texts; none where the list is empty, or is left out."""
    values = list[int | bytes]()
    for kind, start, stop in window.fields(begin, end):
        if kind == _FLOATS:
            raise Damaged("its label is a float")
        for _, first, last in window.fields(start, stop):
            values += [window.at(first, min(last - first, MOST_TEXT))] if kind == _BYTES else _numbers(window, first, last)
    return tuple(values)


def _numbers(window: Window, begin: int, end: int) -> Iterator[int]:
    """The whole numbers that lie packed in a field; one that is alone in it is no other."""
    while begin < end:
        found, begin = window.number(begin)
        yield found - (1 << 64) if found >> 63 else found


def _shown(key: bytes) -> str:
    return visible(key.decode("utf-8", "backslashreplace"))
