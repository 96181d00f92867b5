"""Pillow's operations on pixels, by which the policies are defined, bit by bit for 8 bits; and the same on floats.

Pillow has no pictures with floats in several channels. Where 8 bits are cut off to a whole level, floats are not.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from archspec.data.augment.step import grey
from archspec.preprocess.rule import LUMA_16
from archspec.spec.preprocess import WHITE

Curve = Callable[[np.ndarray], np.ndarray]
"""From levels to levels."""
LEVELS = np.arange(256, dtype=np.float64)
TO_LUMA = np.array(LUMA_16, np.uint32)
"""Pillow's weights of colours, in parts of 65536."""


def invert(image: np.ndarray) -> np.ndarray:
    """Light becomes dark."""
    return _through(image, lambda level: WHITE - level)


def solarize(image: np.ndarray, threshold: float) -> np.ndarray:
    """What is as light as the threshold, or lighter, is inverted."""
    return _through(image, lambda level: np.where(level < threshold, level, WHITE - level))


def solarize_add(image: np.ndarray, addition: float) -> np.ndarray:
    """What is darker than the middle becomes lighter."""
    return _through(image, lambda level: np.where(level < 128, level + addition, level))


def posterize(image: np.ndarray, bits: int) -> np.ndarray:
    """The upper bits of 8 alone; with none of them all is black, as Pillow had it before it refused that."""
    step = 1 << (8 - bits)
    return _through(image, lambda level: np.floor(level / step) * step)


def autocontrast(image: np.ndarray) -> np.ndarray:
    """The darkest level of a channel becomes 0, its lightest 255."""
    return _by_channel(image, _stretched)


def equalize(image: np.ndarray) -> np.ndarray:
    """All levels of a channel become as frequent, as nearly as that can be."""
    return _by_channel(image, _equalized)


def brightness(image: np.ndarray, factor: float) -> np.ndarray:
    """Farther from black, or nearer to it."""
    return _through(image, lambda level: level.astype(np.float32) * np.float32(factor))


def contrast(image: np.ndarray, factor: float) -> np.ndarray:
    """Farther from the mean grey of the image, or nearer to it."""
    mean = _grey(image).mean(dtype=np.float64)
    return _away(image, np.float32(int(mean + 0.5) if image.dtype == np.uint8 else mean), factor)


def flat_contrast(image: np.ndarray, factor: float) -> np.ndarray:
    """What EfficientNet's code has for contrast: the mean is of its histogram, a 256th of the number of pixels."""
    return _away(image, np.float32(min(int(image.shape[0] * image.shape[1] / 256), WHITE)), factor)


def colour(image: np.ndarray, factor: float) -> np.ndarray:
    """Farther from grey, or nearer to it."""
    return _away(image, _grey(image).astype(np.float32), factor)


def sharpness(image: np.ndarray, factor: float) -> np.ndarray:
    """Farther from a smoothed image, or nearer to it."""
    return _away(image, _smoothed(image).astype(np.float32), factor)


def _through(image: np.ndarray, curve: Curve) -> np.ndarray:
    if image.dtype != np.uint8:
        return np.clip(curve(image), 0, WHITE).astype(np.float32)
    table = np.clip(curve(LEVELS), 0, WHITE).astype(np.uint8)
    found: np.ndarray = np.take(table, image)
    return found


def _by_channel(image: np.ndarray, curve_of: Callable[[np.ndarray], Curve | None]) -> np.ndarray:
    """`curve_of` takes a channel (h, w); None: it stays as it is."""
    found = image.copy()
    for number in range(image.shape[2]):
        channel = image[..., number]
        curve = curve_of(channel)
        if curve is not None:
            found[..., number] = _through(channel, curve)
    return found


def _stretched(channel: np.ndarray) -> Curve | None:
    least, greatest = float(channel.min()), float(channel.max())
    if greatest <= least:
        return None
    scale = WHITE / (greatest - least)
    return lambda level: level * scale - least * scale


def _equalized(channel: np.ndarray) -> Curve | None:
    counts = np.bincount(np.clip(channel, 0, WHITE).astype(np.uint8).ravel(), minlength=256)
    step = int(counts.sum() - counts[counts > 0][-1]) // 255
    if not step:
        return None
    table = np.minimum((step // 2 + np.cumsum(counts) - counts) // step, 255)
    return lambda level: np.interp(level, LEVELS, table)


def _away(image: np.ndarray, flat: np.ndarray | np.float32, factor: float) -> np.ndarray:
    """Pillow's blend of a dull image, at factor 0, with the image, at 1, which goes on beyond 1."""
    found = np.clip(flat + np.float32(factor) * (image.astype(np.float32) - flat), 0, WHITE)
    return found.astype(image.dtype)


def _grey(image: np.ndarray) -> np.ndarray:
    """(h, w, 1)."""
    if image.shape[2] == 1:
        return image
    return grey(image) if image.dtype != np.uint8 else ((image @ TO_LUMA + 32768) >> 16)[..., None]


def _smoothed(image: np.ndarray) -> np.ndarray:
    """Each pixel with 5 parts of 13, its eight neighbours with one each; the edge stays."""
    wide = image.astype(np.int32 if image.dtype == np.uint8 else np.float32)
    rows = wide[:-2] + wide[1:-1] + wide[2:]
    sums = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:] + 4 * wide[1:-1, 1:-1]
    found = image.copy()
    found[1:-1, 1:-1] = (2 * sums + 13) // 26 if image.dtype == np.uint8 else sums / 13
    return found
