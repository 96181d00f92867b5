"""Boxes that are neither in series nor in parallel, as NASNet's cells: in layers, with tracks for the lines between them.

A box that one other alone takes stands right above it, and so on upwards: a tree. Trees stand in layers by the longest way
to them; a line past a layer has a cell of its own there; between two layers each value has one horizontal track.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from archspec.draw.boxes import Box
from archspec.draw.laid import SIDES, Laid, Layout, Port, level
from archspec.draw.shapes import Line, Shape, half, straight
from archspec.draw.tree import Knot, Leaf

TRACK = 8.0
"""Between two tracks."""
CELL = 7.0
"""Half the width of a line's cell."""
NEAR = 4.0
"""Lines of two values closer than this would look like one."""


@dataclass(frozen=True, slots=True)
class _Item:
    """A tree in its layer, or the cell of a line that passes; `source` is whose value it gives on."""

    source: str
    laid: Laid

    @property
    def ports(self) -> tuple[Port, ...]:
        return self.laid.entries


def knot(layout: Layout, tied: Knot, source: str) -> Laid:
    """The boxes with places; `source` is whose value enters them."""
    uses: dict[str, int] = {box.name: int(box.name in tied.leaving) for box in tied.boxes}
    for box in tied.boxes:
        for name in box.inputs:
            if name in uses:
                uses[name] += 1
    alone = {name for name, count in uses.items() if count == 1} - tied.leaving
    trees = _trees(layout, tied.boxes, alone, source)
    return _stacked(layout, _layered(trees, tied.leaving, source), source)


def _trees(layout: Layout, boxes: Sequence[Box], alone: Collection[str], source: str) -> dict[str, Laid]:
    """Boxes with what is drawn right above them: all but those that one other alone takes."""
    found: dict[str, Laid] = {}
    inside, widths = {box.name for box in boxes}, _widths(layout, boxes, alone)
    for box in boxes:
        above = [found.pop(name) if name in alone else _line(name if name in inside else source) for name in box.inputs]
        found[box.name] = _under(layout, box, above, widths[box.name])
    return found


def _widths(layout: Layout, boxes: Sequence[Box], alone: Collection[str]) -> dict[str, float]:
    """How wide boxes are, those even that stand in one column."""
    top: dict[str, str] = {}
    columns: dict[str, list[Box]] = {}
    for box in boxes:
        above = box.inputs[0] if len(box.inputs) == 1 and box.inputs[0] in alone else box.name
        top[box.name] = top.get(above, box.name)
        columns.setdefault(top[box.name], []).append(box)
    return {box.name: wide for column in columns.values() for box, wide in zip(column, layout.even(column), strict=True)}


def _line(source: str) -> Laid:
    return Laid((), 0, 0, 0, (Port(0, 0, source, arrow=False),), (Port(0, 0, source),))


def _under(layout: Layout, box: Box, above: Sequence[Laid], wide: float) -> Laid:
    """A box, so wide, below what it takes."""
    laid = layout.leaf(box, wide)
    if not above:
        return laid
    if len(above) == 1:
        top = above[0]
        if not top.shapes:
            return replace(laid, entries=tuple(replace(port, source=top.entries[0].source) for port in laid.entries))
        down = laid.at(top.exits[0].x, top.exits[0].y + layout.look.gap)
        end = top.exits[0]
        line = Line(((end.x, end.y), (end.x, end.y + layout.look.gap)), "w" if end.dashed else "e", True, end.source)
        return Laid((*top.shapes, line, *down.shapes), max(top.left, down.left), max(top.right, down.right), down.height,
                    top.entries, down.exits)
    xs = layout.columns(above, least=SIDES if box.sign else 0)
    middle = half((xs[0] + xs[-1]) / 2)
    placed = [each.at(x - middle, 0) for each, x in zip(level(above), xs, strict=True)]
    joined, lines = layout.joined(Leaf(box), [port for each in placed for port in each.exits], laid)
    shapes = tuple(shape for each in placed for shape in each.shapes)
    everything = [*placed, joined]
    return Laid((*shapes, *lines, *joined.shapes), max(each.left for each in everything),
                max(each.right for each in everything), joined.height, tuple(port for each in placed for port in each.entries),
                joined.exits)


