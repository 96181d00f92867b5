"""Gives a model of keras.applications random weights, and hands them on as the file that it would save."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from pathlib import Path
from typing import Any

import keras
import numpy as np

from archspec.weights.keras_file import COUNTED
from archspec.weights.tensors import Stored, WeightsFile

KINDS = {"depthwise": "kernel", "pointwise": "kernel", "variable": "gamma"}
"""What Keras's other names begin with: of the kernels of separable layers, and of ConvNeXt's nameless LayerScale."""


def weights(layers: Iterable[Any]) -> Iterator[tuple[str, keras.Variable]]:
    """The kind and the variable of each weight, without those of Keras's scaling of pixels."""
    for layer in layers:
        if not isinstance(layer, keras.layers.Normalization):
            for weight in getattr(layer, "weights", ()):
                yield KINDS.get(weight.name.split("_")[0], weight.name), weight


def randomise(model: keras.Model, images: np.ndarray, rng: np.random.Generator) -> None:
    """Random weights that keep numbers in range: He's kernels, and batch-norm statistics around those of the images."""
    for kind, weight in weights(model.layers):
        weight.assign(_random(kind, weight.shape, rng))
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for norm in norms:
        norm.momentum = 0.0
    model(images, training=True)
    for norm in norms:
        variance = norm.moving_variance.numpy()
        norm.moving_mean.assign_add(rng.normal(0, 0.1, variance.shape) * np.sqrt(variance))
        norm.moving_variance.assign(variance * rng.uniform(0.7, 1.4, variance.shape))


def _random(kind: str, shape: tuple[int, ...], rng: np.random.Generator) -> np.ndarray:
    if kind == "kernel":
        return rng.normal(0, np.sqrt(2 / prod(shape[:2] if shape[-1] == 1 else shape[:-1])), shape)
    return rng.uniform(0.5, 1.5, shape) if kind == "gamma" else rng.normal(0, 0.1, shape)


def as_file(model: keras.Model) -> WeightsFile:
    """The weights by the names that they have in a file of Keras; test_import reads such files."""
    tensors = {}
    for layer in _leaves(model):
        for weight in layer.weights:
            field = "gamma" if weight.name.startswith("variable") else weight.name
            tensors[f"{_counted(layer.name)}/{field}"] = Stored(tuple(weight.shape), weight.numpy)
    return WeightsFile(Path(model.name), "keras", tensors)


def _leaves(model: keras.Model) -> Iterator[keras.Layer]:
    """The layers, those of models within it too."""
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            yield from _leaves(layer)
        else:
            yield layer


def _counted(name: str) -> str:
    """As the reader of Keras's files calls a layer that has no name of its own: conv2d_0, conv2d_1."""
    found = COUNTED.fullmatch(name)
    return f"{found[1]}_{found[2] or 0}" if found else name
