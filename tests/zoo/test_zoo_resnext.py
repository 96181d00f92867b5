"""The three forms of ResNeXt's unit compute the same function from the same weights (1611.05431, Figure 3)."""

from __future__ import annotations

import re

import keras
import numpy as np
import pytest

from archspec.model.emit import build
from archspec.network import load, lower

SMALL = {"input": "32x33x3", "classes": 10, "stages.repeats": [1, 2, 1, 1], "stages.widths": [16, 16, 32, 32],
         "stages.cardinality": 4, "stages.base_width": 16}
PATH = re.compile(r"_(?:sum_)?path(\d+)")


def model(form: str) -> keras.Model:
    return build(lower(load(f"resnext50_32x4d{form}", SMALL)))


def in_grouped_form(name: str) -> str:
    """The layer of the grouped form that holds the weights of a layer of another form."""
    name = PATH.sub("", name)
    return re.sub(r"(block\d+)_(?:conv_)?norm$", r"\1_conv3_norm", re.sub(r"(block\d+)_conv$", r"\1_conv3", name))


def part(whole: np.ndarray, shape: tuple[int, ...], path: int) -> np.ndarray:
    """Of the axes that a path has its own part of, that part."""
    for axis, size in enumerate(shape):
        if size < whole.shape[axis]:
            whole = np.take(whole, range(path * size, (path + 1) * size), axis)
    return whole


def rearrange(grouped: keras.Model, other: keras.Model) -> None:
    """Gives the other form the weights of the grouped form."""
    for layer in other.layers:
        path = PATH.search(layer.name)
        sources = grouped.get_layer(in_grouped_form(layer.name)).weights if layer.weights else []
        for source, target in zip(sources, layer.weights, strict=True):
            target.assign(part(source.numpy(), target.shape, int(path[1]) - 1 if path else 0))


@pytest.mark.parametrize("form", ["_aggregated", "_concatenated"])
def test_it_computes_what_the_grouped_form_computes(form: str) -> None:
    rng = np.random.default_rng(0)
    keras.utils.set_random_seed(0)
    grouped, other = model(""), model(form)
    for weight in grouped.weights:
        if len(weight.shape) == 1:
            weight.assign(rng.uniform(0.5, 1.5, weight.shape))
    rearrange(grouped, other)
    images = rng.normal(size=(2, 32, 33, 3)).astype("float32")
    expected = grouped(images, training=False).numpy()
    assert grouped.count_params() == other.count_params()
    np.testing.assert_allclose(other(images, training=False), expected, rtol=0, atol=1e-5 * np.abs(expected).max())
    assert np.ptp(expected, axis=0).max() > 0.1 * np.abs(expected).max()
