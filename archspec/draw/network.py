"""A network as a picture: its stages with folded repeats on a spine, what each costs beside it, and its blocks below."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from archspec.draw.block import LOOKS, Link, drawn
from archspec.draw.boxes import Box
from archspec.draw.captions import ROW, SWATCH, Legend, shape_text, three, tip, usual_act
from archspec.draw.fit import WIDTHS, Wanted, too_wide
from archspec.draw.laid import Layout, Look
from archspec.draw.lettering import width, wrapped
from archspec.draw.miniature import miniature
from archspec.draw.outline import Segment, outline
from archspec.draw.pattern import Cell, Pattern, patterns
from archspec.draw.shapes import SIZES, Extent, Face, Line, Mark, Rect, Shape, Text, extent, half, moved
from archspec.draw.svg import MARGIN, Picture
from archspec.graph.ir import Graph
from archspec.graph.ops import Conv
from archspec.views.numbers import count, memory
from archspec.views.summary import Summary, summary

SPINE = 172.0
BOX, STAGE = 24.0, 46.0
NEAR, FAR, HUNG = 14.0, 26.0, 32.0
"""Between plain boxes, between others, and what an auxiliary head adds to that."""
NAMES = 63.0
"""Where the names begin in a box with a miniature."""
LINE = 16.0
LANE = 9.0
BARS = (60.0, 68.0, 60.0)
BETWEEN = 10.0
SHOWN = 2
"""Of more distinct blocks than this none is drawn below the network."""
BOXES, MOST = 40, 200
"""Of a block of more boxes than this, equal paths not counted, there is no room below the network; of so many in any case."""


def network_picture(graph: Graph, *, width: Wanted = "auto", link: Link | None = None, cost: Summary | None = None) -> Picture:
    """The whole network in the order of computation, from the image to the logits.

    `link` says where boxes lead, `cost` what the network costs, where that is known by now. Auxiliary heads hang dashed
    beside the spine and are not counted, as in the model that predicts. Needs time linear in the nodes. Raises InputError
    where the picture is wider than it should be.
    """
    segments, cost = outline(graph), cost or summary(graph)
    found = patterns(segments)
    below = found if len(found) <= SHOWN and all(_small(pattern) for pattern in found) else ()
    plain = [box for segment in segments if segment.form == "boxes" for box in segment.boxes]
    usual = usual_act([*plain, *(box for pattern in below for box in pattern.part.boxes)])
    shapes = _Spine(graph, segments, cost, Look(usual=usual), link).shapes()
    around = extent(shapes)
    left, wide = around.left, around.right - around.left
    limit = max(wide, WIDTHS["page" if width == "auto" else width] - 2 * MARGIN)
    rooms = sorted({wide, min(max(wide, WIDTHS["page"] - 2 * MARGIN), limit), limit})
    y = half(around.bottom)
    shown: list[Box] = []
    short, left_out = False, list[str]()
    for pattern, (fitted, look) in zip(below, _below(below, rooms, usual), strict=True):
        if fitted:
            shapes.append(Line(((left, y + 14), (left + wide, y + 14)), "f"))
            shapes += moved(fitted, left, y + 36)
            y = half(extent(shapes).bottom)
            shown += pattern.part.boxes
            short = short or look.short
        else:
            left_out.append(", ".join(pattern.blocks) + (f" in {pattern.where}" if pattern.where else ""))
    legend = Legend(left, half(y + 10), wide)
    legend.strips([*plain, *shown], Look(usual=usual))
    if short:
        kernel = next(box.words[0].removesuffix(" conv") for box in shown if isinstance(box.op, Conv))
        legend.entry([Rect(0, 0, SWATCH, 11, "conv", 2)], f"{kernel}: a {kernel} convolution")
    if left_out:
        legend.words(f"not drawn, too wide: {'; '.join(left_out)}")
    picture = Picture((*shapes, *legend.shapes), f"{graph.name}, whole network", _described(graph, segments, cost))
    if width != "auto" and picture.size[0] > WIDTHS[width]:
        raise too_wide(graph.name, picture.size[0], width)
    return picture


def _small(pattern: Pattern) -> bool:
    return len(pattern.part.boxes) <= BOXES or (len(pattern.part.boxes) <= MOST and sum(
        isinstance(shape, Mark) for shape in drawn(pattern.part, Look()).shapes) <= BOXES)


def _described(graph: Graph, segments: Sequence[Segment], cost: Summary) -> str:
    """The network in sentences."""
    words = [f"{graph.name}: from {shape_text(graph.input.type)} to {shape_text(graph.output.type)}, "
             f"{count(cost.parameters.trainable)} parameters, {count(cost.macs)} multiply-adds"]
    for row in cost.stages:
        own = [segment for segment in segments if segment.section == row.name]
        parts = [f"{len(segment.repeats)} × {segment.words or segment.title}" if segment.form == "stage"
                 else segment.words if segment.form == "run" else ", ".join(box.label for box in segment.boxes)
                 for segment in own]
        words.append(f"{row.name}: {'; '.join(parts)}; output {shape_text(own[-1].output)}, "
                     f"{count(row.trainable)} parameters, {count(row.macs)} multiply-adds")
    return ". ".join(words) + "."


class _Lanes:
    """Values that go past sections: on the left of the spine, each in a column as long as others are in the way."""

    def __init__(self, segments: Sequence[Segment]) -> None:
        self.segments = segments
        self.ends: dict[int, list[int]] = {}
        for index, segment in enumerate(segments):
            for place in segment.taken:
                self.ends.setdefault(place, []).append(index)
        self.columns: dict[int, int] = {}
        until: list[int] = []
        for place in sorted(self.ends):
            column = next((number for number, end in enumerate(until) if end < place), len(until))
            until[column:column + 1] = [self.ends[place][-1]]
            self.columns[place] = column
        self.room = LANE * len(until) + 3 if until else 0.0

    def lines(self, boxes: Sequence[Extent], middle: float) -> list[Shape]:
        """The lines between boxes at these places; the image's value leaves from the line that is at `middle`."""
        found: list[Shape] = []
        arrivals = dict.fromkeys(range(len(boxes)), 0)
        for place, takers in sorted(self.ends.items()):
            x = -LANE * (self.columns[place] + 1) - 3
            leaves, begin, source = 28.0, middle, "input"
            if place >= 0:
                leaves = half((boxes[place].top + 3 * boxes[place].bottom) / 4)
                begin, source = 0.0, self.segments[place].nodes[-1].name
            for taker in takers:
                arrives = half(boxes[taker].top + 8 + 8 * arrivals[taker])
                arrivals[taker] += 1
                found.append(Line(((begin, leaves), (x, leaves), (x, arrives), (0, arrives)), "w", True, source))
        return found


