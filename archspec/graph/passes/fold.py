"""What only scales and shifts the channels of a network that predicts, folded into the layers before it.

Batch norms as Jacob et al. 2018 (1712.05877), section 3.2, do it; the factors of residuals and of channels in the same way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from archspec.graph.ir import Graph, Node
from archspec.graph.learned import ConvTranspose, Shift
from archspec.graph.ops import BatchNorm, Conv, Dense, Depthwise, LayerScale, Op, Scale
from archspec.graph.passes.network import Network, checked, outward, rewired
from archspec.graph.weights import Key, Weights

Weighted = Conv | Depthwise | ConvTranspose | Dense
Affine = tuple[Any, Any]
"""A factor and what is added behind it, a number or one a channel, in double precision."""


@checked
def fold_affine(network: Network) -> Network:
    """The network without the batch norms and factors that follow a convolution or dense layer alone.

    Equal in inference but for the rounding of the arrays' type. Not for training: what is folded has no statistics of a
    batch. A node stays where what it scales has another user or is an output or a feature, behind a kernel that is yet to be
    standardised, and where no layer with weights comes right before it (as in networks with pre-activation).
    """
    weights = dict(network.weights)
    changed: dict[str, Node] = {}
    stands_in = _foldable(network.graph)
    for name, layer in stands_in.items():
        gone, node = network.graph.node(name), changed.get(layer, network.graph.node(layer))
        changed[layer] = _with_bias(node) if isinstance(gone.op, BatchNorm | Shift) else node
        weights.update(_folded(changed[layer], AFFINE[type(gone.op)](gone, weights), weights))
        for weight in gone.weights:
            del weights[name, weight.name]
    return Network(rewired(network.graph, changed, stands_in), weights)


def _foldable(graph: Graph) -> dict[str, str]:
    """The nodes that can go, in order, each with the layer that takes it in."""
    seen = outward(graph)
    found: dict[str, str] = {}
    for node in graph.nodes:
        if type(node.op) in AFFINE:
            before = node.inputs[0].name
            layer = graph.node(found.get(before, before))
            if _takes_factors(layer.op) and len(graph.users[before]) == 1 and before not in seen:
                found[node.name] = layer.name
    return found


def _takes_factors(op: Op) -> bool:
    """Whether a factor of its result may stand in its kernel: standardising that would undo it."""
    return isinstance(op, Weighted) and not (isinstance(op, Conv | Depthwise) and op.standardize)


def _with_bias(node: Node) -> Node:
    assert isinstance(node.op, Weighted)
    return replace(node, op=replace(node.op, bias=True))


def _folded(node: Node, affine: Affine, weights: Weights) -> Iterator[tuple[Key, np.ndarray]]:
    """Kernel and bias of the layer that gives x, for factor · x + shift."""
    factor, shift = affine
    kernel, bias = _array(weights, node, "kernel", 1.0), _array(weights, node, "bias", 0.0)
    dtype = weights[node.name, "kernel"].dtype
    spread = np.reshape(factor, _sides(node, kernel)) if np.ndim(factor) else factor
    yield (node.name, "kernel"), (kernel * spread).astype(dtype)
    if any(weight.name == "bias" for weight in node.weights):
        yield (node.name, "bias"), (bias * factor + shift).astype(dtype)


def _sides(node: Node, kernel: np.ndarray) -> tuple[int, ...]:
    """The last sides of a kernel, those of its filters and 1: two of a depthwise one, the last but one of a way back's."""
    match node.op:
        case Depthwise():
            return kernel.shape[-2:]
        case ConvTranspose():
            return kernel.shape[-2], 1
    return kernel.shape[-1:]


def _norm(node: Node, weights: Weights) -> Affine:
    """gamma · (x − mean) / sqrt(variance + epsilon) + beta."""
    assert isinstance(node.op, BatchNorm)
    mean, variance, gamma, beta = (_array(weights, node, name, otherwise) for name, otherwise in (
        ("moving_mean", 0.0), ("moving_variance", 1.0), ("gamma", 1.0), ("beta", 0.0)))
    factor = gamma / np.sqrt(variance + node.op.epsilon)
    return factor, beta - mean * factor


def _scale(node: Node, weights: Weights) -> Affine:
    assert isinstance(node.op, Scale)
    return (float(weights[node.name, "factor"][0]) if node.op.learned else node.op.factor), 0.0


def _layer_scale(node: Node, weights: Weights) -> Affine:
    return _array(weights, node, "gamma", 1.0), 0.0


def _shift(node: Node, weights: Weights) -> Affine:
    return 1.0, float(weights[node.name, "bias"][0])


AFFINE: Mapping[type[Op], Callable[[Node, Weights], Affine]] = {BatchNorm: _norm, Scale: _scale, LayerScale: _layer_scale,
                                                                Shift: _shift}
"""The operations that can be folded, and what each does to its channels."""


def _array(weights: Weights, node: Node, name: str, otherwise: float) -> np.ndarray:
    """An array of a node in double precision; a number where it has none."""
    return np.asarray(weights.get((node.name, name), otherwise), np.float64)
