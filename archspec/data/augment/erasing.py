"""What is blotted out of images, behind their normalisation: drawn here, in NumPy; done on the device."""

from __future__ import annotations

from dataclasses import dataclass
from math import log
from typing import Any, NamedTuple

import numpy as np

from archspec.data.draws import Stream, between, normals, uniforms, whole
from archspec.preprocess.rule import Shape
from archspec.spec.augment import RandomErasing

TRIES = 10
"""Rectangles that are drawn until one fits, as torchvision and timm."""
BEFORE = 3
"""Numbers drawn ahead of those: whether, and where."""
SEEDS = 1 << 31


class Erased(NamedTuple):
    """For each of b images the rectangle that is erased, `box` (b, 4) int32: top, left, bottom, right; 0 for none.

    And what it holds: one `colour` (b, c) float32, or () where it holds noise, of `seeds` (b, 2) int32, else (). Arrays
    where they are drawn, tensors where they are used.
    """

    box: Any
    colour: Any
    seeds: Any


@dataclass(frozen=True)
class Erasing:
    """Draws what is erased of images of a shape; of each by its own number, whatever batch it is in."""

    operation: RandomErasing
    shape: Shape

    def draw(self, seed: int, step: int, numbers: np.ndarray) -> Erased:
        """For images of those numbers (b,)."""
        fill, channels = FILLS[self.operation.fill], self.shape[2]
        before = BEFORE + 2 * TRIES
        extra = {"zero": 0, "colour": channels, "noise": 2}[self.operation.fill]
        drawn = np.array([uniforms(seed, int(number), before + extra, Stream.ERASED) for number in numbers]).reshape(
            len(numbers), before + extra)
        return Erased(self._box(drawn[:, :before]), *fill(drawn[:, before:], channels))

    def _box(self, drawn: np.ndarray) -> np.ndarray:
        height, width, _ = self.shape
        erased, row, column = drawn[:, 0] < self.operation.probability, drawn[:, 1], drawn[:, 2]
        areas = between(drawn[:, BEFORE:BEFORE + TRIES], *self.operation.area) * (height * width)
        aspects = np.exp(between(drawn[:, BEFORE + TRIES:], *map(log, self.operation.aspect)))
        rows, columns = np.rint(np.sqrt(areas * aspects)), np.rint(np.sqrt(areas / aspects))
        fits = (rows < height) & (columns < width)
        chosen = np.arange(len(drawn)), fits.argmax(axis=1)
        done = erased & fits.any(axis=1)
        high, wide = (np.where(done, each[chosen], 0).astype(np.int64) for each in (rows, columns))
        top, left = whole(row, height - high + 1), whole(column, width - wide + 1)
        return np.where(done[:, None], np.stack([top, left, top + high, left + wide], axis=1), 0).astype(np.int32)


def _zero(drawn: np.ndarray, channels: int) -> tuple[Any, Any]:
    return np.zeros((len(drawn), channels), np.float32), ()


def _colour(drawn: np.ndarray, channels: int) -> tuple[Any, Any]:
    return normals(drawn).astype(np.float32), ()


def _noise(drawn: np.ndarray, channels: int) -> tuple[Any, Any]:
    return (), whole(drawn, SEEDS).astype(np.int32)


FILLS = {"zero": _zero, "colour": _colour, "noise": _noise}