@dataclass
class _Spine:
    """The column of sections, from above downwards."""

    graph: Graph
    segments: Sequence[Segment]
    cost: Summary
    look: Look
    link: Link | None

    def shapes(self) -> list[Shape]:
        """All of it, with the figures and the title; its left edge without lanes is 0."""
        self.lanes = _Lanes(self.segments)
        self.wide = self._width()
        self.middle = self.wide / 2
        self.tops: list[Extent] = []
        y, drawn_ = 42.0, [Text(self.middle, 10, shape_text(self.graph.input.type), face="s", dim=True)]
        found: list[Shape] = [*drawn_]
        last = shape_text(self.graph.input.type)
        bottom, start = 16.0, True
        source = "input"
        for index, segment in enumerate(self.segments):
            if not start:
                before = self.segments[index - 1]
                shape = shape_text(before.output)
                plain = before.form == segment.form == "boxes"
                said = shape != last
                gap = (NEAR if plain and not said and not before.auxiliary else FAR) + (HUNG if before.auxiliary else 0)
                y = bottom + gap
                if said:
                    found.append(Text(self.middle + 9, y - 10, shape, "start", "s", dim=True))
                    last = shape
                if before.auxiliary:
                    found += self._hung(before, bottom, source)
            if segment.follows:
                found.append(Line(((self.middle, bottom), (self.middle, y)), "e", True, source))
            shapes, top, bottom = self._segment(segment, y)
            found += shapes
            self.tops.append(Extent(0, y, self.wide, top))
            source = segment.nodes[-1].name
            start = False
        found += self._end(bottom, source)
        found += self.lanes.lines(self.tops, self.middle)
        found += self._figures(bottom)
        return [Text(-self.lanes.room, -12, self.graph.name, "start", "h"), *found]

    # the boxes

    def _width(self) -> float:
        """Of the boxes: as the longest label needs; lanes take from it what it does not need."""
        layout = Layout(self.look)
        needs = [SPINE - self.lanes.room]
        for segment in self.segments:
            if segment.form == "boxes":
                needs += [layout.width(replace(box, sign="")) + 8 for box in segment.boxes]
            else:
                for words, face in _named(segment):  # a line may break behind a space, too, where lanes need the room
                    liked = max(_measure(piece, face) for piece in _pieces(words, "_"))
                    least = max(_measure(piece.rstrip(), face) for piece in _pieces(words))
                    needs.append(NAMES + 8 + max(least, min(liked, SPINE - self.lanes.room - NAMES)))
        return 2 * half(max(needs) / 2)

    def _segment(self, segment: Segment, y: float) -> tuple[list[Shape], float, float]:
        """Its shapes, the bottom of its last box, and the bottom with the sheets."""
        if segment.form == "boxes":
            return self._boxes(segment, y)
        return self._folded(segment, y)

    def _boxes(self, segment: Segment, y: float) -> tuple[list[Shape], float, float]:
        layout = Layout(self.look)
        layout.tips = {box.name: tip(box, layout.words(box)) for box in segment.boxes}
        layout.links = {box.name: self.link(box.where) for box in segment.boxes} if self.link else {}
        found: list[Shape] = []
        for index, box in enumerate(segment.boxes):
            if index:
                found.append(Line(((self.middle, y), (self.middle, y + NEAR)), "e", True, segment.boxes[index - 1].name))
                y += NEAR
            wide = replace(box, sign="")
            found += layout.leaf(wide, self.wide).at(self.middle, y).shapes
            y += BOX
        return found, y, y

    def _folded(self, segment: Segment, y: float) -> tuple[list[Shape], float, float]:
        """A stage, or a run that is one box: miniature, name, block, and how often."""
        times = f"× {len(segment.repeats)}" if len(segment.repeats) > 1 else ""
        room = self.wide - NAMES - 8
        lines: list[tuple[str, Face]] = [(line, face) for words, face in _named(segment) for line in _broken(words, room, face)]
        first = times and _measure(lines[0][0], "b") + 8 + _measure(times, "h") <= room
        rows = max(len(lines), 1) + bool(times and not first and len(lines) > 1)
        if times and not first and len(lines) == 1:
            rows = 2
        high = max(STAGE, half(14 + LINE * rows))
        style = "panel" if segment.form == "stage" else "plain"
        back = [Rect(shift, y + shift, self.wide, high, style) for shift in (6.0, 3.0)] if times else []
        small = miniature(segment.repeats[-1].part, NAMES - 10, high - 8)
        picture = [small.moved(NAMES / 2 - 0.5, half(y + high / 2))] if small else []
        names = NAMES if small else 12.0
        inner: list[Text | Rect | Line] = [Rect(0, y, self.wide, high, style)]
        baseline = half(y + high / 2 - LINE * rows / 2 + 12)
        for row, (line, face) in enumerate(lines):
            inner.append(Text(names, baseline + LINE * row, line, "start", face))
        if times:
            inner.append(Text(self.wide - 8, baseline + (0 if first else LINE * (rows - 1)), times, "end", "h"))
        where = segment.nodes[0].calls[0].where if segment.nodes[0].calls else segment.nodes[0].where
        mark = Mark((*back, *inner[:1], *picture, *inner[1:]), self._tip(segment), "", segment.section,
                    self.link(where) if self.link else "")
        return [mark], y + high, y + high + (6 if times else 0)

    def _tip(self, segment: Segment) -> str:
        costs = [self.graph.costs[node.name] for node in segment.nodes]
        macs = [cost.macs for cost in costs]
        total = None if None in macs else sum(each or 0 for each in macs)
        times = f"{len(segment.repeats)} × " if segment.form == "stage" else ""
        what = segment.words if segment.form == "run" else segment.words or segment.title
        return (f"{segment.title}: {times}{what}; {shape_text(segment.output)}; "
                f"{count(sum(cost.trainable for cost in costs))} parameters; {count(total)} multiply-adds")

    # what hangs beside the spine

    def _hung(self, segment: Segment, bottom: float, source: str) -> list[Shape]:
        """An auxiliary head: dashed, on the right."""
        wide = half(_measure(segment.auxiliary, "s") + 8)
        left, y = self.middle + 14, bottom + 12
        box = Rect(left, y, wide, 22, "plain x")
        label = Text(left + wide / 2, y + 15, segment.auxiliary, face="s")
        line = Line(((self.middle, y + 11), (left, y + 11)), "w", True, source)
        return [line, Mark((box, label), f"{segment.auxiliary}: an auxiliary head, in training alone; not counted", "",
                           segment.section)]

    def _end(self, bottom: float, source: str) -> list[Shape]:
        output = self.graph.output.type
        words = f"{output.channels} logits" if len(output.shape) == 1 else shape_text(output)
        return [Line(((self.middle, bottom), (self.middle, bottom + 18)), "e", True, source),
                Text(self.middle, bottom + 30, words, face="s", dim=True)]

    # figures

    def _figures(self, bottom: float) -> list[Shape]:
        """A number over a bar for each section, and the totals below; all bars have one scale."""
        rows = [(row.trainable, row.macs, row.activations) for row in self.cost.stages]
        totals = (self.cost.parameters.trainable, self.cost.macs, self.cost.memory.activations)
        shares = [[value / total if value is not None and total else None for value, total in zip(row, totals, strict=True)]
                  for row in rows]
        largest = max((share for row in shares for share in row if share), default=1.0)
        starts = [self.wide + 28 + sum(BARS[:place]) + BETWEEN * place for place in range(3)]
        found: list[Shape] = [Text(x, 10, word, "start", "s", dim=True) for x, word in
                              zip(starts, ("parameters", "multiply-adds", "activations"), strict=True)]
        edge = self.wide + 18
        for stage, row, share in zip(self.cost.stages, rows, shares, strict=True):
            own = [where for where, segment in zip(self.tops, self.segments, strict=True) if segment.section == stage.name]
            top, end = own[0].top, own[-1].bottom
            found.append(Line(((edge, top), (edge + 5, top), (edge + 5, end), (edge, end)), "f"))
            y = half((top + end) / 2)
            for x, bar, words, part in zip(starts, BARS, _figures_of(*row), share, strict=True):
                found.append(Text(x, y - 1, words, "start", "s"))
                track = Rect(x, y + 5, bar, 5, "track", 0)
                filled = half(bar * part / largest) if part else 0.0
                own_bar = [Rect(x, y + 5, filled, 5, "share", 0)] if filled >= 1 else []
                title = "" if part is None else f"{100 * part:.1f}% of the network"
                found.append(Mark((track, *own_bar), title))
        for x, words in zip(starts, _figures_of(*totals), strict=True):
            found.append(Text(x, bottom + 30, words, "start", "b"))
        exact = count(self.cost.parameters.trainable)
        statistics = self.cost.parameters.non_trainable
        note = (f"{exact} parameters{f', batch norm has {count(statistics)} statistics besides' if statistics else ''}. "
                "Activations: of one image, float32, as kept for training.")
        if any(segment.auxiliary for segment in self.segments):
            note += " Dashed: auxiliary heads, not counted."
        left = -self.lanes.room
        return [*found, *_lines(note, left, bottom + 48, starts[2] + BARS[2] - left)]


