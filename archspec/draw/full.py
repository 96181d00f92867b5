"""Every box of a network, one below the other and compact: one network, or two of them level where they agree."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from archspec.draw.block import Link
from archspec.draw.boxes import Box, fold
from archspec.draw.calls import whole
from archspec.draw.captions import SWATCH, Legend, costs, shape_text, tip, usual_act
from archspec.draw.fit import MOST, SMALLEST, WIDTHS, Wanted, too_many, too_wide
from archspec.draw.laid import Layout, Look
from archspec.draw.shapes import SIZES, Circle, Line, Mark, Point, Rect, Shape, Text, extent, half, moved
from archspec.draw.svg import Picture
from archspec.graph.ir import Graph, Value, is_input
from archspec.graph.ops import PadChannels, Pool

HIGH, GAP, APART, TURN = 15.0, 7.0, 8.0, 4.0
"""Of a box; below it; below one that the next box does not take; and what a new repeat adds."""
ROUND = 4.0
ARRIVAL = 6.0
"""Between lines that arrive at the right edge of a box."""
LANE = 8.0
BESIDE = 8.0
BETWEEN = 18.0
BRACKET = 4.0
"""How wide a bracket beside a path is."""


def full_picture(graph: Graph, *, section: str = "", width: Wanted = "auto", link: Link | None = None) -> Picture:
    """Every box of a network, or of one of its sections, in the order of computation. `link` says where boxes lead.

    Raises InputError where it has no such section, or more than MOST boxes, or is wider than it should be.
    """
    column = _column(graph, link, section)
    column.place([0.0] * len(column.rows))
    around = extent(column.shapes())
    said = f"{graph.name}, {section}" if section else graph.name
    title = Text(-half(-around.left), half(around.top) - 14, said, "start", "h")
    return _finished((title, *column.shapes()), [column], f"{said}, every layer", width)


def boxes_of(graph: Graph, section: str = "") -> tuple[Box, ...]:
    """The boxes that such a picture has."""
    return fold(graph, [node for node in graph.predicting if not is_input(node) and section in ("", node.section)])


def pair_picture(first: Graph, second: Graph, *, width: Wanted = "auto") -> Picture:
    """Two networks side by side, boxes of the same layer level. Raises InputError as `full_picture` does."""
    columns = [_column(first, None), _column(second, None)]
    for column, level in zip(columns, _level(*columns), strict=True):
        column.place(level)
    sizes = [[(size, row.y) for size, row in zip(column.sizes(), column.rows, strict=True) if size] for column in columns]
    columns[1].sized = sizes[0] != sizes[1]
    left = columns[0].shapes()
    x = half(extent(left).right + BETWEEN - extent(columns[1].shapes()).left)
    shapes = [*left, *moved(columns[1].shapes(), x, 0)]
    heads = [Text(place, -34, column.graph.name, face="b") for place, column in ((0.0, columns[0]), (x, columns[1]))]
    return _finished((*heads, *shapes), columns, f"{first.name} beside {second.name}", width)


def _finished(shapes: Sequence[Shape], columns: Sequence[_Column], title: str, width: Wanted) -> Picture:
    around = extent(shapes)
    legend = Legend(-half(-around.left), half(around.bottom) + 12, max(around.right - around.left, 240))
    if any(row.circle and row.box and row.box.sign == "+" for column in columns for row in column.rows):
        legend.entry([Circle(SWATCH / 2, 5.5, ROUND, "plain")], "add")
    if any(row.circle and row.box and row.box.sign == "×" for column in columns for row in column.rows):
        legend.entry([Circle(SWATCH / 2, 5.5, ROUND, "gate")], "multiply")
    if any(column.paths for column in columns):
        legend.entry([_bracket(SWATCH / 2, 0, 11)], "paths side by side, drawn one below the other")
    if any(lane.dashed for column in columns for lane in column.lanes):
        legend.entry([Line(((0, 5.5), (SWATCH, 5.5)), "w")], "dashed: new channels are zero")
    for column in columns:
        words = costs(column.boxes)
        legend.words(f"{column.graph.name}: {words}" if len(columns) > 1 else words)
    said = [f"{column.graph.name} from {shape_text(column.entered.type)} to {shape_text(column.boxes[-1].output)}, "
            f"{len(column.boxes)} boxes, {costs(column.boxes)}" for column in columns]
    picture = Picture((*shapes, *legend.shapes), title, f"{'. '.join(said)}.")
    if width != "auto" and picture.size[0] > WIDTHS[width] * SIZES["c"] / SMALLEST:
        raise too_wide(title, picture.size[0], width, SIZES["c"])
    return picture


def _bracket(right: float, top: float, bottom: float) -> Line:
    return Line(((right, top), (right - BRACKET, top), (right - BRACKET, bottom), (right, bottom)))


def _column(graph: Graph, link: Link | None, section: str = "") -> _Column:
    entered = graph.input if not section else whole(graph, section).entered
    boxes = boxes_of(graph, section)
    if len(boxes) > MOST:
        raise too_many(section or graph.name, len(boxes), f"archspec draw {graph.name} folds what repeats")
    return _Column(graph, entered, boxes, link)


@dataclass
class _Row:
    """A box with its place; the image has none. `arrives` are the lines that come from the right."""

    box: Box | None
    takes: list[int]
    follows: bool = False
    circle: bool = False
    arrives: int = 0
    y: float = 0

    @property
    def high(self) -> float:
        """How high it is."""
        if self.box is None:
            return 0.0
        return 2 * ROUND if self.circle else max(HIGH, ARRIVAL * (self.arrives + 1))


@dataclass
class _Lane:
    """A line on the right from one row to others, or boxes of a shortcut there."""

    source: int
    ends: list[int]
    boxes: list[Box] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    dashed: bool = False
    x: float = 0


class _Column:
    """The boxes of a network around a spine at x = 0, downwards from y = 0."""

    def __init__(self, graph: Graph, entered: Value, boxes: Sequence[Box], link: Link | None) -> None:
        self.graph, self.entered, self.boxes, self.link = graph, entered, boxes, link
        self.layout = Layout(Look(face="c", pad=4, usual=usual_act(boxes)))
        self.sized = True
        users: dict[str, list[str]] = {}
        for box in boxes:
            for name in dict.fromkeys(box.inputs):
                users.setdefault(name, []).append(box.name)
        beside = self._beside(users)
        self.rows = [_Row(None, [])]
        own = {box.name for box in boxes}
        place = dict.fromkeys((entered.name, *(name for box in boxes for name in box.inputs if name not in own)), 0)
        for box in boxes:
            if box.name not in beside:
                place[box.name] = len(self.rows)
                self.rows.append(_Row(box, []))
        lanes: dict[int, _Lane] = {}
        self.lanes: list[_Lane] = []
        for index, row in enumerate(self.rows[1:], 1):
            assert row.box is not None
            for name in dict.fromkeys(row.box.inputs):
                chain: list[Box] = []
                while name in beside:
                    chain.insert(0, beside[name])
                    name = beside[name].inputs[0]
                source = place[name]
                if chain:  # what only pads is a dashed line, as in the pictures of blocks
                    ops = [box.op for box in chain]
                    padding = isinstance(ops[-1], PadChannels) and all(isinstance(op, Pool | PadChannels) for op in ops)
                    self.lanes.append(_Lane(source, [index], [] if padding else chain, dashed=padding))
                    row.arrives += 1
                elif source == index - 1:
                    row.follows = True
                else:
                    row.arrives += 1
                    if source not in lanes:
                        lanes[source] = _Lane(source, [])
                        self.lanes.append(lanes[source])
                    lanes[source].ends.append(index)
            row.circle = bool(row.box.sign) and row.arrives <= 1
        for lane in self.lanes:
            if lane.boxes:
                free = [row for row in range(lane.source + 1, lane.ends[0]) if not self.rows[row].arrives]
                lane.rows = free[:len(lane.boxes)]
        self.wide = 2 * half(max(self._wide(row.box) for row in self.rows[1:] if row.box and not row.circle) / 2)
        self.paths = self._paths()
        self._lanes()

    def _paths(self) -> list[tuple[int, int]]:
        """The first and last rows of what stands side by side between a fork and a join, which look like a chain else.

        A path begins where a row does not take what is above it, and before that where the value parts.
        """
        parting = {lane.source for lane in self.lanes for end in lane.ends if not self.rows[end].follows}
        begins = [index for index, row in enumerate(self.rows) if index and (
            not row.follows or index - 1 in parting or (row.arrives and not row.circle) or self.rows[index - 1].circle)]
        found = []
        for first, after in pairwise([*begins, len(self.rows)]):
            row = self.rows[first]
            if (not row.follows and not (row.box and row.box.joins)) or (row.follows and first - 1 in parting):
                found.append((first, after - 1))
        return found

    def _beside(self, users: dict[str, list[str]]) -> dict[str, Box]:
        """Boxes of shortcuts that stand on the right, not on the spine: their rows have room for them."""
        named = {box.name: box for box in self.boxes}
        order = {box.name: index for index, box in enumerate(self.boxes)}
        found: dict[str, Box] = {}
        for box in self.boxes:
            if len(box.inputs) < 2:
                continue
            for name in box.inputs:
                chain: list[Box] = []
                while name in named and len(users[name]) == 1 == len(named[name].inputs) and (
                        named[name].node.role == "shortcut"):
                    chain.append(named[name])
                    name = named[name].inputs[0]
                own = {each.name for each in chain}
                between = [each for each in self.boxes[order.get(name, -1) + 1:order[box.name]]
                           if each.name not in own and each.name not in found]
                before = [name, *(each.name for each in between)]
                free = sum(each.inputs == (above,) for each, above in zip(between, before, strict=False))
                if chain and free >= len(chain):
                    found |= {each.name: each for each in chain}
        return found

    def _wide(self, box: Box) -> float:
        return self.layout.measure(self.layout.words(box)) + 8

    def _lanes(self) -> None:
        """From the shortest to the longest, each as near to the spine as those before allow."""
        taken: list[tuple[int, int, float, float]] = []
        edge = self.wide / 2
        for lane in sorted(self.lanes, key=lambda lane: (max(lane.ends) - lane.source, lane.source)):
            reach = half(max((self._wide(box) for box in lane.boxes), default=0) / 2)
            first, last = lane.source, max(lane.ends)
            x = edge + (BESIDE if lane.boxes else LANE) + reach
            for low, high, left, right in sorted(taken, key=lambda each: each[2]):
                if low < last and first < high and left - LANE < x + reach and x - reach < right + LANE:
                    x = half(right + LANE + reach)
            lane.x = half(x)
            taken.append((first, last, lane.x - reach, lane.x + reach))

    def gap(self, index: int) -> float:
        """Above a row."""
        row, before = self.rows[index], self.rows[index - 1]
        new = row.box is not None and before.box is not None and (
            row.box.node.section, row.box.node.block) != (before.box.node.section, before.box.node.block)
        return (GAP if row.follows else GAP + APART) + (TURN if new else 0)

    def place(self, least: Sequence[float]) -> None:
        """Rows get their places, none higher up than is said."""
        y = 0.0
        for index, row in enumerate(self.rows):
            if index:
                before = self.rows[index - 1]
                y = before.y + before.high + self.gap(index)
            row.y = half(max(y, least[index]))

    def sizes(self) -> list[str]:
        """By rows, height and width of their maps where they are others than above, but for those of gates."""
        found, last = [""], self.entered.type.shape[:-1]
        for row in self.rows[1:]:
            shape = row.box.output.shape[:-1] if row.box and row.box.node.role != "gate" else last
            found.append("×".join("?" if side is None else str(side) for side in shape) if shape != last else "")
            last = shape
        return found

    def shapes(self) -> list[Shape]:
        """Lines, boxes and sizes."""
        found: list[Shape] = [Text(0, -18, shape_text(self.entered.type), face="c", dim=True), Line(((0, -13), (0, 0)))]
        for index, row in enumerate(self.rows[1:], 1):
            before = self.rows[index - 1]
            if row.follows:
                found.append(Line(((0, before.y + before.high), (0, row.y)), "e", False, self._source(index - 1)))
        edge = -self.wide / 2 - 3
        for top, bottom in ((self.rows[first], self.rows[last]) for first, last in self.paths):
            found.append(_bracket(edge, top.y, bottom.y + bottom.high))
        arrived, sizes = dict.fromkeys(range(len(self.rows)), 0), self.sizes()
        for lane in sorted(self.lanes, key=lambda lane: lane.x):
            found += self._lane(lane, arrived)
        for index, row in enumerate(self.rows[1:], 1):
            assert row.box is not None
            found.append(self._mark(row.box, row.y, row.high, 0, self.wide, row.circle))
            size = sizes[index]
            if size and self.sized:
                left = edge - BRACKET if self.paths else edge
                found.append(Text(left - 5, half(row.y + row.high / 2 + 3.5), size, "end", "c", dim=True))
        last = self.rows[-1]
        return [*found, Line(((0, last.y + last.high), (0, last.y + last.high + 12)), "e", True, self._source(-1))]

    def _source(self, index: int) -> str:
        box = self.rows[index].box
        return box.name if box else self.entered.name

    def _lane(self, lane: _Lane, arrived: dict[int, int]) -> list[Shape]:
        source = self.rows[lane.source]
        leaves = source.y + source.high + GAP / 2
        style, name = "w" if lane.dashed else "e", self._source(lane.source)
        start: list[Point] = [(0, source.y + source.high), (0, leaves), (lane.x, leaves)]
        found: list[Shape] = []
        for box, place in zip(lane.boxes, lane.rows, strict=True):
            row = self.rows[place]
            y, wide = half(row.y + row.high / 2 - HIGH / 2), 2 * half(self._wide(box) / 2)
            found += [Line((*start, (lane.x, y)), style, False, name), self._mark(box, y, HIGH, lane.x, wide, False)]
            start, name = [(lane.x, y + HIGH)], box.name
        for end in lane.ends:
            row = self.rows[end]
            arrived[end] += 1
            y = row.y + row.high * arrived[end] / (row.arrives + 1)
            edge = ROUND if row.circle else self.wide / 2
            found.append(Line((*start, (lane.x, half(y)), (edge, half(y))), style, True, name))
        return found

    def _mark(self, box: Box, y: float, high: float, x: float, wide: float, circle: bool) -> Mark:
        inner: list[Rect | Circle | Text | Line]
        label = self.layout.words(box)
        if circle:
            inner = [Circle(x, y + ROUND, ROUND, "plain" if box.sign == "+" else "gate")]
        else:
            inner = [Rect(x - wide / 2, y, wide, high, box.kind, 2.5), Text(x, half(y + high / 2 + 3.5), label, face="c")]
        return Mark(tuple(inner), tip(box, label), box.name, box.node.section, self.link(box.where) if self.link else "")


# two

def _level(first: _Column, second: _Column) -> tuple[list[float], list[float]]:
    """How far down the rows of two columns stand at least, so that equal ones are level."""
    partners = _partners(first, second)
    places = ([0.0] * len(first.rows), [0.0] * len(second.rows))
    done = [0, 0]
    ys = [0.0, 0.0]

    def down(side: int, column: _Column, to: int) -> None:
        while done[side] < to:
            index = done[side]
            if index:
                before = column.rows[index - 1]
                ys[side] = places[side][index - 1] + before.high + column.gap(index)
            else:
                ys[side] = 0.0
            places[side][index] = half(max(ys[side], places[side][index]))
            done[side] += 1

    for one, other in partners:
        for side, column, to in ((0, first, one), (1, second, other)):
            down(side, column, to + 1)
        y = max(places[0][one], places[1][other])
        places[0][one] = places[1][other] = y
    down(0, first, len(first.rows))
    down(1, second, len(second.rows))
    return places


def _partners(first: _Column, second: _Column) -> list[tuple[int, int]]:
    """Rows that show the same in both: the longest sequence that is common, section by section where these are called alike."""
    def keys(column: _Column, named: bool) -> list[tuple[object, ...]]:
        return [(row.box.node.section, row.box.node.block, row.box.label) if row.box and named else
                (row.box.label if row.box else "",) for row in column.rows]
    named = bool(set(first.graph.sections) & set(second.graph.sections))
    a, b = keys(first, named), keys(second, named)
    lengths = [[0] * (len(b) + 1) for _ in range(len(a) + 1)]
    for i in range(len(a) - 1, -1, -1):
        below, here = lengths[i + 1], lengths[i]
        for j in range(len(b) - 1, -1, -1):
            here[j] = below[j + 1] + 1 if a[i] == b[j] else max(below[j], here[j + 1])
    found, i, j = list[tuple[int, int]](), 0, 0
    while i < len(a) and j < len(b):
        if a[i] == b[j]:
            found.append((i, j))
            i, j = i + 1, j + 1
        elif lengths[i + 1][j] >= lengths[i][j + 1]:
            i += 1
        else:
            j += 1
    return found
