"""The rows of an epoch: numbers that depend on seed, epoch and example alone, and where a run goes on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from archspec.data.order import Shard
from archspec.data.plan import Plan, numbered
from archspec.spec.recipe import Recipe

LABELS = np.repeat(np.arange(3), [50, 30, 20])


def seen(plan: Plan, epoch: int) -> dict[int, set[int]]:
    """From an example to the numbers under which an epoch sees it."""
    found: dict[int, set[int]] = {}
    for number, example, counts in plan.training(epoch).tolist():
        if counts:
            found.setdefault(example, set()).add(number)
    return found


def test_numbers_do_not_depend_on_the_batch() -> None:
    plans = [Plan(LABELS, Recipe(batch=batch, seed=3)) for batch in (8, 32, 100)]
    assert seen(plans[0], 2) == seen(plans[1], 2) == seen(plans[2], 2)


@pytest.mark.parametrize("recipe", [Recipe(batch=16), Recipe(batch=16, repeated_augmentation=3), Recipe(batch=16, sampling="balanced")])
def test_no_number_comes_twice(recipe: Recipe) -> None:
    plan = Plan(LABELS, recipe)
    rows = np.concatenate([plan.training(epoch) for epoch in range(5)])
    numbers = rows[rows[:, 2] == 1, 0]
    assert len(set(numbers.tolist())) == len(numbers) == 500


def test_numbers_fit_at_the_largest_sizes() -> None:
    assert 0 < int(numbered(100_000, np.array([65_535]), np.array([10**9]))[0]) < 2 ** 63 - 1


@pytest.mark.parametrize("recipe", [Recipe(batch=8), Recipe(batch=8, repeated_augmentation=2, sampling="balanced")])
def test_two_shards_see_together_what_one_sees(recipe: Recipe) -> None:
    whole = Plan(LABELS, recipe).training(1).reshape(-1, 8, 3)
    halves = [Plan(LABELS, recipe, Shard(rank, 2)).training(1).reshape(-1, 4, 3) for rank in (0, 1)]
    assert (np.concatenate(halves, axis=1) == whole).all()


@pytest.mark.parametrize("step", [0, 1, 12, 13, 14, 25, 26])
def test_a_run_goes_on_at_any_step(step: int) -> None:
    plan = Plan(LABELS, Recipe(batch=8))
    whole = np.concatenate([plan.training(epoch) for epoch in range(3)])
    rest = np.concatenate([plan.training(epoch, step) for epoch in range(step // plan.steps, 3)])
    assert (rest == whole[step * 8:]).all()


def test_evaluation_sees_every_example_once_in_order() -> None:
    rows = Plan(LABELS, replace(Recipe(batch=8), sampling="balanced")).evaluation()
    assert rows[rows[:, 2] == 1, 1].tolist() == list(range(100))
    assert len(rows) == 104