def _named(segment: Segment) -> list[tuple[str, Face]]:
    """What a box with a miniature is called, in bold, and what it holds."""
    return [(segment.title, "b"), *((words, "") for words in segment.words.split(", ") if words)]


def _figures_of(parameters: int | None, macs: int | None, activations: int | None) -> tuple[str, str, str]:
    return three(parameters), three(macs), memory(activations)


# blocks below

def _below(found: Sequence[Pattern], rooms: Sequence[float], usual: str) -> list[tuple[list[Shape], Look]]:
    """Blocks with what varies by stage, each from (0, 0) down, in the least room that is enough; nothing if none is.

    All say in one way what varies, where there is room for that.
    """
    alike = _fitted(found, rooms, usual) if found else []
    return alike or [(_fitted([pattern], rooms, usual) or [([], Look())])[0] for pattern in found]


def _fitted(found: Sequence[Pattern], rooms: Sequence[float], usual: str) -> list[tuple[list[Shape], Look]]:
    """Blocks in the least room and the roomiest look that hold for all of them; nothing if none does."""
    for room in rooms:
        for look in LOOKS:
            look = replace(look, usual=usual)
            for form in (_beside, _lettered):
                drawn_ = [(form if pattern.cells else _beside)(pattern, look, room, rooms[0]) for pattern in found]
                if all(drawn_):
                    return [(shapes, look) for shapes in drawn_]
    return []


