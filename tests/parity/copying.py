"""Gives a model of keras.applications random weights, and one of ours the same weights."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import keras
import numpy as np

from archspec.model.emit import deep

KINDS = {"depthwise_kernel": "kernel", "pointwise_kernel": "kernel", "variable": "gamma"}
"""What Keras calls a kernel in separable layers, and the nameless factor of ConvNeXt's LayerScale."""
FAR = 1e-3


def walk(model: keras.Model, body_first: bool = False) -> list[Any]:
    """The layers in the order in which they are needed for the output, along the inputs of every merge in turn.

    `body_first` says that additions have the shortcut as their last input; ours have it as their first.
    """
    found: dict[int, Any] = {}

    def visit(layer: Any) -> None:
        if id(layer) not in found and not isinstance(layer, keras.layers.InputLayer):
            parents = [node.operation for node in layer._inbound_nodes[0].parent_nodes]
            for parent in parents[::-1] if body_first and isinstance(layer, keras.layers.Add) else parents:
                visit(parent)
            found[id(layer)] = layer

    with deep(len(model.operations)):
        visit(model.outputs[0]._keras_history.operation)
    return list(found.values())


def weights(layers: list[Any]) -> Iterator[tuple[str, keras.Variable]]:
    """The kind and the variable of each weight in turn; what scales pixels ahead of a network is no weight of it."""
    for layer in layers:
        if not isinstance(layer, keras.layers.Normalization):
            for weight in layer.weights:
                if weight.dtype == "float32":  # not the state of a dropout's random numbers
                    yield KINDS.get(weight.name, weight.name), weight


def randomise(model: keras.Model, images: np.ndarray, rng: np.random.Generator) -> None:
    """Random weights that keep numbers in range: He's kernels, and batch-norm statistics near those of the images."""
    for kind, weight in weights(model.layers):
        fan_in = np.prod(weight.shape[:-1]) if weight.shape[-1] > 1 else np.prod(weight.shape[:2])
        weight.assign({"kernel": lambda fan=fan_in, shape=weight.shape: rng.normal(0, np.sqrt(2 / fan), shape),
                       "gamma": lambda shape=weight.shape: rng.uniform(0.5, 1.5, shape)}.get(
                           kind, lambda shape=weight.shape: rng.normal(0, 0.1, shape))())
    norms = [layer for layer in model.layers if isinstance(layer, keras.layers.BatchNormalization)]
    for norm in norms:
        norm.momentum = 0.0
    model(images, training=True)
    for norm in norms:
        variance = norm.moving_variance.numpy()
        norm.moving_mean.assign_add(rng.normal(0, 0.1, variance.shape) * np.sqrt(variance))
        norm.moving_variance.assign(variance * rng.uniform(0.7, 1.4, variance.shape))


def copy(theirs: list[Any], ours: list[Any]) -> int:
    """Gives the n-th weight of a kind the value of the n-th of theirs, each once; how many there were.

    Shapes may differ in sides of 1: a dense layer may be a 1x1 convolution.
    """
    left: dict[str, list[keras.Variable]] = {}
    for kind, weight in weights(theirs):
        left.setdefault(kind, []).insert(0, weight)
    count = 0
    for kind, weight in weights(ours):
        source = left[kind].pop()
        assert _sides(source) == _sides(weight), f"{source.path} {source.shape} is not {weight.path} {weight.shape}"
        weight.assign(source.numpy().reshape(weight.shape))
        count += 1
    assert not any(left.values()), f"not copied: {[weight.path for each in left.values() for weight in each]}"
    return count


def _sides(weight: keras.Variable) -> list[int]:
    return [side for side in weight.shape if side > 1]
