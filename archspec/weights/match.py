"""What of a file goes where in a network, proven by names and shapes before anything is read."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from archspec.graph.ir import Graph, Node
from archspec.graph.types import Weight
from archspec.weights.convert import Conversion, conversion, flattened_maps
from archspec.weights.mapping import LayoutMapping
from archspec.weights.parts import whole, with_parts
from archspec.weights.tensors import Shape, Stored, WeightsFile

MOST_PREFIXES = 12
MOST_PARTS = 4
"""How many beginnings of names are tried, the commonest first, and how many parts they have."""


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

    file: WeightsFile
    mapping: LayoutMapping
    matched: tuple[Match, ...]
    missing: tuple[Missing, ...]
    misfits: tuple[Misfit, ...]
    unexpected: Mapping[str, Shape]
    fresh: tuple[Missing, ...] = ()
    """What starts afresh because the head is to be new."""
    prefix: str = ""
    """What the file writes before each name: module., backbone."""
    outside: int = 0
    """How many of its tensors have other names, and so are of no network of this kind."""

    def only(self, layers: Collection[str]) -> Plan:
        """The same for a part of the network: nothing is asked of its other layers, and nothing is missing in them."""
        return replace(self, matched=tuple(each for each in self.matched if each.layer in layers),
                       missing=tuple(each for each in self.missing if each.layer in layers),
                       misfits=tuple(each for each in self.misfits if each.layer in layers),
                       fresh=tuple(each for each in self.fresh if each.layer in layers))

    @property
    def misses(self) -> int:
        """How many tensors of both sides find no place."""
        return len(self.missing) + len(self.misfits) + len(self.unexpected)


def plan(graph: Graph, file: WeightsFile, mapping: LayoutMapping, *, auxiliary: bool, new_head: bool) -> Plan:
    """Matches a graph and a file. Without `auxiliary`, tensors of the auxiliary classifiers are left out in silence."""
    names = mapping.names(graph)
    wanted = frozenset(map(whole, names.values()))
    prefix = prefix_of(file.tensors, mapping, wanted)
    tensors = {mapping.renamed(name.removeprefix(prefix)): stored for name, stored in file.tensors.items()
               if name.startswith(prefix) and not mapping.ignores(name.removeprefix(prefix))}
    places = with_parts(tensors, names.values())
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
                found.append(_find(file, places, node, weight, tensor, maps.get(node.name)))
    return Plan(file, mapping, tuple(each for each in found if isinstance(each, Match)),
                tuple(each for each in found if isinstance(each, Missing)),
                tuple(each for each in found if isinstance(each, Misfit)),
                {name: stored.shape for name, stored in tensors.items() if name not in wanted}, tuple(fresh),
                prefix, sum(not name.startswith(prefix) and not mapping.ignores(name) for name in file.tensors))


def prefix_of(tensors: Iterable[str], mapping: LayoutMapping, wanted: frozenset[str]) -> str:
    """What stands before the names that a mapping knows: '', or what DataParallel and the like put there.

    The one with which most names are known, and of those the shortest.
    """
    names = [name for name in tensors if not mapping.ignores(name)]
    if _known(names, "", mapping, wanted) == len(names):
        return ""
    heads = Counter(head for name in names for head in _heads(name))
    tried = ["", *(head for head, _ in heads.most_common(MOST_PREFIXES))]
    return max(tried, key=lambda prefix: (_known(names, prefix, mapping, wanted), -len(prefix)))


def _heads(name: str) -> Iterator[str]:
    """The first parts of a name, each with its point or stroke."""
    ends = [match.end() for match in re.finditer(r"[./]", name)]
    yield from (name[:end] for end in ends[:MOST_PARTS])


def endings(file: WeightsFile, mapping: LayoutMapping) -> dict[str, list[Shape]]:
    """What tensors are called behind each prefix that a plan may find, as the rules have it, and their shapes."""
    found: dict[str, list[Shape]] = {}
    for name, stored in file.tensors.items():
        for head in ("", *_heads(name)):
            found.setdefault(mapping.renamed(name[len(head):]), []).append(stored.shape)
    return found


def _known(names: Iterable[str], prefix: str, mapping: LayoutMapping, wanted: frozenset[str]) -> int:
    return sum(name.startswith(prefix) and mapping.renamed(name[len(prefix):]) in wanted for name in names)


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
