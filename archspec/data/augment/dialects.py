"""What policies are made of: operations by name, and what a magnitude means for each in one library or another.

Sources: torchvision/transforms/v2/_auto_augment.py, timm/data/auto_augment.py, and
models/official/efficientnet/autoaugment.py of tensorflow/tpu.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import inf
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
from PIL import Image

from archspec.data.augment import enhance
from archspec.data.augment.geometry import METHODS, moved, turned
from archspec.data.augment.step import levels


class Canvas(NamedTuple):
    """What an operation needs beside the image: the colour (c,) of what comes in, a filter, a place (row, column) in [0, 1)."""

    colour: np.ndarray
    method: Image.Resampling
    place: tuple[float, float]


def _cutout(image: np.ndarray, half: float, canvas: Canvas) -> np.ndarray:
    """A square with its middle anywhere in the image, as much of it as lies within."""
    rows, columns = (slice(max(0, int(each * side) - int(half)), int(each * side) + int(half))
                     for each, side in zip(canvas.place, image.shape[:2], strict=True))
    found = image.copy()
    found[rows, columns] = levels(canvas.colour, image.dtype)
    return found


Operation = Callable[[np.ndarray, float, Canvas], np.ndarray]
OPERATIONS: Mapping[str, Operation] = MappingProxyType({
    "identity": lambda image, _, canvas: image,
    "autocontrast": lambda image, _, canvas: enhance.autocontrast(image),
    "equalize": lambda image, _, canvas: enhance.equalize(image),
    "invert": lambda image, _, canvas: enhance.invert(image),
    "posterize": lambda image, bits, canvas: enhance.posterize(image, int(bits)),
    "solarize": lambda image, threshold, canvas: enhance.solarize(image, threshold),
    "solarize_add": lambda image, addition, canvas: enhance.solarize_add(image, addition),
    "brightness": lambda image, factor, canvas: enhance.brightness(image, factor),
    "colour": lambda image, factor, canvas: enhance.colour(image, factor),
    "contrast": lambda image, factor, canvas: enhance.contrast(image, factor),
    "flat_contrast": lambda image, factor, canvas: enhance.flat_contrast(image, factor),
    "sharpness": lambda image, factor, canvas: enhance.sharpness(image, factor),
    "rotate": lambda image, degrees, canvas: turned(image, degrees, canvas.colour, canvas.method),
    "shear_x": lambda image, part, canvas: moved(image, (1, part, 0, 0, 1, 0), canvas.colour, canvas.method),
    "shear_y": lambda image, part, canvas: moved(image, (1, 0, 0, part, 1, 0), canvas.colour, canvas.method),
    "translate_x": lambda image, pixels, canvas: moved(image, (1, 0, pixels, 0, 1, 0), canvas.colour, canvas.method),
    "translate_y": lambda image, pixels, canvas: moved(image, (1, 0, 0, 0, 1, pixels), canvas.colour, canvas.method),
    "cutout": _cutout,
})
"""By name: the image, how much, and the canvas."""

Amount = Callable[[float, int, tuple[int, int]], float]
"""How much, of a magnitude as a share of the dialect's greatest, a sign of 1 or -1, and the image's height and width."""
Space = Mapping[str, Amount]
FACTORS = ("brightness", "colour", "contrast", "sharpness")


def _nothing(*_: object) -> float:
    return 0.0


def _both_ways(greatest: float) -> Amount:
    return lambda share, sign, size: sign * greatest * share


def _spaced(greatest: float, share: float, steps: int) -> float:
    """A share of it as torch.linspace has it: in 32 bits, counted from the end that is nearer.

    The last bit shows in pixels that are cut off to levels, and where pixels are cut off to whole ones: 15 of 30 steps to
    32 are 15.999999.
    """
    end, step, place = float(np.float32(greatest)), float(np.float32(greatest) / np.float32(steps)), round(share * steps, 6)
    return float(np.float32(step * place if place < (steps + 1) // 2 else end - step * (steps - place)))


def _share_of(greatest: int) -> Amount:
    return lambda share, sign, size: int(share * greatest)


def _rest_of(greatest: int) -> Amount:
    return lambda share, sign, size: greatest - int(share * greatest)


def _from_dull(share: float, sign: int, size: tuple[int, int]) -> float:
    return 1.8 * share + 0.1


def _threshold(share: float, sign: int, size: tuple[int, int]) -> float:
    """Rounded behind the sixth place: a whole level is the first that is inverted, and not the last that is kept."""
    return round(255 * (1 - share), 6)


def _never_grey(share: float, sign: int, size: tuple[int, int]) -> float:
    return max(0.1, 1 + sign * 0.9 * share)


def torchvision(steps: int, shear: float, shift: Callable[[int], float], degrees: float, factor: float,
                bits: tuple[int, int]) -> Space:
    """The greatest of each, which is `steps` steps away from none.

    `shift`: pixels, of a side; `bits`: how many stay at the least magnitude and at the greatest.
    """
    most, least = bits

    def both_ways(greatest: float) -> Amount:
        return lambda share, sign, size: sign * _spaced(greatest, share, steps)

    def pixels(axis: int) -> Amount:
        return lambda share, sign, size: sign * int(_spaced(shift(size[axis]), share, steps))
    return MappingProxyType({
        "shear_x": both_ways(shear), "shear_y": both_ways(shear), "translate_x": pixels(1), "translate_y": pixels(0),
        "rotate": both_ways(degrees),
        **dict.fromkeys(FACTORS, lambda share, sign, size: 1 + sign * _spaced(factor, share, steps)),
        "posterize": lambda share, sign, size: round(most - share * (most - least)), "solarize": _threshold,
        "autocontrast": _nothing, "equalize": _nothing})


def _relative(side: int) -> float:
    return 150 / 331 * side


def _usual(steps: int) -> Space:
    return torchvision(steps, 0.3, _relative, 30.0, 0.9, (8, 4))


WIDE = MappingProxyType({"identity": _nothing, **torchvision(30, 0.99, lambda side: 32.0, 135.0, 0.99, (8, 2))})
"""TrivialAugment's."""
MIXED = torchvision(9, 0.3, lambda side: side / 3, 30.0, 0.9, (4, 0))
"""AugMix's, with the four that the paper leaves out for the sake of its benchmark."""


