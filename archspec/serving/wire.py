"""Fields of a protobuf message without its description: TensorFlow Serving's own messages come with no package of ours."""

from __future__ import annotations

from collections.abc import Iterator

LENGTH, VARINT, FIXED = 2, 0, {1: 8, 5: 4}


def fields(data: bytes) -> Iterator[tuple[int, bytes | int]]:
    """(number, content) of each; a number for wire type 0, else bytes. Raises ValueError for what is no message."""
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        kind = key & 7
        if kind == VARINT:
            value, place = _varint(data, place)
            yield key >> 3, value
            continue
        size, place = _varint(data, place) if kind == LENGTH else (FIXED.get(kind, -1), place)
        if size < 0 or place + size > len(data):
            raise ValueError("it is no protobuf message")
        yield key >> 3, data[place:place + size]
        place += size


def message(data: bytes, *path: int) -> bytes:
    """The content of a field of a field …; empty where it is not there. The last of several counts."""
    for number in path:
        data = (repeated(data, number) or [b""])[-1]
    return data


def repeated(data: bytes, number: int) -> list[bytes]:
    """The contents of all fields of a number."""
    return [content for found, content in fields(data) if found == number and isinstance(content, bytes)]


def _varint(data: bytes, place: int) -> tuple[int, int]:
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            break
        byte = data[place]
        value, place = value | (byte & 0x7F) << shift, place + 1
        if byte < 0x80:
            return value, place
    raise ValueError("it is no protobuf message")
