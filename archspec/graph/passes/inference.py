"""A trained network as it predicts: nothing in it that only training needs, or that can be reckoned beforehand."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from archspec.graph.ir import Graph
from archspec.graph.ops import Dropout, DropPath
from archspec.graph.passes.fold import fold_affine
from archspec.graph.passes.network import Network, checked, rewired

IDLE = (Dropout, DropPath)
"""Operations that do nothing outside training."""


def for_inference(network: Network, levels: Collection[str] = ()) -> Network:
    """The network from image to logits and to these levels of its feature pyramid, in as few operations as can be.

    Raises KeyError for a level that it has not.
    """
    graph = network.graph
    wanted = {level: graph.features[level] for level in levels}
    return fold_affine(without_idle(without_dead(Network(replace(graph, auxiliary={}, features=wanted), network.weights))))


@checked
def without_dead(network: Network) -> Network:
    """The network without the nodes on which none of its results depends."""
    graph = network.graph
    results = [graph.input, graph.output, *graph.auxiliary.values(), *(each.value for each in graph.features.values())]
    nodes = graph.ancestors(value.name for value in results)
    alive = {node.name for node in nodes}
    return Network(replace(graph, nodes=nodes), {key: array for key, array in network.weights.items() if key[0] in alive})


@checked
def without_idle(network: Network) -> Network:
    """The network without what does nothing outside training: dropout and stochastic depth."""
    return Network(rewired(network.graph, {}, _idle(network.graph)), network.weights)


def _idle(graph: Graph) -> dict[str, str]:
    """The nodes that go, each with the one whose result it hands on."""
    found: dict[str, str] = {}
    for node in graph.nodes:
        if isinstance(node.op, IDLE):
            before = node.inputs[0].name
            found[node.name] = found.get(before, before)
    return found
