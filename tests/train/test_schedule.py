"""Learning rates: against the papers' own numbers, and each kind against its closed form in float64 at 20 points."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from archspec.schema.read import section_of
from archspec.spec.recipe import Recipe
from archspec.train.step.schedule import LearningRate


def rates(steps_per_epoch: int, steps: list[int], epochs: int, *, batch: int = 32, **schedule: Any) -> list[float]:
    recipe = section_of(Recipe, {"epochs": epochs, "batch": batch, "schedule": schedule})
    rate = LearningRate(recipe, steps_per_epoch)
    return [float(rate(step)) for step in steps]


def test_cifar_resnet() -> None:
    """He et al. 2016, section 4.2: 0.1, divided by 10 at 32k and 48k of 64k iterations; 391 of them are an epoch."""
    found = rates(391, [0, 31999, 32000, 47999, 48000, 63999], 164, kind="step", learning_rate=0.1,
                  milestones=[32000 / 391, 48000 / 391])
    assert found == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])


def test_imagenet_in_an_hour() -> None:
    """Goyal et al. 2017, section 2.2 and 5.1: 5 epochs of warm-up, then 1/10 at epochs 30, 60, 80 of 90."""
    epoch = 100
    found = rates(epoch, [0, 249, 499, 500, 2999, 3000, 6000, 8000], 90, batch=8192, kind="step", learning_rate="0.1 per 256",
                  warmup=5, milestones=[30, 60, 80])
    assert found == pytest.approx([3.2 / 500, 1.6, 3.2, 3.2, 3.2, 0.32, 0.032, 0.0032])


def test_cosine() -> None:
    """Loshchilov and Hutter 2017, 1608.03983, equation 5: half of it in the middle, next to nothing at the end."""
    found = rates(10, [0, 50, 99], 10, kind="cosine", learning_rate=0.4)
    assert found == pytest.approx([0.4, 0.2, 0.4 * 0.000247], rel=1e-2)


def test_efficientnet() -> None:
    """Tan & Le 2019: 0.97 every 2.4 epochs, counted from the start; 625 steps an epoch, so that each fall is at a whole step."""
    falls = [round(number * 2.4 * 625) for number in (3, 100, 145)]
    found = rates(625, [step - 1 for step in falls] + falls, 350, kind="exponential", learning_rate=1, factor=0.97, every=2.4, warmup=5)
    assert found == pytest.approx([0.97 ** number for number in (2, 99, 144, 3, 100, 145)], rel=1e-6)


STEPS, EPOCHS = 37, 48
Form = Callable[[float], float]
"""The share of the highest rate at an epoch behind the warm-up."""


def half_cosine(done: float) -> float:
    return (1 + math.cos(math.pi * done)) / 2


def behind(warmup: float, curve: Form, final: float = 0.0) -> Form:
    return lambda epoch: final + (1 - final) * curve((epoch - warmup) / (EPOCHS - warmup))


KINDS: list[tuple[dict[str, Any], float, Form]] = [
    ({"kind": "constant"}, 0, lambda epoch: 1.0),
    ({"kind": "constant", "warmup": 3, "warmup_from": 0.25}, 3, lambda epoch: 1.0),
    ({"kind": "step", "milestones": [10, 20.5, 40], "factor": 0.2, "warmup": 2}, 2, lambda epoch: 0.2 ** sum(epoch >= np.array([10, 20.5, 40]))),
    ({"kind": "step", "milestones": ["25%", "75%"]}, 0, lambda epoch: 0.1 ** sum(epoch >= np.array([12, 36]))),
    ({"kind": "step", "milestones": [30, 60, 80], "warmup": 5, "written_for": 96, "stretch": True}, 2.5,
     lambda epoch: 0.1 ** sum(epoch >= np.array([15, 30, 40]))),
    ({"kind": "exponential", "factor": 0.94, "every": 2, "warmup": 5}, 5, lambda epoch: 0.94 ** math.floor(epoch / 2)),
    ({"kind": "exponential", "factor": 0.5, "every": "10%", "staircase": False}, 0, lambda epoch: 0.5 ** (epoch / 4.8)),
    ({"kind": "cosine", "warmup": "5%", "warmup_from": 0.01}, 2.4, behind(2.4, half_cosine)),
    ({"kind": "cosine", "warmup": 4, "final": 0.1}, 4, behind(4, half_cosine, 0.1)),
    ({"kind": "polynomial", "power": 0.9, "warmup": 1, "final": 0.01}, 1, behind(1, lambda done: (1 - done) ** 0.9, 0.01)),
    ({"kind": "linear", "warmup": 1.5, "final": 0.05}, 1.5, behind(1.5, lambda done: 1 - done, 0.05)),
    ({"kind": "one_cycle"}, 14.4, behind(14.4, half_cosine, 4e-6)),
    ({"kind": "one_cycle", "anneal": "linear", "warmup": 12, "final": 0.5}, 12, behind(12, lambda done: 1 - done, 0.5)),
]


@pytest.mark.parametrize(("schedule", "warmup", "form"), KINDS, ids=lambda value: value["kind"] if isinstance(value, dict) else "")
def test_each_kind_is_its_closed_form(schedule: dict[str, Any], warmup: float, form: Form) -> None:
    steps = [int(step) for step in np.linspace(0, STEPS * EPOCHS - 1, 20)] + [round(warmup * STEPS) + more for more in (-1, 0) if warmup]
    cycle = schedule["kind"] == "one_cycle"
    start = schedule.get("warmup_from", 0.04 if cycle else 0.0)

    def expected(step: int) -> float:
        if step >= round(warmup * STEPS):
            return 0.3 * form(step / STEPS)
        up = (step + 1) / round(warmup * STEPS)
        return 0.3 * (start + (1 - start) * (1 - half_cosine(up) if cycle and "anneal" not in schedule else up))
    found = rates(STEPS, steps, EPOCHS, learning_rate=0.3, **schedule)
    assert found == pytest.approx([expected(step) for step in steps], rel=1e-6, abs=1e-7 * 0.3)


def test_a_rate_is_scaled_by_the_rule_that_is_named() -> None:
    """Krizhevsky 2014, 1404.5997, section 5: by the square root; Goyal et al.: in proportion, which holds if nothing is said."""
    assert rates(10, [0], 10, batch=1024, kind="constant", learning_rate="0.1 per 256") == pytest.approx([0.4])
    assert rates(10, [0], 10, batch=1024, kind="constant", learning_rate="0.1 per 256", scaling="sqrt") == pytest.approx([0.2])
    assert rates(10, [0], 10, batch=1024, kind="constant", learning_rate=0.1) == pytest.approx([0.1])


def test_one_cycle_without_a_way_up_only_falls() -> None:
    assert rates(10, [0, 50], 10, kind="one_cycle", learning_rate=1, warmup=0, final=0) == pytest.approx([1, 0.5])


def test_an_interval_of_next_to_nothing_is_a_rate_of_nothing() -> None:
    assert rates(10, [0, 1], 10, kind="exponential", learning_rate=1, factor=0.9, every=1e-9) == [1, 0]


@pytest.mark.parametrize("steps", [1, 7, 625, 5004])
def test_a_fall_comes_at_a_whole_step_however_long_the_training_is(steps: int) -> None:
    """1 step before it, and at it; at 300,000 epochs of steps float32 knows no single steps any more."""
    last = math.ceil(2.4 * 40_000 * steps)
    found = rates(steps, [last - 1, last], 99_999, kind="exponential", learning_rate=1, factor=0.9999, every=2.4)
    assert found[1] / found[0] == pytest.approx(0.9999, rel=1e-6)
    first = math.ceil(90_000.1 * steps)
    assert rates(steps, [first - 1, first], 99_999, kind="step", milestones=[90_000.1]) == pytest.approx([0.1, 0.01])
