"""Graph to keras.Model: one loop over the nodes."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import keras

from archspec.errors import InputError, nearest
from archspec.graph.ir import Feature, Graph, Node
from archspec.graph.recompute import recomputed
from archspec.model import layers
from archspec.model.recompute import RecomputingModel


def build(graph: Graph, *, auxiliary: bool = False, initialize: bool = True, portable: bool = False) -> keras.Model:
    """The functional model: `images` (batch, height, width, channels) to logits (batch, classes).

    With `auxiliary`, to {"logits": …, "auxiliary_<stage>": …} for training. `initialize=False` leaves kernels zero,
    which is several times quicker and enough for an audit. `portable` takes Keras's own layer wherever it has one that
    computes the same, were it slower: for files that are to be loaded without archspec. Layers have the names of the nodes.
    """
    nodes = graph.nodes if auxiliary else graph.predicting
    with deep(len(nodes)):
        values = _emit(nodes, initialize, portable)
        outputs: Any = values[graph.output.name]
        if auxiliary:
            extra = {f"auxiliary_{stage}": values[value.name] for stage, value in graph.auxiliary.items()}
            outputs = {"logits": outputs, **extra}
        return _model(graph, values, outputs, graph.name, portable)


def _model(graph: Graph, values: Mapping[str, Any], outputs: Any, name: str, portable: bool) -> keras.Model:
    """The plain functional model, or the one that recomputes in training where the graph says so."""
    again = recomputed(graph)
    if not again or portable:
        return keras.Model(values[graph.input.name], outputs, name=name)
    model = RecomputingModel(values[graph.input.name], outputs, name=name)
    helpers = (f"{node.name}{suffix}" for node in graph.nodes if node.recompute for suffix in layers.HELPERS)
    model.recomputed = (*sorted(again), *helpers)
    return model


@contextmanager
def deep(nodes: int) -> Iterator[None]:
    """Lets Keras walk a network of so many nodes: it recurses from layer to layer, in Model and in load_model.

    ResNet-1202 is deeper than Python's limit of 1000 calls.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before + 2 * nodes)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def backbone(graph: Graph, levels: Sequence[str]) -> keras.Model:
    """The model from `images` to {level: feature map}, with no layer more than that takes.

    Raises InputError if the graph has no such level, or none is asked for.
    """
    wanted = {level: _feature(graph, level) for level in levels}
    if not wanted:
        raise InputError(f"{graph.name}: no feature level was asked for; it has {', '.join(graph.features)}")
    nodes = graph.ancestors([graph.input.name, *(feature.value.name for feature in wanted.values())])
    with deep(len(nodes)):
        values = _emit(nodes, initialize=True, portable=False)
        outputs = {level: values[feature.value.name] for level, feature in wanted.items()}
        model = _model(graph, values, outputs, f"{graph.name}_backbone", portable=False)
    # what keras-cv's detection and segmentation models ask a backbone for
    model.pyramid_level_inputs = {level: feature.value.name for level, feature in wanted.items()}
    return model


def _feature(graph: Graph, level: str) -> Feature:
    if level not in graph.features:
        known, near = ", ".join(graph.features) or "none", nearest(level, graph.features)
        hint = f"\n  hint: {near}" if near else ""
        raise InputError(f"{graph.name} has no feature level '{level}'; it has {known}{hint}")
    return graph.features[level]


def _emit(nodes: Iterable[Node], initialize: bool, portable: bool) -> dict[str, Any]:
    """The Keras tensor of each node."""
    values: dict[str, Any] = {}
    above_zero: set[str] = set()
    for node in nodes:
        non_negative = bool(node.inputs) and all(value.name in above_zero for value in node.inputs)
        chain = layers.emit(node, layers.Context(initialize, non_negative, portable))
        values[node.name] = _apply(chain, [values[value.name] for value in node.inputs], layers.takes_list(node))
        if layers.keeps_above_zero(node, non_negative):
            above_zero.add(node.name)
    return values


def _apply(chain: layers.Layers, inputs: list[Any], as_list: bool) -> Any:
    """What a node's layers make of its inputs; merging layers take a list even of one."""
    if not inputs:
        return chain[0].output
    x = inputs if as_list else inputs[0]
    for layer in chain:
        x = layer(x)
    return x
