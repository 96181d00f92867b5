"""Convolutions side by side whose results are summed, as one convolution (Ding et al. 2021, 2101.03697, section 3.3).

They are linear in one value, and so is their sum: a smaller kernel stands in the largest where it sees the same pixels, and
the value itself or a batch norm of it is a 1x1 kernel with one number a channel. RepVGG trains as the sum, and predicts as
the one; so does RepViT, with the value itself (Wang et al. 2024, 2307.09283, section 3.3).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import prod

import numpy as np

from archspec.graph.ir import Node
from archspec.graph.ops import BatchNorm, Conv, Depthwise, Merge, reach
from archspec.graph.pads import same
from archspec.graph.passes.fold import AFFINE
from archspec.graph.passes.network import Network, checked, outward, rewired
from archspec.graph.types import Pair
from archspec.graph.weights import Key, Weights

Window = Conv | Depthwise
Arrays = dict[Key, np.ndarray]
Term = Node | None
"""What is summed; None is the value itself that the others are of."""


@checked
def sum_parallel(network: Network) -> Network:
    """The network with one convolution where convolutions of one value, its batch norms and the value itself are summed.

    Equal in inference but for the rounding of the arrays' type. Not for training: the batch norms of the value are part of it.
    A sum stays where something else needs one of its terms, where they differ in stride or groups, where a kernel does not
    fit into the largest pixel by pixel, and where one is yet to be standardised.
    """
    graph, weights = network.graph, dict(network.weights)
    changed: dict[str, Node] = {}
    stands_in: dict[str, str] = {}
    seen = outward(graph)
    for node in graph.nodes:
        names = [value.name for value in node.inputs]
        if isinstance(node.op, Merge) and node.op.how == "add" and len(set(names)) == len(names):
            givers = {name: _now(name, stands_in) for name in names}
            terms = _terms({name: changed.get(giver, graph.node(giver)) for name, giver in givers.items()})
            owned = [name for name, term in zip(names, terms, strict=True) if term]
            free = all(len(graph.users[name]) == 1 and name not in seen for name in owned)
            places = _places(terms) if free else None
            if places is not None:
                largest = _largest(terms)
                changed[largest.name] = replace(largest, op=replace(_window(largest), bias=True))
                gone = {node.name, *(term.name for term in terms if term)} - {largest.name}
                stands_in |= dict.fromkeys(gone, largest.name)
                _sum(terms, places, largest, weights)
    return Network(rewired(graph, changed, {name: _now(name, stands_in) for name in stands_in}), weights)


def _now(name: str, stands_in: Mapping[str, str]) -> str:
    """The node that gives the result of one that may have gone."""
    while name in stands_in:
        name = stands_in[name]
    return name


def _largest(terms: Sequence[Term]) -> Node:
    return max((term for term in terms if term and isinstance(term.op, Window)), key=lambda term: prod(_window(term).kernel))


def _window(node: Node) -> Window:
    assert isinstance(node.op, Window)
    return node.op


def _terms(summed: Mapping[str, Node]) -> list[Term]:
    """What is summed, from the node that gives each by name: the value from which another of them comes is None."""
    sources = {node.inputs[0].name for node in summed.values() if isinstance(node.op, Window | BatchNorm)}
    return [None if name in sources else node for name, node in summed.items()]


def _places(terms: Sequence[Term]) -> list[Pair] | None:
    """Where the kernel of each term begins in that of the largest; None where the terms do not make one convolution."""
    nodes = [term for term in terms if term]
    windows = [node.op for node in nodes if isinstance(node.op, Window)]
    if not windows or len({node.inputs[0].name for node in nodes}) > 1:
        return None
    if any(op.standardize or _kind(op) != _kind(windows[0]) for op in windows):
        return None
    largest = _largest(terms)
    found = [_place(term, largest) for term in terms]
    return None if None in found else [place for place in found if place is not None]


def _kind(op: Window) -> object:
    """What convolutions that are summed have in common."""
    return type(op), op.stride, op.groups if isinstance(op, Conv) else op.multiplier


def _place(term: Term, largest: Node) -> Pair | None:
    if not (term and isinstance(term.op, Window)) and not (_of_the_value(term) and _keeps_channels(_window(largest))):
        return None
    row, column = (_begins(term, largest, axis) for axis in (0, 1))
    return None if row is None or column is None else (row, column)


def _of_the_value(term: Term) -> bool:
    """Whether a term is the value itself, or its batch norm."""
    return term is None or isinstance(term.op, BatchNorm)


def _keeps_channels(op: Window) -> bool:
    """Whether each pixel and channel of its input has one of its result."""
    return op.stride == (1, 1) and (isinstance(op, Conv) or op.multiplier == 1)


def _begins(term: Term, largest: Node, axis: int) -> int | None:
    """The row (or column) of the largest kernel that sees what the term's first sees."""
    op, ahead, outside = _window(largest), _before(term, axis), _before(largest, axis)
    side, dilation = (term.op.kernel[axis], term.op.dilation[axis]) if term and isinstance(term.op, Window) else (1, 1)
    if ahead is None or outside is None or (side > 1 and dilation != op.dilation[axis]):
        return None
    place, between = divmod(outside - ahead, op.dilation[axis])
    return place if between == 0 <= place <= op.kernel[axis] - side else None


def _before(node: Term, axis: int) -> int | None:
    """How many pixels are padded before the map; None where an open size decides."""
    if node is None or not isinstance(op := node.op, Window):
        return 0
    if op.padding != "same":
        return op.padding[2 * axis]
    span, size = reach(op.kernel, op.dilation)[axis], node.types[0].shape[axis]
    if size is None and span > 1 and op.stride[axis] > 1:
        return None
    return same(size or 1, span, op.stride[axis])[0]


def _sum(terms: Sequence[Term], places: Sequence[Pair], largest: Node, weights: Arrays) -> None:
    """Puts the sum's kernel and bias in the place of the terms' arrays."""
    dtype, kernel = weights[largest.name, "kernel"].dtype, np.zeros(weights[largest.name, "kernel"].shape)
    bias = np.zeros(largest.output.type.channels)
    for term, (row, column) in zip(terms, places, strict=True):
        part, shift = _linear(term, largest, weights)
        kernel[row:row + part.shape[0], column:column + part.shape[1]] += part
        bias += shift
    for node in filter(None, terms):
        for weight in node.weights:
            del weights[node.name, weight.name]
    weights |= {(largest.name, "kernel"): kernel.astype(dtype), (largest.name, "bias"): bias.astype(dtype)}


def _linear(term: Term, largest: Node, weights: Weights) -> tuple[np.ndarray, np.ndarray]:
    """A term's kernel and bias, in double precision."""
    if term is None or isinstance(term.op, BatchNorm):
        factor, shift = AFFINE[BatchNorm](term, weights) if term else (np.ones(largest.output.type.channels), np.zeros(1))
        return _diagonal(factor, weights[largest.name, "kernel"].shape, largest), shift
    kernel, bias = weights[term.name, "kernel"], weights.get((term.name, "bias"), 0.0)
    return np.asarray(kernel, np.float64), np.asarray(bias, np.float64)


def _diagonal(factor: np.ndarray, shape: tuple[int, ...], largest: Node) -> np.ndarray:
    """The 1x1 kernel that multiplies each channel by its factor."""
    channels = np.arange(len(factor))
    kernel = np.zeros((1, 1, *shape[2:]))
    if isinstance(largest.op, Depthwise):
        kernel[0, 0, channels, 0] = factor
    else:
        kernel[0, 0, channels % shape[2], channels] = factor
    return kernel
