"""What mixes images with others of their batch: drawn here, in NumPy, as concrete numbers; done on the device."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from archspec.data.draws import Stream, betas, uniforms, whole
from archspec.spec.augment import CutMix, MixUp

SHARE, ROW, COLUMN = range(3)
NUMBERS = 3


class Mixed(NamedTuple):
    """For each of b images what it gets of its partner, which is its neighbour in the batch: 0 and 1, 2 and 3, …

    `own` (b,) float32 is the image's own share of every pixel, `box` (b, 4) int32 what is the partner's alone (top, left,
    bottom, right), `label` (b,) float32 the own share of the label. Arrays where they are drawn, tensors where they are used.
    """

    own: Any
    box: Any
    label: Any


@dataclass(frozen=True)
class Mixing:
    """Draws what a batch is mixed by: one of the operations, or none. Images have `size` (height, width)."""

    operations: tuple[MixUp | CutMix, ...]
    size: tuple[int, int]
    steps: int
    """Batches an epoch."""

    def draw(self, seed: int, step: int, numbers: np.ndarray) -> Mixed:
        """For images of those numbers (b,), in `step` of the run. The same for a batch as for its parts of whole pairs.

        Which operation, if any, and what one draw for the whole batch decides, depends on seed and step; what is drawn for a
        pair depends on seed and the number of its first image.
        """
        which, *common = uniforms(seed, step, 1 + NUMBERS, Stream.BATCH).tolist()
        chosen = self._chosen(which, step / self.steps)
        found = self.nothing(len(numbers))
        if chosen is None:
            return found
        pairs = numbers[::2]
        drawn = np.array([uniforms(seed, int(first), NUMBERS, Stream.PAIR) for first in pairs] if chosen.draw == "pair"
                         else [common] * len(pairs)).reshape(-1, NUMBERS)
        each = np.repeat(drawn, 2, axis=0)[:len(numbers)]
        share = betas(each[:, SHARE], chosen.alpha).astype(np.float32)
        if isinstance(chosen, MixUp):
            return found._replace(own=share, label=share)
        box = self._box(share, each[:, ROW], each[:, COLUMN])
        area = (box[:, 2] - box[:, 0]) * (box[:, 3] - box[:, 1])
        return found._replace(box=box, label=(1 - area / (self.size[0] * self.size[1])).astype(np.float32))

    @staticmethod
    def nothing(count: int) -> Mixed:
        """So many images as they are."""
        return Mixed(np.ones(count, np.float32), np.zeros((count, 4), np.int32), np.ones(count, np.float32))

    def _chosen(self, which: float, epoch: float) -> MixUp | CutMix | None:
        reached = 0.0
        for each in self.operations:
            begin, reached = reached, reached + each.probability
            if begin <= which < reached:
                return each if each.until is None or epoch < each.until else None
        return None

    def _box(self, share: np.ndarray, row: np.ndarray, column: np.ndarray) -> np.ndarray:
        """With its middle anywhere in the image, of area 1 - share unless the border cuts it (1905.04899, appendix A)."""
        found = []
        for side, place in zip(self.size, (row, column), strict=True):
            middle, half = whole(place, side), (np.sqrt(1 - share) * side / 2).astype(np.int64)
            found.append((np.maximum(middle - half, 0), np.minimum(middle + half, side)))
        (top, bottom), (left, right) = found
        return np.stack([top, left, bottom, right], axis=1).astype(np.int32)
