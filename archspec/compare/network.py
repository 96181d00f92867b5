"""Two networks held against each other: sections by name, then by order; in them repeats; in those boxes and layers."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from archspec.compare.layers import LayerPair, Status, UnitPair, unit_pair
from archspec.compare.order import beside
from archspec.compare.units import Stretch, Unit, stretches
from archspec.errors import InputError, nearest, some
from archspec.graph.ir import Graph
from archspec.views.summary import StageCost, Summary, summary


@dataclass(frozen=True)
class Side:
    """One of the two: what it is called here, its graph and what that costs."""

    name: str
    graph: Graph
    cost: Summary
    sections: tuple[Stretch, ...]

    @cached_property
    def rows(self) -> dict[str, StageCost]:
        """What each section costs, by its name."""
        return {row.name: row for row in self.cost.stages}


@dataclass(frozen=True)
class SectionPair:
    """A section of each side, one of them None where that has none, with its units."""

    a: Stretch | None
    b: Stretch | None
    costs: tuple[StageCost | None, StageCost | None]
    units: tuple[UnitPair, ...]

    @property
    def name(self) -> str:
        """What it is called; on both sides where they differ."""
        names = [each.name for each in (self.a, self.b) if each]
        return names[0] if len(set(names)) == 1 else " → ".join(names)

    @cached_property
    def status(self) -> Status:
        """How the two stand to each other; `=` only where every layer is the same, on maps of the same sizes."""
        if self.a is None or self.b is None:
            return "+" if self.a is None else "−"
        return "=" if all(pair.same for pair in self.units) else "≠"


@dataclass(frozen=True)
class Difference:
    """What two networks have in common and what they do not."""

    a: Side
    b: Side
    sections: tuple[SectionPair, ...]
    part: bool = False
    """Whether `sections` are not all of them."""

    @cached_property
    def equal(self) -> bool:
        """Whether both are the same network, names of layers included; of a part, whether its layers and sizes are."""
        if self.a.graph.fingerprint == self.b.graph.fingerprint:
            return True
        return self.part and all(section.status == "=" for section in self.sections)

    def only(self, name: str) -> Difference:
        """One section of it, by its name on either side. Raises InputError where neither has it."""
        found = tuple(section for section in self.sections if name in {each.name for each in (section.a, section.b) if each})
        if not found:
            names = dict.fromkeys(each.name for section in self.sections for each in (section.a, section.b) if each)
            hint = nearest(name, names) or f"there are {some(names)}"
            raise InputError(f"neither {self.a.name} nor {self.b.name} has a stage '{name}'\n  hint: {hint}")
        return replace(self, sections=found, part=True)

    @property
    def units(self) -> Iterator[UnitPair]:
        """All pairs of units in order."""
        for section in self.sections:
            yield from section.units

    @property
    def layers(self) -> Iterator[LayerPair]:
        """All pairs of layers in order."""
        for pair in self.units:
            for box in pair.boxes:
                yield from box.layers


def difference(a: Graph, b: Graph, names: tuple[str, str] | None = None) -> Difference:
    """Two networks put beside each other, called by `names` or by their own. Linear in their layers, or nearly."""
    called = names or (a.name, b.name)
    sides = [Side(name, graph, summary(graph), stretches(graph)) for name, graph in zip(called, (a, b), strict=True)]
    places = beside(sides[0].sections, sides[1].sections, lambda section: section.name, _sections_alike)
    pairs = [(None if x is None else sides[0].sections[x], None if y is None else sides[1].sections[y]) for x, y in places]
    return Difference(sides[0], sides[1], tuple(_section_pair(sides[0], sides[1], x, y) for x, y in pairs))


def _sections_alike(a: Stretch, b: Stretch) -> float:
    """A name counts most, then the block that is repeated and how coarse the map is; stages go with stages."""
    if bool(a.repeats) != bool(b.repeats):
        return 0.0
    return 1 + 9.0 * (a.name == b.name) + 2.0 * (a.block == b.block) + (a.output.stride == b.output.stride)


def _section_pair(a: Side, b: Side, x: Stretch | None, y: Stretch | None) -> SectionPair:
    units = (x.units if x else (), y.units if y else ())
    places = beside(*units, lambda unit: unit.form, _units_alike)
    pairs = tuple(unit_pair(None if at is None else units[0][at], None if to is None else units[1][to]) for at, to in places)
    return SectionPair(x, y, (a.rows.get(x.name) if x else None, b.rows.get(y.name) if y else None), pairs)


def _units_alike(a: Unit, b: Unit) -> float:
    """Lists go with lists of the same place, repeats with repeats, the first with the first, which changes shapes."""
    if bool(a.block) != bool(b.block) or (not a.block and a.label != b.label):
        return 0.0
    shared = len(a.words & b.words) / max(1, len(a.words | b.words))
    return 1 + shared + 2.0 * (a.block == b.block == 1) + 4.0 * (a.form == b.form)
