"""Whether an export computes what the Keras model computes."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Parity:
    """The greatest difference of any probability, and the share of images for which the same class comes first."""

    difference: float
    agreement: float
    images: int

    def holds(self, tolerance: float) -> bool:
        """Whether the export may be kept."""
        return self.difference <= tolerance

    def __str__(self) -> str:
        return f"differs by {self.difference:.1e} at most on {self.images} images, same class for {self.agreement:.1%}"


def compare(ours: np.ndarray, theirs: np.ndarray) -> Parity:
    """Compares probabilities, (n, classes) each. What is not a number counts as infinitely far away."""
    difference = float(np.nan_to_num(np.abs(ours - theirs), nan=np.inf).max())
    return Parity(difference, float((ours.argmax(axis=1) == theirs.argmax(axis=1)).mean()), len(ours))
