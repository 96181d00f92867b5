"""A network in parts that can be held against another's: sections, and in them repeats and lists, each as boxes."""

from __future__ import annotations

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import groupby

from archspec.draw.boxes import Box, Part, part
from archspec.graph.ir import Graph, Node
from archspec.graph.types import Tensor

AUXILIARY, BEFORE, AFTER = "auxiliary", "before", "after"


@dataclass(frozen=True)
class Unit:
    """A repeat of a stage, or a list of operations beside the repeats.

    `label` says which: `repeat 2`, `before`, `after`, `auxiliary`; empty for a section that has nothing else. `block` is
    the repeat's number, else 0.
    """

    graph: Graph
    section: str
    label: str
    block: int
    nodes: tuple[Node, ...]
    places: Mapping[str, int] = field(repr=False)
    """The number of each node of the graph in the order of computation."""

    @property
    def name(self) -> str:
        """The block that it is a repeat of, else its section."""
        called = {node.calls[0].name if node.calls else "" for node in self.nodes}
        return called.pop() or self.section if self.block and len(called) == 1 else self.section

    def inner(self, name: str) -> str:
        """A layer's name within the unit; of a layer elsewhere what it has in common with others of its kind."""
        for prefix in (f"{self.section}_block{self.block}_", f"{self.section}_"):
            if name.startswith(prefix):
                return name.removeprefix(prefix)
        return name

    @cached_property
    def outer(self) -> tuple[str, ...]:
        """The values from elsewhere that it takes; the one that enters it, which is computed last, stands first."""
        inside = {node.name for node in self.nodes}
        taken = dict.fromkeys(value.name for node in self.nodes for value in node.inputs if value.name not in inside)
        last = max(taken, key=lambda name: self.places[name], default="")
        return (*([last] if last else []), *(name for name in taken if name != last))

    @cached_property
    def part(self) -> Part:
        """Its boxes."""
        entry, *others = self.outer or ("",)
        return part(self.graph, self.nodes, entry, {name: self._called(name) for name in others})

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        """Its boxes in the order of computation."""
        return self.part.boxes

    @cached_property
    def entered(self) -> Tensor | None:
        """The type of what enters it."""
        return self.graph.node(self.outer[0]).output.type if self.outer else None

    @cached_property
    def form(self) -> Hashable:
        """Equal for units of the same layers, with the same names within them, on maps of whatever size."""
        place = {name: -1 - index for index, name in enumerate(self.outer)} | {
            node.name: index for index, node in enumerate(self.nodes)}
        return tuple((self.inner(node.name), node.op, tuple(place[value.name] for value in node.inputs)) for node in self.nodes)

    @property
    def sizes(self) -> Hashable:
        """The shapes of what enters."""
        return tuple(self.graph.node(name).output.type.shape for name in self.outer)

    @property
    def key(self) -> Hashable:
        """Equal for units that compute the same, on maps of the same sizes."""
        return self.sizes, self.form

    @cached_property
    def words(self) -> frozenset[str]:
        """The names of its layers within it."""
        return frozenset(self.inner(node.name) for node in self.nodes)

    def _called(self, name: str) -> str:
        """What a value from elsewhere is called: by the name it is taken by, else by its section or layer."""
        taken = self.graph.taken.get((self.section, self.block), {})
        if name in taken:
            return taken[name]
        node = self.graph.node(name)
        return node.section if node.section not in ("", self.section) else self.inner(name)



@dataclass(frozen=True)
class Stretch:
    """A section of a network in its units; `repeats` counts those that are repeats of a block."""

    name: str
    units: tuple[Unit, ...]

    @property
    def repeats(self) -> int:
        """How many repeats there are."""
        return sum(1 for unit in self.units if unit.block)

    @property
    def block(self) -> str:
        """The block that is repeated; empty where there is none."""
        return next((unit.name for unit in self.units if unit.block), "")

    @property
    def output(self) -> Tensor:
        """What leaves it on the way to the logits."""
        main = [node for unit in self.units if unit.label != AUXILIARY for node in unit.nodes]
        return (main or self.units[-1].nodes)[-1].output.type


def stretches(graph: Graph) -> tuple[Stretch, ...]:
    """The sections of a network in order, without the image."""
    places = {node.name: place for place, node in enumerate(graph.nodes)}
    found: dict[str, list[Unit]] = {}
    for (section, block, auxiliary), nodes in groupby(graph.nodes[1:], lambda node: (node.section, node.block,
                                                                                   node.role == AUXILIARY)):
        units = found.setdefault(section, [])
        label = f"repeat {block}" if block else AUXILIARY if auxiliary else AFTER if units else BEFORE
        units.append(Unit(graph, section, label, block, tuple(nodes), places))
    for units in found.values():
        if len(units) == 1 and not units[0].block:  # a list alone is the section itself
            units[0] = replace(units[0], label="")
    return tuple(Stretch(name, tuple(units)) for name, units in found.items())
