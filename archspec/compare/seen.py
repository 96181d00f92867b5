"""A block as one of two sides sees it: what it has as boxes, what it lacks as dotted ghosts, in the layout of both."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from archspec.compare.layers import BoxPair, Status, UnitPair
from archspec.compare.union import ENTRY, EXIT, Edge, Union, union
from archspec.draw.block import ends
from archspec.draw.boxes import Box
from archspec.draw.captions import tip, usual_act
from archspec.draw.fit import WIDTHS
from archspec.draw.laid import Laid, Layout, Look
from archspec.draw.shapes import Circle, Line, Mark, Miniature, Point, Rect, Shape, Text, extent, half, straight
from archspec.draw.tree import tree

STYLES: Mapping[Status, str] = {"=": "plain", "≠": "changed", "+": "added", "−": "removed"}
"""The kind of box, as far as colour says it."""
OUTLINES: Mapping[Status, str] = {"=": "plain", "≠": "changed k", "+": "added k", "−": "removed x k"}
GHOST = "g"
SHARED, SMALL = 0.25, 12
"""The share of boxes that two blocks must have in common to be drawn in one layout; up to so many boxes are few."""
MOST = 120
"""Boxes of both sides together that are drawn; of more, the text and the JSON tell."""


@dataclass(frozen=True)
class Seen:
    """Both sides of a pair of blocks as shapes around a spine at x = 0, level where they agree.

    `apart` says why each is in a layout of its own; empty where it is not.
    """

    sides: tuple[tuple[Shape, ...], tuple[Shape, ...]]
    apart: str
    usual: str
    """The activation that labels leave out."""


def seen(pair: UnitPair, names: tuple[str, str]) -> Seen | None:
    """Two units under the names of their sides; None where they have too many boxes to be drawn."""
    assert pair.a is not None
    assert pair.b is not None
    if len(pair.boxes) > MOST:
        return None
    usual = _usual(pair)
    layout = Layout(Look(usual=usual))
    labels = {place: _widest(layout, each) for place, each in enumerate(pair.boxes)}
    found = union(pair, labels) if _akin(pair) else None
    apart = _alone(layout, pair, 0, names[0]), _alone(layout, pair, 1, names[1])
    if found is None:
        return Seen(apart, "the two have too little in common for one layout", usual)
    laid = layout.laid(tree(found.part), ENTRY)
    first, second = (tuple(_Side(layout, found, laid, side, names[side]).shapes()) for side in (0, 1))
    if max(map(_wide, apart)) < (wide := _wide(first)) and wide > WIDTHS["page"]:
        return Seen(apart, "one layout of both would be wider than a page", usual)
    return Seen((first, second), "", usual)


def _akin(pair: UnitPair) -> bool:
    """Whether enough boxes have a partner with their name or their words: of all, or of the smaller side's in a small block."""
    a, b = pair.a, pair.b
    assert a is not None
    assert b is not None
    shared = sum(1 for each in pair.boxes if each.a and each.b
                 and (each.a.words == each.b.words or a.inner(each.a.name) == b.inner(each.b.name)))
    small = len(pair.boxes) <= SMALL and shared >= SHARED * min(len(a.boxes), len(b.boxes))
    return small or shared >= SHARED * len(pair.boxes)


def _wide(shapes: Sequence[Shape]) -> float:
    around = extent(shapes)
    return around.right - around.left


def _usual(pair: UnitPair) -> str:
    """The activation that labels leave out: the usual one of both sides, if it is the same."""
    usual = {usual_act(each.a for each in pair.boxes if each.a), usual_act(each.b for each in pair.boxes if each.b)}
    return usual.pop() if len(usual) == 1 else ""


def marked(pair: BoxPair, side: int) -> Box | None:
    """A box of a side with the sign of its status before its words, and what differs that the words leave out."""
    box = (pair.a, pair.b)[side]
    if box is None or pair.status == "=":
        return box
    hidden = [f"{name} {values[side]}" for layer in pair.layers[:1] if not layer.tuned for name, *values in layer.settings]
    first, *others = box.words
    return replace(box, words=(f"{pair.status} {first}", *others, *hidden))


def _widest(layout: Layout, pair: BoxPair) -> str:
    """The longer of the labels of both sides."""
    labels = [layout.words(box) for box in (marked(pair, 0), marked(pair, 1)) if box]
    return max(labels, key=layout.measure)


Plain = Text | Rect | Circle | Line | Miniature


def _restyled(shapes: Iterable[Plain], kind: str, status: Status) -> Iterator[Plain]:
    """The shapes of a box in the colours of its status."""
    for shape in shapes:
        if isinstance(shape, Rect | Circle):
            first, _, more = shape.style.partition(" ")
            style = f"{STYLES[status]}{first.removeprefix(kind)}" if first != kind else OUTLINES[status]
            yield replace(shape, style=f"{style} {more}".strip() if more not in style else style)
        else:
            yield shape