def _headed(pattern: Pattern, room: float) -> list[Shape]:
    """The names of the blocks, and which repeats have the structure, where others do not."""
    rows = _broken(", ".join(pattern.blocks) or "block", room, "b")
    names = [Text(0, LINE * row, words, "start", "b") for row, words in enumerate(rows)]
    where = f"in {pattern.where}" if pattern.where else ""
    if len(rows) == 1 and names[0].width + 10 + _measure(where, "s") <= room:
        return [*names, *([Text(half(names[0].width + 10), 0, where, "start", "s", dim=True)] if where else [])]
    return [*names, *_lines(where, 0, names[-1].y + ROW, room)]


def _placed(pattern: Pattern, look: Look, room: float) -> tuple[list[Shape], float, dict[str, Extent]]:
    """The heading and the block below it; how far it reaches to the right, and where its boxes are."""
    head = _headed(pattern, room)
    laid = drawn(pattern.part, look)
    shapes = [*laid.shapes]
    straight = all(port.x == 0 for port in laid.entries if port.drawn)
    top = -22.0 if straight else -28.0
    for port in laid.entries:
        if port.drawn:
            points = ((0.0, top), (0.0, port.y)) if port.x == 0 else (
                (0.0, top), (0.0, top + 11), (port.x, top + 11), (port.x, port.y))
            shapes.append(Line(points, "w" if port.dashed else "e", port.arrow, "entry"))
    shapes += [Line(((port.x, port.y), (port.x, port.y + 18)), "e", True, port.source) for port in laid.exits[:1]]
    around = extent(shapes)
    x, y = half(-around.left), half(extent(head).bottom + 14 - around.top)
    found = moved(shapes, x, y)
    places = {shape.layer: shape.extent for shape in found if isinstance(shape, Mark) and shape.layer}
    return [*head, *found], extent(found).right, places


