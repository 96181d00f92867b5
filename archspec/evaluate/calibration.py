"""Whether a network is right as often as it is sure: the expected calibration error (1706.04599, section 2)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archspec.errors import InputError

BINS = 15
"""Of equal width: 1706.04599, table 1."""


@dataclass(frozen=True)
class Bin:
    """Images whose confidence is above `low` and at most `high`; 0 belongs to the first bin.

    Mean confidence and the share that is right are None where there are no images.
    """

    low: float
    high: float
    images: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True)
class Calibration:
    """`error` is the mean over images of how far accuracy and confidence of their bin differ: 0 is best, 1 worst."""

    error: float
    bins: tuple[Bin, ...]


def calibration(surest: np.ndarray, right: np.ndarray, bins: int = BINS) -> Calibration:
    """Of the probability of what was said, (n,) from 0 to 1, and whether it is right, (n,) bool. Of one label an image.

    What is not a number is in no bin, and makes the error not a number. Raises InputError where there are no images.
    """
    if not len(surest):
        raise InputError("there are no images to evaluate on")
    bounds = np.linspace(0, 1, bins + 1)
    known = ~np.isnan(surest)
    confidence, truth = surest[known].astype(np.float64), right[known].astype(np.float64)
    place = np.searchsorted(bounds[1:-1], confidence, side="left")  # a mean of ones may be a rounding above 1
    images, sure, correct = (np.bincount(place, each, bins) for each in (np.ones_like(truth), confidence, truth))
    rows = tuple(Bin(low, high, int(count), said / count if count else None, true / count if count else None)
                 for low, high, count, said, true in zip(*(each.tolist() for each in (
                     bounds[:-1], bounds[1:], images, sure, correct)), strict=True))
    error = np.abs(correct - sure).sum() / len(surest) if known.all() else np.nan
    return Calibration(float(error), rows)
