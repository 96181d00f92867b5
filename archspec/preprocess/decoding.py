"""Bytes to pixels of the whole image, where that is wanted: at once, without a graph."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from archspec.preprocess.cut_short import refuse_cut_short
from archspec.preprocess.header import Header, NoImage
from archspec.preprocess.pillow import decode_with_pillow
from archspec.preprocess.pixels import DCT
from archspec.preprocess.routes import NO_WHITE, Route, route
from archspec.preprocess.rule import Preprocess
from archspec.preprocess.tiff import read_tiff

BROKEN = "its data are broken or end too early"


def decode(encoded: bytes, rule: Preprocess, *, deep: bool = False) -> np.ndarray:
    """Pixels as a viewer shows them: (h, w, channels) uint8. Raises NoImage where the bytes are none, or are broken.

    Which decoder is decided by the bytes themselves: only what TensorFlow's decoders read rightly and survive reaches
    them. `deep`: with all bits, uint8, uint16 or float32 as the file has them; 0 is black. TIFF, and grey or RGB PNG and
    PNM files hold more than 8; of others their 8 bits come.
    """
    chosen, header = route(encoded, rule.channels)
    match chosen:
        case Route.JPEG:
            return _whole(encoded, header,
                          lambda: tf.io.decode_jpeg(encoded, channels=rule.channels, dct_method=DCT[rule.decoder]))
        case Route.PNG:
            kind = tf.uint16 if deep and header.depth > 8 else tf.uint8
            return _whole(encoded, header, lambda: tf.io.decode_png(encoded, channels=rule.channels, dtype=kind))
    found = read_tiff(encoded, rule.channels, rule.background, deep=deep) if header.kind == "TIFF" else None
    if found is None:
        return decode_with_pillow(encoded, rule.channels, rule.background, deep=deep)
    return found if deep else in_bytes(found)


def in_bytes(pixels: np.ndarray) -> np.ndarray:
    """The upper 8 bits of pixels. Raises NoImage where nobody knows what is white."""
    if pixels.dtype == np.uint16:
        return (pixels >> 8).astype(np.uint8)
    if pixels.dtype != np.uint8:
        raise NoImage(NO_WHITE)
    return pixels


def _whole(encoded: bytes, header: Header, decoder: Callable[[], tf.Tensor]) -> np.ndarray:
    """What a decoder of TensorFlow's makes of bytes. Raises NoImage where they are broken, or end too early."""
    try:
        pixels = np.asarray(decoder())
    except tf.errors.OpError:
        raise NoImage(BROKEN) from None
    if header.kind == "JPEG":
        refuse_cut_short(encoded, pixels[-1, -1])  # without its end it becomes grey there, without a word
    return pixels
