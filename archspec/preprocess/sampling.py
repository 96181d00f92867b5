"""How the pixels of a window come to be: which part is decoded, at which size, and how that is sampled. No framework."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from archspec.preprocess.rule import Preprocess
from archspec.preprocess.window import Window

SUPPORT = {"bilinear": 1.0, "bicubic": 2.0, "lanczos3": 3.0, "area": 1.0, "nearest": 1.0}
"""How far a filter reaches from its middle, in pixels of the input or of the output, whichever are larger."""
FINE = 2
"""A large JPEG is decoded at a half, a quarter or an eighth of its size where that leaves so many times what is needed:
measured, with twice as many the pixels differ by 0.19 levels from those of the whole image, with as many by 0.59."""
RATIOS = (1, 2, 4, 8)
"""At which libjpeg can decode."""


class Sampling(NamedTuple):
    """A part of the image as it is decoded, and from it to the input.

    `top`, `left`, `height` and `width` count pixels of the image decoded at 1/ratio of its size. The middle of the input's
    pixel (i, j) lies at ((i + 0.5 - shift_y) / scale_y, (j + 0.5 - shift_x) / scale_x) in that part.
    """

    top: int
    left: int
    height: int
    width: int
    ratio: int
    scale_y: float
    scale_x: float
    shift_y: float
    shift_x: float

    def keeps(self, height: int, width: int) -> bool:
        """Whether the part is the input, of this height and width, as it is."""
        return (self.height, self.width) == (height, width) and self[5:] == (1, 1, 0, 0)


def ratios(sizes: np.ndarray, rule: Preprocess) -> int:
    """How many of RATIOS JPEGs of sizes (n, 2) may be decoded at: no part shrinks more than all of an image."""
    if not rule.antialias or not len(sizes):
        return 1
    shrink = (sizes / rule.shape[:2]).min(axis=1).max()
    return max(1, sum(bool(shrink / ratio >= FINE) for ratio in RATIOS))


class _Axis(NamedTuple):
    begin: int
    size: int
    scale: float
    shift: float


def sampling(window: Window, rule: Preprocess, interpolation: str, *, jpeg: bool) -> Sampling:
    """What is decoded of a window, no more than its filter sees, and how it is sampled; `jpeg`: decoding may scale."""
    ratio = _ratio(window, rule) if jpeg and rule.antialias else 1
    rows = _axis(window.top, window.height, window.scaled_height, window.cut_top, rule.height, rule, interpolation, ratio)
    columns = _axis(window.left, window.width, window.scaled_width, window.cut_left, rule.width, rule, interpolation, ratio)
    return Sampling(rows.begin, columns.begin, rows.size, columns.size, ratio, rows.scale, columns.scale, rows.shift,
                    columns.shift)


def _ratio(window: Window, rule: Preprocess) -> int:
    """The largest that leaves pixels enough on both axes."""
    shrink = min(window.height / window.scaled_height, window.width / window.scaled_width)
    return max((ratio for ratio in RATIOS if shrink / ratio >= FINE), default=1)


def _axis(start: int, size: int, scaled: int, cut: int, wanted: int, rule: Preprocess, interpolation: str, ratio: int) -> _Axis:
    scale = scaled / size * ratio
    reach = SUPPORT[interpolation] * (max(1.0, 1 / scale) if rule.antialias else 1.0) + 1
    first, last = start / ratio, (start + size) / ratio  # of the box
    begin = max(math.floor(first), math.floor(first + cut / scale - reach))
    end = min(math.ceil(last), math.ceil(first + (cut + wanted) / scale + reach))
    shift = (begin - first) * scale - cut
    if rule.origin == "corner":
        shift += 0.5 - 0.5 * scale
    return _Axis(begin, end - begin, scale, shift)