def _alone(layout: Layout, pair: UnitPair, side: int, name: str) -> tuple[Shape, ...]:
    """A side in a layout of its own."""
    unit = (pair.a, pair.b)[side]
    assert unit is not None
    pairs = {box.name: each for each in pair.boxes for box in ((each.a, each.b)[side],) if box}
    boxes = tuple(_signed(box, pairs[box.name], side) for box in unit.boxes)
    layout = replace(layout, tips={box.name: tip(box, layout.words(box)) for box in boxes})
    laid = layout.laid(tree(replace(unit.part, boxes=boxes)), unit.part.entry)
    found: list[Shape] = []
    for shape in (*laid.shapes, *ends(laid, unit.part, name, "")):
        if isinstance(shape, Mark) and shape.layer in pairs:
            each = pairs[shape.layer]
            kind = ((each.a, each.b)[side] or each.box).kind
            inner = tuple(replace(part, words=part.words.replace(SIGN, each.status)) if isinstance(part, Text) else part
                          for part in _restyled(shape.shapes, kind, each.status))
            found.append(replace(shape, shapes=inner, title=shape.title.replace(SIGN, each.status)))
        else:
            found.append(shape)
    return tuple(found)


SIGN = "\N{PLUS-MINUS SIGN}"
"""Stands for any sign while places are found, so that paths of equal boxes stay equal: it is no narrower than those."""


def _signed(box: Box, pair: BoxPair, side: int) -> Box:
    found = marked(pair, side) or box
    first, *others = found.words
    return found if pair.status == "=" else replace(found, words=(first.replace(pair.status, SIGN, 1), *others))


