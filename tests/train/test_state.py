"""The state: one named tree that can be copied and restored."""

from __future__ import annotations

import keras
import numpy as np
import pytest

from archspec.train.progress import Progress
from archspec.train.saving.checkpoint import Misfit
from archspec.train.state import TrainState, groups


def network() -> keras.Model:
    images = keras.Input((4,), name="images")
    return keras.Model(images, keras.layers.Dropout(0.5)(keras.layers.Dense(3, name="head")(images)))


def state() -> TrainState:
    model, optimizer = network(), keras.optimizers.SGD(0.1, momentum=0.9)
    optimizer.build(model.trainable_variables)
    return TrainState(groups(model, optimizer), Progress(7, 1.5, np.array([1.0, 2, 3]), [3.0, 0.5], [{"epoch": 1.0}]), lambda: None)


def test_names_are_those_of_every_process() -> None:
    """However many optimizers and seed generators Keras has counted before."""
    names = ["model/head/kernel", "model/head/bias", "optimizer/00000/iteration", "optimizer/00001/learning_rate",
             "optimizer/00002/head_kernel_momentum", "optimizer/00003/head_bias_momentum", "seeds/00000"]
    assert [list(state().snapshot().arrays) for _ in range(2)] == [names, names]


def test_what_is_copied_comes_back() -> None:
    one, other = state(), state()
    other.progress.step = 0
    other.restore(one.snapshot())
    assert other.progress.to_json() == one.progress.to_json()
    for name, array in one.snapshot().arrays.items():
        np.testing.assert_array_equal(other.snapshot().arrays[name], array)


def test_a_copy_stays_as_it_was() -> None:
    one = state()
    copy = one.snapshot()
    one.groups["model"]["head/bias"].assign(np.ones(3, np.float32))
    one.progress.history.append({"epoch": 2.0})
    assert copy.arrays["model/head/bias"].tolist() == [0.0, 0.0, 0.0]
    assert len(copy.progress["history"]) == 1


def test_another_networks_is_refused_before_anything_changes() -> None:
    one = state()
    other = one.snapshot()
    other.arrays["model/b/bias"] = other.arrays["model/head/bias"] + 1
    other.arrays["model/head/bias"] = np.ones(3, np.float32)
    with pytest.raises(Misfit, match="1 variables differ, the first is model/b/bias"):
        one.restore(other)
    assert one.snapshot().arrays["model/head/bias"].tolist() == [0.0, 0.0, 0.0]


def test_what_devices_count_apart_is_brought_together_first() -> None:
    one = state()
    gathered = TrainState(one.groups, one.progress, lambda: one.groups["model"]["head/bias"].assign(np.full(3, 5, np.float32)))
    assert gathered.snapshot().arrays["model/head/bias"].tolist() == [5.0, 5.0, 5.0]