def _beside(pattern: Pattern, look: Look, room: float, wide: float) -> list[Shape]:
    """What varies in columns beside the block, level with its boxes; nothing if boxes share a row, or no room is left."""
    shapes, right, places = _placed(pattern, look, room)
    if not pattern.cells:
        return [*shapes, *_noted(pattern, shapes, room)] if right <= room else []
    cells = {name: found for name, found in pattern.cells.items() if name in places}  # of equal paths some are not drawn
    rows = sorted((places[name].top, places[name].bottom) for name in cells)
    if any(above[1] > below[0] for above, below in pairwise(rows)):
        return []
    if any(cell.more and cell.until for row in cells.values() for cell in row):
        return []
    columns = list(zip(*cells.values(), strict=True))
    wides = [half(max(_measure(stage, "s"), *(_cell_width(cell) for cell in column)) + 12)
             for stage, column in zip(pattern.stages, columns, strict=True)]
    if right + 12 + sum(wides) > room:
        return []
    x = min(room - sum(wides), max(right + 60, wide - sum(wides)))
    top = min(place.top for place in places.values()) - 22
    found: list[Shape] = []
    for place, (stage, more) in enumerate(zip(pattern.stages, wides, strict=True)):
        x += more
        if len(pattern.stages) > 1:
            found.append(Text(half(x), top, stage, "end", "s", dim=True))
        for name, row in cells.items():
            found += _cell(row[place], half(x), half((places[name].top + places[name].bottom) / 2))
    return [*shapes, *found, *_noted(pattern, shapes, room)]


