"""Whether a file can be read as an image, without decoding it: its header, its size, and that it does not break off."""

from __future__ import annotations

import io
import os
from typing import Any, BinaryIO, NamedTuple

from PIL import Image

from archspec.preprocess.cut_short import CUT_SHORT
from archspec.preprocess.header import EMPTY, HEAD, IS_UNREAD, ORIENTATION, Header, NoImage, Read, read_header
from archspec.preprocess.pillow import decode_with_pillow, open_image
from archspec.preprocess.routes import check_size, ends, plain_jpeg
from archspec.preprocess.tiff import tiff_facts

MAX_BYTES = 1 << 30
"""Of one file."""
SIDEWAYS = (5, 6, 7, 8)
"""EXIF's orientations that make a width of a height."""

_MODES = {"1": "grey, 1 bit", "L": "grey", "LA": "grey and alpha", "P": "palette", "PA": "palette", "I;16": "grey, 16 bit",
          "I;16B": "grey, 16 bit", "I;16L": "grey, 16 bit", "I": "grey, 32 bit", "F": "grey, floats"}
"""What Pillow's modes are, where its word is not the usual one."""
_BREAKS_OFF = "breaks off"
MISSING = "missing"
"""The code of a file that is not there."""
_KINDS_OF_PROBLEM = (
    (MISSING, "no such file"), ("refused", "permission denied"), ("empty", EMPTY), ("truncated", _BREAKS_OFF),
    ("truncated", CUT_SHORT.lower()), ("truncated", "truncated"), ("too-large", "at most"), ("no-image", IS_UNREAD),
    ("no-image", "an html page"), ("no-image", "a text"), ("no-image", "no kind of image"))
"""Codes, and what is said only of such a problem."""


class Look(NamedTuple):
    """A file's size in bytes, its first HEAD bytes, and why it cannot be read as an image: '' if nothing speaks against it.

    Behind them what its header says: its height and width in pixels, as a viewer shows it, the kind of file, the channels
    and bits, the orientation (EXIF's 1 to 8), and whether TensorFlow decodes it as a JPEG.
    """

    size: int
    first: bytes
    problem: str = ""
    height: int = 0
    width: int = 0
    kind: str = ""
    mode: str = ""
    orientation: int = 1
    plain: bool = False


def look(file: BinaryIO) -> Look:
    """Looks into an open file.

    Reads two blocks of HEAD bytes of a JPEG or PNG and Pillow's idea of a header of all else. A file whose last block
    shows no end is decoded, to see.
    """
    return look_into(lambda offset, count: os.pread(file.fileno(), count, offset), os.fstat(file.fileno()).st_size)


def look_into(read: Read, size: int) -> Look:
    """As `look`, for `size` bytes of which `read(offset, count)` gives some."""
    first = read(0, HEAD)
    try:
        if size > MAX_BYTES:
            raise NoImage(f"{size / 1e9:.1f} GB; at most {MAX_BYTES / 1e9:.1f} are read")
        header = read_header(lambda offset, count: read(offset, count) if offset else first)
        check_size(header.height, header.width)
        if header.kind not in ("JPEG", "PNG"):
            return Look(size, first, "", *_by_library(read, size, header.kind))
        _check_end(read, size, first, header)
        if header.kind == "PNG" and b"eXIf" in first:
            height, width, kind, _, orientation = _by_library(read, size, header.kind)
            return Look(size, first, "", height, width, kind, header.mode, orientation)
    except NoImage as error:
        return Look(size, first, str(error))
    return Look(size, first, "", *_shown(header.height, header.width, header.orientation), header.kind, header.mode,
                header.orientation, plain_jpeg(header))


def problem_code(problem: str) -> str:
    """The kind of a problem, as one word for other programs: see docs/commands.md; `damaged` if it is no other."""
    return next((code for code, said in _KINDS_OF_PROBLEM if said in problem.lower()), "damaged")


def _by_library(read: Read, size: int, kind: str) -> tuple[int, int, str, str, int]:
    """What tifffile says of a TIFF that is not Pillow's to read, and Pillow of all else."""
    file = io.BufferedReader(_Bytes(read, size))
    if kind == "TIFF" and (facts := tiff_facts(file)):
        return (*_shown(facts.height, facts.width, facts.orientation), kind, facts.mode, facts.orientation)
    file.seek(0)
    image = open_image(file)
    orientation = _orientation(image)
    turned = 1 if kind == "TIFF" else orientation  # of a TIFF Pillow says the size as it is shown
    return (*_shown(image.height, image.width, turned), kind, _MODES.get(image.mode, image.mode), orientation)


def _orientation(image: Image.Image) -> int:
    try:
        found = image.getexif().get(ORIENTATION, 1)
    except Exception:  # whatever broken bytes make it raise; that the image cannot be turned is no reason not to read it
        return 1
    return found if found in range(1, 9) else 1


def _shown(height: int, width: int, orientation: int) -> tuple[int, int]:
    return (width, height) if orientation in SIDEWAYS else (height, width)


class _Bytes(io.RawIOBase):
    """What `read` gives as a file, for libraries that want one."""

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
            raise NoImage(f"the {header.kind} {_BREAKS_OFF} before its end") from None
