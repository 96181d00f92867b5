"""What the marks of a picture stand for: shapes, costs, and the places in the spec that say it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property

from archspec.draw.boxes import Box, fold
from archspec.draw.calls import repeats_of
from archspec.draw.captions import shape_text
from archspec.draw.shapes import Mark, Shape
from archspec.errors import Where
from archspec.graph.ir import Graph, Node
from archspec.graph.recompute import recomputed
from archspec.spec.arch import Spec
from archspec.studio.places import Json, Text
from archspec.views.numbers import memory, short
from archspec.views.summary import kept

SECTION = "section:"
MOST = 12
"""Places of a chain that are told."""


class Elements:
    """The elements of the pictures of a network."""

    def __init__(self, text: Text, spec: Spec, graph: Graph) -> None:
        self.text, self.graph = text, graph
        self.stages = {stage.name: stage for stage in spec.stages}
        self.nodes = graph.predicting
        self.again = recomputed(graph)
        self._folded: dict[tuple[str, int], dict[str, Box]] = {}

    def of(self, shapes: Iterable[Shape]) -> Json:
        """Those of a picture, by their keys."""
        found: Json = {}
        for mark in shapes:
            key = key_of(mark) if isinstance(mark, Mark) else ""
            if isinstance(mark, Mark) and key and key not in found:
                element = self._layer(mark.layer) if mark.layer else self._section(mark.section)
                if element is not None:
                    found[key] = element
        return found

    @cached_property
    def groups(self) -> dict[tuple[str, int], list[Node]]:
        """The nodes of each repeat of each stage."""
        found: dict[tuple[str, int], list[Node]] = {}
        for node in self.graph.nodes:
            found.setdefault((node.section, node.block), []).append(node)
        return found

    @cached_property
    def whole(self) -> list[int]:
        """Parameters, multiply-adds and activations of the network; 0 where they are not known."""
        return [each or 0 for each in self._costs(self.nodes)]

    @cached_property
    def named(self) -> dict[str, Node]:
        """The nodes by name."""
        return {node.name: node for node in self.graph.nodes}

    def _costs(self, nodes: Sequence[Node]) -> tuple[int, int | None, int | None]:
        costs = [self.graph.costs[node.name] for node in nodes]
        macs, kept_ = [cost.macs for cost in costs], [kept(self.graph, node, self.again) for node in nodes]
        return (sum(cost.trainable for cost in costs), None if None in macs else sum(each or 0 for each in macs),
                None if None in kept_ else sum(each or 0 for each in kept_))

    def _section(self, name: str) -> Json | None:
        nodes = [node for node in self.nodes if node.section == name]
        if not nodes:
            return None
        blocks = [*dict.fromkeys(node.calls[0].name for node in nodes if node.block and node.calls)]
        repeats = repeats_of(self.graph, name)
        what = ", ".join(each for each in blocks if each != name)
        times = f" × {repeats}" if repeats > 1 else ""
        title = f"{name}: {what}{times}" if what else f"{name}{times}"
        return self._told(nodes, title, [], blocks[0] if blocks else None, self._said(name) or [nodes[0].where])

    def _said(self, name: str) -> list[Where]:
        """Where it is written what a stage is: its block, how often, and what the block is given."""
        stage = self.stages.get(name)
        trees = [] if stage is None else [stage.block, stage.repeats, stage.stride, *stage.arguments.values()]
        return [tree.where for tree in trees if tree is not None]

    def _layer(self, name: str) -> Json | None:
        box = self._box(name)
        if box is None:
            return None
        ops = [node.op.kind.replace("_", " ") for node in box.nodes]
        node = box.nodes[0]
        lines = [box.label, *([f"a block of {len(box.nodes)} layers"] if box.block else
                              [" → ".join(ops)] if len(ops) > 1 else [])]
        block = box.block or (node.calls[0].name if node.calls else None)
        frames = [frame.where for frame in reversed(node.calls)]
        chain = [box.where, *(frames[frames.index(box.where) + 1:] if box.where in frames else frames)]
        return self._told(box.nodes, name, lines, block, [*chain, *(self._said(node.section) if node.block else [])])

    def _box(self, name: str) -> Box | None:
        """The box of a layer, or that of a call of a block."""
        node = self.named.get(name)
        if node is not None:
            group = node.section, node.block
            if group not in self._folded:
                self._folded[group] = {box.name: box for box in fold(self.graph, self.groups[group])}
            if name in self._folded[group]:
                return self._folded[group][name]
        for node in self.nodes:
            frame = next((frame for frame in node.calls if frame.prefix == name), None)
            if frame is not None:
                inside = tuple(each for each in self.groups[node.section, node.block] if frame in each.calls)
                return Box(name, "plain", (frame.name,), inside, (), block=frame.name)
        return None

    def _told(self, nodes: Sequence[Node], title: str, lines: list[str], block: str | None, chain: Sequence[Where]) -> Json:
        costs = self._costs(nodes)
        words = [short(costs[0]), short(costs[1]), memory(costs[2])]
        shares = [round(cost / whole, 6) if cost is not None and whole else None
                  for cost, whole in zip(costs, self.whole, strict=True)]
        first, last = nodes[0], [node for node in nodes if node.role == "main"][-1:] or nodes[-1:]
        ordered = sorted(chain, key=lambda where: not self.text.is_own(where))  # what is the text's own to change comes first
        names = ("parameters", "macs", "activations")
        return {"title": title, "lines": lines, "shape_in": shape_text(first.inputs[0].type) if first.inputs else "",
                "shape_out": shape_text(last[0].output.type), **dict(zip(names, words, strict=True)),
                "share": dict(zip(names, shares, strict=True)), "section": first.section, "repeat": first.block,
                "place": self.text.place(ordered[0]), "chain": [*_once(self.text, ordered)], "block": block}


def _once(text: Text, chain: Iterable[Where]) -> Iterator[Json]:
    for where in [*dict.fromkeys(chain)][:MOST]:
        yield text.place(where)


def key_of(mark: Mark) -> str:
    """What the page calls a mark by: its layer, else its section; '' of one that stands for neither."""
    return mark.layer or (f"{SECTION}{mark.section}" if mark.section else "")
