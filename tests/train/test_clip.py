"""Bounds of gradients; those over several devices stand among the formulas."""

from __future__ import annotations

import keras
import numpy as np
import pytest
import tensorflow as tf

from archspec.spec.updates import Clip
from archspec.train.step.clip import clipped, units

AXES = {"conv": (0, 1, 2), "depthwise": (0, 1), "hidden": (0,), "norm": ()}


@pytest.fixture(scope="module")
def model() -> keras.Model:
    keras.utils.set_random_seed(3)
    layers, images = keras.layers, keras.Input((6, 6, 2))
    maps = layers.DepthwiseConv2D(3, depth_multiplier=2, name="depthwise")(layers.Conv2D(4, 3, name="conv")(images))
    hidden = layers.Dense(5, name="hidden")(layers.Flatten()(layers.BatchNormalization(name="norm")(maps)))
    return keras.Model(images, layers.Activation("linear")(layers.Dense(3, name="head")(hidden)))


def test_a_unit_is_what_goes_into_one_output(model: keras.Model) -> None:
    for path, axes in units(model).items():
        layer, name = path.split("/")
        assert axes == (None if layer == "head" else AXES[layer] if name == "kernel" else ()), path


def test_adaptive(model: keras.Model) -> None:
    """Equation 3 of 2102.06171: units whose gradient is longer than that share of their weights, a length of 1e-3 at least."""
    draw, at = np.random.default_rng(0), 0.1
    given = [np.float32(draw.normal(size=variable.shape) * draw.choice([1e-3, 1.0], variable.shape[-1]))
             for variable in model.trainable_variables]
    found = clipped(Clip(at=at, kind="adaptive"), model, [tf.constant(each) for each in given], model.trainable_variables)
    for variable, before, after in zip(model.trainable_variables, given, found, strict=True):
        axes = units(model)[variable.path]
        if axes is None:
            assert after.numpy().tolist() == before.tolist()
            continue
        where, weight = axes or tuple(range(before.ndim)), variable.value.numpy()
        long, own = (np.sqrt((each ** 2).sum(axis=where, keepdims=True)) for each in (before, weight))
        most = at * np.maximum(own, 1e-3)
        np.testing.assert_allclose(after.numpy(), np.where(long > most, before * most / long, before), rtol=1e-5)


def test_nothing_comes_of_no_gradient(model: keras.Model) -> None:
    nothing = [tf.zeros(variable.shape) for variable in model.trainable_variables]
    for kind in ("norm", "value", "adaptive"):
        found = clipped(Clip(at=0.1, kind=kind), model, nothing, model.trainable_variables)
        assert all((each.numpy() == 0).all() for each in found)
