"""Padding and windows in words that Keras and TensorFlow both have: slices, and what they are handed."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import numpy as np

from archspec.graph.axes import binomial
from archspec.graph.ops import reach
from archspec.graph.types import Pads, Pair


def around(pads: Pads) -> list[Pair]:
    """Padding of a batch of maps, axis by axis."""
    top, bottom, left, right = pads
    return [(0, 0), (top, bottom), (left, right), (0, 0)]


def added(pads: Pads) -> Pads:
    """Of pads the pixels that are added; the others crop."""
    top, bottom, left, right = (max(0, side) for side in pads)
    return top, bottom, left, right


def cut(x: Any, pads: Pads) -> Any:
    """Maps without the pixels that negative pads crop."""
    top, bottom, left, right = (min(0, side) for side in pads)
    return x[:, -top:bottom or None, -left:right or None] if min(pads) < 0 else x


def blur(kernel: Pair) -> np.ndarray:
    """(height, width) float32: the binomial window, whose sum is 1."""
    tall, wide = (np.array(binomial(side)) for side in kernel)
    return np.outer(tall, wide).astype(np.float32)


def extended(concat: Callable[..., Any], x: Any, pads: Pads) -> Any:
    """Maps whose border pixels are repeated outward.

    A window that reaches into the padding holds the border pixel too, so its maximum is that of a padding with -inf;
    but no value leaves the range of the map, which a padding with -inf ruins for int8.
    """
    top, bottom, left, right = pads
    x = concat([*[x[:, :1]] * top, x, *[x[:, -1:]] * bottom], axis=1)
    return concat([*[x[:, :, :1]] * left, x, *[x[:, :, -1:]] * right], axis=2)


def joined(join: Callable[[Any, Any], Any], x: Any, kernel: Pair, stride: Pair, dilation: Pair) -> Any:
    """The pixels of each window, which may have gaps, made one: first along one side of maps, then along the other."""
    for axis, span in enumerate(reach(kernel, dilation)):
        # each slice ends as far from the map's end as the last pixel of a window is from this one
        taps = [slice(start, start + 1 - span or None, stride[axis]) for start in range(0, span, dilation[axis])]
        x = reduce(join, [_along(x, axis, tap) for tap in taps])
    return x


def _along(x: Any, axis: int, places: slice) -> Any:
    return x[:, places] if axis == 0 else x[:, :, places]
