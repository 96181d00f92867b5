"""Which part of an image the network sees, in whole pixels: the geometry of a rule, without a framework."""

from __future__ import annotations

import math
from typing import NamedTuple

from archspec.preprocess.rule import Preprocess
from archspec.spec.preprocess import AsIs, Cover, Fraction, Shorter, Squash

NEARLY = 1e-6
"""What a product of a ratio may lack of a whole number and still be it: 224 * (256 / 224) is 256."""


class TooSmall(ValueError):
    """An image is smaller than what is cut out of it."""

    def __init__(self, height: int, width: int, rule: Preprocess) -> None:
        super().__init__(f"{width}x{height} pixels, and the input is {rule.width}x{rule.height}")


class Window(NamedTuple):
    """A box of the image, the size to which it is scaled, and where the input is cut out of that; all in pixels.

    What lies outside the box is not looked at, not even by a filter at its edge. `top` and `left` count in the image as
    a viewer shows it, `cut_top` and `cut_left` in the scaled box; the cut has the size of the network's input.
    """

    top: int
    left: int
    height: int
    width: int
    scaled_height: int
    scaled_width: int
    cut_top: int = 0
    cut_left: int = 0


def centred(height: int, width: int, rule: Preprocess) -> Window:
    """What evaluation and serving see of an image of that size. Raises TooSmall for one that the rule cannot be done to."""
    match rule.resize:
        case Squash():
            return boxed(0, 0, height, width, rule)
        case Fraction(share=share, of="sides"):
            # as tf.image.central_crop: the margin is cut to a whole number, on both sides alike
            top, left = (min(int((side - side * share) / 2), (side - 1) // 2) for side in (height, width))
            return boxed(top, left, height - 2 * top, width - 2 * left, rule)
        case Fraction(share=share):
            unit = share * min(height / rule.height, width / rule.width)
            sides = unit * rule.height, unit * rule.width
            rows, columns = (max(1, _floor(side)) for side in sides)
            left_by = sides if rule.offset == "unrounded" else (rows, columns)
            return boxed(offset(height - left_by[0], rule), offset(width - left_by[1], rule), rows, columns, rule)
        case AsIs():
            if height < rule.height or width < rule.width:
                raise TooSmall(height, width, rule)
    size = scaled(height, width, rule)
    return cut(height, width, size, (offset(size[0] - rule.height, rule), offset(size[1] - rule.width, rule)))


def boxed(top: int, left: int, height: int, width: int, rule: Preprocess) -> Window:
    """A box that is scaled to the input."""
    return Window(top, left, height, width, rule.height, rule.width)


def cut(height: int, width: int, size: tuple[int, int], place: tuple[int, int]) -> Window:
    """The whole image scaled to a size (height, width), and the input cut out at a place (top, left)."""
    return Window(0, 0, height, width, *size, *place)


def scaled(height: int, width: int, rule: Preprocess) -> tuple[int, int]:
    """The size (height, width) to which the whole of an image is scaled before the input is cut out."""
    match rule.resize:
        case Shorter(pixels=pixels, longer=longer):
            return shorter(height, width, pixels, longer)
        case Cover(margin=margin, longer=longer):
            rows, columns = (_whole(side * margin, longer) for side in (rule.height, rule.width))
            if rows * width >= columns * height:
                return rows, _whole(width * rows / height, longer)
            return _whole(height * columns / width, longer), columns
    return height, width


def shorter(height: int, width: int, pixels: int, longer: str) -> tuple[int, int]:
    """An image's size when its shorter side has so many pixels; `longer` says how the other becomes a whole number."""
    least = min(height, width)
    rows, columns = (pixels if side == least else max(pixels, _whole(side * pixels / least, longer))
                     for side in (height, width))
    return rows, columns


def offset(spare: float, rule: Preprocess) -> int:
    """Where the middle begins if so many pixels are to spare."""
    match rule.offset:
        case "ceil":
            return math.ceil(spare / 2)
        case "even":
            return round(spare / 2)
    return _floor(spare / 2)


def _whole(value: float, how: str) -> int:
    return _floor(value) if how == "floor" else round(value)


def _floor(value: float) -> int:
    return math.floor(value + NEARLY)