@dataclass(frozen=True)
class _Side:
    """One side of a union that has places."""

    layout: Layout
    union: Union
    laid: Laid
    side: int
    name: str

    def shapes(self) -> Iterator[Shape]:
        """Ghosts first, so that what is there lies above them."""
        outside = ends(self.laid, self.union.part, self.name, "")
        shapes = [*self.laid.shapes, *outside]
        marks = [shape for shape in shapes if isinstance(shape, Mark)]
        lines = [shape for shape in shapes if isinstance(shape, Line)]
        goals = _goals(lines, marks, outside)
        there: list[Shape] = []
        starts: dict[Point, bool] = {}
        for line, goal in zip(lines, goals, strict=True):
            source = _source(line)
            seen_from = self._carries(source, goal)
            starts[line.points[0]] = starts.get(line.points[0], False) or bool(seen_from)
            if seen_from:
                arrow = line.arrow and not (goal and all(self._lacks(name) for name in goal))
                there.append(replace(line, source=self._called(seen_from), arrow=arrow))
            else:
                yield replace(line, style=GHOST, arrow=False, source=self._called(source))
        arrived = {name: line.points[-1] for line, goal in zip(lines, goals, strict=True) for name in goal
                   if self._carries(_source(line), goal)}
        for mark in marks:
            yield from self._mark(mark, arrived.get(mark.layer))
        yield from there
        for shape in shapes:
            if isinstance(shape, Text) and (shape in outside or self._stands(shape, lines, starts)):
                yield shape

    def _box(self, name: str) -> Box | None:
        return marked(self.union.pairs[name], self.side)

    def _lacks(self, name: str) -> bool:
        return name in self.union.pairs and self._box(name) is None

    def _called(self, name: str) -> str:
        """What a value is called in the picture: by its layer."""
        through = self.union.through[self.side]
        passed = next((origin for step, origin in through.items() if step[0] == name), name) if self._lacks(name) else name
        box = self._box(passed) if passed in self.union.pairs else None
        return box.name if box else passed

    def _carries(self, source: str, goals: frozenset[str]) -> str:
        """Whose value a line carries on this side, towards any of what it leads to; none where it is a ghost."""
        edges, through = self.union.edges[self.side], self.union.through[self.side]
        for goal in sorted(goals):
            origin = self._origin(source, goal)
            for step in self._steps(origin, goal):
                if step in edges:
                    return origin
                if step in through:
                    return through[step]
        return ""

    def _origin(self, source: str, goal: str) -> str:
        """The value behind a name that is drawn as a box of its own."""
        name, _, index = source.partition("<")
        return self._input(name, int(index)) if index else source

    def _input(self, name: str, index: int) -> str:
        return next(box for box in self.union.part.boxes if box.name == name).inputs[index]

    def _steps(self, source: str, goal: str) -> Iterator[Edge]:
        """The connection that a line stands for: from a box to another, or to the first of those it is drawn instead of."""
        inputs = {box.name: box.inputs for box in self.union.part.boxes}
        if source in inputs.get(goal, ()) or goal == EXIT:
            yield source, goal
            return
        waiting, known = [goal], {goal}
        for name in waiting:
            for before in inputs.get(name, ()):
                if before == source:
                    yield source, name
                elif before not in known:
                    known.add(before)
                    waiting.append(before)

    def _stands(self, text: Text, lines: Sequence[Line], starts: Mapping[Point, bool]) -> bool:
        """Whether words beside lines belong to this side: the name of a value from elsewhere only where it is taken."""
        below = [start for start in starts if start[0] == text.x and 0 < start[1] - text.y <= 8]
        return not below or any(starts[start] for start in below)

    def _mark(self, mark: Mark, arrived: Point | None) -> Iterator[Shape]:
        name = mark.layer
        pair, box = self.union.pairs[name], self._box(name)
        outline = next(shape for shape in mark.shapes if isinstance(shape, Rect | Circle))
        through = [step for step in self.union.through[self.side] if name in step]
        if box is None and isinstance(outline, Circle):
            if through and arrived:
                yield self._past(outline, arrived, name)
            else:
                yield replace(outline, style=GHOST)
        elif box is None:
            other = pair.box
            assert isinstance(outline, Rect)
            past = [self._past(outline, arrived, name)] if through and arrived else []
            yield Mark((replace(outline, style=GHOST), *past), f"not in {self.name}: {other.name}, {other.label}")
        elif isinstance(outline, Circle):
            yield Mark(tuple(self._circle(mark, box, pair.status)), tip(box, self.layout.words(box)), box.name, _section(box))
        else:
            assert isinstance(outline, Rect)
            wide, middle = outline.width, half(outline.x + outline.width / 2)
            layout = replace(self.layout, tips={box.name: tip(box, self.layout.words(box))})
            plain = replace(box, sign="")
            reach = (outline.x - middle, outline.x - middle + wide)
            for shape in layout.leaf(plain, wide, reach).at(middle, outline.y).shapes:
                assert isinstance(shape, Mark)
                yield replace(shape, shapes=tuple(_restyled(shape.shapes, box.kind, pair.status)))

    def _circle(self, mark: Mark, box: Box, status: Status) -> Iterator[Plain]:
        for shape in _restyled(mark.shapes, mark_kind(mark), status):
            if not isinstance(shape, Text):
                yield shape
            elif box.after.act:
                yield replace(shape, words=box.after.act)

    def _past(self, outline: Rect | Circle, arrived: Point, name: str) -> Line:
        """The line that goes on where the other side has a box or a circle: from where it comes in to the bottom's middle."""
        around = outline.extent
        x, y = (around.left + around.right) / 2, (around.top + around.bottom) / 2
        way = (arrived, (x, y), (x, around.bottom)) if isinstance(outline, Circle) else (
            arrived, (arrived[0], y), (x, y), (x, around.bottom))
        return Line(straight(way), "e", False, self._called(name))


def mark_kind(mark: Mark) -> str:
    """The style of a mark's outline."""
    return next(shape.style for shape in mark.shapes if isinstance(shape, Rect | Circle)).partition(" ")[0]


def _section(box: Box) -> str:
    return box.nodes[0].section if box.nodes else ""


def _source(line: Line) -> str:
    return line.source or ENTRY


def _goals(lines: Sequence[Line], marks: Sequence[Mark], outside: Sequence[Shape]) -> list[frozenset[str]]:
    """For each line the boxes that it leads to, over what lines go on from its end."""
    outlines = [(mark.layer, next(shape.extent for shape in mark.shapes if isinstance(shape, Rect | Circle))) for mark in marks]
    after: dict[tuple[str, Point], list[int]] = {}
    for index, line in enumerate(lines):
        after.setdefault((_source(line), line.points[0]), []).append(index)
    last = [line for line in outside if isinstance(line, Line)][-1:]
    found: dict[int, frozenset[str]] = {}

    def goal(index: int) -> frozenset[str]:
        if index not in found:
            line = lines[index]
            (x, y), source = line.points[-1], _source(line)
            found[index] = frozenset()
            ended = [name for name, area in outlines
                     if name != source and area.left <= x <= area.right and area.top <= y <= area.bottom]
            if line in last:
                found[index] = frozenset({EXIT})
            elif ended:
                found[index] = frozenset(ended)
            else:
                found[index] = frozenset().union(*(goal(each) for each in after.get((source, (x, y)), ()) if each != index))
        return found[index]

    return [goal(index) for index in range(len(lines))]
