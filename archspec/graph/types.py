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
"""Pixels of padding: top, bottom, left, right. In the operation `pad` negative ones crop."""
Padding = Literal["same"] | Pads
VALID: Pads = (0, 0, 0, 0)


class ShapeError(ValueError):
    """An operation does not fit its inputs; the hint says what would. `concerns` are those of its fields that matter."""

    def __init__(self, message: str, hint: str = "", concerns: tuple[str, ...] = ()) -> None:
        super().__init__(message)
        self.hint, self.concerns = hint, concerns


@dataclass(frozen=True, slots=True)
class Tensor:
    """The type of a value: its shape without the batch, and its stride against the image.

    A vector has no stride, and neither has a map whose pixels lie in another order than the image's.
    """

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


def told_apart(*values: Tensor) -> tuple[str, ...]:
    """Values as messages show them: with their strides where sizes are open and these tell them apart."""
    strides = {value.stride for value in values if value.stride is not None}
    if len(strides) < 2 or all(None not in value.shape for value in values):
        return tuple(map(str, values))
    return tuple(str(value) if value.stride is None else f"{value} at stride {stride_text(value.stride)}" for value in values)


def stride_text(stride: tuple[Fraction, Fraction]) -> str:
    """2 where both sides have that, else 2x1, height first."""
    tall, wide = stride
    return str(tall) if tall == wide else f"{tall}x{wide}"


def coarser(before: Tensor, after: Tensor) -> tuple[Fraction, Fraction] | None:
    """How many times as coarse as one map another is, (height, width): by their strides, else by their sizes.

    By sizes that is the least stride that leads from one to the other, where there is one. None for a vector, and where a
    stride is unknown and a size open.
    """
    if not (before.is_map and after.is_map):
        return None
    if before.stride is not None and after.stride is not None:
        tall, wide = (b / a for a, b in zip(before.stride, after.stride, strict=True))
        return tall, wide
    sides = [(a, b) for a, b in zip(before.shape[:2], after.shape[:2], strict=True) if a is not None and b is not None]
    if len(sides) < 2:
        return None
    return _least_stride(*sides[0]), _least_stride(*sides[1])


def _least_stride(before: int, after: int) -> Fraction:
    whole = -(-before // after)
    return Fraction(whole) if -(-before // whole) == after else Fraction(before, after)


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
