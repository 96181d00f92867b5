"""A spec that meets a budget: bisection on one exponent, then single values one step up or down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from math import isinf, log, sqrt

from archspec.errors import InputError, SpecError
from archspec.network import Variants
from archspec.records import Record, record
from archspec.search.cost import FIGURES, POWERS, Cost, cost_of, shown
from archspec.search.dials import Dial, Values
from archspec.search.tied import turned_right, untied
from archspec.spec.arch import Spec

MOST_TRIED = 300
"""Candidates at most: a search ends, whatever the spec."""
WIDEST = 16
"""Steps of the root of two up or down from the spec as it is: 256 times as large, or as small."""
MOST_INVALID = 6
"""Steps without a valid network after which none is looked for further away."""
ABSURD = 1e4
"""A budget that many times what the spec costs, or a share of it so small, has lost its unit."""
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
    """What a search found: the nearest candidate, whether it is within the tolerance, and all that were tried, in order.

    `notes`: what else is turned, or is not.
    """

    budget: Mapping[str, float]
    nearest: Tried
    reached: bool
    tried: tuple[Tried, ...]
    notes: tuple[str, ...] = ()

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

    Costs grow with the exponent, which is bisected. Where rounding leaves the uniform scale out of tolerance, single values
    are moved one step from it for as long as that comes nearer. Raises InputError where a size is open, so that there is no
    figure, where a budget is out of all proportion, or where no candidate is valid.
    """
    search = _Search(spec, tuple(dials), dict(budget), batch)
    start = search.at(0.0)
    if start.cost is not None and isinf(start.share):
        open_ = next(figure for figure in budget if getattr(start.cost, figure) is None)
        raise InputError(f"{spec.name} has no number of {FIGURES[open_]}: a size of its input is open\n"
                         "  hint: --set input=224x224x3")
    if start.cost is not None:
        _refuse_absurd(spec, start.cost, budget)
    notes = search.prepared(spec)
    low, high = search.bracket()
    search.bisect(low, high)
    if search.best() is None:
        raise InputError(f"no candidate of {spec.name} is valid; the first of {len(search.tried)}: {start.message}\n"
                         "  hint: another --round, or --free another key")
    best = search.repaired(tolerance)
    reached = best.off <= tolerance
    if not reached and len(search.tried) >= MOST_TRIED:
        notes = (*notes, f"{MOST_TRIED} candidates were tried, which is the most: fewer keys behind --free, "
                         "or a larger --round, may come nearer")
    return Solved(search.budget, best, reached, tuple(search.tried.values()), notes)


def _refuse_absurd(spec: Spec, cost: Cost, budget: Mapping[str, float]) -> None:
    """Raises InputError for a budget out of all proportion, as of a number without its unit."""
    for figure, most in budget.items():
        costs = share_of(cost, figure, 1.0)
        if not 1 / ABSURD <= most / costs <= ABSURD:
            number = most
            while number >= 1000:
                number /= 1000
            units = {f"{number:.4g}{unit}": number * 1000.0 ** power for unit, power in POWERS.items() if unit != "K"}
            near = min(units, key=lambda text: abs(log(units[text] / costs)))
            raise InputError(f"--{figure} {most:.4g}: out of all proportion, {spec.name} has "
                             f"{shown(figure, costs)}{'' if figure == 'memory' else f' {FIGURES[figure]}'}\n"
                             f"  hint: is {near}{'B' if figure == 'memory' else ''} meant?")


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
            self.tried[values] = self.looked_at(self.dials, values)
        return self.tried[values]

    def looked_at(self, dials: Sequence[Dial], values: tuple[Values, ...]) -> Tried:
        """A network, checked and costed."""
        overrides = tuple(text for dial, each in zip(dials, values, strict=True) for text in dial.override(each))
        try:
            cost = cost_of(self.variants.graph(overrides), self.batch)
        except SpecError as error:
            return Tried(overrides, values, None, float("inf"), error.problems[0].message)
        return Tried(overrides, values, cost, max(share_of(cost, figure, most) for figure, most in self.budget.items()))

    def prepared(self, spec: Spec) -> tuple[str, ...]:
        """Finds out what goes with the dials; what of that is to be told."""
        notes: list[str] = []
        start = self.at(0.0)
        for index in range(len(self.dials)):
            def share(dial: Dial, values: Values, index: int = index) -> float | None:
                dials = (*self.dials[:index], dial, *self.dials[index + 1:])
                found = self.looked_at(dials, tuple(values if each is dial else each.at(0.0) for each in dials))
                return None if found.cost is None else found.share
            dial = turned_right(self.dials[index], self.pace, start.share, share)
            said = ""
            if not any(each.key.startswith("stem") for each in self.dials):  # a stem that is turned itself goes its own way
                dial, said = untied(spec, dial, -self.pace if start.share >= 1 else self.pace, share)
            self.dials = (*self.dials[:index], dial, *self.dials[index + 1:])
            notes.extend([said] if said else [])
        self.tried = {start.values: self.looked_at(self.dials, start.values)}
        return tuple(notes)

    def bracket(self) -> tuple[float, float]:
        """Two exponents between which the budget lies; the same twice where it lies beyond all that there is."""
        over = self.at(0.0).share >= 1
        by = -self.pace if over else self.pace
        near, valid, last = 0.0, 0, self.values(WIDEST * by)
        for number in range(1, WIDEST + 1):
            far = number * by
            if self.values(near) == last or number - valid > MOST_INVALID:
                return near, near  # nothing gets smaller, or larger, any more; or nothing is valid
            found = self.at(far)
            valid = number if found.cost is not None else valid
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

    def repaired(self, tolerance: float) -> Tried:
        """The nearest; out of tolerance, of those too in which single values are moved a step from a uniform scale.

        It sets out from the nearest below the budget and from the nearest above.
        """
        uniform = sorted((each for each in self.tried.values() if each.cost is not None), key=lambda each: each.off)
        sides = [next((each for each in uniform if (each.share >= 1) is over), None) for over in (False, True)]
        for scaled in sorted((each for each in sides if each), key=lambda each: each.off):
            best = scaled
            while best.off > tolerance and len(self.tried) < MOST_TRIED:
                found = min(map(self.candidate, self.neighbours(best, scaled)), key=lambda each: each.off, default=best)
                if found.off >= best.off:
                    break
                best = found
            if best.off <= tolerance:
                return best
        nearest = self.best()
        assert nearest is not None
        return nearest

    def neighbours(self, best: Tried, scaled: Tried) -> Iterator[tuple[Values, ...]]:
        """All values with one moved a step, none more than one from the uniform scale."""
        for index, dial in enumerate(self.dials):
            for values in dial.nearby(best.values[index]):
                if all(abs(a - b) <= dial.step for a, b in zip(values, scaled.values[index], strict=True)):
                    yield (*best.values[:index], values, *best.values[index + 1:])
