"""What changes colours by a random amount. All in floats, and rounded to levels once, at the end."""

from __future__ import annotations

from collections.abc import Callable
from itertools import permutations

import numpy as np

from archspec.data.augment.step import Step, grey, levels
from archspec.data.draws import between, normals
from archspec.preprocess.rule import Preprocess
from archspec.spec.augment import ColourJitter, InceptionColour, PcaLighting
from archspec.spec.preprocess import WHITE

Change = Callable[[np.ndarray, float], np.ndarray]
"""Of an image (h, w, c) float32, by an amount."""
COMPONENTS = np.array([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]])
"""ImageNet's principal components of colours, one a column; red, green, blue. From fb.resnet.torch."""
VARIANCES = np.array([0.2175, 0.0188, 0.0045])
"""Along each of them, of pixels from 0 to 1."""


def colour_jitter(operation: ColourJitter, rule: Preprocess) -> Step:
    """Brightness, contrast, saturation and hue; clipped after each, as torchvision."""
    spread = np.array([operation.brightness, operation.contrast, operation.saturation])
    least, greatest = np.append(np.maximum(1 - spread, 0), -operation.hue), np.append(1 + spread, operation.hue)
    acting = [each for each in range(4) if greatest[each] > least[each]]
    orders = list(permutations(acting)) if operation.order == "random" else [tuple(acting)]

    def change(image: np.ndarray, draws: np.ndarray) -> np.ndarray:
        amounts = least + (greatest - least) * draws[:4]
        found = image.astype(np.float32)
        for each in orders[int(draws[4] * len(orders))]:
            found = np.clip(JITTERED[each](found, float(amounts[each])), 0, WHITE)
        return levels(found, image.dtype)
    return Step(5, change)


def pca_lighting(operation: PcaLighting, rule: Preprocess) -> Step:
    """All pixels are shifted alike, by a normal number of each component's variance."""
    def change(image: np.ndarray, draws: np.ndarray) -> np.ndarray:
        shift = COMPONENTS @ (operation.sigma * normals(draws) * VARIANCES) * WHITE
        return levels(image + shift.astype(np.float32), image.dtype)
    return Step(3, change)


def inception_colour(operation: InceptionColour, rule: Preprocess) -> Step:
    """TF-slim's `distort_color`: clipped only at the end."""
    orders = FAST if operation.fast else ORDERS

    def change(image: np.ndarray, draws: np.ndarray) -> np.ndarray:
        found = image.astype(np.float32)
        for each in orders[int(draws[4] * len(orders))]:
            distort, least, greatest = DISTORTED[each]
            found = distort(found, float(between(draws[each], least, greatest)))
        return levels(found, image.dtype)
    return Step(5, change)


def _away(image: np.ndarray, dull: np.ndarray, factor: float) -> np.ndarray:
    """The dull image at factor 0, the image at 1."""
    return np.asarray(dull + np.float32(factor) * (image - dull))


def _brighter(image: np.ndarray, factor: float) -> np.ndarray:
    return image * np.float32(factor)


def _contrasted(image: np.ndarray, factor: float) -> np.ndarray:
    return _away(image, grey(image).mean(dtype=np.float64).astype(np.float32), factor)


def _saturated(image: np.ndarray, factor: float) -> np.ndarray:
    return _away(image, grey(image), factor)


def _lifted(image: np.ndarray, shift: float) -> np.ndarray:
    return image + np.float32(shift)


def _contrasted_by_channel(image: np.ndarray, factor: float) -> np.ndarray:
    """As `tf.image.adjust_contrast`."""
    means = image.mean(axis=0).mean(axis=0, dtype=np.float64)  # of rows first: as exact, and many times faster
    return _away(image, means.astype(np.float32), factor)


def _saturated_in_hsv(image: np.ndarray, factor: float) -> np.ndarray:
    """As `tf.image.adjust_saturation`: the largest of a pixel's three stays, the others' distance to it grows."""
    top, bottom = _extremes(image)
    reach = top - bottom
    # no colour below black: the distance may grow to the largest itself
    most = np.divide(top, reach, out=np.zeros_like(top), where=(reach > 0) & (top > 0))
    ratio = np.minimum(np.float32(factor), most)
    return np.stack([top - (top - image[..., each]) * ratio for each in range(3)], axis=2)


def _extremes(image: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of each pixel's three the largest and the least, (h, w); a reduction over so short an axis takes ten times as long."""
    red, green, blue = (image[..., each] for each in range(3))
    return np.maximum(np.maximum(red, green), blue), np.minimum(np.minimum(red, green), blue)


def turned_hue(image: np.ndarray, turns: float) -> np.ndarray:
    """As `tf.image.adjust_hue`: (h, w, 3), each pixel's largest and least stay, its hue goes round by a part of a turn."""
    top, bottom = _extremes(image)
    reach = top - bottom
    red, green, blue = (image[..., each] for each in range(3))
    raw = np.where(top == red, green - blue, np.where(top == green, blue - red, red - green))
    sector = np.where(top == red, np.float32(0), np.where(top == green, np.float32(2), np.float32(4)))
    hue = sector + np.divide(raw, reach, out=np.zeros_like(raw), where=reach > 0) + np.float32(6 * turns)
    hue -= 6 * np.floor(hue / 6)
    shares = (abs(hue - 3) - 1, 2 - abs(hue - 2), 2 - abs(hue - 4))  # of red, green, blue, around the circle of six
    return np.stack([bottom + reach * np.clip(share, 0, 1) for share in shares], axis=2)


JITTERED: tuple[Change, ...] = (_brighter, _contrasted, _saturated, turned_hue)
"""In TF Model Garden's order."""
BRIGHTNESS, SATURATION, HUE, CONTRAST = range(4)
DISTORTED: tuple[tuple[Change, float, float], ...] = (
    (_lifted, -32.0, 32.0), (_saturated_in_hsv, 0.5, 1.5), (turned_hue, -0.2, 0.2), (_contrasted_by_channel, 0.5, 1.5))
"""And from where to where."""
FAST = ((BRIGHTNESS, SATURATION),)
ORDERS = ((BRIGHTNESS, SATURATION, HUE, CONTRAST), (SATURATION, BRIGHTNESS, CONTRAST, HUE),
          (CONTRAST, HUE, BRIGHTNESS, SATURATION), (HUE, SATURATION, CONTRAST, BRIGHTNESS))
