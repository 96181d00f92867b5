"""A classifier as convolutions: the network gives its logits at every place of an image of any size, and their mean.

Sermanet et al. 2014 (1312.6229, section 3.5), and Simonyan and Zisserman 2015 (1409.1556, section 3.2), whose first dense layer
becomes a convolution of 7x7 and whose others become ones of 1x1. At the size that the network was made for nothing changes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from archspec.errors import InputError
from archspec.graph.ir import Graph, Node, Value, is_input
from archspec.graph.ops import Conv, Dense, Flatten, GlobalPool, Input
from archspec.graph.passes.inference import predicting
from archspec.graph.passes.network import Network, checked
from archspec.graph.types import VALID, ShapeError
from archspec.graph.weights import Key

MEAN = "mean_of_places"
"""The layer that takes the mean over the places."""


@checked
def convolutional(network: Network) -> Network:
    """The predicting network for images of any size, not below the one that it was made for.

    Raises InputError for a network with a layer that needs one size.
    """
    graph = predicting(network.graph)
    values: dict[str, Value] = {}
    nodes: list[Node] = []
    flat: dict[str, tuple[int, int]] = {}
    """Of what stands for a vector that was a map: that map's height and width, which a kernel over it has."""
    kernels: dict[Key, np.ndarray] = {}
    for node in graph.nodes:
        inputs = tuple(values[value.name] for value in node.inputs)
        if is_input(node):
            image = Input((None, None, node.output.type.channels))
            values[node.name] = Value(node.name, image.infer())
            nodes.append(replace(node, op=image, output=values[node.name]))
            continue
        if isinstance(node.op, Flatten):
            values[node.name] = inputs[0]
            height, width, _ = node.types[0].shape
            assert height is not None
            assert width is not None
            flat[node.name] = height, width
            continue
        op = node.op
        if isinstance(op, Dense) and inputs[0].type.is_map:
            over = _over(node, flat)
            op = Conv(op.units, over, padding=VALID, bias=op.bias, bias_init=op.bias_init)
            kernel = network.weights[node.name, "kernel"]
            kernels[node.name, "kernel"] = kernel.reshape(*over, inputs[0].type.channels, op.filters)
        elif any(value.name in flat for value in node.inputs):
            flat[node.name] = next(flat[value.name] for value in node.inputs if value.name in flat)
        try:
            found = Value(node.name, op.infer(*(value.type for value in inputs)))
        except ShapeError as error:
            raise InputError(f"{graph.name} cannot be seen as convolutions: {node.name}: {error}\n"
                             "  hint: crops show it an image of its own size") from None
        values[node.name] = found
        nodes.append(replace(node, op=op, inputs=inputs, output=found))
    logits = values[graph.output.name]
    if logits.type.is_map:
        mean = GlobalPool("avg")
        logits = Value(MEAN, mean.infer(logits.type))
        nodes.append(Node(MEAN, mean, (values[graph.output.name],), logits, nodes[-1].where, "head"))
    alive = {node.name for node in nodes}
    return Network(_put_together(graph, nodes, logits), {
        key: kernels.get(key, array) for key, array in network.weights.items() if key[0] in alive})


def _over(node: Node, flat: Mapping[str, tuple[int, int]]) -> tuple[int, int]:
    """The kernel that a dense layer becomes: all of the map that it took as a vector, or one place of it."""
    return flat.get(node.inputs[0].name, (1, 1))


def _put_together(graph: Graph, nodes: list[Node], logits: Value) -> Graph:
    return replace(graph, nodes=tuple(nodes), output=logits, auxiliary={}, features={})
