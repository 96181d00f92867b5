"""From an encoded image to pixels of the size that a network wants."""

from __future__ import annotations

import tensorflow as tf

from archspec.data.dataset import Shape

SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".bmp", ".gif"})
"""What tf.io.decode_image reads; of a GIF the first picture."""


def read_image(path: tf.Tensor, shape: Shape, margin: float) -> tf.Tensor:
    """The file's image, scaled so that it covers `shape` times `margin`: (h, w, channels) float32, 0 to 255."""
    return decode(tf.io.read_file(path), shape, margin)


def decode(encoded: tf.Tensor, shape: Shape, margin: float) -> tf.Tensor:
    """Encoded bytes, () string, to pixels that cover `shape` times `margin`, aspect kept."""
    image = tf.io.decode_image(encoded, channels=shape[2], expand_animations=False)
    image.set_shape((None, None, shape[2]))
    size = tf.cast(tf.shape(image)[:2], tf.float32)
    scale = tf.reduce_max(tf.constant(shape[:2], tf.float32) * margin / size)
    # rounding may not take the image below the input's size
    wanted = tf.maximum(tf.cast(tf.round(size * scale), tf.int32), shape[:2])
    # antialias: without it a photograph scaled down keeps only every n-th pixel
    return tf.clip_by_value(tf.image.resize(image, wanted, method="bilinear", antialias=True), 0.0, 255.0)
