"""Which epoch is the best, and when a training has nothing more to do: from its rows alone."""

from __future__ import annotations

import pytest

from archspec.spec.measured import MEASURED
from archspec.spec.recipe import Recipe
from archspec.spec.saving import StopEarly
from archspec.train.ending import best, ended, rises, stopped


def rows(*values: float, metric: str = "test_top1") -> list[dict[str, float]]:
    return [{"epoch": epoch, metric: value} for epoch, value in enumerate(values, 1)]


def epochs(*values: float, metric: str = "test_top1") -> list[float]:
    return [row["epoch"] for row in best(rows(*values, metric=metric), metric)]


def test_of_losses_the_lowest_is_the_best_and_of_equals_the_first() -> None:
    assert [metric for metric in MEASURED if not rises(metric)] == ["test_loss", "loss"]
    assert epochs(0.1, 0.9, 0.5, 0.9) == [2, 4, 3, 1]
    assert epochs(0.1, 0.9, 0.5, 0.9, metric="test_loss") == [1, 3, 2, 4]


@pytest.mark.parametrize(("values", "patience", "least", "after"), [
    ((0.5, 0.4, 0.4, 0.4), 2, 0.0, 3), ((0.5, 0.5, 0.6, 0.6), 2, 0.0, None), ((0.5, 0.51, 0.52, 0.53), 2, 0.1, 3),
    ((0.5, 0.55, 0.56, 0.61), 2, 0.1, 3), ((0.5, 0.56, 0.62, 0.7), 3, 0.1, None), ((0.5,), 1, 0.0, None), ((), 1, 0.0, None)])
def test_patience_ends_with_the_epoch_that_is_one_too_many(values: tuple[float, ...], patience: int, least: float,
                                                           after: int | None) -> None:
    rule = StopEarly(patience=patience, least=least)
    found = [count for count in range(len(values) + 1) if stopped(rule, rows(*values)[:count])]
    assert found[:1] == ([] if after is None else [after])


def test_what_was_not_measured_ends_nothing() -> None:
    assert not stopped(StopEarly(metric="test_f1", patience=1), rows(0.5, 0.4))


def test_a_loss_has_to_fall() -> None:
    assert stopped(StopEarly(metric="loss", patience=1), rows(0.5, 0.6, metric="loss"))
    assert not stopped(StopEarly(metric="loss", patience=1), rows(0.5, 0.4, metric="loss"))


def test_a_training_ends_with_its_epochs_or_before() -> None:
    assert not ended(Recipe(epochs=3), rows(0.5, 0.4))
    assert ended(Recipe(epochs=2), rows(0.5, 0.4))
    assert ended(Recipe(epochs=3, stop_early=StopEarly(patience=1)), rows(0.5, 0.4))
