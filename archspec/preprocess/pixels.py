"""The one path from an image to the network's input, in TensorFlow; training, evaluation and serving follow it.

`decode` may call Pillow, so it runs in this process alone and can be no part of a saved graph: a server that takes
encoded bytes needs decoders of its own graph (JPEG and PNG) and then `fit` and `normalize` as they stand here.
"""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from archspec.preprocess.cut_short import FILL, cut_short
from archspec.preprocess.header import NoImage
from archspec.preprocess.pillow import decode_with_pillow
from archspec.preprocess.routes import CUT_SHORT, Route, route
from archspec.preprocess.rule import Cover, Preprocess

LONGEST = 8
"""Of a thin image no more is scaled up than this many times what its longer side needs: a piece of it."""


def decode(encoded: tf.Tensor, rule: Preprocess) -> tf.Tensor:
    """Encoded bytes, () string, to pixels as a viewer shows them: (h, w, channels) uint8.

    Which decoder is decided by the bytes themselves: only what TensorFlow's decoders read rightly and survive reaches
    them. The op fails where the bytes are no image.
    """
    chosen = tf.numpy_function(lambda data: np.int32(route(_bytes(data), rule.channels)), [encoded], tf.int32, stateful=False)
    return decode_by(chosen, encoded, rule)


def decode_by(chosen: tf.Tensor, encoded: tf.Tensor, rule: Preprocess) -> tf.Tensor:
    """As `decode`, where the Route of the bytes is known already: () int32."""
    def pillow() -> tf.Tensor:
        return tf.numpy_function(lambda data: decode_with_pillow(_bytes(data), rule.channels, rule.background), [encoded],
                                 tf.uint8, stateful=False)
    branches = {Route.JPEG: lambda: _jpeg(encoded, min(rule.channels, 3)),
                Route.PNG: lambda: tf.io.decode_png(encoded, channels=min(rule.channels, 3)),
                Route.PILLOW: pillow}
    image = tf.switch_case(chosen, [branches[each] for each in Route])
    return tf.ensure_shape(image, (None, None, rule.channels))


def _jpeg(encoded: tf.Tensor, channels: int) -> tf.Tensor:
    """As `tf.io.decode_jpeg`, which makes a grey rest of data that end too early; here the op fails."""
    image = tf.io.decode_jpeg(encoded, channels=channels)
    # of a whole image the last pixel is seldom such a grey, so that the costly look is a rare one
    grey = tf.reduce_all(tf.gather(tf.constant([level in FILL for level in range(256)]), tf.cast(image[-1, -1], tf.int32)))
    return tf.cond(grey, lambda: tf.numpy_function(_whole, [encoded, image], tf.uint8, stateful=False), lambda: image)


def _whole(data: bytes | np.ndarray, image: np.ndarray) -> np.ndarray:
    """The image that was decoded from the data. Raises NoImage if these are cut short."""
    if cut_short(_bytes(data)):
        raise NoImage(CUT_SHORT)
    return image


def _bytes(data: bytes | np.ndarray) -> bytes:
    """A string as numpy_function hands it over: in a graph bytes, else an array of one."""
    return data if isinstance(data, bytes) else bytes(data.item())


def fit(image: tf.Tensor, rule: Preprocess) -> tf.Tensor:
    """(h, w, channels) pixels of any size to (height, width, channels) float32, 0 to 255: evaluation's and serving's view."""
    return center_crop(scale(image, rule, tf.constant(0.5)), rule)


def scale(image: tf.Tensor, rule: Preprocess, place: tf.Tensor) -> tf.Tensor:
    """Scaled by the rule, not yet cut to the input's size: (h, w, channels) float32, 0 to 255.

    Of a thin image only a piece is scaled, at `place` (0 to 1) along it: 0.5 is its middle.
    """
    if isinstance(rule.resize, Cover):
        image = _piece(image, rule, place)
        size = tf.cast(tf.shape(image)[:2], tf.float32)
        factor = tf.reduce_max(tf.constant(rule.shape[:2], tf.float32) * rule.resize.margin / size)
        # rounding may not take the image below the input's size
        wanted = tf.maximum(tf.cast(tf.round(size * factor), tf.int32), rule.shape[:2])
    else:
        wanted = tf.constant(rule.shape[:2])
    # antialias: without it a photograph scaled down keeps only every n-th pixel
    return tf.clip_by_value(tf.image.resize(image, wanted, method=rule.interpolation, antialias=rule.antialias), 0.0, 255.0)


def _piece(image: tf.Tensor, rule: Preprocess, place: tf.Tensor) -> tf.Tensor:
    """Cuts before scaling: scaled whole, a PNG of 1x60000 pixels and 250 bytes would take gigabytes."""
    height, width = tf.shape(image)[0], tf.shape(image)[1]
    aspect = rule.width / rule.height
    rows = tf.minimum(height, tf.cast(tf.math.ceil(tf.cast(width, tf.float32) * (LONGEST / aspect)), tf.int32))
    columns = tf.minimum(width, tf.cast(tf.math.ceil(tf.cast(height, tf.float32) * (LONGEST * aspect)), tf.int32))
    top, left = (tf.cast(tf.cast(spare, tf.float32) * place, tf.int32) for spare in (height - rows, width - columns))
    thin = tf.logical_or(rows < height, columns < width)  # a cut copies: of a large image that is no piece it must not
    piece = tf.cond(thin, lambda: image[top:top + rows, left:left + columns], lambda: tf.identity(image))
    return tf.ensure_shape(piece, (None, None, rule.channels))


def center_crop(image: tf.Tensor, rule: Preprocess) -> tf.Tensor:
    """The middle of (h, w, c), of the size of the input."""
    top, left = (tf.shape(image)[axis] - rule.shape[axis] for axis in (0, 1))
    return tf.image.crop_to_bounding_box(image, top // 2, left // 2, *rule.shape[:2])


def normalize(pixels: tf.Tensor, rule: Preprocess) -> tf.Tensor:
    """(..., channels) float32 pixels from 0 to 255 to the network's input."""
    factors = [1 / std for std in rule.std]
    return (pixels - tf.constant(rule.mean, tf.float32)) * tf.constant(factors, tf.float32)
