"""A spec that meets a budget: bisection on one exponent, then single values a step up or down."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from math import isinf, log, sqrt
from operator import gt, lt

from archspec.errors import InputError, SpecError
from archspec.network import Variants
from archspec.records import Record, record
from archspec.search.cost import FIGURES, Cost, cost_of
from archspec.search.dials import Dial, Values
from archspec.spec.arch import Spec

MOST_TRIED = 300
"""Candidates at most: a search ends, whatever the spec."""
WIDEST = 16
"""Steps of the root of two up or down from the spec as it is: 256 times as large, or as small."""
FRACTIONS = (0.5, 0.25, 0.75, 0.375, 0.625)
"""Where between two exponents a candidate is looked for that is valid."""


@record
class Tried(Record):
    """A candidate. `cost` is None where the spec is not valid, and `message` says why; `share` is cost over budget."""

    overrides: tuple[str, ...]
    values: tuple[Values, ...]
    cost: Cost | None
    share: float
    message: str = ""

    @property
    def off(self) -> float:
        """How far from the budget it is, as a share of it."""
        return abs(self.share - 1)


@record
class Solved(Record):
    """What a search found: the nearest candidate, whether it is within the tolerance, and all that were tried, in order."""

    budget: Mapping[str, float]
    nearest: Tried
    reached: bool
    tried: tuple[Tried, ...]

    @property
    def binding(self) -> str:
        """The figure whose budget holds: the one that is used up most."""
        assert self.nearest.cost is not None
        return used_most(self.nearest.cost, self.budget)


def used_most(cost: Cost, budget: Mapping[str, float]) -> str:
    """The figure of a cost that uses up most of its budget."""
    return max(budget, key=lambda figure: share_of(cost, figure, budget[figure]))


def share_of(cost: Cost, figure: str, budget: float) -> float:
    """A figure over its budget; infinite where it is not known."""
    value = getattr(cost, figure)
    return float("inf") if value is None else value / budget


def solve(spec: Spec, dials: Sequence[Dial], budget: Mapping[str, float], tolerance: float, batch: int) -> Solved:
    """The candidate nearest to a budget of macs, params or memory (bytes); of several, to the one that is used up first.

    Costs grow with every dial, so the exponent is bisected. Where rounding leaves the uniform scale out of tolerance, the
    values of single stages are moved a step at a time for as long as that comes nearer. Raises InputError where a size is
    open, so that there is no figure, or where no candidate is valid.
    """
    search = _Search(spec, tuple(dials), dict(budget), batch)
    start = search.at(0.0)
    if start.cost is not None and isinf(start.share):
        open_ = next(figure for figure in budget if getattr(start.cost, figure) is None)
        raise InputError(f"{spec.name} has no number of {FIGURES[open_]}: a size of its input is open\n"
                         "  hint: --set input=224x224x3")
    low, high = search.bracket()
    search.bisect(low, high)
    best = search.best()
    if best is None:
        raise InputError(f"no candidate of {spec.name} is valid; the first of {len(search.tried)}: {start.message}\n"
                         "  hint: another --round, or --free another key")
    best = search.repaired(best, tolerance)
    return Solved(search.budget, best, best.off <= tolerance, tuple(search.tried.values()))


class _Search:
    """All candidates that were looked at, each once."""

    def __init__(self, spec: Spec, dials: tuple[Dial, ...], budget: dict[str, float], batch: int) -> None:
        self.variants, self.dials, self.budget, self.batch = Variants(spec), dials, budget, batch
        self.tried: dict[tuple[Values, ...], Tried] = {}
        self.pace = log(sqrt(2)) / log(max(dial.base for dial in dials))
        """The exponent that makes the dial that turns most the root of two as large."""

    def values(self, exponent: float) -> tuple[Values, ...]:
        return tuple(dial.at(exponent) for dial in self.dials)

    def at(self, exponent: float) -> Tried:
        return self.candidate(self.values(exponent))

    def candidate(self, values: tuple[Values, ...]) -> Tried:
        """A candidate, checked and costed once."""
        if values not in self.tried:
            pairs = zip(self.dials, values, strict=True)
            overrides = tuple(text for dial, each in pairs for text in dial.override(each))
            try:
                cost = cost_of(self.variants.graph(overrides), self.batch)
            except SpecError as error:
                found = Tried(overrides, values, None, float("inf"), error.problems[0].message)
            else:
                share = max(share_of(cost, figure, most) for figure, most in self.budget.items())
                found = Tried(overrides, values, cost, share)
            self.tried[values] = found
        return self.tried[values]

    def bracket(self) -> tuple[float, float]:
        """Two exponents between which the budget lies; the same twice where it lies beyond all that there is."""
        over = self.at(0.0).share >= 1
        by = -self.pace if over else self.pace
        near, last = 0.0, self.values(WIDEST * by)
        for number in range(1, WIDEST + 1):
            far = number * by
            if self.values(near) == last:
                return near, near  # nothing gets smaller, or larger, any more
            found = self.at(far)
            if (found.share >= 1) != over:
                return (far, near) if over else (near, far)
            near = far
        return near, near

    def bisect(self, low: float, high: float) -> None:
        """Tries what lies between, until rounding leaves nothing there."""
        for _ in range(60):
            if high - low < 1e-6 or len(self.tried) >= MOST_TRIED:
                return
            middle = next((each for each in self.between(low, high) if self.at(each).cost is not None), None)
            if middle is None:
                return
            if self.at(middle).share < 1:
                low = middle
            else:
                high = middle

    def between(self, low: float, high: float) -> Iterator[float]:
        """Exponents between two, those first that halve the way."""
        yield from (low + (high - low) * fraction for fraction in FRACTIONS)

    def best(self) -> Tried | None:
        """The valid candidate that is nearest to the budget; of equals the first."""
        return min((each for each in self.tried.values() if each.cost is not None), key=lambda each: each.off, default=None)

    def repaired(self, best: Tried, tolerance: float) -> Tried:
        """The best with single values moved a step, for as long as it is out of tolerance and that comes nearer."""
        while best.off > tolerance and len(self.tried) < MOST_TRIED:
            found = min((self.candidate(values) for values in self.neighbours(best)), key=lambda each: each.off, default=best)
            if found.off >= best.off:
                break
            best = found
        return best

    def neighbours(self, best: Tried) -> Iterator[tuple[Values, ...]]:
        """All values with one moved a step towards the budget."""
        larger: Callable[[Values, Values], bool] = gt if best.share < 1 else lt
        for index, dial in enumerate(self.dials):
            for values in dial.nearby(best.values[index]):
                if larger(values, best.values[index]):
                    yield (*best.values[:index], values, *best.values[index + 1:])
