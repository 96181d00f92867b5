"""Network: a graph with its numbers; what every pass requires of one and ensures, and how nodes leave one."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import wraps

from archspec.graph.ir import Graph, Node, Value
from archspec.graph.verify import verify
from archspec.graph.weights import Weights


@dataclass(frozen=True, eq=False)
class Network:
    """A graph and an array for each weight of its nodes, of the shape that the weight says."""

    graph: Graph
    weights: Weights


Pass = Callable[[Network], Network]


class PassError(ValueError):
    """A network that a pass was given, or has made, is not legal: a mistake of archspec's, not of a user's."""


def checked(run: Pass) -> Pass:
    """The same pass, which raises PassError unless the network is legal before and after it."""
    @wraps(run)
    def safely(network: Network) -> Network:
        _require(network, f"before {run.__name__}")
        result = run(network)
        _require(result, f"after {run.__name__}")
        return result
    return safely


def _require(network: Network, when: str) -> None:
    if found := problems(network):
        raise PassError(f"{when}: {found[0]}" + (f", and {len(found) - 1} more" if len(found) > 1 else ""))


def problems(network: Network) -> list[str]:
    """What is wrong with a graph or with its weights; empty for a legal network."""
    return [problem.message for problem in verify(network.graph)] + list(_unfit(network))


def _unfit(network: Network) -> Iterator[str]:
    """Arrays that are missing, of another shape, or nobody's."""
    expected = {(node.name, weight.name): weight.shape for node in network.graph.nodes for weight in node.weights}
    for key in dict.fromkeys((*expected, *network.weights)):
        if key not in network.weights or key not in expected:
            yield f"{key[0]}/{key[1]} is only in the {'weights' if key in network.weights else 'graph'}"
        elif network.weights[key].shape != expected[key]:
            yield f"{key[0]}/{key[1]} is {network.weights[key].shape}, the graph has {expected[key]}"


def outward(graph: Graph) -> frozenset[str]:
    """The nodes whose results the network gives: logits, those of auxiliary classifiers, levels of the pyramid."""
    return frozenset({graph.output.name, *(value.name for value in graph.auxiliary.values()),
                      *(feature.value.name for feature in graph.features.values())})


def rewired(graph: Graph, changed: Mapping[str, Node], stands_in: Mapping[str, str]) -> Graph:
    """The graph with some nodes changed, and others gone whose users take the value of the node that stands in for them.

    Both are by name. A node that stands in comes before, has the same type, and stays.
    """
    kept = [changed.get(node.name, node) for node in graph.nodes if node.name not in stands_in]
    values = {node.name: node.output for node in kept}

    def value(old: Value) -> Value:
        return values[stands_in.get(old.name, old.name)]

    return replace(graph, nodes=tuple(replace(node, inputs=tuple(map(value, node.inputs))) for node in kept),
                   output=value(graph.output),
                   auxiliary={stage: value(logits) for stage, logits in graph.auxiliary.items()},
                   features={level: replace(feature, value=value(feature.value)) for level, feature in graph.features.items()})
