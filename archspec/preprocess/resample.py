"""From a part of an image to the input's pixels, in TensorFlow: the filters, fast where they can be."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from archspec.preprocess.sampling import Sampling

PASSES, WHOLE = 0, 1
"""How an image is scaled by the op: one axis after the other, or both at once."""
Size = tuple[int, int] | tuple[tf.Tensor, tf.Tensor]
"""Height and width; reckoned they are () int32 each."""
KERNELS = {"bilinear": "triangle", "bicubic": "keyscubic", "lanczos3": "lanczos3"}
TWO_PASSES_TO = 3.0
"""Shrinking by up to so much is faster one axis after the other, with the other axis and the colours as one long row."""


def placed(way: Sampling) -> np.ndarray:
    """Scale and shift of both axes, of the rows alone, and of the columns alone, as the op takes them: (6, 2) float32."""
    one, none = 1.0, 0.0
    return np.array(((way.scale_y, way.scale_x), (way.shift_y, way.shift_x), (one, way.scale_y), (none, way.shift_y),
                     (one, way.scale_x), (none, way.shift_x)), np.float32)


def form(way: Sampling, size: tuple[int, int], interpolation: str, antialias: bool) -> int:
    """PASSES or WHOLE, whichever is faster; the pixels are the same, but see `_bilinear`."""
    if antialias:
        return PASSES if min(way.scale_y, way.scale_x) * TWO_PASSES_TO >= 1 else WHOLE
    rows, columns = abs(way.height - size[0] / way.scale_y), abs(way.width - size[1] / way.scale_x)
    boxed = max(rows, columns) < 0.5 and not (way.shift_y or way.shift_x)
    return WHOLE if interpolation == "bilinear" and boxed else PASSES


def resample(part: tf.Tensor, places: tf.Tensor, chosen: tf.Tensor | int, size: Size, interpolation: str,
             antialias: bool) -> tf.Tensor:
    """(h, w, c) to (*size, c) float32, with places from `placed`, and `chosen`, () int32 or a number, from `form`."""
    both, shift, *alone = tf.unstack(places)
    if interpolation == "nearest":
        return tf.cast(_nearest(part, both, shift, size), tf.float32)
    if interpolation == "area":
        return _area(tf.cast(part, tf.float32), both, shift, size)
    kernel = KERNELS[interpolation]

    def whole() -> tf.Tensor:
        if interpolation == "bilinear" and not antialias:
            return _bilinear(part, size)
        return _scaled(part[None], both, shift, size, kernel, antialias)[0]

    def in_passes() -> tf.Tensor:
        return _in_passes(part, alone, size, kernel, antialias)
    if isinstance(chosen, int):
        return whole() if chosen == WHOLE else in_passes()
    return tf.cond(chosen == WHOLE, whole, in_passes)


def _bilinear(image: tf.Tensor, size: Size) -> tf.Tensor:
    """The op for this alone takes a third of the time. It rounds otherwise: a hundred thousandth of a level apart."""
    return tf.raw_ops.ResizeBilinear(images=image[None], size=size, half_pixel_centers=True)[0]


def _in_passes(image: tf.Tensor, alone: list[tf.Tensor], size: Size, kernel: str, antialias: bool) -> tf.Tensor:
    """First the rows, then the columns: ScaleAndTranslate works a pixel's channels at a time, and here those are many."""
    height, width, channels = tf.shape(image)[0], tf.shape(image)[1], image.shape[2]
    lines = tf.reshape(image, (1, 1, height, width * channels))
    rows = _scaled(lines, alone[0], alone[1], (1, size[0]), kernel, antialias)
    turned = tf.transpose(tf.reshape(rows, (size[0], width * channels)))
    lines = tf.reshape(turned, (1, 1, width, channels * size[0]))
    both = _scaled(lines, alone[2], alone[3], (1, size[1]), kernel, antialias)
    return tf.reshape(tf.transpose(tf.reshape(both, (size[1] * channels, size[0]))), (*size, channels))


def _scaled(images: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, size: Size, kernel: str, antialias: bool) -> tf.Tensor:
    return tf.raw_ops.ScaleAndTranslate(images=images, size=size, scale=scale, translation=shift, kernel_type=kernel,
                                        antialias=antialias)


def _nearest(image: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, size: Size) -> tf.Tensor:
    for axis in (0, 1):
        middles = (tf.range(size[axis], dtype=tf.float32) + 0.5 - shift[axis]) / scale[axis]
        places = tf.clip_by_value(tf.cast(tf.floor(middles), tf.int32), 0, tf.shape(image)[axis] - 1)
        image = tf.gather(image, places, axis=axis)
    return image


def _area(image: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor, size: Size) -> tf.Tensor:
    """Each pixel the mean over its own area, as `tf.image.resize(method="area")`."""
    rows, columns = (_areas(size[axis], tf.shape(image)[axis], scale[axis], shift[axis]) for axis in (0, 1))
    return tf.einsum("ih,hwc,jw->ijc", rows, image, columns, optimize="optimal")


def _areas(size: int | tf.Tensor, count: tf.Tensor, scale: tf.Tensor, shift: tf.Tensor) -> tf.Tensor:
    """(size, count): which share each of `count` pixels has in each of the input's."""
    begin = (tf.range(size, dtype=tf.float32) - shift) / scale
    pixels = tf.range(count, dtype=tf.float32)
    shared = tf.minimum(begin[:, None] + 1 / scale, pixels + 1) - tf.maximum(begin[:, None], pixels)
    weights = tf.maximum(shared, 0.0)
    return weights / tf.reduce_sum(weights, axis=1, keepdims=True)
