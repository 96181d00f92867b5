"""Whether a file can be read as an image, without decoding it: its header, its size, and that it does not break off."""

from __future__ import annotations

import os
from typing import BinaryIO

from archspec.preprocess.header import HEAD, Header, NoImage, read_header
from archspec.preprocess.pillow import decode_with_pillow, opened
from archspec.preprocess.routes import check_size, ends

MAX_BYTES = 1 << 30
"""Of one file."""


def problem_of(file: BinaryIO) -> str:
    """Why an open file is no image that can be read; '' if nothing speaks against it.

    Reads two blocks of HEAD bytes of a JPEG or PNG and Pillow's idea of a header of all else. A file whose last block
    shows no end is decoded, to see.
    """
    size = os.fstat(file.fileno()).st_size
    try:
        if size > MAX_BYTES:
            raise NoImage(f"{size / 1e9:.1f} GB; at most {MAX_BYTES / 1e9:.1f} are read")
        header = read_header(lambda offset, count: os.pread(file.fileno(), count, offset))
        check_size(header.height, header.width)
        _check_body(file, size, header)
    except NoImage as error:
        return str(error)
    return ""


def _check_body(file: BinaryIO, size: int, header: Header) -> None:
    if header.kind not in ("JPEG", "PNG"):
        opened(file)
        return
    offset = max(header.start, size - HEAD)
    if not ends(os.pread(file.fileno(), HEAD, offset), Header(header.kind)):
        data = os.pread(file.fileno(), size, 0)
        if not ends(data, header):
            decode_with_pillow(data, 3, 0.0)
