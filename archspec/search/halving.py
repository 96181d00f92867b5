"""Successive halving: all candidates are trained for a part of their epochs, the best of them for a longer one, and so on.

Jamieson and Talwalkar 2016 (1502.07943); with a factor and by epochs as in one bracket of Li et al. 2018 (1603.06560).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import ceil

from archspec.records import Record, record
from archspec.train.ending import rises


@record
class Round(Record):
    """So many candidates are trained until a share of their epochs is done."""

    candidates: int
    share: Fraction

    def until(self, epochs: int) -> int:
        """The epoch, of so many, after which they pause."""
        return ceil(epochs * self.share)


def rounds(candidates: int, factor: int | None, epochs: int) -> tuple[Round, ...]:
    """The rounds for candidates of `epochs` epochs, at the least: the last is to the end, the one before to 1/factor of it.

    There are as many as leave one candidate and one epoch. Without a factor there is one.
    """
    count = 0
    while factor and factor ** (count + 1) <= min(candidates, epochs):
        count += 1
    return tuple(Round(candidates // (factor or 1) ** each, Fraction(1, (factor or 1) ** (count - each)))
                 for each in range(count + 1))


def picked(values: Mapping[str, float], metric: str, count: int) -> list[str]:
    """The names of the best, from the best on; of equal ones the earlier. `values` are those of candidates that have one."""
    found: Sequence[str] = sorted(values, key=lambda name: -values[name] if rises(metric) else values[name])
    return list(found[:count])
