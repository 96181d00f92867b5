"""Which part of a network a picture shows: a block where it is called, the repeat of a stage, the stem or the head."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from archspec.draw.boxes import Part, part, said
from archspec.errors import InputError, nearest, some
from archspec.graph.ir import Frame, Graph, Node, Value
from archspec.graph.ops import Concat, Conv, Depthwise, Pool

Repeat = int | Literal["last"]
MANY_BOXES = 24
"""A picture of more boxes draws the blocks that are called in it as boxes."""
WHOLE = ("stem", "head")
"""Sections that no block makes."""


@dataclass(frozen=True, slots=True)
class Shown:
    """Consecutive nodes with what is around them: what a picture shows.

    `level` is the number of blocks around what is called in it; `entered` the value that it starts from. `growth` are the
    channels that enter a stage of dense layers, and those after each repeat; none of anything else.
    """

    graph: Graph
    title: str
    nodes: tuple[Node, ...]
    entered: Value
    level: int
    growth: tuple[int, ...] = ()

    @property
    def place(self) -> str:
        """Where it stands: `resnet50, stage1, repeat 2 of 3`."""
        first = self.nodes[0]
        inside = [frame.name for frame in first.calls[:self.level - 1]] if self.level > 1 else []
        repeats = repeats_of(self.graph, first.section)
        words = [self.graph.name, *([first.section] if self.level else []),
                 *([f"repeat {first.block} of {repeats}"] if first.block and repeats > 1 else []),
                 *(f"in {name}" for name in inside)]
        return ", ".join(words)

    def part(self, depth: int | None = None) -> Part:
        """Its boxes. Blocks that so many others of it are around are boxes; without a number as few as keep it small."""
        names = self.names
        deepest = max(0, *(len(node.calls) - self.level for node in self.nodes))
        if depth is not None:
            return part(self.graph, self.nodes, self.entered.name, names, self.level + min(depth, deepest))
        for opened in range(deepest, -1, -1):
            found = part(self.graph, self.nodes, self.entered.name, names, self.level + opened)
            if len(found.boxes) <= MANY_BOXES:
                break
        return found

    @property
    def names(self) -> Mapping[str, str]:
        """What the values from elsewhere are called here."""
        own = {node.name for node in self.nodes}
        outer = {value.name for node in self.nodes for value in node.inputs} - own
        return {name: _called(self.graph, name, self.nodes[0]) for name in outer}


def _called(graph: Graph, name: str, here: Node) -> str:
    """What a value is called: by the lists of the repeat, else by the section that it ends, else its layer."""
    known = graph.taken.get((here.section, here.block), {})
    if name in known:
        return known[name]
    node = graph.node(name)
    block = f"{node.section}_block{node.block}"
    return name.removeprefix(f"{block}_") if node.section == here.section and node.block == here.block else name


def stage(graph: Graph, name: str, repeat: Repeat | None = None) -> Shown:
    """One repeat of a stage (`last` is one), or the whole stem or head. Raises InputError where there is none.

    Without a repeat the first stands for all: a stage of dense layers says how its channels grow.
    """
    entire = whole(graph, name)
    repeats = repeats_of(graph, name)
    if not repeats:
        if repeat not in (None, 1, "last"):
            raise InputError(f"{name} has no repeats\n  hint: leave --repeat out")
        return entire
    number = repeats if repeat == "last" else repeat or 1
    nodes = tuple(node for node in entire.nodes if node.block == number and node.calls)
    if not nodes:
        raise InputError(f"{name} has no repeat {number}: it has {repeats}" if isinstance(number, int) and number > repeats
                         else f"the block of {name} has no layers: there is nothing to draw")
    one = shown(graph, nodes[0].calls[0], nodes, 1)
    return one if repeat or repeats == 1 else replace(one, growth=_growth(graph, one, entire.nodes))


def whole(graph: Graph, name: str) -> Shown:
    """All of a stage, of the stem or of the head. Raises InputError where there is none."""
    found = tuple(node for node in graph.predicting if node.section == name)
    if found:
        return Shown(graph, name, found, _entered(graph, found[0]), 0)
    if name in graph.sections:
        raise InputError(f"{name} has no layers: there is nothing to draw")
    sections = [section for section in graph.sections if any(node.section == section for node in graph.predicting)]
    hint = nearest(name, sections) or f"there are {some(sections)}"
    raise InputError(f"{graph.name} has no stage '{name}'\n  hint: {hint}")


def _growth(graph: Graph, one: Shown, nodes: Sequence[Node]) -> tuple[int, ...]:
    """The channels of a stage whose repeats each end by joining what entered them to something new; else none."""
    found, entered = [one.entered.type.channels], one.entered.name
    for number in range(1, repeats_of(graph, one.nodes[0].section) + 1):
        last = [node for node in nodes if node.block == number][-1]
        if not isinstance(last.op, Concat) or len(last.inputs) != 2 or entered not in (value.name for value in last.inputs):
            return ()
        entered = last.name
        found.append(last.output.type.channels)
    return tuple(found)


def repeats_of(graph: Graph, section: str) -> int:
    """How often a stage repeats its block; 0 for the stem and the head."""
    return max((node.block for node in graph.nodes if node.section == section), default=0)


def block(graph: Graph, name: str, repeat: Repeat = 1) -> Shown:
    """A block where it is called first; of a stage's, at a repeat. Raises InputError where it is called nowhere."""
    found = [call for call in calls(graph) if call.title == name]
    if not found:
        names = list(dict.fromkeys(call.title for call in calls(graph)))
        there = f"there are {some(names)}" if names else "it calls none; --stage draws its stem, stages and head"
        hint = nearest(name, names) or there
        raise InputError(f"{graph.name} calls no block '{name}'\n  hint: {hint}")
    section = found[0].nodes[0].section
    here = [call for call in found if call.nodes[0].section == section]
    number = here[-1].nodes[0].block if repeat == "last" else repeat
    if number == 1:
        return here[0]
    at = next((call for call in here if call.nodes[0].block == number), None)
    if at is None:
        raise InputError(f"the block {name} is not called in repeat {number} of {section}, which has "
                         f"{repeats_of(graph, section)}")
    return at