def _layered(trees: Mapping[str, Laid], leaving: Collection[str], source: str) -> list[list[_Item]]:
    """The trees by layer, with a cell in each layer that a value passes on its way down."""
    depth: dict[str, int] = {}
    for name, laid in trees.items():
        above = [depth[port.source] for port in laid.entries if port.source in depth]
        depth[name] = 1 + max(above, default=-1)
    last = max(depth.values())
    layers: list[list[_Item]] = [[] for _ in range(last + 1)]
    for name, laid in trees.items():
        layers[depth[name]].append(_Item(name, laid))
    for name in (source, *trees):
        start = depth.get(name, -1)
        taken = [depth[other] for other, laid in trees.items() if any(port.source == name for port in laid.entries)]
        leaves = name in leaving
        for layer in range(start + 1, max([*taken, last + 1 if leaves else 0])):
            layers[layer].append(_Item(name, replace(_line(name), left=CELL, right=CELL)))
    return layers


def _stacked(layout: Layout, layers: Sequence[Sequence[_Item]], source: str) -> Laid:
    """The layers one below the other; each stands by what the one below takes of it."""
    placed: list[list[_Item]] = []
    for items in reversed(layers):
        below = placed[0] if placed else []
        placed.insert(0, _row(layout, items, below))
    shapes: list[Shape] = []
    y = left = right = 0.0
    entries: tuple[Port, ...] = ()
    exits: list[Port] = []
    tops = level([item.laid for item in placed[0]])
    placed[0] = [replace(item, laid=laid) for item, laid in zip(placed[0], tops, strict=True)]
    for index, row in enumerate(placed):
        if index:
            lines, y = _tracks(exits, row, y)
            shapes += lines
        moved = [_Item(item.source, item.laid.at(0, y)) for item in row]
        if not index:
            entries = tuple(port for item in moved for port in item.ports if port.source == source or not port.drawn)
        bottom = max(item.laid.height for item in moved)
        exits = []
        for item in moved:
            shapes += item.laid.shapes
            port = item.laid.exits[0]
            exits.append(replace(port, y=bottom))
            if port.y < bottom:
                shapes.append(Line(((port.x, port.y), (port.x, bottom)), "e", False, port.source))
            left, right = max(left, item.laid.left), max(right, item.laid.right)
        y = bottom
    return Laid(tuple(shapes), left, right, y, entries, tuple(exits))


def _row(layout: Layout, items: Sequence[_Item], below: Sequence[_Item]) -> list[_Item]:
    """The items of a layer side by side, each as near as can be to the middle of where it goes on."""
    wanted = {item.source: _mean([port.x for other in below for port in other.ports if port.source == item.source])
              for item in items}
    order = sorted(items, key=lambda item: wanted[item.source])
    xs = layout.columns([item.laid for item in order])
    shift = half(_mean([wanted[item.source] - x for item, x in zip(order, xs, strict=True)])) if below else -half(
        (xs[0] + xs[-1]) / 2)
    return [_Item(item.source, item.laid.at(x + shift, 0)) for item, x in zip(order, xs, strict=True)]


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else 0.0


def _tracks(exits: Sequence[Port], row: Sequence[_Item], y: float) -> tuple[list[Shape], float]:
    """The lines from one layer to the next, and where that begins: a track a value, none in the way of another's."""
    goals = {port.source: [goal for item in row for goal in item.ports if goal.source == port.source] for port in exits}
    order = _ordered(exits, goals)
    top = y + 13
    bottom = half(top + TRACK * max(0, len(order) - 1) + 21)
    lines: list[Shape] = []
    for place, port in enumerate(order):
        track = top + TRACK * place
        for goal in goals[port.source]:
            points = straight(((port.x, y), (port.x, track), (goal.x, track), (goal.x, bottom + goal.y)))
            lines.append(Line(points, "w" if port.dashed else "e", goal.arrow, port.source))
    return lines, bottom


def _ordered(exits: Sequence[Port], goals: Mapping[str, Sequence[Port]]) -> list[Port]:
    """The values by track from above: first the one that comes down where another goes down from its track."""
    waiting, order = list(exits), []
    while waiting:
        free = [port for port in waiting if not _blocked(port, waiting, goals)]
        chosen = (free or waiting)[0]
        waiting.remove(chosen)
        order.append(chosen)
    return order


def _blocked(port: Port, waiting: Iterable[Port], goals: Mapping[str, Sequence[Port]]) -> bool:
    """Whether another value, still without a track, comes down where this one would go down from its own."""
    return any(abs(goal.x - other.x) < NEAR for other in waiting if other.source != port.source
               for goal in goals[port.source])
