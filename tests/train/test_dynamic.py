"""The dynamic scale of the loss: what it does to a step, by what the gradients are."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from archspec.train import dynamic
from archspec.train.dynamic import FIRST, MOST, Dynamic
from archspec.train.momentum import caffe


class Small:
    """A weight with momentum, changed by gradients that come scaled."""

    def __init__(self) -> None:
        self.scale, self.weight, self.total = Dynamic(), keras.Variable([1.0, 2.0]), keras.Variable([0.5, 0.5])
        self.step = tf.function(self._step, autograph=False)

    def _step(self, gradient: tf.Tensor) -> None:
        own = self.scale.gradients([self.scale.loss(gradient)])
        self.scale.step(own, [self.weight, self.total],
                        lambda: caffe(self.weight, self.total, own[0], tf.constant(0.1), 0.9, nesterov=False))

    def state(self) -> list[list[float]]:
        return [self.weight.numpy().tolist(), self.total.numpy().tolist()]


def test_a_scaled_gradient_is_the_same_to_the_last_bit() -> None:
    small, gradient = Small(), np.float32([0.1, -3e-7])
    small.step(gradient)
    assert small.state()[1] == pytest.approx((np.float32(0.9) * np.float32(0.5) - np.float32(0.1) * gradient).tolist(), abs=1e-7)
    np.testing.assert_array_equal(small.scale.gradients([small.scale.loss(tf.constant(gradient))])[0], gradient)
    assert (float(small.scale.value), int(small.scale.good)) == (FIRST, 1)


@pytest.mark.parametrize("bad", [np.inf, np.nan])
def test_a_step_that_is_not_finite_changes_nothing_but_the_scale(bad: float) -> None:
    small = Small()
    small.step(np.float32([1, 1]))
    before = small.state()
    small.step(np.float32([1, bad]))
    assert small.state() == before
    assert (float(small.scale.value), int(small.scale.good)) == (FIRST / 2, 0)


def test_it_grows_after_many_good_steps_and_ends_at_its_most(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dynamic, "PATIENCE", 3)
    small, found = Small(), []
    for _ in range(36):
        small.step(np.float32([0, 0]))
        found.append(float(small.scale.value))
    assert found[:4] == [FIRST, FIRST, 2 * FIRST, 2 * FIRST]
    assert found[-1] == MOST == 2.0**24


def test_at_its_least_the_gradient_is_the_trainings_own() -> None:
    small = Small()
    small.scale.value.assign(1.0)
    small.step(np.float32([1, np.nan]))
    assert np.isnan(small.weight.numpy()).any()
    assert float(small.scale.value) == 1.0
