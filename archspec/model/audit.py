"""Holds a Keras model against the graph it was built from, layer by layer.

The multiply-adds are counted from the Keras layers' own settings and shapes, not from the graph's operations, so that a
slip in either shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from math import prod
from typing import Any

import keras

from archspec.graph.ir import Graph, Node, is_input
from archspec.model.emit import build
from archspec.model.layers import HELPERS, IMAGES


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One difference: the layer (or 'total'), what differs, and both sides' values."""

    layer: str
    what: str
    graph: object
    keras: object

    def __str__(self) -> str:
        return f"{self.layer}: {self.what}: {self.graph} in the graph, {self.keras} in the Keras model"


def differences(graph: Graph) -> tuple[Mismatch, ...]:
    """Every difference between a graph and what `build` makes of it, auxiliary classifiers included.

    The weights of the model get no values, only shapes: several times quicker, and small even for VGG.
    """
    with keras.StatelessScope(initialize_variables=False):
        found = audit(graph, build(graph, auxiliary=bool(graph.auxiliary)))
    keras.backend.clear_session()  # or Keras would give the values later
    return found


def audit(graph: Graph, model: keras.Model) -> tuple[Mismatch, ...]:
    """Every difference between a graph and the model that `build` made of it; empty when they agree."""
    nodes = {_layer_name(node): node for node in (graph.nodes if len(model.outputs) > 1 else graph.predicting)}
    layers = {layer.name: layer for layer in model.layers}
    return (*_missing(nodes, layers), *_extra(nodes, layers), *_totals(nodes.values(), model),
            *(found for name, node in nodes.items() if name in layers for found in _layer(name, node, layers[name])))


def _layer_name(node: Node) -> str:
    return IMAGES if is_input(node) else node.name


def _missing(nodes: Iterable[str], layers: Iterable[str]) -> Iterator[Mismatch]:
    known = set(layers)
    for name in nodes:
        if name not in known:
            yield Mismatch(name, "layer", "there", "missing")


def _extra(nodes: dict[str, Node], layers: dict[str, keras.layers.Layer]) -> Iterator[Mismatch]:
    helpers = {name + suffix for name in nodes for suffix in HELPERS}
    for name, layer in layers.items():
        if name in nodes:
            continue
        if name not in helpers:
            yield Mismatch(name, "layer", "missing", "there")
        elif layer.weights:
            yield Mismatch(name, "weights of a helper layer", (), _weights(layer))


def _layer(name: str, node: Node, layer: keras.layers.Layer) -> Iterator[Mismatch]:
    expected = tuple((weight.name, weight.shape, weight.trainable) for weight in node.weights)
    pairs = (("output shape", node.output.type.shape, tuple(layer.output.shape[1:])),
             ("weights", expected, _weights(layer)),
             ("multiply-adds", node.macs, macs(layer)))
    for what, ours, theirs in pairs:
        if ours != theirs:
            yield Mismatch(name, what, ours, theirs)


def _weights(layer: keras.layers.Layer) -> tuple[tuple[str, tuple[int, ...], bool], ...]:
    return tuple((weight.name, tuple(weight.shape), weight.trainable) for weight in layer.weights)


def macs(layer: Any) -> int | None:
    """Multiply-adds of a Keras layer for one image, from its settings and shapes; None where a size is open.

    One for each weight of the window, output position and output channel; biases are left out.
    """
    if isinstance(layer, keras.layers.DepthwiseConv2D):
        each = prod(layer.kernel_size)
    elif isinstance(layer, keras.layers.Conv2D):
        each = prod(layer.kernel_size) * layer.input.shape[-1] // layer.groups
    elif isinstance(layer, keras.layers.Dense):
        each = layer.input.shape[-1]
    else:
        return 0
    outputs = layer.output.shape[1:]
    return None if None in outputs else prod(outputs) * each


def _totals(nodes: Iterable[Node], model: keras.Model) -> Iterator[Mismatch]:
    ours = {True: 0, False: 0}
    for node in nodes:
        for weight in node.weights:
            ours[weight.trainable] += weight.size
    theirs = {True: _count(model.trainable_weights), False: _count(model.non_trainable_weights)}
    for trainable, word in ((True, "trainable"), (False, "non-trainable")):
        if ours[trainable] != theirs[trainable]:
            yield Mismatch("total", f"{word} parameters", ours[trainable], theirs[trainable])


def _count(weights: Iterable[Any]) -> int:
    return sum(prod(weight.shape) for weight in weights)