def _cell_width(cell: Cell) -> float:
    return max(_measure(f"{cell.main} →" if cell.until else cell.main), _measure(cell.until), _measure(cell.more, "s"))


def _cell(cell: Cell, x: float, y: float) -> list[Shape]:
    if cell.until:
        return [Text(x, y - 3, f"{cell.main} →", "end", dim=True), Text(x, y + 12, cell.until, "end")]
    if cell.more:
        return [Text(x, y - 2, cell.main, "end"), Text(x, y + 12, cell.more, "end", "s", dim=True)]
    return [Text(x, y + 4, cell.main, "end")]


def _lettered(pattern: Pattern, look: Look, room: float, wide: float) -> list[Shape]:
    """Letters for what varies, and a table of them beside the block or below it; nothing if there is no room for it."""
    if not pattern.cells:
        return []
    columns = {cells: _letter(index) for index, cells in enumerate(dict.fromkeys(pattern.cells.values()))}
    letters = {name: columns[cells] for name, cells in pattern.cells.items()}
    boxes = tuple(_with_letter(box, letters) for box in pattern.part.boxes)
    shapes, right, places = _placed(replace(pattern, part=replace(pattern.part, boxes=boxes)), look, room)
    table = _table(pattern.stages, columns, look.face)
    across = extent(table).right
    if max(right, across) > room:
        return []
    if right + 30 + across <= room:
        top = min(place.top for place in places.values())
        shapes += moved(table, min(room - across, max(right + 60, wide - across)), top + 9)
    else:
        shapes += moved(table, 0, extent(shapes).bottom + ROW)
    return [*shapes, *_noted(pattern, shapes, room)]


def _table(stages: Sequence[str], columns: Mapping[tuple[Cell, ...], str], face: Face) -> list[Shape]:
    """A row a stage, a column a letter, from (0, 0), where the letters stand, down."""
    x = half(max(_measure(stage, "s") for stage in stages))
    found: list[Shape] = [Text(0, 19 + 15 * row, stage, "start", "s", dim=True) for row, stage in enumerate(stages)]
    for cells, letter in columns.items():
        x += half(max(_measure(text, face) for text in [letter, *(cell.text for cell in cells)]) + 14)
        found.append(Text(x, 0, letter, "end", "s", dim=True))
        found += [Text(x, 19 + 15 * row, cell.text, "end", face) for row, cell in enumerate(cells)]
    return [*found, Line(((0, 6), (x, 6)), "f")]


def _letter(index: int) -> str:
    return "abcdefghijklmnopqrstuvwxyz"[index % 26] * (index // 26 + 1)


def _with_letter(box: Box, letters: Mapping[str, str]) -> Box:
    if box.name not in letters:
        return box
    first, *others = box.words
    if box.kind == "plain" or first == "channels":  # drop path a, channels b: as the number would stand
        return replace(box, words=(f"{first} {letters[box.name]}", *others))
    return replace(box, words=(first, letters[box.name], *others))


def _noted(pattern: Pattern, shapes: Iterable[Shape], room: float) -> list[Shape]:
    y = extent(shapes).bottom
    found: list[Shape] = []
    for note in pattern.notes:
        found += _lines(note, 0, y + ROW, room)
        y = found[-1].extent.bottom - 2
    return found


# words

def _measure(words: str, face: Face = "") -> float:
    return width(words, SIZES[face], face in ("b", "h"))


def _pieces(words: str, behind: str = "_ ") -> list[str]:
    """Words in parts, parted behind signs."""
    return re.split(f"(?<=[{behind}])", words)


def _broken(words: str, room: float, face: Face = "") -> list[str]:
    """Words in as few lines as the room allows, broken behind signs."""
    lines: list[str] = []
    for piece in _pieces(words):
        if lines and _measure((lines[-1] + piece).rstrip(), face) <= room:
            lines[-1] += piece
        else:
            lines.append(piece)
    return [line.rstrip() for line in lines]


def _lines(words: str, x: float, y: float, room: float) -> list[Shape]:
    """Small dim words in lines, the first on y."""
    return [Text(x, y + LINE * row, line, "start", "s", dim=True) for row, line in enumerate(wrapped(words, room, SIZES["s"]))]
