"""Messages of Protocol Buffers in a file: where their fields begin and end, found without reading what they hold."""

from __future__ import annotations

import os
from collections.abc import Iterator

BLOCK = 2048
"""Bytes that are read at once of a record's small fields."""
MOST_FIELDS = 100_000
"""Of a record that are looked at, numbers in a list counted in."""
_LARGEST = (1 << 64) - 1
_SIZES = {0: 0, 1: 8, 5: 4}
"""Bytes of a field by its type; of type 0 they are counted."""


class Damaged(ValueError):
    """A file is no TFRecord file, or a record is not what is expected."""


class Window:
    """The bytes of a file from `begin` to `end`, by offset in the file, of which BLOCK are read at once."""

    def __init__(self, descriptor: int, begin: int, end: int) -> None:
        self.descriptor, self.begin, self.end = descriptor, begin, end
        self.start, self.held = begin, b""
        self.looked_at = 0

    def at(self, offset: int, count: int) -> bytes:
        """So many bytes from there on; fewer at the end."""
        place = offset - self.start
        if place < 0 or place + count > len(self.held):
            self.start, place = offset, 0
            self.held = os.pread(self.descriptor, min(max(count, BLOCK), self.end - offset), offset)
        return self.held[place:place + count]

    def number(self, offset: int) -> tuple[int, int]:
        """A number of variable length, and where it ends."""
        self.looked_at += 1
        if self.looked_at > MOST_FIELDS:
            raise Damaged(f"it has more than {MOST_FIELDS} fields")
        place = offset - self.start
        if 0 <= place < len(self.held) and self.held[place] < 128:
            return self.held[place], offset + 1  # most are small, and there are many
        found, shift = 0, 0
        for byte in self.at(offset, min(10, self.end - offset)):
            found |= (byte & 127) << shift
            shift += 7
            if byte < 128:
                return found & _LARGEST, offset + shift // 7
        raise Damaged("its data are no tf.train.Example")

    def fields(self, begin: int, end: int) -> Iterator[tuple[int, int, int]]:
        """The fields of a message from `begin` to `end`: number, and where the value begins and ends."""
        while begin != end:
            tag, start = self.number(begin)
            length, start = self.number(start) if tag & 7 == 2 else (_SIZES.get(tag & 7, -1), start)
            if tag & 7 == 0:
                length = self.number(start)[1] - start
            begin = start + length
            if length < 0 or begin > end:
                raise Damaged("its data are no tf.train.Example")
            yield tag >> 3, start, begin
