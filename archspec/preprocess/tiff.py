"""TIFF files beyond what Pillow reads: any number of channels, 16 and 32 bits, floats. By tifffile.

Microscopes and satellites write them. Pillow reads grey ones, RGB with 8 bits and RGBA, in every compression; of more
bits a channel it takes the upper 8, of other channels it says that it cannot identify the file.
"""

from __future__ import annotations

import io
import logging
import lzma
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, NamedTuple

import numpy as np
import tifffile

from archspec.preprocess.header import ORIENTATION, NoImage
from archspec.preprocess.routes import check_size, other_channels
from archspec.preprocess.rule import LUMA

MOST_BYTES = 1 << 30
"""Of an image's pixels as they are stored."""
_DEFLATE, _LZMA = (8, 32946), 34925
BY_COLOUR = (1, 3, 4)
"""Channels of an input that is an image of the first page."""
RATIO = 1032
"""How much deflate shrinks at most: so what it makes of fewer bytes needs no look. Of LZMA nobody says."""
_COLOURS = {0: 1, 1: 1, 2: 3}
"""Channels without an alpha channel, by photometric interpretation: white is 0, black is 0, RGB."""
_LOG = logging.getLogger("tifffile")
"""To which it tells what is odd about a file: without a handler that goes to the terminal."""


class Facts(NamedTuple):
    """What a TIFF's header says: pixels as stored, channels and bits in words, orientation."""

    height: int
    width: int
    mode: str
    orientation: int


def tiff_facts(file: BinaryIO) -> Facts | None:
    """Of the first picture; None where Pillow is the one to read it. Raises NoImage."""
    with _opened(file) as tiff:
        page = _page(tiff)
        kind = "floats" if page.sampleformat == 3 else f"{_bits(page)} bit"
        if shape := _in_rows(tiff, page):
            return Facts(*shape[:2], f"{shape[2]} channels, {kind}", _orientation(page))
        if _by_pillow(page, deep=True):  # of what it cuts to 8 bits without a word the bits are told here
            return None
        channels = "grey" if page.samplesperpixel == 1 else f"{page.samplesperpixel} channels"
        return Facts(page.imagelength, page.imagewidth, f"{channels}, {kind}", _orientation(page))


def read_tiff(data: bytes, channels: int, background: float, *, deep: bool) -> np.ndarray | None:
    """(h, w, channels) uint8, uint16 or float32, as stored; None where Pillow reads it as well. Raises NoImage.

    Not `deep`: who asks will cut it to 8 bits. Where the input has more than four channels, or two, grey pages of one size
    are its channels.
    """
    with _opened(io.BytesIO(data)) as tiff:
        page = _page(tiff)
        if shape := _in_rows(tiff, page):
            rows = _joined(_pages(tiff, shape[0], f"its description says {shape[0]} rows"))
            return _with_channels(np.moveaxis(rows, -1, 0), channels, background, alpha=False)
        if channels not in BY_COLOUR and page.samplesperpixel == 1:
            return _joined(_pages(tiff, channels, _wanted(tiff, channels)))
        if _by_pillow(page, deep):
            return None
        return _with_channels(_pixels(page), channels, background, alpha=_has_alpha(page))


_TURNS: dict[int, Callable[[np.ndarray], np.ndarray]] = {
    2: np.fliplr, 3: lambda image: np.rot90(image, 2), 4: np.flipud, 5: lambda image: image.transpose(1, 0, 2),
    6: lambda image: np.rot90(image, -1), 7: lambda image: np.rot90(image, 2).transpose(1, 0, 2), 8: np.rot90}
"""How an image is turned by its orientation (TIFF 6.0, and EXIF)."""


@contextmanager
def _opened(file: BinaryIO) -> Iterator[Any]:
    """A TIFF file; whatever goes wrong with it is a NoImage, and nothing is written to the terminal."""
    if not _LOG.handlers:
        _LOG.addHandler(logging.NullHandler())
    try:
        tiff = tifffile.TiffFile(file)
    except Exception:  # broken bytes make it raise whatever they make it raise
        raise NoImage("damaged, or of a kind that is not read") from None
    try:
        yield tiff
    except NoImage:
        raise
    except Exception as error:  # as above
        raise NoImage(_reason(error)) from None


