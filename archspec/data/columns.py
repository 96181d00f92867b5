"""Numbers and labels of many images as one text: a million of them are a second's work and no million of objects in JSON."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

NO_LABEL = "-"
"""Of an image that may have several and has none."""


def written(numbers: Iterable[int]) -> str:
    """Numbers with blanks between them."""
    return " ".join(map(str, numbers))


def numbers(words: Iterable[str]) -> np.ndarray:
    """(n,) int64. Not by NumPy's own way from texts, which gives each the room of the longest.

    Raises ValueError for what is no number, OverflowError for one that 64 bits do not hold.
    """
    return np.fromiter(map(int, words), np.int64)


def labels_written(labels: Iterable[Iterable[int]]) -> str:
    """The labels of each image: `0 0,1 -`."""
    return " ".join(",".join(map(str, each)) or NO_LABEL for each in labels)


def labels_in(text: str) -> list[list[str]]:
    """The words for the labels of each image."""
    return [[] if word == NO_LABEL else word.split(",") for word in text.split()]
