"""Whether a file can be read as an image, without decoding it: its header, its size, and that it does not break off."""

from __future__ import annotations

import io
import os
from typing import Any, BinaryIO, NamedTuple

from archspec.preprocess.header import HEAD, Header, NoImage, Read, read_header
from archspec.preprocess.pillow import decode_with_pillow, open_image
from archspec.preprocess.routes import check_size, ends
from archspec.preprocess.tiff import channels_of

MAX_BYTES = 1 << 30
"""Of one file."""


class Look(NamedTuple):
    """A file's size in bytes, its first HEAD bytes, and why it cannot be read as an image: '' if nothing speaks against it."""

    size: int
    first: bytes
    problem: str


def look(file: BinaryIO) -> Look:
    """Looks into an open file.

    Reads two blocks of HEAD bytes of a JPEG or PNG and Pillow's idea of a header of all else. A file whose last block
    shows no end is decoded, to see.
    """
    return look_into(lambda offset, count: os.pread(file.fileno(), count, offset), os.fstat(file.fileno()).st_size)


def look_into(read: Read, size: int) -> Look:
    """As `look`, for `size` bytes that `read(offset, count)` gives."""
    first = read(0, HEAD)
    try:
        if size > MAX_BYTES:
            raise NoImage(f"{size / 1e9:.1f} GB; at most {MAX_BYTES / 1e9:.1f} are read")
        header = read_header(lambda offset, count: read(offset, count) if offset else first)
        check_size(header.height, header.width)
        if header.kind in ("JPEG", "PNG"):
            _check_end(read, size, first, header)
        else:
            _check_header(io.BufferedReader(_Reading(read, size)), header.kind)
    except NoImage as error:
        return Look(size, first, str(error))
    return Look(size, first, "")


def _check_header(file: BinaryIO, kind: str) -> None:
    try:
        open_image(file)
    except NoImage:
        if kind != "TIFF" or channels_of(file) is None:  # of more channels than Pillow knows
            raise


class _Reading(io.RawIOBase):
    """The bytes as a file, for decoders that want one."""

    def __init__(self, read: Read, size: int) -> None:
        self.give, self.size, self.place = read, size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        self.place = max(0, offset + {os.SEEK_SET: 0, os.SEEK_CUR: self.place, os.SEEK_END: self.size}[whence])
        return self.place

    def readinto(self, buffer: Any) -> int:
        data = self.give(self.place, max(0, min(len(buffer), self.size - self.place)))
        buffer[:len(data)] = data
        self.place += len(data)
        return len(data)


def _check_end(read: Read, size: int, first: bytes, header: Header) -> None:
    offset = max(header.start, size - HEAD)
    last = read(offset, HEAD) if size > len(first) else first[header.start:]
    if not ends(last, Header(header.kind)):
        data = read(0, size)
        try:
            if not ends(data, header):
                decode_with_pillow(data, 3, 0.0)
        except NoImage:
            raise NoImage(f"the {header.kind} breaks off before its end") from None
