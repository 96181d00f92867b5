"""Bytes to pixels of the whole image, where that is wanted: at once, without a graph."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from archspec.preprocess.pillow import decode_with_pillow
from archspec.preprocess.pixels import DCT
from archspec.preprocess.routes import Route, route
from archspec.preprocess.rule import Preprocess


def decode(encoded: bytes, rule: Preprocess) -> np.ndarray:
    """Pixels as a viewer shows them: (h, w, channels) uint8. Raises NoImage where the bytes are none, or are broken.

    Which decoder is decided by the bytes themselves: only what TensorFlow's decoders read rightly and survive reaches
    them.
    """
    match route(encoded, rule.channels):
        case Route.JPEG:
            return np.asarray(tf.io.decode_jpeg(encoded, channels=rule.channels, dct_method=DCT[rule.decoder]))
        case Route.PNG:
            return np.asarray(tf.io.decode_png(encoded, channels=rule.channels))
    return decode_with_pillow(encoded, rule.channels, rule.background)
