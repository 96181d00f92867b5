"""What of a file goes where in a network, proven by names and shapes before anything is read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from archspec.graph.ir import Graph, Node
from archspec.graph.ops import Weight
from archspec.weights.convert import Conversion, conversion, flattened_maps
from archspec.weights.mapping import LayoutMapping
from archspec.weights.tensors import Shape, Stored, WeightsFile


@dataclass(frozen=True, slots=True)
class Match:
    """An array of ours and the tensor that fills it."""

    layer: str
    array: str
    section: str
    tensor: str
    stored: Stored
    conversion: Conversion


@dataclass(frozen=True, slots=True)
class Missing:
    """An array of ours that nothing in the file fills. `tensor` is what it is called there, '' if it has no name there."""

    layer: str
    array: str
    section: str
    shape: Shape
    tensor: str


@dataclass(frozen=True, slots=True)
class Misfit:
    """A tensor of the right name and the wrong shape. `ours` is our array's shape, `theirs` the tensor's, each as kept."""

    layer: str
    array: str
    section: str
    tensor: str
    ours: Shape
    theirs: Shape


@dataclass(frozen=True)
class Plan:
    """Every array of a network and every tensor of a file, sorted by what becomes of them."""

    mapping: LayoutMapping
    matched: tuple[Match, ...]
    missing: tuple[Missing, ...]
    misfits: tuple[Misfit, ...]
    unexpected: Mapping[str, Shape]
    fresh: tuple[Missing, ...] = ()
    """What starts afresh because the head is to be new."""

    @property
    def misses(self) -> int:
        """How many tensors of both sides find no place."""
        return len(self.missing) + len(self.misfits) + len(self.unexpected)


def plan(graph: Graph, file: WeightsFile, mapping: LayoutMapping, *, auxiliary: bool, new_head: bool) -> Plan:
    """Matches a graph and a file. Without `auxiliary`, tensors of the auxiliary classifiers are left out in silence."""
    names = mapping.names(graph)
    tensors = {mapping.renamed(name): stored for name, stored in file.tensors.items() if not mapping.ignores(name)}
    maps = flattened_maps(graph)
    heads = last_layers(graph) if new_head else frozenset()
    found: list[Match | Missing | Misfit] = []
    fresh: list[Missing] = []
    for node in graph.nodes if auxiliary else graph.predicting:
        for weight in node.weights:
            tensor = names.get((node.name, weight.name), "")
            if node.name in heads:
                fresh.append(Missing(node.name, weight.name, node.section, weight.shape, tensor))
            else:
                found.append(_find(file, tensors, node, weight, tensor, maps.get(node.name)))
    return Plan(mapping, tuple(each for each in found if isinstance(each, Match)),
                tuple(each for each in found if isinstance(each, Missing)),
                tuple(each for each in found if isinstance(each, Misfit)),
                {name: stored.shape for name, stored in tensors.items() if name not in set(names.values())}, tuple(fresh))


def _find(file: WeightsFile, tensors: Mapping[str, Stored], node: Node, weight: Weight, tensor: str,
          flattened: Shape | None) -> Match | Missing | Misfit:
    if tensor not in tensors:
        return Missing(node.name, weight.name, node.section, weight.shape, tensor)
    stored = tensors[tensor]
    way = conversion(file.format, node, weight, stored.shape, flattened)
    if way is None:
        return Misfit(node.name, weight.name, node.section, tensor, weight.shape, stored.shape)
    return Match(node.name, weight.name, node.section, tensor, stored, way)


def last_layers(graph: Graph) -> frozenset[str]:
    """The layers whose outputs are the classes: the last with weights before the logits, auxiliary ones too."""
    return frozenset(_last(graph, value.name) for value in (graph.output, *graph.auxiliary.values()))


def _last(graph: Graph, name: str) -> str:
    node = graph.node(name)
    while not node.weights and node.inputs:
        node = graph.node(node.inputs[0].name)
    return node.name
