"""What is said of an image: the classes with the greatest probabilities, or why there is nothing to be said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from archspec.artifact.labels import refuse_other_count
from archspec.errors import InputError
from archspec.predict.images import Image

DIGITS = 6
"""Of a probability in a document: float32 knows no more, and what computes it elsewhere agrees on about so many."""

ROUNDED = 0.01
"""By which a probability of 16 or 8 bits may be outside 0 to 1."""


@dataclass(frozen=True)
class Said:
    """The probabilities of an image, (classes,) float32, and the names of those classes whose names are known."""

    probabilities: np.ndarray
    names: Sequence[str] | Mapping[int, str]

    def name(self, index: int) -> str | None:
        """Of a class; None where whoever answered did not say it."""
        return self.names.get(index) if isinstance(self.names, Mapping) else self.names[index]

    def top(self, count: int) -> list[dict[str, Any]]:
        """The greatest first; of equal ones the one with the smaller index."""
        order = np.argsort(-self.probabilities, kind="stable")[:count]
        return [{"index": int(index), "class": self.name(int(index)),
                 "probability": float(f"{self.probabilities[index]:.{DIGITS}g}")} for index in order]


@dataclass(frozen=True)
class Refused:
    """Why an image cannot be read."""

    why: str


Answer = Said | Refused


class Predictor(Protocol):
    """A network that can be asked. Each answer belongs to the image at its place. Raises InputError where it fails."""

    @property
    def batch(self) -> int:
        """How many images it is asked about at once."""

    def __call__(self, images: Sequence[Image]) -> list[Answer]:
        """Of up to `batch` images."""


def named(said: Said, labels: Sequence[str] | None) -> Said:
    """An answer with the names of `labels` instead of its own. Raises InputError where they are not as many as the classes."""
    if labels is None:
        return said
    refuse_other_count("--labels", len(labels), len(said.probabilities))
    return Said(said.probabilities, labels)


def checked(probabilities: np.ndarray, count: int, called: str) -> np.ndarray:
    """(count, classes) of probabilities, float32. Raises InputError where they are not that."""
    if probabilities.ndim != 2 or len(probabilities) != count or probabilities.shape[1] == 0:
        raise InputError(f"{called} answers with numbers of shape {list(probabilities.shape)} where "
                         f"[{count}, classes] is expected")
    if not np.isfinite(probabilities).all():
        raise InputError(f"{called} answers with what is no finite number")
    wrong = (probabilities < -ROUNDED) | (probabilities > 1 + ROUNDED)
    if wrong.any():
        raise InputError(f"{called} answers with {probabilities[wrong][0]:.6g} where a probability from 0 to 1 is expected")
    return np.clip(np.asarray(probabilities, np.float32), 0, 1)