def _reason(error: Exception) -> str:
    said = (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
    if "imagecodecs" in said:
        return f"its compression needs the package imagecodecs: pip install imagecodecs ({said})"
    return f"the TIFF is damaged: {said}"


def _page(tiff: Any) -> Any:
    page = tiff.pages[0]
    check_size(page.imagelength, page.imagewidth)
    size = page.imagelength * page.imagewidth * page.imagedepth * page.samplesperpixel * max(1, _bits(page) // 8)
    if size > MOST_BYTES:
        raise NoImage(f"its pixels take {size / 1e9:.1f} GB; at most {MOST_BYTES / 1e9:.1f} are read")
    return page


def _bits(page: Any) -> int:
    bits = page.bitspersample
    return int(max(bits) if isinstance(bits, tuple) else bits)


def _has_alpha(page: Any) -> bool:
    return page.extrasamples in ((1,), (2,)) and page.samplesperpixel in (2, 4)


def _by_pillow(page: Any, deep: bool) -> bool:
    """Whether Pillow reads it rightly."""
    if page.photometric not in _COLOURS:
        return True  # palettes, CMYK, YCbCr, L*a*b*: colours have to be found out
    extra = page.samplesperpixel - _COLOURS[page.photometric]
    if extra and not _has_alpha(page):
        return False
    if _bits(page) <= 8:
        return True
    grey = page.samplesperpixel == 1 and page.photometric == 1
    return bool(_bits(page) == 16 and page.sampleformat == 1 and (grey or not deep))


def _orientation(page: Any) -> int:
    tag = page.tags.get(ORIENTATION)
    return tag.value if tag is not None and tag.value in range(1, 9) else 1


def _in_rows(tiff: Any, page: Any) -> tuple[int, int, int] | None:
    """(h, w, c) of an array that tifffile was not told to be one picture: it writes a page (w, c) for each row."""
    said = tiff.shaped_metadata
    shape = tuple(said[0].get("shape", ())) if said else ()
    if len(shape) != 3 or shape[1:] != (page.imagelength, page.imagewidth) or page.samplesperpixel != 1:
        return None
    if not all(isinstance(side, int) for side in shape) or not 1 < shape[2] < min(shape[:2]):
        return None
    check_size(shape[0], shape[1])
    return shape


def _wanted(tiff: Any, channels: int) -> str:
    """What the pages have to be for the network's input, and which input would read them."""
    said, pages = f"the network's input has {channels} channels", len(tiff.pages)
    if pages == channels:
        return said
    other = "x1 reads the first page" if pages in BY_COLOUR else f"x{pages} reads all of them"
    return f"{said} (input: HEIGHTxWIDTH{other})"


def _pages(tiff: Any, count: int, wanted: str) -> list[Any]:
    """The grey pages that are the channels, or the rows, of one picture."""
    pages = [tiff.pages[number] for number in range(count)] if len(tiff.pages) == count else []
    first = tiff.pages[0]
    if not pages or any((page.shape, page.dtype) != (first.shape, first.dtype) for page in pages):
        raise NoImage(f"1 channel, and {len(tiff.pages)} page(s); {wanted}")
    if count * first.nbytes > MOST_BYTES:
        raise NoImage(f"its pixels take {count * first.nbytes / 1e9:.1f} GB; at most {MOST_BYTES / 1e9:.1f} are read")
    return pages


def _joined(pages: list[Any]) -> np.ndarray:
    """The grey pages of a picture, (h, w, pages)."""
    return np.concatenate([_pixels(page) for page in pages], axis=-1)


def _pixels(page: Any) -> np.ndarray:
    """(h, w, c) uint8, uint16 or float32; 0 is black."""
    _refuse_bomb(page)
    found = page.asarray()
    if page.axes == "YX":
        found = found[..., None]
    elif page.axes == "SYX":
        found = np.moveaxis(found, 0, -1)
    elif page.axes != "YXS":
        raise NoImage(f"a TIFF with the axes {page.axes}; pictures are read")
    if found.dtype.kind == "f" or found.dtype.itemsize > 2:
        if not np.isfinite(found).all():
            raise NoImage("pixels that are no finite numbers")
        found = found.astype(np.float32)
    if found.dtype.kind != "u" and found.size and found.min() < 0:
        raise NoImage(f"pixels from {found.min():g} on; 0 is black")
    if found.dtype.kind == "i":
        found = found.astype(f"u{found.dtype.itemsize}")
    if turn := _TURNS.get(_orientation(page)):
        found = turn(found)
    if page.photometric == 0:
        found = np.iinfo(found.dtype).max - found if found.dtype.kind == "u" else found.max() - found
    return np.asarray(found, np.uint8 if found.dtype == bool else found.dtype)


def _refuse_bomb(page: Any) -> None:
    """Raises NoImage where a strip or tile unpacks to more than the whole image has; tifffile would take the memory."""
    if page.compression not in (*_DEFLATE, _LZMA):
        return
    for offset, count in zip(page.dataoffsets, page.databytecounts, strict=True):
        if page.compression == _LZMA or count * RATIO > MOST_BYTES:
            page.parent.filehandle.seek(offset)
            if not _unpacks(page.parent.filehandle.read(count), page.compression):
                raise NoImage("its data unpack to more than its pixels")


def _unpacks(data: bytes, compression: int) -> bool:
    """Whether no more than MOST_BYTES come of them."""
    if compression == _LZMA:
        return len(lzma.LZMADecompressor().decompress(data, MOST_BYTES)) < MOST_BYTES
    unpacking = zlib.decompressobj()
    unpacking.decompress(data, MOST_BYTES)
    return not unpacking.unconsumed_tail


def _with_channels(pixels: np.ndarray, channels: int, background: float, *, alpha: bool) -> np.ndarray:
    """As many channels as the network's input has. Raises NoImage where they cannot be made of those there are."""
    found = pixels.shape[-1]
    if found == channels and not (alpha and channels == 2):
        return pixels
    if alpha and channels in (1, 3):
        return _with_channels(_over(pixels, background), channels, background, alpha=False)
    if found == 1 and channels == 3:
        return np.repeat(pixels, 3, axis=-1)
    if found == 3 and channels == 1:
        grey = (pixels @ np.array(LUMA, np.float32))[..., None]
        return np.asarray(grey.round() if pixels.dtype.kind == "u" else grey, pixels.dtype)
    raise NoImage(other_channels(found, channels))


def _over(pixels: np.ndarray, background: float) -> np.ndarray:
    """Without its last channel, which says how much covers the background."""
    white = float(np.iinfo(pixels.dtype).max) if pixels.dtype.kind == "u" else 1.0
    share = pixels[..., -1:].astype(np.float32) / white
    mixed = pixels[..., :-1] * share + background / 255 * white * (1 - share)
    return np.asarray(mixed.round() if pixels.dtype.kind == "u" else mixed, pixels.dtype)
