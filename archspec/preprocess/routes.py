"""Who decodes some bytes: only what TensorFlow's decoders read rightly, and survive, reaches them."""

from __future__ import annotations

from collections.abc import Mapping
from enum import IntEnum

from archspec.preprocess.cut_short import CUT_SHORT, MOST_SCANS, lacks_scans, too_many_scans
from archspec.preprocess.header import Header, NoImage, read_header

MAX_PIXELS = 178_956_970
"""Of one image: above that it is a decompression bomb, as Pillow has it."""
NO_WHITE = "32 bits a pixel; 8 or 16 are read, or train.data.white says which value is white"
LONGEST_PNG = 1_000_000
"""A side that libpng, as TensorFlow has it, reads at most."""
CHANNELS = (1, 3)
"""That TensorFlow's decoders are asked for: with an alpha channel, or with other ones, images are read by the others."""
JPEG_CHANNELS: Mapping[int, tuple[int, ...]] = {1: (1, 3), 3: (1, 3), 4: (3,)}
"""By the components of a JPEG: for which channels TensorFlow decodes it."""


class Route(IntEnum):
    """Who decodes."""

    JPEG = 0
    PNG = 1
    PILLOW = 2


def route(data: bytes, channels: int) -> tuple[Route, Header]:
    """Who reads these bytes rightly for so many channels, and what their beginning says.

    Raises NoImage where nobody does, or where they are too large. TensorFlow gets plain JPEGs and PNGs: upright, opaque,
    of a common coding. Its `decode_image` is not used at all: it takes the numbers of a BMP's palette for grey, drops
    alpha, and ends the process on some animated WebP files.
    """
    header = read_header(lambda offset, count: data[offset:offset + count])
    return _route(data, header, channels), header


def _route(data: bytes, header: Header, channels: int) -> Route:
    check_size(header.height, header.width)
    if header.kind == "JPEG" and too_many_scans(data, header):
        raise NoImage(f"a JPEG in more than {MOST_SCANS} scans")
    if header.progressive and lacks_scans(data, header):
        raise NoImage(CUT_SHORT)
    if not ends(data, header):
        return Route.PILLOW  # of a PNG that lacks nothing but its end it makes a picture; all else it refuses
    if header.kind == "JPEG" and header.plain and channels in JPEG_CHANNELS.get(header.components, ()):
        return Route.JPEG
    # tRNS makes a colour transparent, eXIf may turn the image; found by chance in the pixels they only cost time
    short = max(header.height, header.width) <= LONGEST_PNG
    if header.kind == "PNG" and header.plain and short and channels in CHANNELS and b"tRNS" not in data and b"eXIf" not in data:
        return Route.PNG
    return Route.PILLOW


def ends(data: bytes, header: Header) -> bool:
    """Whether a JPEG or PNG has its end; the mark cannot stand in a JPEG's pixels."""
    mark = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xaeB`\x82"}.get(header.kind, b"")
    return data.rfind(mark, header.start) >= 0


def plain_jpeg(header: Header) -> bool:
    """Whether a JPEG goes to TensorFlow for each of CHANNELS, if nothing is wrong with it."""
    return header.kind == "JPEG" and header.plain and JPEG_CHANNELS.get(header.components) == CHANNELS


def check_size(height: int, width: int) -> None:
    """Raises NoImage for more than MAX_PIXELS."""
    if height * width > MAX_PIXELS:
        raise NoImage(f"{width}x{height} pixels; at most {MAX_PIXELS / 1e6:.0f} million are read")


def other_channels(found: int, wanted: int) -> str:
    """Of an image with channels of which those of the network's input cannot be made: what there is, and what to do."""
    return f"{found} channel(s); the network's input has {wanted} (input: HEIGHTxWIDTHx{found} reads it)"
