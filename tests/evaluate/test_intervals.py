"""Bootstrap intervals against resampling written out, and McNemar's test against binomial coefficients."""

from __future__ import annotations

from math import comb

import numpy as np
import pytest

from archspec.errors import InputError
from archspec.evaluate import intervals as module
from archspec.evaluate.intervals import Difference, Interval, intervals, mcnemar

INF, NAN = np.inf, np.nan
ROW = np.random.default_rng(6).normal(size=50)


def test_as_resampling_written_out() -> None:
    draw = np.random.default_rng(3)
    means = sorted(np.mean([ROW[number] for number in draw.integers(0, 50, 50)]) for _ in range(200))
    assert intervals({"a": ROW}, 3, resamples=200) == {"a": Interval(ROW.mean(), pytest.approx(means[5]), pytest.approx(means[-6]))}


def test_of_hits_it_is_about_what_the_normal_distribution_says() -> None:
    found = intervals({"top1": np.arange(1000) % 4 > 0}, 0)["top1"]
    width = 1.96 * (0.75 * 0.25 / 1000) ** 0.5
    assert (found.low, found.mean, found.high) == (pytest.approx(0.75 - width, abs=0.003), 0.75, pytest.approx(0.75 + width, abs=0.003))


def test_memory_changes_nothing_and_rows_are_of_the_same_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = intervals({"a": ROW, "b": -ROW}, 1)
    assert (whole["b"].low, whole["b"].high) == (-whole["a"].high, -whole["a"].low)
    assert whole["a"] == intervals({"a": ROW}, 1)["a"] != intervals({"a": ROW}, 2)["a"]
    for at_once in (1, 130):  # of a resample of 50: one, and two at once
        monkeypatch.setattr(module, "AT_ONCE", at_once)
        assert intervals({"a": ROW, "b": -ROW}, 1) == whole


@pytest.mark.parametrize(("row", "expected"), [([0.25], [0.25] * 3), ([1.0, 1.0], [1.0] * 3), ([NAN, 1.0], [NAN] * 3),
                                               ([INF, -INF], [NAN] * 3), ([INF] + [1.0] * 9, [INF, 1.0, INF])])
def test_one_image_equal_images_and_what_is_not_finite(row: list[float], expected: list[float]) -> None:
    found = intervals({"a": np.array(row)}, 0)["a"]
    assert [found.mean, found.low, found.high] == pytest.approx(expected, nan_ok=True)


def test_without_images_there_is_no_interval() -> None:
    with pytest.raises(InputError, match="there are no images to evaluate on"):
        intervals({"a": np.empty(0)}, 0)


@pytest.mark.parametrize(("left", "right"), [(0, 0), (1, 0), (0, 5), (5, 1), (3, 3), (4, 17)])
def test_mcnemar_as_binomial_coefficients_say(left: int, right: int) -> None:
    first = np.array([True] * left + [False] * right + [True, False, True])
    second = np.array([False] * left + [True] * right + [True, False, True])
    count = left + right
    tail = sum(comb(count, number) for number in range(min(left, right) + 1)) / 2 ** count
    assert mcnemar(first, second) == Difference(left, right, pytest.approx(min(1.0, 2 * tail)))


@pytest.mark.parametrize(("first", "second"), [(0, 0), (2, 3)])
def test_networks_are_compared_on_the_same_images(first: int, second: int) -> None:
    with pytest.raises(InputError, match=f"on the same images, one at least: these are {first} and {second}"):
        mcnemar(np.ones(first, bool), np.ones(second, bool))
