"""The types of a graph: of values, of weights, of padding; and the error where they do not fit.

Shapes leave the batch out: (height, width, channels) for a feature map, (units,) for a vector. A height or width that
the spec leaves open is None, and so is every number that follows from it.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from math import prod
from typing import Literal

from archspec.graph.init import Init

Pair = tuple[int, int]
Pads = tuple[int, int, int, int]
"""Pixels of padding: top, bottom, left, right."""
Padding = Literal["same"] | Pads
VALID: Pads = (0, 0, 0, 0)


class ShapeError(ValueError):
    """An operation does not fit its inputs; the hint says what would. `concerns` are those of its fields that matter."""

    def __init__(self, message: str, hint: str = "", concerns: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.hint, self.concerns = hint, concerns


@dataclass(frozen=True, slots=True)
class Tensor:
    """The type of a value: its shape without the batch, and its stride against the image (None for a vector)."""

    shape: tuple[int | None, ...]
    stride: tuple[Fraction, Fraction] | None = None

    @property
    def channels(self) -> int:
        """Size of the last axis, which is never open."""
        last = self.shape[-1]
        if last is None:
            raise ValueError("the last axis of a tensor is never open")
        return last

    @property
    def is_map(self) -> bool:
        """Whether this is a feature map (height, width, channels)."""
        return len(self.shape) == 3

    @property
    def size(self) -> int | None:
        """Number of elements for one image; None where a size is open."""
        known = [n for n in self.shape if n is not None]
        return prod(known) if len(known) == len(self.shape) else None

    def __str__(self) -> str:
        return "x".join("?" if n is None else str(n) for n in self.shape)


@dataclass(frozen=True, slots=True)
class Weight:
    """One array of an operation, by the name Keras gives it, and the values it begins with."""

    name: str
    shape: tuple[int, ...]
    trainable: bool
    init: Init

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)