def calls(graph: Graph) -> Iterator[Shown]:
    """All calls of blocks, those around others first."""
    groups: dict[tuple[str, int], list[Node]] = {}
    for node in graph.predicting:
        for level, frame in enumerate(node.calls):
            groups.setdefault((frame.prefix, level), []).append(node)
    for (_, level), nodes in groups.items():
        yield shown(graph, nodes[0].calls[level], nodes, level + 1)


def distinct(graph: Graph) -> list[Shown]:
    """Each block once, and once more in each other form: forms differ in more than widths and strides."""
    found: dict[tuple[object, ...], Shown] = {}
    for call in calls(graph):
        found.setdefault((call.title, form(call.nodes)), call)
    return list(found.values())


def form(nodes: Sequence[Node]) -> tuple[object, ...]:
    """What nodes compute but for widths, strides and rates, as a key: equal for what is drawn alike."""
    place = {node.name: index for index, node in enumerate(nodes)}
    return tuple((_form(node), node.role, *(index - place[value.name] if value.name in place else value.name in place
                                            for value in node.inputs)) for index, node in enumerate(nodes))


def _form(node: Node) -> str:
    kind, words, _ = said(node)
    first = words[0] if isinstance(node.op, Conv | Depthwise | Pool) or kind in ("merge", "gate") else node.op.kind
    if node.op.kind in ("activation",):
        first = words[0]
    groups = [word for word in words[1:] if word.endswith("groups")]
    return ", ".join([first, *groups])


def shown(graph: Graph, frame: Frame, nodes: Sequence[Node], level: int) -> Shown:
    """The call of a block."""
    entered = graph.node(frame.entered).output if frame.entered else _entered(graph, nodes[0])
    return Shown(graph, frame.name, tuple(nodes), entered, level)


def _entered(graph: Graph, first: Node) -> Value:
    """What enters a section: what its first node takes; the image is its own."""
    return first.inputs[0] if first.inputs else first.output
