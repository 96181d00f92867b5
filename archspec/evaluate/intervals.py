"""How far a figure may be off because other images might have been taken, and whether two networks differ."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import binomtest

from archspec.errors import InputError

RESAMPLES = 2000
LEVEL = 0.95
AT_ONCE = 1 << 20
"""Images drawn at once, or of one resample where there are more: 8 MB of numbers, and as much of what they pick."""


@dataclass(frozen=True)
class Interval:
    """A mean over images, and between what bounds it lies in 95 % of resamples."""

    mean: float
    low: float
    high: float


def intervals(rows: Mapping[str, np.ndarray], seed: int, resamples: int = RESAMPLES) -> dict[str, Interval]:
    """Percentile bootstrap intervals (Efron and Tibshirani 1993, section 13.3) of means of rows (n,) over the same images.

    All rows are of the same draws, and a seed gives the same ones each time. A mean that is not a number has bounds that are
    none; with infinite figures a bound may be infinite. Raises InputError where there are no images.
    """
    figures = {name: np.asarray(row, np.float64) for name, row in rows.items()}
    count = len(next(iter(figures.values()), ()))
    if not count:
        raise InputError("there are no images to evaluate on")
    draw, step = np.random.default_rng(seed), max(1, AT_ONCE // count)
    means = {name: np.empty(resamples) for name in figures}
    with np.errstate(invalid="ignore"):  # infinities of both signs
        for begin in range(0, resamples, step):
            end = min(begin + step, resamples)
            chosen = draw.integers(0, count, (end - begin, count))
            for name, row in figures.items():
                means[name][begin:end] = row[chosen].mean(axis=1)
        return {name: _interval(float(row.mean()), means[name]) for name, row in figures.items()}


def _interval(mean: float, means: np.ndarray) -> Interval:
    if np.isnan(mean):
        return Interval(mean, mean, mean)
    beyond = round(len(means) * (1 - LEVEL) / 2)  # at each end; means that occurred, for between infinities is nothing
    ordered = np.sort(means)
    return Interval(mean, float(ordered[beyond]), float(ordered[-1 - beyond]))


@dataclass(frozen=True)
class Difference:
    """Of two networks: of how many images only the first is right, of how many only the second, and the two-sided p."""

    only_first: int
    only_second: int
    p: float


def mcnemar(first: np.ndarray, second: np.ndarray) -> Difference:
    """McNemar's exact test: whether two networks are right about equally many of the same images, (n,) bool each.

    `p` is the probability of a difference at least as large, were each image that only one gets right as likely the other's
    (McNemar 1947, Psychometrika 12; Dietterich 1998; with the binomial distribution itself). 1 where there is
    none such. Raises InputError where there are no images, or not equally many.
    """
    if not len(first) or len(first) != len(second):
        raise InputError(f"networks are compared on the same images, one at least: these are {len(first)} and {len(second)}")
    left, right = int((first & ~second).sum()), int((second & ~first).sum())
    return Difference(left, right, float(binomtest(left, left + right).pvalue) if left + right else 1.0)
