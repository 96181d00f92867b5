"""Maps made larger, pixels having half-pixel centres: what the layer and the exported networks have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import tensorflow as tf

RESIZES: Mapping[str, Callable[..., Any]] = {
    "nearest": tf.raw_ops.ResizeNearestNeighbor, "bilinear": tf.raw_ops.ResizeBilinear,
}
"""TensorFlow's operations, by the method's name."""


def resize(x: Any, like: Any, method: str) -> Any:
    """A batch of maps with the height and width of another; the numbers have the type they had."""
    sides = tuple(like.shape)[1:3]
    size = tf.shape(like)[1:3] if None in sides else tf.constant(sides, tf.int32)
    return tf.cast(RESIZES[method](images=x, size=size, half_pixel_centers=True), x.dtype)
