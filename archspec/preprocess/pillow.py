"""How Pillow reads what TensorFlow's decoders read wrongly, or not at all."""

from __future__ import annotations

import io
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from archspec.preprocess.cut_short import refuse_cut_short
from archspec.preprocess.header import NoImage
from archspec.preprocess.routes import check_size, other_channels

FORMATS = ("JPEG", "PNG", "GIF", "BMP", "WEBP", "TIFF", "PPM", "JPEG2000", "AVIF")
"""The plugins of Pillow that strangers' bytes may reach: no EPS, which starts Ghostscript, and nothing rare."""

MODES = {1: "L", 3: "RGB", 4: "RGBA"}
"""By the channels of a network's input."""
GREY_TOO = (1, 3)
"""Channels that a grey picture fills."""
PNG_DEPTH = 24
"""Where a PNG says how many bits a level has."""


def open_image(file: BinaryIO) -> Image.Image:
    """Pillow's view of a file; its pixels are not read yet. Raises NoImage."""
    try:
        image = Image.open(file, formats=FORMATS)
    except Exception as error:  # its plugins raise whatever broken bytes make them raise
        raise NoImage(_reason(error)) from error
    check_size(image.height, image.width)
    return image


def decode_with_pillow(data: bytes, channels: int, background: float, *, deep: bool = False) -> np.ndarray:
    """(h, w, channels) uint8: the first frame, turned as EXIF says, 16 bits cut to their upper 8. Raises NoImage.

    `deep`: of 16 bits of grey all, as uint16.
    """
    image = open_image(io.BytesIO(data))
    try:
        if image.format in ("JPEG", "MPO"):
            refuse_cut_short(data, np.asarray(image.crop((image.width - 1, image.height - 1, image.width, image.height))))
        if channels not in MODES:
            raise NoImage(other_channels(len(image.getbands()), channels))
        _scale_transparency(image, data)
        if deep and channels in GREY_TOO and _sixteen(image):
            grey = np.asarray(ImageOps.exif_transpose(image)).astype(np.uint16)
            return np.repeat(grey[..., None], channels, axis=-1)
        pixels = np.asarray(_in_mode(ImageOps.exif_transpose(_in_bytes(image)), channels, round(background)))
    except NoImage:
        raise
    except Exception as error:  # as above
        raise NoImage(_reason(error)) from error
    return pixels.reshape(*pixels.shape[:2], channels)


def _in_bytes(image: Image.Image) -> Image.Image:
    """With 8 bits a channel. Pillow's own conversion of 16 bits does not scale: it clips to 255."""
    if _sixteen(image):
        upper = Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
        upper.info.update({key: image.info[key] for key in ("exif",) if key in image.info})
        return upper
    if image.mode in ("I", "F"):
        raise NoImage("32 bits a pixel; 8 or 16 are read")
    return image


def _scale_transparency(image: Image.Image, data: bytes) -> None:
    """Of a grey PNG of 2 or 4 bits Pillow scales the levels to 8, but not the one that is transparent."""
    level = image.info.get("transparency")
    if image.format == "PNG" and image.mode == "L" and isinstance(level, int):
        most = (1 << data[PNG_DEPTH]) - 1
        image.info["transparency"] = (level & most) * 255 // most


def _sixteen(image: Image.Image) -> bool:
    return image.mode.startswith("I;16") or (image.mode == "I" and image.format == "PPM")


def _in_mode(image: Image.Image, channels: int, background: int) -> Image.Image:
    """In mode L, RGB or RGBA. Without an alpha channel what is transparent shows the background."""
    if image.has_transparency_data and channels != 4:
        over = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", over.size, (background,) * 3 + (255,)), over).convert("RGB")
    return image.convert(MODES[channels])


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return "damaged, or of a kind that is not read"
    return (str(error).strip().splitlines() or [type(error).__name__])[0][:160]
