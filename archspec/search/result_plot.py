"""Pictures of what a sweep's trainings came to: against cost with the Pareto front, and over a key that was varied."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.errors import shorten
from archspec.search.cost import Cost
from archspec.search.plan import Axes, Plan
from archspec.search.results import Result, costs, front
from archspec.spec.dump import to_inline
from archspec.train.ending import rises
from archspec.train.reporting.metrics import COLOUR
from archspec.train.reporting.picture.plot import plot
from archspec.train.reporting.picture.words import legible

if TYPE_CHECKING:
    from matplotlib.axes import Axes as Drawn

COSTS: tuple[tuple[str, Callable[[Cost], int | None]], ...] = (
    ("parameters", lambda cost: cost.params), ("multiply-adds", lambda cost: cost.macs))
FORMATS = ("svg", "png")
NAMED = 16
"""Of so many candidates each has its name beside it; of more those on the front."""
GREY = "#8a8a8a"
MARGIN = 0.12
"""Of an axis, at both ends: a name stands to the right of its point."""
MARKERS = "osD^vP*X<>"


def draw_costs(path: Path, plan: Plan, results: Sequence[Result]) -> None:
    """What was reached against parameters and multiply-adds, with the deviation over seeds and the Pareto front.

    Hollow and grey are those that were stopped before the end.
    """
    drawn = [each for each in results if each.final is not None]
    with plot(path, 10, 4.2) as figure:
        figure.suptitle(shorten(legible(plan.name)))
        panels = figure.subplots(1, len(COSTS), sharey=True)
        for axes, (label, cost) in zip(panels, COSTS, strict=True):
            _against(axes, drawn, plan.metric, cost)
            axes.set(xlabel=label)
            axes.margins(x=MARGIN)
            axes.xaxis.set_major_formatter(_engineering())
            axes.grid(alpha=0.3)
        panels[0].set_ylabel(_label(plan.metric))


def _against(axes: Drawn, drawn: Sequence[Result], metric: str, cost: Callable[[Cost], int | None]) -> None:
    best = front(drawn, metric, cost)
    for each in drawn:
        size = costs(each, cost)
        if size is None or each.final is None:
            continue
        ends = each.state == "finished"
        axes.errorbar([size], [_shown(metric, each.final.mean)], yerr=[_shown(metric, each.final.deviation or 0.0)], fmt="o",
                      color=COLOUR if ends else GREY, markerfacecolor=COLOUR if ends else "white", markersize=5, capsize=3,
                      linewidth=1)
        if len(drawn) <= NAMED or each in best:
            axes.annotate(legible(each.candidate.name), (size, _shown(metric, each.final.mean)), (5, 4),
                          textcoords="offset points", fontsize=7)
    if best:
        sizes = [found for each in best if (found := costs(each, cost)) is not None]
        values = [_shown(metric, each.final.mean) for each in best if each.final is not None]
        axes.plot(sizes, values, color=COLOUR, linewidth=1, drawstyle="steps-post", label="Pareto front")
    if any(each.state == "stopped" for each in drawn):
        axes.plot([], [], "o", color=GREY, markerfacecolor="white", markersize=5, label="stopped by halving")
    axes.legend(loc="best", fontsize=8)


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


def _engineering() -> object:
    from matplotlib.ticker import EngFormatter
    return EngFormatter(sep=" ")
