"""Which images are in which file of a packed data set, decided before the first is written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from archspec.data.pack.images import Make, Scaled
from archspec.data.source import Split

PER_RECORD = 200
"""Bytes of a record beside its image."""
SAMPLED = 64
"""Images that are made to see how large the others will be."""
TRAIN, TEST = "train", "validation"
"""How the splits are called in the names of files: as the source `tfrecord` looks for them."""


@dataclass(frozen=True)
class Part:
    """One file: its name, and which images of its split are in it, from `begin` to `end`."""

    name: str
    begin: int
    end: int


def expected(split: Split, now: np.ndarray, sizes: np.ndarray, make: Make, scaled: Scaled | None) -> np.ndarray:
    """How many bytes each image will take, (n,) float64: as many as `now` (n,), or by its pixels and those of some others.

    `sizes` (n, 2) are height and width of images that are encoded.
    """
    if split.encoded and scaled is None:
        return np.asarray(now + float(PER_RECORD))
    pixels = _pixels(sizes, scaled) if split.encoded else np.ones(split.size)
    chosen = np.unique(np.linspace(0, split.size - 1, SAMPLED).astype(int))
    made = sum(len(make(index).data) for index in chosen.tolist())
    return np.asarray(pixels * (made / pixels[chosen].sum()) + PER_RECORD)


def _pixels(sizes: np.ndarray, scaled: Scaled | None) -> np.ndarray:
    sides = np.maximum(sizes, 1).astype(np.float64)
    share = np.minimum(1.0, scaled.shorter / sides.min(axis=1)) if scaled is not None else 1.0
    return np.asarray(sides.prod(axis=1) * share**2)


def divided(sizes: np.ndarray, most: int) -> list[int]:
    """How many images each file gets, in order, so that each is as near to `most` bytes as files of one size can be."""
    ends = np.cumsum(sizes)
    count = min(len(sizes), max(1, round(float(ends[-1]) / most)))
    edges = np.searchsorted(ends, ends[-1] * np.arange(1, count) / count)
    return list(map(int, np.diff(np.unique([0, *edges.tolist(), len(sizes)]))))


def parts(name: str, counts: list[int]) -> Iterator[Part]:
    """The files of a split, with names that say how many there are: so one that is missing is seen."""
    end = 0
    for number, count in enumerate(counts):
        begin, end = end, end + count
        yield Part(f"{name}-{number:05}-of-{len(counts):05}", begin, end)
