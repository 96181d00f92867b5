"""What is packed of an image: its own bytes, or new ones where it is an array or is to be smaller."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import tifffile
from PIL import Image

from archspec.data.check import decoder
from archspec.data.source import Item, Source, Split
from archspec.errors import InputError
from archspec.preprocess.header import NoImage, read_header
from archspec.preprocess.rule import Preprocess

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""Pillow's, by channels: what PNG holds."""
AS_JPEG = (1, 3)
"""Channels."""
SHORTER = "--shorter"


@dataclass(frozen=True)
class Scaled:
    """Images with a shorter side of more than `shorter` pixels are scaled to it, and written in a JPEG quality (1 to 100)."""

    shorter: int
    quality: int

    def size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width that an image gets."""
        least = min(height, width)
        if least <= self.shorter:
            return height, width
        return max(1, round(height * self.shorter / least)), max(1, round(width * self.shorter / least))


@dataclass(frozen=True)
class Picture:
    """An encoded image: its bytes, its size in pixels as a viewer shows it, its kind."""

    data: bytes
    height: int
    width: int
    kind: str


Make = Callable[[int], Picture]
"""The i-th of a split. Raises NoImage where it cannot be made, OSError where it cannot be read."""


def white_of(source: Source) -> float:
    """What a section that reads the packed images says of white: 0 of 8 bits. Raises InputError where the splits differ."""
    whites = {0.0 if split.eight_bits else split.white for split in (source.train, source.test)}
    if len(whites) > 1:
        raise InputError(f"white is {source.train.white:g} in {source.train.name} images and {source.test.white:g} in "
                         f"{source.test.name} ones: one section cannot read both\n"
                         "  hint: --set train.data.white=VALUE, one for both")
    return whites.pop()


def maker(split: Split, sizes: np.ndarray, rule: Preprocess, scaled: Scaled | None) -> Make:
    """Makes the images of a split; `sizes` (n, 2) are height and width of those that are encoded.

    Raises InputError where they cannot be scaled. What it gives raises InputError, with its name, for an image that cannot
    be made.
    """
    if scaled is not None:
        _refuse_to_scale(split, rule)
    make = _of_files(split, sizes, rule, scaled) if split.encoded else _of_arrays(split, rule, scaled)

    def named(index: int) -> Picture:
        try:
            return make(index)
        except NoImage as error:
            raise InputError(f"{split.path(index)}: cannot be packed: {error}\n  hint: replace it, or leave it out") from None
    return named


def _of_files(split: Split, sizes: np.ndarray, rule: Preprocess, scaled: Scaled | None) -> Make:
    decode = decoder(split, rule) if scaled is not None else None

    def make(index: int) -> Picture:
        item, (height, width) = split.item(index), sizes[index].tolist()
        assert isinstance(item, bytes)
        if decode is None or scaled is None or scaled.size(height, width) == (height, width):
            return Picture(item, height, width, read_header(lambda offset, count: item[offset:offset + count]).kind)
        return _smaller(decode(item), scaled, decode)
    return make


def _refuse_to_scale(split: Split, rule: Preprocess) -> None:
    if not split.eight_bits:
        raise InputError(f"{SHORTER}: images of more than 8 bits are packed as they are\n  hint: leave {SHORTER} out")
    channels = rule.channels if split.encoded else split.channels
    if channels not in MODES:
        raise InputError(f"{SHORTER}: images with {channels} channels are packed as they are\n  hint: leave {SHORTER} out")


def _of_arrays(split: Split, rule: Preprocess, scaled: Scaled | None) -> Make:
    decode = decoder(split, replace(rule, channels=split.channels))

    def make(index: int) -> Picture:
        pixels = split.item(index)
        assert isinstance(pixels, np.ndarray)
        height, width, channels = pixels.shape
        if scaled is not None and scaled.size(height, width) != (height, width):
            return _smaller(pixels, scaled, decode)
        found = _png(pixels) if split.eight_bits and channels in MODES else _tiff(pixels, deep=not split.eight_bits)
        _refuse_other_pixels(split, pixels, decode(found.data))
        return found
    return make


def _refuse_other_pixels(split: Split, pixels: np.ndarray, back: np.ndarray) -> None:
    """Raises NoImage unless training would see of a packed image what it sees of the array."""
    if not np.array_equal(replace(split, encoded=True).levels(back), split.levels(pixels)):
        raise NoImage(f"{pixels.dtype} of the shape {pixels.shape} does not come back from a file as it is")


def _smaller(pixels: np.ndarray, scaled: Scaled, decode: Callable[[Item], np.ndarray]) -> Picture:
    """Scaled with Pillow's Lanczos filter, which takes the mean of what falls together."""
    height, width = scaled.size(*pixels.shape[:2])
    image = _picture(pixels).resize((width, height), Image.Resampling.LANCZOS)
    file, kind = io.BytesIO(), "JPEG" if pixels.shape[-1] in AS_JPEG else "PNG"
    image.save(file, kind, quality=scaled.quality)
    found = Picture(file.getvalue(), height, width, kind)
    if decode(found.data).shape[:2] != (height, width):
        raise NoImage(f"it does not come back from a {kind} in its size")
    return found


def _picture(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels, MODES[pixels.shape[-1]])


def _png(pixels: np.ndarray) -> Picture:
    file = io.BytesIO()
    _picture(np.ascontiguousarray(pixels)).save(file, "PNG")
    return Picture(file.getvalue(), pixels.shape[0], pixels.shape[1], "PNG")


def _tiff(pixels: np.ndarray, *, deep: bool) -> Picture:
    """Any channels. `deep`: bytes are not those that 255 is white of, so they become whole numbers of 16 bits."""
    kept = pixels
    if deep:
        kept = pixels.astype(np.uint16 if pixels.dtype.itemsize == 1 or pixels.dtype == np.uint16 else np.float32)
    channels = pixels.shape[-1]
    file = io.BytesIO()
    tifffile.imwrite(file, kept if channels > 1 else kept[..., 0], photometric="minisblack", metadata=None,
                     planarconfig="contig" if channels > 1 else None, extrasamples=("unspecified",) * (channels - 1))
    return Picture(file.getvalue(), pixels.shape[0], pixels.shape[1], "TIFF")
