"""A network by resolution: each row is a stride, order goes from left to right, and values meet where they are joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from archspec.draw.block import Link
from archspec.draw.boxes import Box
from archspec.draw.captions import SWATCH, Legend, costs_of, shape_text, tip, usual_act
from archspec.draw.cells import Cell, Map, Module, map_of, with_blocks, with_paths
from archspec.draw.fit import WIDTHS, Wanted, too_wide
from archspec.draw.laid import Layout, Look
from archspec.draw.lettering import width as wide_of
from archspec.draw.shapes import SIZES, Circle, Line, Mark, Point, Rect, Shape, Text, extent, half, straight
from archspec.draw.svg import Picture
from archspec.errors import InputError
from archspec.graph.ir import Graph

HIGH = 24.0
STACK = 4.0
"""Between the boxes of a cell."""
ROUND = 6.0
BAR = 10.0
NEAR, UPRIGHT, SLANTED = 22.0, 32.0, 46.0
"""Between columns: with level lines alone, with lines from row to row, with slanted ones."""
JOG = 8.0
PANEL, SHEETS, TITLE = 8.0, 6.0, 24.0
TRACK = 8.0
ROWS = 20.0
"""Between what reaches furthest down of a row, and up of the next."""
DROP, STEP = 62.0, 30.0
"""Between the rows of a valley, and how far its left arm moves to the right in each."""


def map_picture(graph: Graph, *, width: Wanted = "auto", link: Link | None = None) -> Picture:
    """The network by resolution, its repeated modules drawn once. `link` says where boxes lead.

    Raises InputError where the network has no such map, or the picture is wider than it should be.
    """
    found = map_of(graph)
    if found is None:
        raise InputError(f"{graph.name} cannot be drawn as a map: it needs maps with a resolution in all its parts, and few "
                         "enough of them to be read\n  hint: --view network")
    limit = WIDTHS["page" if width == "auto" else width]
    picture = _picture(graph, found, link)
    for tighter in (with_blocks, with_paths):
        if picture.size[0] > limit and (less := tighter(found)) is not found:
            found, picture = less, _picture(graph, less, link)
    if width != "auto" and picture.size[0] > limit:
        raise too_wide(graph.name, picture.size[0], width)
    return picture


def _picture(graph: Graph, found: Map, link: Link | None) -> Picture:
    boxes = [box for cell in found.cells for box in cell.boxes]
    usual = usual_act(boxes)
    layout = Layout(Look(usual=usual))
    layout.tips = {box.name: tip(box, layout.words(box)) for box in boxes}
    layout.links = {box.name: link(box.where) for box in boxes} if link else {}
    upright = _is_valley(found)
    placed = [_Placed(layout, cell, index, upright) for index, cell in enumerate(found.cells)]
    placed[0].words = shape_text(graph.input.type)
    output = graph.output.type
    leaves = f"{output.channels} logits" if len(output.shape) == 1 else shape_text(output)
    shapes = (_Valley if upright else _Grid)(found, placed, graph, leaves).shapes()
    around = extent(shapes)
    left, top = -half(-around.left), -half(-around.top)
    title = Text(left, top - 14, graph.name, "start", "h")
    legend = Legend(left, half(around.bottom) + 16, max(around.right - left, 300))
    plain = [box for cell in found.cells for box in cell.boxes if not cell.block]
    legend.strips(plain, layout.look)
    legend.blocks([*(box for box in plain if box.block), *(each.whole for each in placed if each.cell.block)])
    joins = list(dict.fromkeys(each.cell.exit.words[0] for each in placed if each.cell.joins and not each.sign))
    if joins:
        legend.entry([Rect(4, -1, BAR, 13, "merge", 2)], " or ".join(joins))
    if not upright:
        _ways(legend, found)
    legend.words(f"{costs_of(graph.predicting)}; a row is a resolution")
    said = "; ".join(f"1/{row}: " + ", ".join(_label(box, count) for cell in found.cells if cell.row == row
                                             for box, count in zip(cell.boxes, cell.times, strict=True)) for row in found.rows)
    ends = f"{graph.name} from {placed[0].words} to {leaves}, by stride"
    return Picture((title, *shapes, *legend.shapes), f"{graph.name}, by resolution",
                   f"{ends}. {said}. {costs_of(graph.predicting)}.")


def _label(box: Box, count: int) -> str:
    return f"{box.label} × {count}" if count > 1 else box.label


def _is_sign(box: Box) -> bool:
    return box.words[0] in ("add", "multiply", "gate")


def _ways(legend: Legend, found: Map) -> None:
    """What lines from row to row stand for."""
    for up, style, words in ((False, "e", "down"), (True, "w", "up")):
        paths = [feed.path for cell in found.cells for feed in cell.feeds
                 if feed.path and (found.cells[feed.source].row > cell.row) == up]
        kinds: dict[tuple[str, ...], int] = {}
        for path in paths:
            said = [", ".join([box.words[0].partition(" ×")[0], *(word for word in box.words[1:] if word[:1] == "/")])
                    for box in path]
            kind = tuple(dict.fromkeys(said))
            kinds[kind] = max(kinds.get(kind, 1), len(said) // len(kind))
        if kinds:
            ways = [", ".join(kind) + (", once for each row" if times > 1 else "") for kind, times in kinds.items()]
            legend.entry([Line(((0, 5.5), (SWATCH, 5.5)), style)], f"{words}: {' or '.join(ways)}")


@dataclass
class _Placed:
    """A cell with its size and place: (x, y) is where lines arrive, in the middle of its first box."""

    layout: Layout
    cell: Cell
    index: int
    upright: bool
    """Whether values meet in bars alone, which are as high as what comes in on their level."""
    x: float = 0
    y: float = 0
    column: int = 0
    words: str = ""
    shape: str = ""
    tall: float = HIGH
    boxes: list[Box] = field(default_factory=list)

    def __post_init__(self) -> None:
        cell = self.cell
        if cell.block:
            self.boxes = [self.whole]
        else:
            self.boxes = [replace(box, words=(f"{box.words[0]} × {count}", *box.words[1:]), sign="") if count > 1 else
                          replace(box, sign="") for box, count in zip(cell.boxes, cell.times, strict=True)]

    @property
    def whole(self) -> Box:
        """The block that it stands for."""
        first, last = self.cell.boxes[0], self.cell.exit
        nodes = tuple(node for box in self.cell.boxes for node in box.nodes)
        return Box(last.name, "conv", (self.cell.block,), nodes, first.inputs, block=self.cell.block)

    @property
    def meets(self) -> bool:
        """Whether several values arrive."""
        return len(self.cell.feeds) > 1

    @property
    def sign(self) -> bool:
        """Whether it is a circle."""
        return self.cell.joins and not self.upright and _is_sign(self.cell.exit)

    @property
    def wide(self) -> float:
        """Of its boxes, without sheets."""
        if not self.boxes:
            return half(wide_of(self.words, SIZES["s"]))
        if self.cell.joins:
            return 2 * ROUND if self.sign else BAR
        return max(self.layout.width(box) for box in self.boxes)

    @property
    def sheets(self) -> float:
        """How far the sheets of blocks reach to the right."""
        return 6.0 if any(box.block for box in self.boxes) else 0.0

    @property
    def tops(self) -> list[float]:
        """Where its boxes begin, from its middle line down."""
        tops, y = [], -HIGH / 2
        for box in self.boxes:
            tops.append(y)
            y += HIGH + STACK + (6 if box.block else 0)
        return tops

    @property
    def down(self) -> float:
        """How far its boxes reach below the middle line."""
        if self.cell.joins:
            return ROUND if self.sign else self.tall - HIGH / 2
        return self.tops[-1] + HIGH + (6 if self.boxes[-1].block else 0) if self.boxes else 6

    @property
    def left(self) -> float:
        """Where lines arrive."""
        return self.x

    @property
    def right(self) -> float:
        """Where its value leaves."""
        return self.x + self.wide + (6 if self.boxes and self.boxes[-1].block else 0) + (6 if not self.boxes else 0)

    @property
    def far(self) -> float:
        """Its right edge."""
        return self.x + max(self.wide + self.sheets, half(wide_of(self.shape, SIZES["s"])) if self.shape else 0)

    @property
    def out(self) -> float:
        """The height where its value leaves."""
        return self.y + (self.tops[-1] + HIGH / 2 if self.boxes and not self.cell.joins else 0)

    @property
    def source(self) -> str:
        """Whose value leaves."""
        return self.cell.exit.name if self.cell.boxes else "input"

    def shapes(self) -> list[Shape]:
        """The cell."""
        if not self.boxes:
            return [Text(self.x, self.y + 4, self.words, "start", "s", dim=True)]
        found: list[Shape] = []
        if self.cell.joins:
            return [self._join()]
        for box, top in zip(self.boxes, self.tops, strict=True):
            if found:
                found.append(Line(((self.x + self.wide / 2, self.y + top - STACK), (self.x + self.wide / 2, self.y + top))))
            found += self.layout.leaf(box, self.wide).at(self.x + self.wide / 2, self.y + top).shapes
        if self.shape:
            found.append(Text(self.x, self.y + self.down + 14, self.shape, "start", "s", dim=True))
        return found

    def _join(self) -> Mark:
        box = self.cell.exit
        inner: list[Rect | Circle | Line | Text]
        if self.sign:
            x, y = self.x + ROUND, self.y
            arms = [((-3, 0), (3, 0)), ((0, -3), (0, 3))] if box.words[0] == "add" else [((-2, -2), (2, 2)), ((-2, 2), (2, -2))]
            inner = [Circle(x, y, ROUND, box.kind), *(Line(tuple((x + a, y + b) for a, b in arm)) for arm in arms)]
        else:
            inner = [Rect(self.x, self.y - HIGH / 2, BAR, self.tall, "merge")]
        return Mark(tuple(inner), self.layout.tips.get(box.name, ""), box.name, box.nodes[0].section,
                    self.layout.links.get(box.name, ""))


# rows and columns

class _Grid:
    """Cells in columns, each as far left as what it takes allows; lines change rows in the gaps between columns."""

    def __init__(self, found: Map, placed: Sequence[_Placed], graph: Graph, leaves: str) -> None:
        self.found, self.placed, self.graph, self.leaves = found, placed, graph, leaves
        self._columns()
        self.at = {(each.cell.row, each.column): each for each in placed}
        self.edges = [(placed[feed.source], each, bool(found.cells[feed.source].row > each.cell.row))
                      for each in placed for feed in each.cell.feeds]
        self._tracks()
        self._shapes_said()
        self._ys()
        self._xs()

    def shapes(self) -> list[Shape]:
        """Panels, lines, cells, and what leaves."""
        found: list[Shape] = [*self._panels()]
        for source, target, up in self.edges:
            found.append(self._line(source, target, up))
        for each in self.placed:
            found += each.shapes()
        last = self.placed[-1]
        found.append(Line(((last.right, last.out), (last.right + 20, last.out)), "e", True, last.source))
        found.append(Text(last.right + 25, last.out + 4, self.leaves, "start", "s", dim=True))
        return found

    def _columns(self) -> None:
        """By longest paths; modules have columns of their own."""
        least = 0
        module_of: dict[int, Module | None] = {}
        for module in self.found.modules:
            module_of |= dict.fromkeys(range(module.first, module.last + 1), module)
        taken = set[tuple[int, int]]()
        current: Module | None = None
        highest = 0
        for each in self.placed:
            here = module_of.get(each.index)
            if here is not current:
                least, current = highest + 1, here
            column = max([least, *(self.placed[feed.source].column + 1 for feed in each.cell.feeds)])
            while (each.cell.row, column) in taken:
                column += 1
            taken.add((each.cell.row, column))
            each.column = column
            highest = max(highest, column)
        self.columns = highest + 1

    def _tracks(self) -> None:
        """Runs that other cells are in the way of have a track of their own above their row."""
        self.track: dict[int, int] = {}
        until: dict[int, list[int]] = {}
        blocked: dict[int, int] = {}
        for source, target, _ in self.edges:
            if self._blocked(source, target) and not self._early(source, target):
                blocked[source.index] = max(blocked.get(source.index, 0), target.column)
        for index, end in sorted(blocked.items(), key=lambda item: (self.placed[item[0]].column, item[0])):
            each = self.placed[index]
            ends = until.setdefault(each.cell.row, [])
            track = next((number for number, last in enumerate(ends) if last <= each.column), len(ends))
            ends[track:track + 1] = [end]
            self.track[index] = track
        self.tracks = {row: len(ends) for row, ends in until.items()}

    def _blocked(self, source: _Placed, target: _Placed) -> bool:
        return any((source.cell.row, column) in self.at for column in range(source.column + 1, target.column))

    def _early(self, source: _Placed, target: _Placed) -> bool:
        """Whether a line that is in the way on its own row may run on its target's: nothing is there."""
        row, between = target.cell.row, range(source.column + 1, target.column)
        alone = sum(each.column == source.column for each in self.placed) == 1
        return (alone and row != source.cell.row and not target.meets and self._blocked(source, target)
                and not any((row, column) in self.at for column in between)
                and not any(other.cell.row == row and other.column < target.column and end.column > source.column
                            for other, end, _ in self.edges))

    def _run(self, source: _Placed, target: _Placed) -> float:
        """The height at which a line runs along its source's row."""
        if target.column == source.column + 1:
            return source.out
        if self._early(source, target):
            return target.y
        if not self._blocked(source, target):
            return source.y
        return source.y - HIGH / 2 - TRACK * (self.track[source.index] + 1)

    def _shapes_said(self) -> None:
        last: dict[int, str] = {}
        for each in sorted(self.placed, key=lambda each: each.column):
            if each.boxes and not each.cell.joins:
                shape = shape_text(each.cell.output)
                if shape != last.get(each.cell.row) and len(each.cell.output.shape) == 3:
                    each.shape = last[each.cell.row] = shape

    def _ys(self) -> None:
        """Each row as far up as what stands above it in its columns allows."""
        self.up = {row: HIGH / 2 + TRACK * self.tracks.get(row, 0) for row in self.found.rows}
        modules = [self.placed[module.first:module.last + 1] for module in self.found.modules]
        tops = {min(each.cell.row for each in inside) for inside in modules}
        ends = {max(each.cell.row for each in inside) for inside in modules}
        below = [-1e9] * self.columns
        last = -1e9
        for row in self.found.rows:
            here = [each for each in self.placed if each.cell.row == row]
            begin = min([each.column for each in here] + [source.column + 1 for source, target, _ in self.edges
                                                          if target.cell.row == row and self._early(source, target)])
            end = max([target.column for source, target, _ in self.edges if source.cell.row == row] + [
                each.column for each in here])
            up = self.up[row] + (PANEL + TITLE if row in tops else 0) + ROWS
            y = 0.0 if last < 0 else half(max(max(below[begin:end + 1]) + up, last + 2 * HIGH))
            for each in here:
                each.y = y
                below[each.column] = y + each.down + (18 if each.shape else 0) + (PANEL + SHEETS if row in ends else 0)
            for column in range(begin, end + 1):
                below[column] = max(below[column], y + 4)
            last = y

    def _xs(self) -> None:
        begins = {self.placed[module.first].column for module in self.found.modules}
        after = {max(each.column for each in self.placed[module.first:module.last + 1]) for module in self.found.modules}
        self.lefts, self.rights, self.starts = list[float](), list[float](), list[float]()
        x = 0.0
        for column in range(self.columns):
            arriving = [(source, target) for source, target, _ in self.edges if target.column == column
                        and self._run(source, target) != target.y]
            to_boxes = {source.index for source, target in arriving if not target.meets}
            if column:
                jog = JOG if any(each.column == column - 1 and self._jogs(each) for each in self.placed) else 0
                gap = SLANTED if any(target.meets for _, target in arriving) or len(to_boxes) > 1 else (
                    UPRIGHT if arriving else NEAR)
                panel = (PANEL + SHEETS if column - 1 in after else 0) + (PANEL if column in begins else 0)
                self.starts.append(x + jog)
                x = half(x + gap + jog + panel)
            else:
                self.starts.append(0)
            self.lefts.append(x)
            here = [each for each in self.placed if each.column == column]
            for each in here:
                each.x = x
            x = half(max((max(each.far, each.right) for each in here), default=x))
            self.rights.append(x)

    def _jogs(self, each: _Placed) -> bool:
        return any(source is each and self._run(source, target) != each.out for source, target, _ in self.edges)

    def _line(self, source: _Placed, target: _Placed, up: bool) -> Line:
        run, column = self._run(source, target), target.column
        points: list[Point] = [(source.right, source.out)]
        if run != source.out:
            x = self.rights[source.column] + JOG - 2
            points += [(x, source.out), (x, run)]
        style = "w" if up else "e"
        start = max(self.starts[column], points[-1][0])
        arrow = not target.sign
        if run == target.y:
            points.append((target.left, target.y))
        elif target.meets or self._several(column):
            points += [(start, run), self._end(target, (start, run))]
            arrow = not target.meets
        else:
            middle = half((start + self.lefts[column] - (PANEL if self._begins(column) else 0)) / 2)
            points += [(middle, run), (middle, target.y), (target.left, target.y)]
        return Line(straight(points), style, arrow, source.source)

    def _several(self, column: int) -> bool:
        return len({source.index for source, target, _ in self.edges if target.column == column and not target.meets
                    and self._run(source, target) != target.y}) > 1

    def _begins(self, column: int) -> bool:
        return any(self.placed[module.first].column == column for module in self.found.modules)

    def _end(self, target: _Placed, start: Point) -> Point:
        """Where a slanted line ends: at the left edge, or on the circle."""
        if not target.sign:
            return target.left, target.y
        x, y = target.x + ROUND, target.y
        length = ((x - start[0]) ** 2 + (y - start[1]) ** 2) ** 0.5
        return round(x - ROUND * (x - start[0]) / length, 1), round(y - ROUND * (y - start[1]) / length, 1)

    def _panels(self) -> list[Shape]:
        found: list[Shape] = []
        for module in self.found.modules:
            if module.times == 1 and not module.title:
                continue
            inside = self.placed[module.first:module.last + 1]
            first, last = min(each.column for each in inside), max(each.column for each in inside)
            left, right = self.lefts[first] - PANEL, self.rights[last] + PANEL
            rows = {each.cell.row: each.y for each in inside}
            top = half(min(rows.values()) - self.up[min(rows)] - TITLE)
            bottom = half(max(each.y + each.down + (18 if each.shape else 0) for each in inside) + PANEL)
            if module.times == 1:
                found.append(Text(left + 8, top + 17, module.title, "start", "b"))
                continue
            sheets = [Rect(left + shift, top + shift, right - left, bottom - top, "panel") for shift in (6.0, 3.0, 0.0)]
            words = [Text(left + 8, top + 17, module.title, "start", "b")] if module.title else []
            words.append(Text(right - 8, top + 17, f"× {module.times}", "end", "h"))
            found.append(Mark((*sheets, *words), f"{module.title or 'a module'}, {module.times} times one behind the other"))
        return found


