"""The picture of what trainings came to: its scale, and names that keep out of each other's way."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from matplotlib.figure import Figure

import archspec.search.result_plot as module
from archspec.search.cost import Cost
from archspec.search.placing import Box, around, placed
from archspec.search.plan import Plan
from archspec.search.results import Result, Spread, Trained
from archspec.search.sweep import Candidate


def result(number: int, params: int, value: float, *, finished: bool) -> Result:
    """Of one run, with a deviation as of several."""
    run = Trained(0, "run", "finished" if finished else "paused", 9 if finished else 1, 9, value, value, 1, 1.0)
    return Result(Candidate(f"rnd-{number:02d}", {}, Cost(str(number), params, params, 37 * params, 1, 3)), (run,),
                  Spread(value, 0.001 if finished else 0.05, 3), Spread(value, 0.001, 3))


def drawn(results: Sequence[Result], metric: str, monkeypatch: pytest.MonkeyPatch) -> Figure:
    """The figure, which is not written."""
    figure = Figure(figsize=(10, 4.4), layout="constrained")

    @contextmanager
    def plot(*given: object) -> Iterator[Figure]:
        yield figure
    monkeypatch.setattr(module, "plot", plot)
    plan = Plan("rnd", "base", {}, (), None, 0, {}, 1, None, metric, None, {})
    module.draw_costs(Path("none.png"), plan, results)
    return figure


@pytest.mark.parametrize("metric", ["test_top1", "test_loss"])
@pytest.mark.parametrize("ratio", [1.2, 200.0])
def test_the_scale_is_of_those_that_were_trained_to_the_end(metric: str, ratio: float, monkeypatch: pytest.MonkeyPatch) -> None:
    chosen = random.Random(3)
    results = [result(number, int(100_000 * ratio ** chosen.random()), chosen.uniform(0.979, 0.989), finished=True)
               for number in range(6)] + [
        result(10, 100_000, 0.2, finished=False), result(11, int(100_000 * ratio), 3.0, finished=False),
        result(12, 110_000, 0.985, finished=False)]
    figure = drawn(results, metric, monkeypatch)
    for axes in figure.axes:
        low, high = (each / (100 if metric == "test_top1" else 1) for each in axes.get_ylim())
        assert 0.97 < low < 0.979
        assert 0.989 < high < 1
        assert axes.get_xscale() == ("log" if ratio > 20 else "linear")
        names: list[Any] = [text for text in axes.texts if text.get_text()]
        assert {text.get_text() for text in names} <= {each.candidate.name for each in results if each.candidate.name not in
                                                      ("rnd-10", "rnd-11")}
        assert len(names) >= (5 if ratio > 20 else 4)
        figure.draw_without_rendering()
        boxes = [text.get_window_extent() for text in names]
        assert not [pair for pair in combinations(boxes, 2) if pair[0].overlaps(pair[1])]
        assert all(axes.get_window_extent().fully_containsx(box.x1) for box in boxes)
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {
        "Pareto front", "stopped by halving", "stopped by halving, beyond the scale"}


@pytest.mark.parametrize("finished", [True, False])
def test_one_point_and_points_without_an_end(finished: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    for count in (1, 3):
        figure = drawn([result(number, 1000, 0.0, finished=finished) for number in range(count)], "test_loss", monkeypatch)
        assert figure.axes[0].get_ylim()[0] < 0 < figure.axes[0].get_ylim()[1]


def test_names_have_their_own_places() -> None:
    within = Box(0, 100, 0, 100)
    points = [(50.0, 50.0), (52.0, 50.0), (95.0, 50.0), (50.0, 95.0), (50.0, 20.0)]
    taken = [around(x, y, 2) for x, y in points]
    found = list(placed([(x, y, 20.0, 8.0) for x, y in points], points, taken, within))
    boxes = [box for box in found if box is not None]
    assert len(boxes) == 5
    for box, (x, y) in zip(boxes, points, strict=True):
        assert min(box.off(*each) for each in points) == box.off(x, y)
    assert not [pair for pair in combinations([*boxes, *taken[:1]], 2) if pair[0].meets(pair[1])]
    assert all(map(within.holds, boxes))
    assert list(placed([(50, 50, 200, 8)], [], [], within)) == [None]
