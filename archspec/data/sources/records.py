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

from archspec.errors import some, visible

HEADER, FOOTER = 12, 4
BLOCK = 2048
"""Bytes that are read at once of a record's small fields."""
MOST_TEXT = 1024
"""Bytes of a text that is a label."""
MOST_FIELDS = 10_000
LONGEST = 1 << 31
"""Bytes of a record, as Protocol Buffers have it."""
_BYTES, _FLOATS, _WHOLE = 1, 2, 3
"""The lists of a feature, by their fields."""
_POLYNOMIAL = 0x82F63B78


class Damaged(ValueError):
    """A file is no TFRecord file, or a record is not what is expected."""


class Wanted(NamedTuple):
    """The keys of a record's image and label."""

    image: bytes
    label: bytes


@dataclass(frozen=True, eq=False)
class Found:
    """The records of one file: offset and size of each image and its label, int64 (n,).

    Labels are numbers; where `texts` has some, they are the numbers of these.
    """

    offsets: np.ndarray
    sizes: np.ndarray
    labels: np.ndarray
    texts: tuple[bytes, ...] = ()


def records_of(path: Path, wanted: Wanted) -> Found:
    """Looks through a file. Raises Damaged with the number of the record, counted from 0."""
    offsets, sizes, labels = list[int](), list[int](), list[int | bytes]()
    descriptor = os.open(path, os.O_RDONLY)
    try:
        for number, (begin, length) in enumerate(_records(descriptor)):
            try:
                image, label = _fields(_Window(descriptor, begin, begin + length), wanted)
            except Damaged as error:
                raise Damaged(f"record {number}: {error}") from None
            offsets.append(image[0])
            sizes.append(image[1])
            labels.append(label)
    finally:
        os.close(descriptor)
    return _found(offsets, sizes, labels)


def _found(offsets: list[int], sizes: list[int], labels: list[int | bytes]) -> Found:
    texts = {label: number for number, label in enumerate(dict.fromkeys(label for label in labels if isinstance(label, bytes)))}
    if texts and not all(isinstance(label, bytes) for label in labels):
        raise Damaged("some labels are numbers and some are texts")
    numbers = [texts[label] if isinstance(label, bytes) else label for label in labels]
    return Found(np.array(offsets, np.int64), np.array(sizes, np.int64), np.array(numbers, np.int64), tuple(texts))


def _records(descriptor: int) -> Iterator[tuple[int, int]]:
    """Where the data of each record begin, and how many bytes they have."""
    end, offset, number = os.fstat(descriptor).st_size, 0, 0
    while offset < end:
        head = os.pread(descriptor, HEADER, offset)
        length = int.from_bytes(head[:8], "little")
        if len(head) < HEADER or _masked(head[:8]) != int.from_bytes(head[8:], "little"):
            raise Damaged(_not_one(head) if not number else f"record {number}: its length is damaged")
        if length > LONGEST or offset + HEADER + length + FOOTER > end:
            raise Damaged(f"the file breaks off in record {number}")
        yield offset + HEADER, length
        offset += HEADER + length + FOOTER
        number += 1


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


class _Window:
    """The bytes of a file from `begin` to `end`, by offset in the file, of which BLOCK are read at once."""

    def __init__(self, descriptor: int, begin: int, end: int) -> None:
        self.descriptor, self.begin, self.end = descriptor, begin, end
        self.start, self.held = begin, b""

    def at(self, offset: int, count: int) -> bytes:
        """So many bytes from there on; fewer at the end."""
        place = offset - self.start
        if place < 0 or place + count > len(self.held):
            self.start, place = offset, 0
            self.held = os.pread(self.descriptor, min(max(count, BLOCK), self.end - offset), offset)
        return self.held[place:place + count]

    def number(self, offset: int) -> tuple[int, int]:
        """A number of variable length, and where it ends."""
        place = offset - self.start
        if 0 <= place < len(self.held) and self.held[place] < 128:
            return self.held[place], offset + 1  # most are small, and there are many
        found, shift = 0, 0
        for byte in self.at(offset, min(10, self.end - offset)):
            found |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return found, offset + shift // 7
        raise Damaged("its data are no tf.train.Example")

    def fields(self, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
        """The fields of a message from `begin` to `end`: number, and where the value begins and ends."""
        for _ in range(MOST_FIELDS):
            if begin == end:
                return
            tag, start = self.number(begin)
            length, start = self.number(start) if tag & 7 == 2 else (_SIZES.get(tag & 7, -1), start)
            if tag & 7 == 0:
                length = self.number(start)[1] - start
            begin = start + length
            if length < 0 or begin > end:
                raise Damaged("its data are no tf.train.Example")
            yield tag >> 3, start, begin
        raise Damaged(f"it has more than {MOST_FIELDS} fields")


_SIZES = {0: 0, 1: 8, 5: 4}
"""Bytes of a field by its type; of type 0 they are counted."""


def _fields(window: _Window, wanted: Wanted) -> tuple[tuple[int, int], int | bytes]:
    """Offset and size of the image, and the label."""
    image: tuple[int, int] | None = None
    label: int | bytes | None = None
    seen = list[bytes]()
    for _, begin, end in window.fields(window.begin, window.end):  # an Example has one: its features
        for _, entry, entry_end in window.fields(begin, end):
            key, value, value_end = _entry(window, entry, entry_end)
            if key == wanted.image:
                image = _image(window, value, value_end)
            elif key == wanted.label:
                label = _label(window, value, value_end)
            seen.append(key)
            if image is not None and label is not None:
                return image, label
    missing = wanted.label if image is not None else wanted.image
    raise Damaged(f"it has no key '{_shown(missing)}'; its keys are {some(map(_shown, sorted(seen))) or 'none'}")


def _entry(window: _Window, begin: int, end: int) -> tuple[bytes, int, int]:
    """Of an entry of a map the key, and where its value begins and ends."""
    key, value = b"", (end, end)
    for field, start, stop in window.fields(begin, end):
        if field == 1:
            key = window.at(start, min(stop - start, MOST_TEXT))
        else:
            value = start, stop
    return key, *value


def _image(window: _Window, begin: int, end: int) -> tuple[int, int]:
    for kind, start, stop in window.fields(begin, end):
        values = [(first, last - first) for _, first, last in window.fields(start, stop)] if kind == _BYTES else []
        if len(values) == 1:
            return values[0]
        raise Damaged("its image is no bytes" if kind != _BYTES else f"it has {len(values)} images")
    raise Damaged("its image is empty")


def _label(window: _Window, begin: int, end: int) -> int | bytes:
    for kind, start, stop in window.fields(begin, end):
        values = list[int | bytes]()
        for _, first, last in window.fields(start, stop):
            if kind == _BYTES:
                values.append(window.at(first, min(last - first, MOST_TEXT)))
            elif kind == _WHOLE:
                values += _numbers(window, first, last)
        if len(values) == 1:
            return values[0]
        raise Damaged("its label is a float" if kind == _FLOATS else f"it has {len(values)} labels; one is expected")
    raise Damaged("its label is empty")


def _numbers(window: _Window, begin: int, end: int) -> Iterator[int]:
    """The whole numbers that lie packed in a field; one that is alone in it is no other."""
    while begin < end:
        found, begin = window.number(begin)
        yield found - (1 << 64) if found >> 63 else found


def _shown(key: bytes) -> str:
    return visible(key.decode("utf-8", "backslashreplace"))
