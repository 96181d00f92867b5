"""Pictures of what a sweep's trainings came to: against cost with the Pareto front, and over a key that was varied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.errors import shorten
from archspec.search.cost import Cost
from archspec.search.placing import Box, around, placed
from archspec.search.plan import Axes, Plan
from archspec.search.plot import WIDE
from archspec.search.results import Result, costs, front
from archspec.spec.dump import to_inline
from archspec.train.ending import rises
from archspec.train.reporting.metrics import COLOUR
from archspec.train.reporting.picture.plot import plot
from archspec.train.reporting.picture.words import legible

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Drawn
    from matplotlib.ticker import Formatter

COSTS: tuple[tuple[str, Callable[[Cost], int | None]], ...] = (
    ("parameters", lambda cost: cost.params), ("multiply-adds", lambda cost: cost.macs))
FORMATS = ("svg", "png")
NAMED = 16
"""Of so many candidates each has its name beside it; of more those on the front."""
GREY = "#8a8a8a"
MARGIN = 0.12
"""Of an axis, at both ends: a name stands beside its point."""
ROOM = 0.12
"""Above and below what was trained to the end, as a share of its extent."""
EDGE = 0.02
"""From the end of a scale to the mark of what lies beyond it, as a share of the scale."""
RADIUS, FONT = 3.5, 7.0
"""Of a point and of names, in points."""
TICKS = 6
"""Intervals of the axis of costs at most."""
BEYOND = "stopped by halving, beyond the scale"
MARKERS = "osD^vP*X<>"


def draw_costs(path: Path, plan: Plan, results: Sequence[Result]) -> None:
    """What was reached against parameters and multiply-adds, with the deviation over seeds and the Pareto front.

    The scale is that of what was trained to the end. Hollow and grey are those that were stopped before, and a triangle at the
    edge is one of these that lies beyond it.
    """
    drawn = [each for each in results if each.final is not None]
    limits = _limits(plan.metric, [each for each in drawn if each.state == "finished"] or drawn)
    with plot(path, 10, 4.4) as figure:
        figure.suptitle(shorten(legible(plan.name)))
        panels = figure.subplots(1, len(COSTS), sharey=True)
        for axes, (label, cost) in zip(panels, COSTS, strict=True):
            axes.set_ylim(*limits)
            _against(axes, drawn, plan.metric, cost)
            axes.set(xlabel=label)
            axes.margins(x=MARGIN)
            axes.grid(alpha=0.3)
        panels[0].set_ylabel(_label(plan.metric))
        known = dict(pair for axes in panels for pair in zip(*reversed(axes.get_legend_handles_labels()), strict=True))
        figure.legend(known.values(), known.keys(), loc="outside lower center", ncols=len(known), fontsize=8, frameon=False)
        figure.draw_without_rendering()  # which gives the axes their places
        for axes, (_, cost) in zip(panels, COSTS, strict=True):
            _name(axes, drawn, plan.metric, cost)


def _limits(metric: str, drawn: Sequence[Result]) -> tuple[float, float]:
    """Of the axis: what holds these with their deviations, and some room for names."""
    ends = [_shown(metric, each.final.mean + sign * (each.final.deviation or 0.0)) for each in drawn if each.final is not None
            for sign in (-1, 1)]
    low, high = min(ends), max(ends)
    room = ROOM * ((high - low) or abs(high) * ROOM or 1.0)
    return low - room, high + room


def _against(axes: Drawn, drawn: Sequence[Result], metric: str, cost: Callable[[Cost], int | None]) -> None:
    points = [(each, size, _shown(metric, each.final.mean)) for each in drawn
              if each.final is not None and (size := costs(each, cost)) is not None]
    low, high = axes.get_ylim()
    for each, size, value in points:
        ends = each.state == "finished"
        if low <= value <= high:
            deviation = _shown(metric, each.final.deviation or 0.0) if each.final is not None else 0.0
            axes.errorbar([size], [value], yerr=[deviation], fmt="o", color=COLOUR if ends else GREY,
                          markerfacecolor=COLOUR if ends else "white", markersize=5, capsize=3, linewidth=1)
        else:
            axes.plot([size], [_within(axes, value)], "v" if value < low else "^", color=GREY, markerfacecolor="white",
                      markersize=6, label=BEYOND)
    best = front(drawn, metric, cost)
    if best:
        axes.plot(*_line(best, metric, cost), color=COLOUR, linewidth=1, drawstyle="steps-post", label="Pareto front")
    if any(each.state == "stopped" and low <= value <= high for each, _, value in points):
        axes.plot([], [], "o", color=GREY, markerfacecolor="white", markersize=5, label="stopped by halving")
    sizes = [size for _, size, _ in points if size > 0]
    if sizes and max(sizes) >= WIDE * min(sizes):
        from matplotlib.ticker import LogLocator, NullFormatter
        axes.set_xscale("log")
        axes.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5) if max(sizes) < WIDE ** 2 * min(sizes) else (1,)))
        axes.xaxis.set_minor_formatter(NullFormatter())
    else:
        from matplotlib.ticker import MaxNLocator
        axes.xaxis.set_major_locator(MaxNLocator(TICKS, steps=[1, 2, 5, 10]))
    axes.xaxis.set_major_formatter(_engineering())


def _within(axes: Drawn, value: float) -> float:
    """A value on the scale; of one beyond it the edge."""
    low, high = axes.get_ylim()
    return min(max(value, low + EDGE * (high - low)), high - EDGE * (high - low))


def _line(best: Sequence[Result], metric: str, cost: Callable[[Cost], int | None]) -> tuple[list[float], list[float]]:
    """Sizes and values of the front."""
    found = [(float(size), _shown(metric, each.final.mean)) for each in best
             if each.final is not None and (size := costs(each, cost)) is not None]
    return [size for size, _ in found], [value for _, value in found]


def _name(axes: Drawn, drawn: Sequence[Result], metric: str, cost: Callable[[Cost], int | None]) -> None:
    """The names of points where there is room for them, those on the front first. In points, 1/72 of an inch."""
    scale = 72 / axes.figure.dpi

    def at(size: float, value: float) -> tuple[float, float]:
        x, y = axes.transData.transform((size, _within(axes, value)))
        return x * scale, y * scale
    best = front(drawn, metric, cost)
    found, points, taken = list[tuple[Result, float, float]](), list[tuple[float, float]](), list[Box]()
    for each in sorted(drawn, key=lambda each: (each not in best, each.state != "finished")):
        size = costs(each, cost)
        if size is None or each.final is None:
            continue
        value, deviation = _shown(metric, each.final.mean), _shown(metric, each.final.deviation or 0.0)
        x, y = at(size, value)
        points.append((x, y))
        taken.append(around(x, y, RADIUS))
        if value == _within(axes, value):  # those beyond the scale have no bar, and no name
            taken.append(Box(x - RADIUS, x + RADIUS, at(size, value - deviation)[1], at(size, value + deviation)[1]))
            if len(drawn) <= NAMED or each in best:
                found.append((each, x, y))
    corners = [at(*point) for point in zip(*_line(best, metric, cost), strict=True)]
    for (x, y), (right, top) in pairwise(corners):
        taken += [Box(x, right, y - 0.5, y + 0.5), Box(right - 0.5, right + 0.5, min(y, top), max(y, top))]
    edge = axes.get_window_extent()
    frame = Box(edge.x0 * scale, edge.x1 * scale, edge.y0 * scale, edge.y1 * scale)
    within = Box(frame.left + 2, frame.right - 2, frame.low + 2, frame.high - 2)
    texts = [axes.text(0, 0, legible(each.candidate.name), transform=axes.transAxes, fontsize=FONT, in_layout=False,
                       verticalalignment="bottom") for each, _, _ in found]
    sizes = [text.get_window_extent() for text in texts]
    names = [(x, y, size.width * scale, size.height * scale) for (_, x, y), size in zip(found, sizes, strict=True)]
    for text, box in zip(texts, placed(names, points, taken, within), strict=True):
        if box is None:
            text.remove()
        else:
            text.set_position(((box.left - frame.left) / (frame.right - frame.left),
                               (box.low - frame.low) / (frame.high - frame.low)))


def draw_axes(path: Path, plan: Plan, chosen: Axes, results: Sequence[Result]) -> None:
    """What was reached, over the values of one key, a line for each combination of values of others, with deviations."""
    values = plan.vary[chosen.x]
    numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in values)
    lines: dict[tuple[str, ...], list[tuple[float, Result]]] = {}
    for each in results:
        if each.final is not None and each.state == "finished":
            found = each.candidate.said[chosen.x]
            at = float(found) if numbers and isinstance(found, int | float) else float(values.index(found))
            lines.setdefault(tuple(to_inline(each.candidate.said[key]) for key in chosen.lines), []).append((at, each))
    order = [tuple(map(to_inline, combination)) for combination in _combinations(plan, chosen.lines)]
    with plot(path, 5.6, 4.2) as figure:
        axes = figure.subplots()
        for number, key in enumerate(key for key in order if key in lines):
            words = ", ".join(f"{_last(name)} {value}" for name, value in zip(chosen.lines, key, strict=True))
            points = sorted(lines[key], key=lambda point: point[0])
            spreads = [each.final for _, each in points if each.final is not None]
            axes.errorbar([at for at, _ in points], [_shown(plan.metric, each.mean) for each in spreads],
                          yerr=[_shown(plan.metric, each.deviation or 0.0) for each in spreads],
                          marker=MARKERS[number % len(MARKERS)], markersize=5, capsize=3, linewidth=1.2,
                          label=legible(words))
        axes.set(title=shorten(legible(plan.name)), xlabel=legible(chosen.x), ylabel=_label(plan.metric))
        ticks = [float(each) if numbers and isinstance(each, int | float) else float(at) for at, each in enumerate(values)]
        axes.set_xlim(min(ticks) - MARGIN * _extent(ticks), max(ticks) + MARGIN * _extent(ticks))
        axes.set_xticks(ticks, [legible(to_inline(each)) for each in values])
        axes.grid(alpha=0.3)
        if chosen.lines and lines:
            axes.legend(fontsize=8)


def _combinations(plan: Plan, keys: Sequence[str]) -> list[tuple[object, ...]]:
    from itertools import product
    return list(product(*(plan.vary[key] for key in keys)))


def _extent(ticks: Sequence[float]) -> float:
    return max(ticks) - min(ticks) or 1.0


def _last(key: str) -> str:
    return key.rpartition(".")[-1]


def _shown(metric: str, value: float) -> float:
    """Shares in percent."""
    return 100 * value if rises(metric) else value


def _label(metric: str) -> str:
    return f"{metric.replace('_', ' ')} (%)" if rises(metric) else metric.replace("_", " ")


def _engineering() -> Formatter:
    from matplotlib.ticker import EngFormatter
    return EngFormatter(sep=" ")
