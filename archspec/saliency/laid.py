"""Where in an image the places of a map lie: scaling and cutting undone, as preprocessing has done them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archspec.preprocess.rule import Preprocess
from archspec.preprocess.sampling import Sampling, sampling
from archspec.preprocess.window import centred


@dataclass(frozen=True)
class Box:
    """A part of an image, in pixels as a viewer shows them; its edges may lie within a pixel."""

    left: float
    top: float
    width: float
    height: float

    def to_json(self) -> dict[str, float]:
        """To a thousandth of a pixel."""
        return {name: round(getattr(self, name), 3) for name in ("left", "top", "width", "height")}


@dataclass(frozen=True)
class Laid:
    """An image of `height` by `width` pixels as it is prepared for an input. The image's point x is the input's u:

    u = (x - begin) * scale + shift, the middle of the first pixel being 0.5 in both.
    """

    rule: Preprocess
    height: int
    width: int
    way: Sampling

    @classmethod
    def of(cls, rule: Preprocess, height: int, width: int) -> Laid:
        """As evaluation sees an image of that size. Raises TooSmall."""
        return cls(rule, height, width, sampling(centred(height, width, rule), rule, rule.interpolation, jpeg=False))

    @property
    def seen(self) -> Box:
        """What of the image becomes the input."""
        (left, top), (right, bottom) = self.point(0, 0), self.point(self.rule.width, self.rule.height)
        return Box(left, top, right - left, bottom - top)

    def point(self, u: float, v: float) -> tuple[float, float]:
        """(x, y) in the image of a point of the input: u from its left, v from its top."""
        return (self.way.left + (u - self.way.shift_x) / self.way.scale_x,
                self.way.top + (v - self.way.shift_y) / self.way.scale_y)

    def middle(self, place: tuple[int, int], cells: tuple[int, int]) -> tuple[float, float]:
        """(x, y) in the image of the middle of a cell (row, column) of a map of (h, w) cells that covers the input."""
        return self.point((place[1] + 0.5) * self.rule.width / cells[1], (place[0] + 0.5) * self.rule.height / cells[0])

    def over(self, cells: np.ndarray, height: int, width: int) -> np.ndarray:
        """A map (h, w) on the image, shown in height x width pixels: bilinear, as Grad-CAM is scaled; NaN where it is not seen.

        The map is stretched over the whole input, whatever padding has moved its places by.
        """
        rows = _weights(height, self.height, self.way.top, self.way.scale_y, self.way.shift_y, self.rule.height, cells.shape[0])
        columns = _weights(width, self.width, self.way.left, self.way.scale_x, self.way.shift_x, self.rule.width,
                           cells.shape[1])
        return np.asarray(rows @ cells @ columns.T)


def _weights(shown: int, size: int, begin: float, scale: float, shift: float, side: int, cells: int) -> np.ndarray:
    """(shown, cells): how much of each cell is in each pixel of a line; NaN in pixels whose middle is not in the input."""
    middles = (np.arange(shown) + 0.5) * size / shown
    inside = (middles - begin) * scale + shift
    places = np.clip(inside * cells / side - 0.5, 0, cells - 1)
    found = np.maximum(0.0, 1 - np.abs(places[:, None] - np.arange(cells)))
    return np.where(((inside < 0) | (inside > side))[:, None], np.nan, found)