# a valley

def _is_valley(found: Map) -> bool:
    """Whether a map goes down and up again: values meet only on their own row, one of them from the row below."""
    rows = {row: number for number, row in enumerate(found.rows)}
    if found.modules:
        return False
    rising = False
    for cell in found.cells[1:]:
        ways = sorted(rows[found.cells[feed.source].row] - rows[cell.row] for feed in cell.feeds)
        rising = rising or cell.joins
        if not cell.boxes or (ways not in ([0, 1],) if cell.joins else ways not in ([0], [-1]) or (rising and ways == [-1])):
            return False
    return rising and sum(feed.source == 0 for cell in found.cells for feed in cell.feeds) == 1


class _Valley:
    """Cells of a U: each row's left arm further right, its right arm further left, than the row above."""

    def __init__(self, found: Map, placed: Sequence[_Placed], graph: Graph, leaves: str) -> None:
        self.found, self.placed, self.graph, self.leaves = found, placed, graph, leaves
        y = 0.0
        for row in found.rows:
            here = [each for each in placed if each.cell.row == row and each.boxes]
            down = max(each.down for each in here if not each.cell.joins)
            for each in here:
                each.y = y
                each.tall = half(max(each.down for each in here if not each.cell.joins and each.index < min(
                    [each.index for each in here if each.cell.joins], default=10 ** 9))) + HIGH / 2
            y = half(y + down + DROP + HIGH / 2)
        ends: dict[int, float] = {}
        for each in placed[1:]:
            sources = [placed[feed.source] for feed in each.cell.feeds]
            beside = ends[each.cell.row] + NEAR + 4 if each.cell.row in ends else 0.0
            x = beside
            for source in sources:
                if source.cell.row < each.cell.row:
                    x = max(x, source.x + STEP)
                elif source.cell.row > each.cell.row:
                    x = max(x, source.x + STEP)
                    over = x + BAR / 2 - (source.x + source.wide - STEP)
                    if over > 0:
                        source.x = half(source.x + over)
                        ends[source.cell.row] = source.x + source.wide + source.sheets
            each.x = half(x)
            ends[each.cell.row] = each.x + each.wide + each.sheets

    def shapes(self) -> list[Shape]:
        """Lines, cells, what enters and what leaves."""
        first, last = self.placed[1], self.placed[-1]
        x = half(first.x + first.wide / 2)
        found: list[Shape] = [Text(x, first.y - 42, shape_text(self.graph.input.type), face="s", dim=True),
                              Line(((x, first.y - 36), (x, first.y - HIGH / 2)), "e", True, "input")]
        for each in self.placed[2:]:
            for feed in each.cell.feeds:
                found += self._feed(self.placed[feed.source], each, [", ".join(box.words) for box in feed.path])
        for each in self.placed[1:]:
            found += each.shapes()
        found.append(Line(((last.right, last.out), (last.right + 20, last.out)), "e", True, last.source))
        found.append(Text(last.right + 25, last.out + 4, self.leaves, "start", "s", dim=True))
        return found

    def _feed(self, source: _Placed, target: _Placed, words: Sequence[str]) -> list[Shape]:
        if source.cell.row == target.cell.row:
            y = target.y if source.cell.joins else min(source.out, target.y + target.tall - HIGH)
            found: list[Shape] = [Line(((source.right, y), (target.x, y)), "e", True, source.source)]
            shape = shape_text(source.cell.output)
            if not source.cell.joins and wide_of(shape, SIZES["s"]) + 24 <= target.x - source.right:
                found.append(Text(half((source.right + target.x) / 2), y - 6, shape, face="s", dim=True))
            return found
        if source.cell.row < target.cell.row:
            x = half((max(source.x, target.x) + min(source.x + source.wide, target.x + target.wide)) / 2)
            ends, side = (source.y + source.down, target.y - HIGH / 2), -7.0
        else:
            x = target.x + BAR / 2
            ends, side = (source.y - HIGH / 2, target.y + target.down), 8.0
        beside = [each.y + each.down for each in self.placed if each.cell.row == min(source.cell.row, target.cell.row)
                  and (each.x > x if side > 0 else each.x < x)]
        middle = (max(ends) + max(beside, default=min(ends))) / 2 + 4 - 7.5 * (len(words) - 1)
        labels = [Text(x + side, half(middle + 15 * row), line, "start" if side > 0 else "end", "s", dim=True)
                  for row, line in enumerate(words)]
        return [Line(((x, ends[0]), (x, ends[1])), "e", True, source.source), *labels]
