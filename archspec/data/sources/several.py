"""The labels of images that may have several, or none."""

from __future__ import annotations

import numpy as np

from archspec.errors import InputError

MOST_CELLS = 1 << 31
"""Images times classes: a byte each."""


def table_of(count: int, classes: int, owners: np.ndarray, labels: np.ndarray, called: str) -> np.ndarray:
    """(count, classes) uint8: 1 where image `owners[i]` has the class `labels[i]`, both (m,).

    Raises InputError, with what the images are `called`, where it would not fit into memory.
    """
    if count * classes > MOST_CELLS:
        raise InputError(f"{called}: {count} images with several of {classes} labels are more than fit into memory")
    table = np.zeros((count, classes), np.uint8)
    table[owners, labels] = 1
    return table
