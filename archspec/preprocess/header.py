"""What bytes are, read from their beginning alone: kind, size, and whether TensorFlow's decoders read them rightly."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

Read = Callable[[int, int], bytes]
"""`read(offset, count)`: at most so many bytes of a file from there on; fewer at its end."""
HEAD = 4096
"""How many bytes are read of a file to know what it is; of a JPEG with large attachments some more, a little at a time."""

MAGIC: tuple[tuple[int, bytes, str], ...] = (
    (0, b"\xff\xd8\xff", "JPEG"), (0, b"\x89PNG\r\n\x1a\n", "PNG"), (0, b"GIF87a", "GIF"), (0, b"GIF89a", "GIF"),
    (0, b"BM", "BMP"), (8, b"WEBP", "WebP"), (0, b"II*\0", "TIFF"), (0, b"MM\0*", "TIFF"), (0, b"II+\0", "TIFF"),
    (0, b"MM\0+", "TIFF"), (0, b"\0\0\0\x0cjP  ", "JPEG 2000"), (0, b"\xff\x4f\xff\x51", "JPEG 2000"),
    (4, b"ftypavif", "AVIF"), (4, b"ftypavis", "AVIF"), *((0, b"P%d" % number, "PPM") for number in range(1, 7)),
)
"""Offset, bytes, kind: by content, whatever the file is called."""
EMPTY = "the file is empty"
UNREAD: tuple[tuple[int, bytes, str], ...] = (
    *((4, b"ftyp" + brand, "HEIC photograph") for brand in (b"hei", b"hev", b"mif1", b"msf1")),
    (4, b"ftypcrx ", "raw photograph"), (0, b"FUJIFILMCCD-RAW", "raw photograph"),
    *((0, magic, "raw photograph") for magic in (b"IIRO", b"IIRS", b"MMOR", b"IIU\0", b"FOVb")),
    (0, b"\0\0\0\x0cJXL ", "JPEG XL image"), (0, b"\xff\x0a", "JPEG XL image"), (0, b"8BPS", "Photoshop file"),
    (0, b"%PDF", "PDF"), (0, b"\0\0\x01\0", "icon"), (128, b"DICM", "DICOM image"), (0, b"v/1\x01", "OpenEXR image"),
)
"""Offset, bytes, name: images that are not read, told apart for messages alone."""
IS_UNREAD = ", which is not read"
"""What is said of one."""
SVG = "SVG drawing"
_AN = (SVG, "icon", "OpenEXR image")

SIZED = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})
"""JPEG markers of a frame: they hold its size."""
COMMON = frozenset({0xC0, 0xC1, 0xC2})
"""Baseline, extended and progressive, Huffman-coded: what every decoder reads."""
SEGMENTS = 1000
"""How many are stepped over at most, fill bytes included."""
_BMP_HEADERS = frozenset({12, 16, 40, 52, 56, 64, 108, 124})
_PPM = re.compile(rb"P[1-6]\s+(#[^\n]*\n\s*)*\d+\s")
ORIENTATION = 0x0112
"""The tag of TIFF, and of EXIF, that says how an image is turned: 1 to 8, 1 for not at all."""
_INTEGERS = {1: "B", 3: "H", 4: "I"}
"""TIFF's types of whole numbers; EXIF wants 3 for an orientation, and not every writer keeps to it."""
STANDALONE = frozenset({0x01, *range(0xD0, 0xD8)})


@dataclass(frozen=True)
class Header:
    """What the beginning of an image says. The size is as stored, before `orientation` (EXIF's 1 to 8) turns it.

    `components` and `depth` (bits) are those of a JPEG or PNG, else 0; `plain` says that there is nothing about it (an
    orientation, a transparent colour, a rare coding) that needs more than a decoder. `start` is where the image itself
    begins, behind what is attached to it. `progressive` says that a JPEG comes in scans that refine one another; `palette`
    that a PNG's pixels are numbers of colours.
    """

    kind: str
    height: int = 0
    width: int = 0
    components: int = 0
    depth: int = 0
    orientation: int = 1
    plain: bool = False
    start: int = 0
    progressive: bool = False
    palette: bool = False

    @property
    def mode(self) -> str:
        """Which channels a JPEG or PNG has, and their bits where they are not 8: 'RGB', 'grey, 16 bit'; else ''."""
        if not self.components:
            return ""
        names = _CMYK if self.kind == "JPEG" else _ALPHA
        name = "palette" if self.palette else names.get(self.components, f"{self.components} channels")
        return name if self.depth == 8 or self.palette else f"{name}, {self.depth} bit"


