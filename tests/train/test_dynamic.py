"""The dynamic scale of the loss: what it does to a step, by what the gradients are."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf
from forked import program

from archspec.train.step import dynamic
from archspec.train.step.dynamic import FIRST, MOST, Dynamic
from archspec.train.step.momentum import caffe


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


DEVICES = """
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
import keras, numpy as np
from archspec.spec.recipe import Recipe
from archspec.train.step.dynamic import Dynamic
from archspec.train.step.optimizer import make_optimizer
from archspec.train.step.steps import TrainStep
from archspec.train.devices.strategy import make_strategy

strategy = make_strategy(Recipe(strategy="mirrored", batch=2))
with strategy.scope():
    images = keras.Input((3,))
    model, recipe = keras.Model(images, keras.layers.Dense(2, name="dense")(images)), Recipe(batch=2)
    step = TrainStep(model, make_optimizer(recipe, 1, model), recipe, None, (), 2, scale=Dynamic())

@tf.function(autograph=False)
def run(values):
    def one():
        here = tf.gather(values, tf.distribute.get_replica_context().replica_id_in_sync_group)
        step.update([tf.fill(variable.shape, here) for variable in model.trainable_variables], tf.constant(1.0))
    strategy.run(one)

def held():
    return [each.numpy().tolist() for variable in (*model.weights, *step.optimizer.variables[1:], *step.scale.variables.values())
            for each in variable.value.values]

run([1.0, 2.0])
before = held()
run([1.0, float("nan")])
after = held()
assert before[:-4] == after[:-4], (before, after)
assert after[-4:] == [2.0**14, 2.0**14, 0, 0], after
assert step.optimizer.iterations.numpy() == 2  # the schedule goes on
"""


@pytest.mark.slow
def test_what_is_not_finite_on_one_device_changes_nothing_on_any() -> None:
    program(DEVICES)
