"""A network without the blocks that are known: what holds of a block holds of the next one that is alike.

Alike are blocks that differ in numbers alone, and in none below 12: in widths and sides of maps, odd ones being odd, and in
how often a path is dropped. Kernels, strides and kinds of norm are the same.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import groupby

from archspec.graph.ir import Graph, Node, Value
from archspec.graph.ops import Conv, Merge
from archspec.graph.text import op_text

Known = set[tuple[object, ...]]
NUMBER = re.compile(r"(?<![\d.])\d+(?!\.)")
RATE = re.compile(r"rate=[\d.]+")


def thinned(graph: Graph, known: Known) -> Graph | None:
    """The graph without blocks that are in `known`, which from now on holds all of its blocks; None if it has no others.

    A block is left out if one value leaves it. What enters it goes on in its place, where that has another shape or is not
    one value by convolutions of one pixel, which are added. All others stay, and so do stem and head.
    """
    before_it = len(known)
    instead: dict[str, Value] = {}
    kept: list[Node] = []
    for block in _blocks(graph):
        inside = {node.name for node in block}
        form = _form(block)
        entering = dict.fromkeys(value for node in block for value in node.inputs if value.name not in inside)
        leaving = [node for node in block if any(user.name not in inside for user in graph.users[node.name])]
        placed = [replace(node, inputs=tuple(instead.get(value.name, value) for value in node.inputs)) for node in block]
        if form in known and entering and len(leaving) == 1 and not (
                inside & {graph.output.name, *(value.name for value in graph.auxiliary.values())}):
            taken = [instead.get(value.name, value) for value in entering]
            if len(taken) == 1 and taken[0].type == leaving[0].output.type:
                instead[leaving[0].name] = taken[0]
                placed = []
            else:
                shorter = _shorter(taken, leaving[0])
                placed = shorter if 0 < len(shorter) < len(block) else placed
        kept += placed
        known.add(form)
    return None if len(known) == before_it else Graph(graph.name, tuple(kept), graph.output, graph.auxiliary, {}, graph.sections)


def _shorter(taken: Sequence[Value], node: Node) -> list[Node]:
    """Convolutions of one pixel that make the value of a node of others; none where there are no such."""
    after, made = node.output, list[Node]()
    for number, before in enumerate(taken):
        if not (before.type.is_map and after.type.is_map and before.type.stride and after.type.stride):
            return []
        tall, wide = (max(1, int(b / a)) for a, b in zip(before.type.stride, after.type.stride, strict=True))
        op = Conv(after.type.channels, (1, 1), (tall, wide))
        if op.infer(before.type) != after.type:
            return []
        output = after if len(taken) == 1 else Value(f"{after.name}_{number}", after.type)
        made.append(replace(node, name=output.name, op=op, inputs=(before,), output=output))
    return made if len(made) == 1 else [*made, replace(node, op=Merge("add"), inputs=tuple(each.output for each in made))]


def _blocks(graph: Graph) -> Iterator[tuple[Node, ...]]:
    """The nodes of each repeat of each stage; every other node for itself."""
    single = iter(range(-1, -len(graph.nodes) - 1, -1))
    for _, nodes in groupby(graph.nodes, key=lambda node: (node.section, node.block or next(single))):
        yield tuple(nodes)


def _form(block: Iterable[Node]) -> tuple[object, ...]:
    """What a block computes: operations, types, and which takes what, by its place in the block."""
    place: dict[str, int] = {}
    form: list[object] = []
    for node in block:
        form.append((_said(op_text(node.op)), _said(" ".join(map(str, node.types))), node.role, tuple(place.get(value.name, -1) for value in node.inputs)))
        place[node.name] = len(place)
    return tuple(form)


def _said(text: str) -> str:
    """Without rates, and of large numbers only whether they are odd."""
    return NUMBER.sub(lambda found: found[0] if int(found[0]) < 12 else "odd" if int(found[0]) % 2 else "even", RATE.sub("rate", text))
