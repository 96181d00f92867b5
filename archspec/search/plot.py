"""The costs of a sweep as a picture: a dot a candidate, parameters from left to right, multiply-adds upwards."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import ceil, floor, log, log10

from archspec.draw.shapes import Circle, Line, Mark, Shape, Text, half
from archspec.draw.svg import Picture
from archspec.records import Record, record
from archspec.search.cost import Cost
from archspec.search.placing import Box, around, placed
from archspec.search.plan import written
from archspec.search.sweep import Candidate
from archspec.views.numbers import short

WIDTH, HEIGHT = 420.0, 280.0
RADIUS = 3.5
TICKS = 5
"""Intervals of an axis, about."""
STYLES = {"fits": "conv-full", "outside": "plain"}
MOST_DOTS = 5000
NAMED = 24
"""Of so many candidates each has its name beside it, if there is room."""
WIDE = 20.0
"""A scale of costs is by ratio where the largest is so many times the smallest."""


@record
class Axis(Record):
    """From the smallest to the largest value, in whole ticks, over so many pixels; `ratio`: equal ratios are equally long."""

    ticks: tuple[float, ...]
    length: float
    ratio: bool = False

    @classmethod
    def around(cls, values: Sequence[int], length: float) -> Axis:
        """The axis that holds these values."""
        low, high = min(values), max(values)
        if low > 0 and high >= WIDE * low:
            steps = (1, 2, 5) if high < WIDE ** 2 * low else (1,)
            ticks = [10.0 ** power * each for power in range(floor(log10(low)), ceil(log10(high)) + 1) for each in steps]
            first = max(index for index, tick in enumerate(ticks) if tick <= low)
            last = min(index for index, tick in enumerate(ticks) if tick >= high)
            return cls(tuple(ticks[first:last + 1]), length, True)
        room = max(high - low, high * 0.1, 1)
        power = 10.0 ** floor(log10(room / TICKS))
        step = next(power * each for each in (1, 2, 5, 10) if power * each * TICKS >= room)
        first, last = floor(low / step), ceil(high / step)
        return cls(tuple(step * each for each in range(first, max(last, first + 1) + 1)), length)

    def at(self, value: float) -> float:
        """Pixels from the beginning of the axis, to a half."""
        low, high = self.ticks[0], self.ticks[-1]
        share = log(value / low) / log(high / low) if self.ratio else (value - low) / (high - low)
        return round(2 * self.length * share) / 2


def plot(name: str, candidates: Sequence[Candidate]) -> Picture | None:
    """The picture; None where there is nothing to show. Those that are equal to others, or not valid, have no dot."""
    dots = [(each, cost, cost.macs) for each in candidates
            if each.state in STYLES and (cost := each.cost) is not None and cost.macs is not None][:MOST_DOTS]
    if not dots:
        return None
    across = Axis.around([cost.params for _, cost, _ in dots], WIDTH)
    up = Axis.around([macs for _, _, macs in dots], HEIGHT)
    shapes: list[Shape] = [*_frame(across, up), Text(0, -30, name, "start", "h")]
    # the hollow ones first, so that those that fit lie above them
    for each, cost, macs in sorted(dots, key=lambda dot: dot[0].state == "fits"):
        x, y = across.at(cost.params), HEIGHT - up.at(macs)
        shapes.append(Mark((Circle(x, y, RADIUS, STYLES[each.state]),), _title(each, cost)))
    points = [(each.name, across.at(cost.params), HEIGHT - up.at(macs)) for each, cost, macs in dots]
    shapes += _names(points) if len(dots) <= NAMED else []
    counts = {state: sum(each.state == state for each, _, _ in dots) for state in STYLES}
    shapes.extend(_legend({state: count for state, count in counts.items() if count}))
    return Picture(tuple(shapes), f"{name}: cost of {len(dots)} candidates",
                   "A dot a candidate: parameters from left to right, multiply-adds for one image upwards. "
                   + " ".join(f"{_counted(state, count)}." for state, count in counts.items() if count))


def _names(points: Sequence[tuple[str, float, float]]) -> list[Shape]:
    """Beside their points, where there is room."""
    words = [Text(0, 0, name, "start", "c", dim=True) for name, _, _ in points]
    sizes = [(x, y, each.extent.right, each.extent.bottom - each.extent.top)
             for each, (_, x, y) in zip(words, points, strict=True)]
    taken = [around(x, y, RADIUS) for _, x, y in points]
    found = zip(words, placed(sizes, [(x, y) for _, x, y in points], taken, Box(1, WIDTH - 1, 1, HEIGHT - 1)), strict=True)
    return [each.moved(half(box.left), half(box.low - each.extent.top)) for each, box in found if box is not None]


def _title(each: Candidate, cost: Cost) -> str:
    said = ", ".join(written(each.said))
    return f"{each.name}: {said}\n{short(cost.params)} parameters, {short(cost.macs)} multiply-adds"


def _frame(across: Axis, up: Axis) -> list[Shape]:
    """Lines at the ticks, with their numbers, and what the axes are."""
    x_words, y_words = _labels(across), _labels(up)
    shapes: list[Shape] = []
    for tick in across.ticks:
        x = across.at(tick)
        shapes += [Line(((x, 0.0), (x, HEIGHT)), _edge(tick, across)), Text(x, HEIGHT + 16, x_words(tick), face="c", dim=True)]
    for tick in up.ticks:
        y = HEIGHT - up.at(tick)
        shapes += [Line(((0.0, y), (WIDTH, y)), _edge(tick, up)), Text(-7, y + 3.5, y_words(tick), "end", "c", dim=True)]
    return [*shapes, Text(WIDTH, HEIGHT + 34, "parameters", "end", "s"), Text(0, -10, "multiply-adds", "start", "s")]


def _edge(tick: float, axis: Axis) -> str:
    """The style of the line at a tick: that of the frame at both ends, dotted within."""
    return "f" if tick in (axis.ticks[0], axis.ticks[-1]) else "g"


def _labels(axis: Axis) -> Callable[[float], str]:
    """How the numbers at an axis are written: all in one unit, with as many digits as tell them apart, or each in its own."""
    if axis.ratio:
        return lambda value: f"{value / _unit(value)[0]:g}{_unit(value)[1]}"
    size, unit = _unit(axis.ticks[-1])
    step = (axis.ticks[1] - axis.ticks[0]) / size
    digits = max(0, -floor(log10(step) + 1e-9))
    return lambda value: f"{value / size:.{digits}f}{unit}" if value else "0"


def _unit(value: float) -> tuple[float, str]:
    """What a value is written in multiples of."""
    return next(((size, unit) for size, unit in ((1e9, " G"), (1e6, " M"), (1e3, " k")) if value >= size), (1.0, ""))


def _legend(counts: dict[str, int]) -> list[Shape]:
    """What filled and hollow dots are, where there are both."""
    if len(counts) < 2:
        return []
    shapes: list[Shape] = []
    right = WIDTH
    for state in reversed(counts):
        said = Text(0, -10, _counted(state, counts[state]), "start", "s")
        words = said.moved(half(right - said.width), 0)
        shapes += [words, Circle(words.x - 8, -13.5, RADIUS, STYLES[state])]
        right = words.x - 24
    return shapes


def _counted(state: str, count: int) -> str:
    return f"{count} outside of a condition" if state == "outside" else f"{count} fits" if count == 1 else f"{count} fit"
