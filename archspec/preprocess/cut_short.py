"""JPEGs whose data end before their image does, though the file has its end mark.

libjpeg, which decodes for TensorFlow and for Pillow, makes up what is missing, and at most writes a warning that names no file.
"""

from __future__ import annotations

import io
import re
from collections.abc import Iterator

import numpy as np
from PIL import Image

from archspec.preprocess.header import Header, NoImage

CUT_SHORT = "the JPEG's data end before its image does"
FILL = (128, 127, 64)
"""A pixel that no data say is grey; of CMYK, 127 as Pillow has it and 64 as TensorFlow."""
MOST_MARKERS = 1000
MOST_SCANS = 100
"""A decoder goes through the whole image for each; writers make some ten."""
SCAN, END = 0xDA, 0xD9
SEQUENTIAL = (0xC0, 0xC1)
_MARKER = re.compile(rb"\xff[^\x00\xff\xd0-\xd7]")
"""Neither a byte of the coded data nor a restart."""
MORE = bytes(range(1, 255))
"""What decoders do not reach if the image is whole."""


def cut_short(data: bytes) -> bool:
    """Whether a baseline JPEG's data end before its image does: whether more of them would make another image.

    Decodes twice, so it is asked only where the last pixel is FILL.
    """
    end = next((offset for code, offset in _markers(data, 0) if code == END), None)
    return end is not None and _pixels(data) != _pixels(data[:end] + MORE + data[end:])


def refuse_cut_short(data: bytes, last: np.ndarray) -> None:
    """Raises NoImage for a JPEG that is cut short; `last` is the last pixel that a decoder made of it."""
    if any((last == level).all() for level in FILL) and cut_short(data):
        raise NoImage(CUT_SHORT)


def lacks_scans(data: bytes, header: Header) -> bool:
    """Whether a progressive JPEG ends before the last bit of each coefficient has come (ITU-T T.81, G.1.1).

    Of a last scan that begins, its own end is not seen.
    """
    try:
        first = header.start + 10
        missing = dict.fromkeys(data[first:first + 3 * data[first - 1]:3], (1 << 64) - 1)
        for code, offset in _markers(data, header.start):
            if code == SCAN:
                found, coefficients = _finished(data, offset)
                missing.update((each, missing[each] & ~coefficients) for each in found)
    except (IndexError, ValueError, KeyError):
        return False  # of what is broken otherwise the decoder speaks
    return any(missing.values())


def too_many_scans(data: bytes, header: Header) -> bool:
    """Whether a JPEG comes in more than MOST_SCANS, of which a few bytes each may cost minutes."""
    first = next((offset for code, offset in _markers(data, header.start) if code == SCAN), len(data))
    if data[header.start + 1] in SEQUENTIAL and data[first + 4:first + 5] == bytes([header.components]):
        return False  # all of it is in one scan, behind which decoders do not look
    if data.count(b"\xff\xda", header.start) <= MOST_SCANS:
        return False  # else some may stand behind the image's end, in a film that a telephone attaches
    codes = [code for code, _ in _markers(data, header.start)]
    return codes.count(SCAN) > MOST_SCANS or len(codes) == MOST_MARKERS


def _finished(data: bytes, scan: int) -> tuple[bytes, int]:
    """The components of a scan, and a bit for each coefficient of theirs of which it gives the last one."""
    behind = scan + 5 + 2 * data[scan + 4]
    first, last, low = data[behind], data[behind + 1], data[behind + 2] & 15
    return data[scan + 5:behind:2], 0 if low else (1 << last + 1) - (1 << first)


def _markers(data: bytes, start: int) -> Iterator[tuple[int, int]]:
    """The markers from one of them on to the end's, each with its offset; what is coded between them is stepped over."""
    offset = start
    for _ in range(MOST_MARKERS):
        found = _MARKER.search(data, offset)
        if found is None:
            return
        offset = found.start()
        code = data[offset + 1]
        yield code, offset
        if code == END:
            return
        offset += 2 if code == 0xD8 else 2 + int.from_bytes(data[offset + 2:offset + 4])


def _pixels(data: bytes) -> bytes:
    with Image.open(io.BytesIO(data), formats=("JPEG", "MPO")) as image:
        return image.tobytes()
