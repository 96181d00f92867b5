"""Batch norms of a network that predicts, folded into the layers before them (Jacob et al. 2018, 1712.05877, section 3.2)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from archspec.graph.ir import Graph, Node
from archspec.graph.ops import BatchNorm, Conv, Dense, Depthwise
from archspec.graph.passes.network import Network, checked, rewired
from archspec.graph.weights import Key, Weights

Weighted = Conv | Depthwise | Dense


@checked
def fold_batch_norms(network: Network) -> Network:
    """The network without the batch norms that follow a convolution or dense layer alone.

    Equal in inference but for rounding, to 1e-5 of the largest output on the zoo. Not for training: what is folded has
    no statistics of a batch. A norm stays where what it normalises has another user or is an output or a feature, and
    where no layer with weights comes right before it (as in networks with pre-activation).
    """
    weights = dict(network.weights)
    changed: dict[str, Node] = {}
    stands_in = _foldable(network.graph)
    for name, layer in stands_in.items():
        norm, node = network.graph.node(name), changed.get(layer, network.graph.node(layer))
        weights.update(_folded(node, norm, weights))
        changed[layer] = _with_bias(node)
        for weight in norm.weights:
            del weights[name, weight.name]
    return Network(rewired(network.graph, changed, stands_in), weights)


def _foldable(graph: Graph) -> dict[str, str]:
    """The batch norms that can go, in order, each with the layer that takes it in."""
    outward = {value.name for value in (graph.output, *graph.auxiliary.values())}
    outward |= {feature.value.name for feature in graph.features.values()}
    found: dict[str, str] = {}
    for norm in graph.nodes:
        if isinstance(norm.op, BatchNorm):
            before = norm.inputs[0].name
            layer = graph.node(found.get(before, before))
            if isinstance(layer.op, Weighted) and len(graph.users[before]) == 1 and before not in outward:
                found[norm.name] = layer.name
    return found


def _with_bias(node: Node) -> Node:
    assert isinstance(node.op, Weighted)
    return replace(node, op=replace(node.op, bias=True))


def _folded(node: Node, norm: Node, weights: Weights) -> Iterator[tuple[Key, np.ndarray]]:
    """gamma · (x − mean) / sqrt(variance + epsilon) + beta, as kernel and bias of the layer that gives x."""
    assert isinstance(norm.op, BatchNorm)
    mean, variance, gamma, beta = (_array(weights, norm, name, otherwise) for name, otherwise in (
        ("moving_mean", 0.0), ("moving_variance", 1.0), ("gamma", 1.0), ("beta", 0.0)))
    kernel, bias = _array(weights, node, "kernel", 1.0), _array(weights, node, "bias", 0.0)
    dtype = weights[node.name, "kernel"].dtype
    factor = gamma / np.sqrt(variance + norm.op.epsilon)
    # the filters of a depthwise kernel are its last two sides, of all others the last
    sides = kernel.shape[-2:] if isinstance(node.op, Depthwise) else kernel.shape[-1:]
    yield (node.name, "kernel"), (kernel * factor.reshape(sides)).astype(dtype)
    yield (node.name, "bias"), ((bias - mean) * factor + beta).astype(dtype)


def _array(weights: Weights, node: Node, name: str, otherwise: float) -> np.ndarray:
    """An array of a node in double precision; a number where it has none."""
    return np.asarray(weights.get((node.name, name), otherwise), np.float64)
