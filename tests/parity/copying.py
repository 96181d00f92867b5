"""Gives a model of keras.applications random weights, and one of ours the same weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from math import prod
from typing import Any

import keras
import numpy as np

from archspec.io.depth import deep

KINDS = {"depthwise": "kernel", "pointwise": "kernel", "variable": "gamma"}
"""What Keras's other names begin with: of the kernels of separable layers, and of ConvNeXt's nameless LayerScale."""


def walk(model: keras.Model, body_first: bool = False) -> list[Any]:
    """All layers in the order in which the output needs them, along the inputs of every merge in turn.

    Ours have the shortcut as the first input of an addition; `body_first` says that these have it last.
    """
    found: dict[int, Any] = {}

    def visit(layer: Any) -> None:
        if id(layer) not in found:
            parents = [node.operation for node in layer._inbound_nodes[0].parent_nodes]
            for parent in reversed(parents) if body_first and isinstance(layer, keras.layers.Add) else parents:
                visit(parent)
            found[id(layer)] = layer

    with deep(len(model.operations)):
        visit(model.outputs[0]._keras_history.operation)
    return list(found.values())


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


def copy(theirs: Iterable[Any], ours: Iterable[Any]) -> int:
    """Gives the n-th weight of each kind the value of the n-th of theirs, all once, and says how many there were.

    Shapes may differ in sides of 1: a dense layer may be a 1x1 convolution.
    """
    sources, targets = list(_by_kind(theirs)), list(_by_kind(ours))
    for (kind, source), (other, target) in zip(sources, targets, strict=True):
        assert (kind, _sides(source)) == (other, _sides(target)), f"{source.path} is not {target.path}"
        target.assign(source.numpy().reshape(target.shape))
    return len(targets)


def _by_kind(layers: Iterable[Any]) -> list[tuple[str, keras.Variable]]:
    return sorted(weights(layers), key=lambda pair: pair[0])  # keeps the order within a kind


def _sides(weight: keras.Variable) -> list[int]:
    return [side for side in weight.shape if side > 1]
