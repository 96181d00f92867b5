"""A classifier as convolutions: the network gives its logits at every place of an image of any size, and their mean.

Sermanet et al. 2014 (1312.6229, section 3.5), and Simonyan and Zisserman 2015 (1409.1556, section 3.2), whose first dense layer
becomes a convolution of 7x7 and whose others become ones of 1x1. At the size that the network was made for nothing changes.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from archspec.errors import InputError
from archspec.graph.ir import Graph, Node, Value, is_input
from archspec.graph.ops import Activation, BatchNorm, Conv, Dense, Dropout, DropPath, Flatten, GlobalPool, Input, LayerNorm, Op
from archspec.graph.passes.inference import predicting
from archspec.graph.passes.network import Network, checked
from archspec.graph.types import VALID, ShapeError
from archspec.graph.weights import Key

MEAN = "mean_of_places"
"""The layer that takes the mean over the places."""
BY_ELEMENT = (Activation, Dropout, DropPath)
"""What may stand between a map that was made a vector and the dense layer that takes it: it treats each number alike."""
BY_CHANNEL = (*BY_ELEMENT, BatchNorm, LayerNorm)
"""What may stand behind a dense layer: it treats each place of a map as the vector that was there."""


@checked
def convolutional(network: Network) -> Network:
    """The predicting network for images of any size, not below the one that it was made for.

    Raises InputError for a network with a layer that needs one size, or whose vectors are more than dense layers take.
    """
    graph = predicting(network.graph)
    made = _Made(network)
    for node in graph.nodes:
        made.add(node)
    return made.network(graph)


class _Made:
    """The nodes so far, by the names of the network's own: what was a vector may be a map now."""

    def __init__(self, network: Network) -> None:
        self._own, self._nodes = network, list[Node]()
        self._values = dict[str, Value]()
        self._flat = dict[str, tuple[int, int]]()
        """Of what stands for a map as a vector: that map's height and width, which a kernel over it has."""
        self._kernels = dict[Key, np.ndarray]()

    def add(self, node: Node) -> None:
        if isinstance(node.op, Flatten):
            self._values[node.name] = self._values[node.inputs[0].name]
            height, width, _ = node.types[0].shape
            assert height is not None
            assert width is not None
            self._flat[node.name] = height, width
            return
        inputs = tuple(self._values[value.name] for value in node.inputs)
        op = Input((None, None, node.output.type.channels)) if is_input(node) else self._op(node, inputs)
        try:
            self._values[node.name] = Value(node.name, op.infer(*(value.type for value in inputs)))
        except ShapeError as error:
            raise _refused(self._own.graph, node, str(error)) from None
        self._nodes.append(replace(node, op=op, inputs=inputs, output=self._values[node.name]))

    def _op(self, node: Node, inputs: Sequence[Value]) -> Op:
        """The operation that a node becomes."""
        were_vectors = [value.name for value in node.inputs if not value.type.is_map and self._values[value.name].type.is_map]
        if not were_vectors:
            return node.op
        over = self._flat.get(were_vectors[0])
        if isinstance(node.op, Dense):
            kernel = self._own.weights[node.name, "kernel"]
            shape = over or (1, 1)
            self._kernels[node.name, "kernel"] = kernel.reshape(*shape, inputs[0].type.channels, node.op.units)
            return Conv(node.op.units, shape, padding=VALID, bias=node.op.bias, bias_init=node.op.bias_init)
        whole = isinstance(node.op, Activation) and node.op.function == "softmax"
        if not isinstance(node.op, BY_ELEMENT if over else BY_CHANNEL) or (over and whole):
            raise _refused(self._own.graph, node, "takes a vector as a whole")
        if over:
            self._flat[node.name] = over
        return node.op

    def network(self, graph: Graph) -> Network:
        """All of it, with the mean of what is at each place as its logits."""
        logits = self._values[graph.output.name]
        if logits.type.is_map:
            mean = GlobalPool("avg")
            self._nodes.append(Node(MEAN, mean, (logits,), Value(MEAN, mean.infer(logits.type)), self._nodes[-1].where, "head"))
            logits = self._nodes[-1].output
        alive = {node.name for node in self._nodes}
        return Network(replace(graph, nodes=tuple(self._nodes), output=logits, auxiliary={}, features={}),
                       {key: self._kernels.get(key, array) for key, array in self._own.weights.items() if key[0] in alive})


def _refused(graph: Graph, node: Node, why: str) -> InputError:
    return InputError(f"{graph.name} cannot be seen as convolutions: {node.name}: {why}\n"
                      "  hint: crops show it images of its own size")