_GOOGLE: Space = MappingProxyType({
    "autocontrast": _nothing, "equalize": _nothing, "invert": _nothing, "rotate": _both_ways(30.0),
    "solarize": _share_of(256), "solarize_add": _share_of(110), "shear_x": _both_ways(0.3), "shear_y": _both_ways(0.3)})
"""What the tables of tensorflow/tpu and timm share."""


def tpu(translate: float, cutout: int) -> Space:
    """EfficientNet's; the two are in pixels. Solarize and posterize become weaker with the magnitude.

    Of an image one bit at least stays: TensorFlow shifts pixels by 7 bits at most.
    """
    return MappingProxyType({
        **_GOOGLE, **dict.fromkeys(("colour", "flat_contrast", "brightness", "sharpness"), _from_dull),
        "posterize": lambda share, sign, size: min(max(int(share * 4), 1), 8), "cutout": _share_of(cutout),
        "translate_x": _both_ways(translate), "translate_y": _both_ways(translate)})


TIMM: Space = MappingProxyType({
    **_GOOGLE, **dict.fromkeys(FACTORS, _from_dull), "posterize": _share_of(4),
    "translate_x": lambda share, sign, size: sign * 0.45 * share * size[1],
    "translate_y": lambda share, sign, size: sign * 0.45 * share * size[0]})
INCREASING: Space = MappingProxyType({
    **TIMM, **dict.fromkeys(FACTORS, _never_grey), "posterize": _rest_of(4), "solarize": _rest_of(256)})
"""timm's `inc1`."""


@dataclass(frozen=True)
class Dialect:
    """What a library makes of a policy: operations, filters, the border's colour, and magnitudes.

    `chance` is that of each operation, `scale` the greatest magnitude; a share of it of more than `most` counts as that.
    """

    space: Space
    fill: str
    filters: tuple[Image.Resampling, ...] = (METHODS["nearest"],)
    chance: float = 1.0
    scale: float = 10.0
    most: float = inf


DIALECTS: Mapping[str, Dialect] = MappingProxyType({
    "torchvision": Dialect(MappingProxyType({"identity": _nothing, **_usual(30)}), "black", scale=30.0),
    "timm": Dialect(TIMM, "mean", (METHODS["bilinear"], METHODS["bicubic"]), chance=0.5, most=1.0),
    "timm increasing": Dialect(INCREASING, "mean", (METHODS["bilinear"], METHODS["bicubic"]), chance=0.5, most=1.0),
    "tpu": Dialect(tpu(100, 40), "grey"),
})
"""RandAugment's."""
SEARCHED: Mapping[str, Dialect] = MappingProxyType({
    "original": Dialect(MappingProxyType({"invert": _nothing, **_usual(9)}), "black", scale=9.0),
    "v0": Dialect(tpu(250, 100), "grey"),
})
"""AutoAugment's, by policy."""
TRIVIAL = Dialect(WIDE, "black", scale=30.0)
CHAINS = Dialect(MIXED, "black", (METHODS["bilinear"],), scale=9.0)
"""AugMix's."""
