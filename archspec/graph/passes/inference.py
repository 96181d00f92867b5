"""A trained network as it predicts: nothing in it that only training needs, or that can be reckoned beforehand."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace

from archspec.graph.ir import Graph, Node
from archspec.graph.ops import Dropout, DropPath, Merge
from archspec.graph.passes.fold import fold_affine
from archspec.graph.passes.network import Network, checked, rewired
from archspec.graph.passes.parallel import sum_parallel
from archspec.graph.passes.standardize import with_standard_kernels

IDLE = (Dropout, DropPath)
"""Operations that do nothing outside training."""


def for_inference(network: Network, levels: Collection[str] = ()) -> Network:
    """The network from image to logits and to these levels of its feature pyramid, in as few operations as can be.

    Numbers of auxiliary classifiers may be missing. Raises KeyError for a level that it has not.
    """
    graph = predicting(network.graph, levels)
    alive = {node.name for node in graph.nodes}
    weights = {key: array for key, array in network.weights.items() if key[0] in alive}
    made = fold_affine(with_standard_kernels(without_idle(Network(graph, weights))))
    while len((summed := fold_affine(sum_parallel(made))).graph.nodes) < len(made.graph.nodes):  # a norm may follow a sum
        made = summed
    return made


def predicting(graph: Graph, levels: Collection[str] = ()) -> Graph:
    """The nodes on which logits and these levels depend, and nothing else."""
    wanted = {level: graph.features[level] for level in levels}
    results = [graph.input, graph.output, *(feature.value for feature in wanted.values())]
    return replace(graph, nodes=graph.ancestors(value.name for value in results), auxiliary={}, features=wanted)


def reaching(graph: Graph, levels: Iterable[str]) -> Graph:
    """The nodes on which these levels depend, and nothing else: a backbone. Its output is the last of them.

    Raises KeyError for a level that it has not.
    """
    wanted = {level: graph.features[level] for level in levels}
    nodes = graph.ancestors([graph.input.name, *(feature.value.name for feature in wanted.values())])
    ends = {feature.value.name for feature in wanted.values()}
    last = next(node for node in reversed(nodes) if node.name in ends)
    return replace(graph, nodes=nodes, output=last.output, auxiliary={}, features=wanted)


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


def counterparts(graph: Graph, folded: Graph) -> dict[str, str]:
    """For each node of a folded graph the one of the graph it is from that has the same result: the last it took in."""
    alive, found = {node.name for node in folded.nodes}, dict[str, str]()
    stands_in: dict[str, str | None] = {}
    for node in graph.predicting:
        if node.name in alive:
            found[node.name] = node.name
            stands_in[node.name] = node.name
        else:
            stands_in[node.name] = taker = _taker(node, graph, stands_in)
            found |= {taker: node.name} if taker else {}
    return found


def _taker(node: Node, graph: Graph, stands_in: Mapping[str, str | None]) -> str | None:
    """The node that gives the result of one that has gone; None of a term of a sum that is one convolution now."""
    takers = {stands_in.get(value.name) for value in node.inputs} - {None}
    if isinstance(node.op, Merge):  # one of its terms has become the sum; what that term is of may be another
        takers -= {stands_in.get(value.name) for taker in takers if taker for value in graph.node(taker).inputs}
        return next(iter(takers)) if len(takers) == 1 else None
    shared = any(len(graph.users[value.name]) > 1 for value in node.inputs)
    return None if node.weights and shared else next(iter(takers), None)
