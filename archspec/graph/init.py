"""The first values of an array, as data: part of the network, and no emitter's decision.

A new way to begin is a class here, its drawing in model/initial.py, and a field of the operations that can have it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Zeros:
    """All 0."""


@dataclass(frozen=True, slots=True)
class Ones:
    """All 1."""


@dataclass(frozen=True, slots=True)
class Constant:
    """All one number."""

    value: float


@dataclass(frozen=True, slots=True)
class HeNormal:
    """A Gaussian of variance 2 · gain / fan-in (He et al. 2015, 1502.01852, section 2.2).

    Fan-in is the product of all sides of the array but the last. Gain is 1 where each output sees them all.
    """

    gain: float


@dataclass(frozen=True, slots=True)
class GlorotUniform:
    """Even between ±sqrt(6 / (fan-in + fan-out)) (Glorot and Bengio 2010), with the fans that Keras takes an array to have."""


@dataclass(frozen=True, slots=True)
class Normal:
    """A Gaussian around 0 with this deviation."""

    deviation: float


Init = Zeros | Ones | Constant | HeNormal | GlorotUniform | Normal


def constant(value: float) -> Init:
    """All this number, in the shortest words."""
    if value == 0:
        return Zeros()
    return Ones() if value == 1 else Constant(value)
