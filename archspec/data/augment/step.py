"""What an operation on an image is, and the kinds of pixels that it works on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from archspec.preprocess.rule import LUMA
from archspec.spec.preprocess import WHITE


@dataclass(frozen=True)
class Step:
    """A change of an image (h, w, c), uint8 or float32 of 0 to 255, that keeps its shape and kind.

    `change` takes the image and the uniform numbers (draws,) that decide what is done.
    """

    draws: int
    change: Callable[[np.ndarray, np.ndarray], np.ndarray]
    mirror: tuple[int, float] | None = None
    """The axis and the probability of a step that mirrors where its number is less, and does nothing else."""


def levels(values: np.ndarray, kind: np.dtype) -> np.ndarray:
    """Values as pixels of a kind: clipped to 0 to 255, and of uint8 rounded half up."""
    if kind == np.uint8:
        return np.asarray(np.clip(values + 0.5, 0, WHITE), np.uint8)
    return np.asarray(np.clip(values, 0, WHITE), np.float32)


def grey(image: np.ndarray) -> np.ndarray:
    """(h, w, 1) float32 of (h, w, c) float32: the brightness of a colour image, of others the mean over channels."""
    found: np.ndarray = image @ np.array(LUMA, np.float32) if image.shape[2] == 3 else image.mean(axis=2)
    return found[..., None]