_CMYK = {1: "grey", 3: "RGB", 4: "CMYK"}
_ALPHA = {1: "grey", 2: "grey and alpha", 3: "RGB", 4: "RGBA"}


class NoImage(ValueError):
    """Bytes are no image that can be read; the message says what they are instead."""


def kind_of(head: bytes) -> str:
    """The kind of image that some first bytes begin, or ''."""
    if not head:
        return ""
    kind = next((kind for offset, magic, kind in MAGIC if head[offset:offset + len(magic)] == magic), "")
    # two letters alone may begin any text
    said = {"BMP": len(head) > 17 and head[14] in _BMP_HEADERS, "PPM": _PPM.match(head) is not None}
    return kind if said.get(kind, True) else ""


def unread(head: bytes) -> str:
    """What image some first bytes begin that is of a kind which is not read, in words that an s makes several of; or ''."""
    found = next((kind for offset, magic, kind in UNREAD if head[offset:offset + len(magic)] == magic), "")
    start = head.lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    drawn = start.startswith((b"<svg", b"<!doctype svg")) or (start.startswith((b"<?xml", b"<!--")) and b"<svg" in start)
    return found or (SVG if drawn else "")


def read_header(read: Read) -> Header:
    """What the bytes are. Raises NoImage for what is no image, or one whose beginning is broken."""
    head = read(0, HEAD)
    kind = kind_of(head)
    if not kind:
        raise NoImage(_instead(head))
    try:
        return _jpeg(read, head) if kind == "JPEG" else _png(head) if kind == "PNG" else Header(kind)
    except (struct.error, IndexError):
        raise NoImage(f"the {kind} breaks off in its header") from None


def _instead(head: bytes) -> str:
    if not head:
        return EMPTY
    if other := unread(head):
        return f"{'an' if other in _AN else 'a'} {other}{IS_UNREAD}"
    start = head[:256].lstrip(b"\xef\xbb\xbf \t\r\n").lower()
    if start.startswith((b"<!doctype html", b"<html", b"<head")):
        return "an HTML page"
    printable = all(byte >= 32 or byte in b"\t\r\n\f" for byte in head[:256])
    return "a text" if printable else "no kind of image that is known"


def _png(head: bytes) -> Header:
    if head[12:16] != b"IHDR":
        raise NoImage("the PNG has no header")
    width, height, depth, colour = struct.unpack_from(">IIBB", head, 16)
    if not width or not height:
        raise NoImage("the PNG has no size")
    components = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}.get(colour, 0)
    return Header("PNG", height, width, components, depth, 1, colour in (0, 2) and depth in (8, 16), palette=colour == 3)


def _jpeg(read: Read, head: bytes) -> Header:
    """Walks from marker to marker to the frame's; what is attached before it (EXIF, profiles) is stepped over."""
    offset, orientation = 2, 1
    for _ in range(SEGMENTS):
        marker = _at(read, head, offset, 2)
        if len(marker) < 2 or marker[0] != 0xFF:
            break
        code = marker[1]
        if code in STANDALONE or code == 0xFF:
            offset += 1 if code == 0xFF else 2
            continue
        length, = struct.unpack(">H", _at(read, head, offset + 2, 2))
        if code in SIZED:
            depth, height, width, components = struct.unpack(">BHHB", _at(read, head, offset + 4, 6))
            if not height or not width:
                break
            return Header("JPEG", height, width, components, depth, orientation,
                          code in COMMON and depth == 8 and orientation == 1, offset, code == 0xC2)
        if code == 0xE1 and _at(read, head, offset + 4, 6) == b"Exif\0\0":
            orientation = _orientation(_at(read, head, offset + 10, max(0, length - 8)))
        offset += 2 + length
    raise NoImage("the JPEG has no size")


def _at(read: Read, head: bytes, offset: int, count: int) -> bytes:
    return head[offset:offset + count] if offset + count <= len(head) else read(offset, count)


def _orientation(exif: bytes) -> int:
    """The ORIENTATION of a TIFF structure; 1 where there is none, or it makes no sense."""
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    if order is None:
        return 1
    try:
        start, = struct.unpack_from(f"{order}I", exif, 4)
        count, = struct.unpack_from(f"{order}H", exif, start)
        for entry in range(min(count, SEGMENTS)):
            place = start + 2 + 12 * entry
            tag, kind = struct.unpack_from(f"{order}HH", exif, place)
            if tag == ORIENTATION and kind in _INTEGERS:
                value, = struct.unpack_from(f"{order}{_INTEGERS[kind]}", exif, place + 8)
                return int(value) if 1 <= value <= 8 else 1
    except struct.error:
        pass
    return 1
