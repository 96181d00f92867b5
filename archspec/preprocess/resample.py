"""From a part of an image to the input's pixels, in TensorFlow: the filters, fast where they can be."""

from __future__ import annotations

import tensorflow as tf

KERNELS = {"bilinear": "triangle", "bicubic": "keyscubic", "lanczos3": "lanczos3"}
TWO_PASSES_TO = 3.0
"""Shrinking by up to so much is faster one axis after the other, with the other axis and the colours as one long row."""


def resample(part: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, size: tuple[int, int], interpolation: str,
             antialias: bool) -> tf.Tensor:
    """(h, w, c) to (*size, c) float32; see sampling.Sampling for `scale` and `shift`, (2,) float32 each."""
    image = tf.cast(part, tf.float32)
    if interpolation == "nearest":
        return _nearest(image, scale, shift, size)
    if interpolation == "area":
        return _area(image, scale, shift, size)
    kernel = KERNELS[interpolation]
    if not antialias:
        return _whole(image, scale, shift, size, kernel, antialias)
    return tf.cond(tf.reduce_min(scale) * TWO_PASSES_TO >= 1, lambda: _in_passes(image, scale, shift, size, kernel),
                   lambda: _whole(image, scale, shift, size, kernel, antialias))


def _whole(image: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, size: tuple[int, int], kernel: str,
           antialias: bool) -> tf.Tensor:
    return tf.raw_ops.ScaleAndTranslate(images=image[None], size=size, scale=scale, translation=shift, kernel_type=kernel,
                                        antialias=antialias)[0]


def _in_passes(image: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, size: tuple[int, int], kernel: str) -> tf.Tensor:
    """First the rows, then the columns: ScaleAndTranslate works a pixel's channels at a time, and here those are many."""
    height, width, channels = tf.shape(image)[0], tf.shape(image)[1], image.shape[2]
    rows = _axis(tf.reshape(image, (1, 1, height, width * channels)), scale[0], shift[0], size[0], kernel)
    turned = tf.transpose(tf.reshape(rows, (size[0], width * channels)))
    both = _axis(tf.reshape(turned, (1, 1, width, channels * size[0])), scale[1], shift[1], size[1], kernel)
    return tf.reshape(tf.transpose(tf.reshape(both, (size[1] * channels, size[0]))), (*size, channels))


def _axis(lines: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, size: int, kernel: str) -> tf.Tensor:
    """(1, 1, n, m) to (1, 1, size, m)."""
    return tf.raw_ops.ScaleAndTranslate(images=lines, size=(1, size), scale=tf.stack([1.0, scale]),
                                        translation=tf.stack([0.0, shift]), kernel_type=kernel, antialias=True)


def _nearest(image: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    for axis in (0, 1):
        middles = (tf.range(size[axis], dtype=tf.float32) + 0.5 - shift[axis]) / scale[axis]
        places = tf.clip_by_value(tf.cast(tf.floor(middles), tf.int32), 0, tf.shape(image)[axis] - 1)
        image = tf.gather(image, places, axis=axis)
    return image


def _area(image: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, size: tuple[int, int]) -> tf.Tensor:
    """Each pixel the mean over its own area, as `tf.image.resize(method="area")`."""
    rows, columns = (_areas(size[axis], tf.shape(image)[axis], scale[axis], shift[axis]) for axis in (0, 1))
    return tf.einsum("ih,hwc,jw->ijc", rows, image, columns, optimize="optimal")


def _areas(size: int, count: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    """(size, count): which share each of `count` pixels has in each of the input's."""
    begin = (tf.range(size, dtype=tf.float32) - shift) / scale
    pixels = tf.range(count, dtype=tf.float32)
    shared = tf.minimum(begin[:, None] + 1 / scale, pixels + 1) - tf.maximum(begin[:, None], pixels)
    weights = tf.maximum(shared, 0.0)
    return weights / tf.reduce_sum(weights, axis=1, keepdims=True)
