"""Learning rates against the papers' own numbers."""

from __future__ import annotations

from typing import Any

import pytest

from archspec.schema.read import section_of
from archspec.spec.recipe import Recipe
from archspec.train.schedule import LearningRate


def rates(steps_per_epoch: int, steps: list[int], epochs: int, **schedule: Any) -> list[float]:
    recipe = section_of(Recipe, {"epochs": epochs, "schedule": schedule})
    rate = LearningRate(recipe, steps_per_epoch)
    return [float(rate(step)) for step in steps]


def test_cifar_resnet() -> None:
    """He et al. 2016, section 4.2: 0.1, divided by 10 at 32k and 48k of 64k iterations; 391 of them are an epoch."""
    found = rates(391, [0, 31999, 32001, 47999, 48001, 63999], 164, kind="step", learning_rate=0.1,
                  milestones=[32000 / 391, 48000 / 391])
    assert found == pytest.approx([0.1, 0.1, 0.01, 0.01, 0.001, 0.001])


def test_imagenet_in_an_hour() -> None:
    """Goyal et al. 2017, section 2.2 and 5.1: 5 epochs of warm-up, then 1/10 at epochs 30, 60, 80 of 90."""
    epoch = 100
    found = rates(epoch, [0, 249, 499, 500, 2999, 3000, 6000, 8000], 90, kind="step", learning_rate=3.2, warmup=5,
                  milestones=[30, 60, 80])
    assert found == pytest.approx([3.2 / 500, 1.6, 3.2, 3.2, 3.2, 0.32, 0.032, 0.0032])


def test_cosine() -> None:
    """Loshchilov and Hutter 2017, 1608.03983, equation 5: half of it in the middle, next to nothing at the end."""
    found = rates(10, [0, 50, 99], 10, kind="cosine", learning_rate=0.4)
    assert found == pytest.approx([0.4, 0.2, 0.4 * 0.000247], rel=1e-2)


def test_cosine_starts_when_the_warm_up_is_over() -> None:
    assert rates(10, [9, 10, 60], 11, kind="cosine", learning_rate=1, warmup=1) == pytest.approx([1, 1, 0.5])


def test_constant() -> None:
    assert rates(10, [0, 5, 99], 10, kind="constant", learning_rate=0.3) == pytest.approx([0.3] * 3)
