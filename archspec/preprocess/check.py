"""Whether a file can be read as an image, without decoding it: its header, its size, and that it does not break off."""

from __future__ import annotations

import os
from typing import BinaryIO, NamedTuple

from archspec.preprocess.header import HEAD, Header, NoImage, read_header
from archspec.preprocess.pillow import decode_with_pillow, open_image
from archspec.preprocess.routes import check_size, ends

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
    size, first = os.fstat(file.fileno()).st_size, os.pread(file.fileno(), HEAD, 0)
    try:
        if size > MAX_BYTES:
            raise NoImage(f"{size / 1e9:.1f} GB; at most {MAX_BYTES / 1e9:.1f} are read")
        header = read_header(lambda offset, count: os.pread(file.fileno(), count, offset) if offset else first)
        check_size(header.height, header.width)
        if header.kind in ("JPEG", "PNG"):
            _check_end(file, size, first, header)
        else:
            open_image(file)
    except NoImage as error:
        return Look(size, first, str(error))
    return Look(size, first, "")


def _check_end(file: BinaryIO, size: int, first: bytes, header: Header) -> None:
    offset = max(header.start, size - HEAD)
    last = os.pread(file.fileno(), HEAD, offset) if size > len(first) else first[header.start:]
    if not ends(last, Header(header.kind)):
        data = os.pread(file.fileno(), size, 0)
        try:
            if not ends(data, header):
                decode_with_pillow(data, 3, 0.0)
        except NoImage:
            raise NoImage(f"the {header.kind} breaks off before its end") from None
