"""A network as the network view tells it: sections of plain boxes, of runs that stand as one box, and of repeated blocks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import groupby
from typing import Literal

from archspec.draw.boxes import Box, Part, part
from archspec.draw.calls import Shown
from archspec.graph.ir import Graph, Node
from archspec.graph.learned import Attention, ConvTranspose
from archspec.graph.ops import Conv, Dense, Depthwise
from archspec.graph.types import Tensor

PLAIN, ALL = 4, 24
"""Of more boxes than this a run is drawn as one box with a miniature; in a network without stages, which has nothing else
to show, of more than `ALL`."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """One repeat of a stage, or a run of nodes outside of repeats. `prefix` is what the names of its layers begin with."""

    part: Part
    block: str
    prefix: str


@dataclass(frozen=True)
class Segment:
    """Consecutive nodes that are drawn together: `boxes` each alone, a `run` as one box, a `stage` with its repeats.

    `taken` are earlier segments, by their place, whose values it takes from beside the spine; `follows` says whether it
    takes that of the segment before it. `auxiliary` is the block of an auxiliary head that hangs on it; empty: none.
    """

    form: Literal["boxes", "run", "stage"]
    section: str
    title: str
    words: str
    nodes: tuple[Node, ...]
    repeats: tuple[Repeat, ...]
    taken: tuple[int, ...] = ()
    follows: bool = True
    auxiliary: str = ""

    @cached_property
    def boxes(self) -> tuple[Box, ...]:
        """Of its last repeat, which has no projection where the first alone has one."""
        return self.repeats[-1].part.boxes

    @property
    def output(self) -> Tensor:
        """The type of the value that goes on."""
        shown = self.repeats[-1].part
        return next(box for box in shown.boxes if box.name == shown.exit).output


def outline(graph: Graph) -> tuple[Segment, ...]:
    """The segments of a network in order; auxiliary heads hang on those they start from."""
    found: list[Segment] = []
    owner: dict[str, int] = {graph.input.name: -1}
    entry = graph.input.name
    nodes = [node for node in graph.predicting if node.name != graph.input.name]
    hanging = _auxiliary(graph)
    most = PLAIN if any(node.block for node in nodes) else ALL
    for section, in_section in groupby(nodes, key=lambda node: node.section):
        runs = [(repeated, tuple(run)) for repeated, run in groupby(in_section, key=lambda node: node.block > 0)]
        behind = False
        for repeated, run in runs:
            place = len(found)
            outer = {owner[value.name] for node in run for value in node.inputs if value.name in owner}
            owner |= dict.fromkeys((node.name for node in run), place)
            segment = _stage(graph, section, run, entry) if repeated else _run(graph, section, run, entry, most, behind)
            hung = [hanging[node.name] for node in run if node.name in hanging]
            found.append(Segment(segment.form, segment.section, segment.title, segment.words, run, segment.repeats,
                                 tuple(sorted(outer - {place - 1})), place - 1 in outer, hung[0] if hung else ""))
            entry = _exit(segment.repeats[-1].part)
            behind = behind or repeated
    return tuple(found)


def _auxiliary(graph: Graph) -> Mapping[str, str]:
    """The block of each auxiliary head, by the node that it starts from."""
    found: dict[str, str] = {}
    for node in graph.nodes:
        if node.role == "auxiliary":
            for value in node.inputs:
                if graph.node(value.name).role != "auxiliary":
                    found[value.name] = node.calls[0].name if node.calls else "auxiliary"
    return found


def _exit(shown: Part) -> str:
    return next(box for box in shown.boxes if box.name == shown.exit).nodes[-1].name


def _repeat(graph: Graph, nodes: Sequence[Node], entry: str) -> Repeat:
    frames = {node.calls[0].prefix: node.calls[0] for node in nodes if node.calls}
    whole = all(node.calls for node in nodes)
    inside = {node.name for node in nodes}
    taken = [value.name for node in nodes for value in node.inputs if value.name not in inside]
    if entry not in taken:
        entered = next(iter(frames.values())).entered if len(frames) == 1 and whole else ""
        entry = entered if entered in taken else taken[0]
    names = Shown(graph, "", tuple(nodes), graph.node(entry).output, 0).names
    blocks = list(dict.fromkeys(frame.name for frame in frames.values()))
    return Repeat(part(graph, nodes, entry, names), ", ".join(blocks) if whole else "",
                  next(iter(frames)) if len(frames) == 1 and whole else "")


def _stage(graph: Graph, section: str, nodes: Sequence[Node], entry: str) -> Segment:
    repeats: list[Repeat] = []
    for _, run in groupby(nodes, key=lambda node: node.block):
        repeats.append(_repeat(graph, tuple(run), entry))
        entry = _exit(repeats[-1].part)
    blocks = list(dict.fromkeys(repeat.block for repeat in repeats if repeat.block))
    return Segment("stage", section, section, ", ".join(name for name in blocks if name != section), tuple(nodes),
                   tuple(repeats))


def _run(graph: Graph, section: str, nodes: Sequence[Node], entry: str, most: int, behind: bool) -> Segment:
    """Nodes outside of repeats: stem, head, and what a stage has before its repeats or behind them."""
    repeat = _repeat(graph, nodes, entry)
    boxes = repeat.part.boxes
    chain = len(boxes) <= most and not repeat.part.outside and all(
        box.inputs == (before,) for box, before in zip(boxes, (repeat.part.entry, *(box.name for box in boxes)), strict=False))
    staged = section in graph.sections[1:-1] and section not in ("stem", "head")
    single = repeat.block if "," not in repeat.block else ""
    title = single or f"{'behind' if behind else 'before'} {section}" if staged else section
    return Segment("boxes" if chain else "run", section, title, _counted(nodes), tuple(nodes), (repeat,))


def _counted(nodes: Sequence[Node]) -> str:
    """11 convolutions, 1 dense layer."""
    kinds = Counter("convolution" if isinstance(node.op, Conv | Depthwise | ConvTranspose) else
                    "dense layer" if isinstance(node.op, Dense) else "attention layer" if isinstance(node.op, Attention) else ""
                    for node in nodes)
    words = [_plural(kinds[kind], kind) for kind in ("convolution", "attention layer", "dense layer") if kinds[kind]]
    return ", ".join(words) or _plural(len(nodes), "layer")


def _plural(count: int, word: str) -> str:
    return f"{count} {word}{'s' if count > 1 else ''}"
