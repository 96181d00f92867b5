"""What a legal graph is: one table of rules, run after lowering and after every pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence

from archspec.errors import Problem, Where
from archspec.graph.ir import Graph, Node, Value, is_input
from archspec.graph.names import IMAGES, padding_name, pads
from archspec.graph.ops import Activation


def _one_input(graph: Graph) -> Iterator[Problem]:
    for index, node in enumerate(graph.nodes):
        if is_input(node) != (index == 0):
            yield Problem("graph-input", node.where, f"{node.name}: a graph has one input, and it comes first")


def _unique_names(graph: Graph) -> Iterator[Problem]:
    counts = Counter(node.name for node in graph.nodes)
    places: set[Where] = set()
    for node in graph.nodes:
        if counts[node.name] > 1 and node.where not in places:
            places.add(node.where)
            yield Problem("duplicate-name", node.where, f"two layers are called '{node.name}'",
                          "give one of the items another name=")


def _names_of_layers(graph: Graph) -> Iterator[Problem]:
    """No node may have the name of a layer that the Keras model has besides its nodes."""
    taken = {IMAGES: "of the image"}
    taken |= {padding_name(node): f"of the layer that pads for '{node.name}'" for node in graph.nodes if pads(node)}
    for node in graph.nodes:
        if node.name in taken and not is_input(node):
            yield Problem("duplicate-name", node.where, f"'{node.name}' is the name {taken[node.name]}",
                          "give the item another name=")


def _inputs_come_first(graph: Graph) -> Iterator[Problem]:
    known: set[str] = set()
    for node in graph.nodes:
        for value in node.inputs:
            if value.name not in known:
                yield Problem("graph-order", node.where, f"{node.name} uses {value.name} before it is computed")
        known.add(node.name)


def _types_hold(graph: Graph) -> Iterator[Problem]:
    for node in graph.nodes:
        if node.op.infer(*node.types) != node.output.type:
            yield Problem("graph-type", node.where, f"{node.name} does not give {node.output.type}")


def _ends_in_logits(graph: Graph) -> Iterator[Problem]:
    for value in (graph.output, *graph.auxiliary.values()):
        yield from ends_in_logits(graph.nodes, value)


def ends_in_logits(nodes: Sequence[Node], output: Value) -> Iterator[Problem]:
    """A problem where an output is a softmax."""
    for node in nodes:
        if node.name == output.name and isinstance(node.op, Activation) and node.op.function == "softmax":
            yield Problem("softmax-head", node.where, "the head ends in logits, this is a softmax",
                          "leave it out: the loss and the exported model apply softmax themselves")


RULES: tuple[Callable[[Graph], Iterator[Problem]], ...] = (
    _one_input, _unique_names, _names_of_layers, _inputs_come_first, _types_hold, _ends_in_logits,
)


def verify(graph: Graph) -> list[Problem]:
    """Every problem of a graph; empty for a legal one."""
    return [problem for rule in RULES for problem in rule(graph)]
