"""A tree of boxes with places: series go down, paths stand side by side, and every line has room of its own."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

from archspec.draw.boxes import Box, Strip
from archspec.draw.lettering import width
from archspec.draw.shapes import (
    ARROW,
    BOLD,
    RADIUS,
    SIZES,
    Circle,
    Face,
    Line,
    Mark,
    Point,
    Rect,
    Shape,
    Text,
    extent,
    half,
    moved,
    straight,
)
from archspec.draw.tree import Knot, Lane, Leaf, Parallel, Series, Tree

STRIP = 4.0
LEADING = 14.0
"""From one row of a label to the next."""
CIRCLE = 9.0
SIDES = 2 * (CIRCLE + ARROW + RADIUS)
"""Between two lines that come into a circle from its sides."""
NAMED = 15.0 + 22
"""From the top of a name from elsewhere to the box that takes it."""
MANY = 4
"""Of more equal paths than this the first two and the last are drawn."""


@dataclass(frozen=True, slots=True)
class Look:
    """How large things are, in pixels, and what need not be said. `usual` is the activation that labels leave out."""

    face: Face = ""
    height: float = 24
    gap: float = 22
    fork: float = 34
    aside: float = 14
    pad: float = 4
    usual: str = ""
    broken: bool = False
    """Names of blocks take a row for each part between `_`."""
    short: bool = False
    """`3×3, 96` for `3×3 conv, 96`."""


@dataclass(frozen=True, slots=True)
class Port:
    """Where a line arrives at the top of something, or leaves at its bottom. `source` is whose value leaves."""

    x: float
    y: float
    source: str = ""
    dashed: bool = False
    arrow: bool = True
    drawn: bool = True
    """Whether a line arrives: none does at a name from elsewhere."""


@dataclass(frozen=True, slots=True)
class Laid:
    """Shapes around a spine at x = 0, from y = 0 down to `height`; `left` and `right` are how far they reach."""

    shapes: tuple[Shape, ...]
    left: float
    right: float
    height: float
    entries: tuple[Port, ...]
    exits: tuple[Port, ...]

    def at(self, x: float, y: float) -> Laid:
        """The same elsewhere; the reach is that from the new spine's point of view."""
        def shifted(ports: Sequence[Port]) -> tuple[Port, ...]:
            return tuple(replace(port, x=port.x + x, y=port.y + y) for port in ports)
        return Laid(tuple(moved(self.shapes, x, y)), self.left - x, self.right + x, self.height + y,
                    shifted(self.entries), shifted(self.exits))


@dataclass
class Layout:
    """Lays trees out in a look. `tips` are the tooltips of boxes by name, `links` where they lead."""

    look: Look
    tips: dict[str, str] = field(default_factory=dict)
    links: dict[str, str] = field(default_factory=dict)

    def laid(self, tree: Tree, source: str = "") -> Laid:
        """A tree with places; `source` is whose value enters it."""
        match tree:
            case Leaf(box):
                return self.leaf(box, self.width(box))
            case Series():
                return self._series(tree, source)
            case Lane():
                return Laid((), 0, 0, 0, (Port(0, 0, source, tree.dashed, arrow=False),), (Port(0, 0, source, tree.dashed),))
            case Parallel():
                return self._parallel(tree, source)
            case Knot():
                from archspec.draw.knots import knot
                return knot(self, tree, source)

    def words(self, box: Box) -> str:
        """The label of a box: its words, and an activation that no strip shows or that is not the picture's usual one."""
        acts = [act for act in (box.before.act, box.after.act) if act and (box.joins or act != self.look.usual)]
        words = [word.removesuffix(" conv") if self.look.short else word for word in box.words]
        return ", ".join([*words, *acts])

    def rows(self, box: Box) -> list[str]:
        """The label in the rows that it takes: names break behind `_`."""
        words = self.words(box)
        return words.replace("_", "_ ").split(" ", words.count("_")) if self.look.broken and box.block else [words]

    def width(self, box: Box) -> float:
        """How wide a box is for itself."""
        if box.sign:
            return 2 * CIRCLE
        wide = max(map(self.measure, self.rows(box))) + (0 if box.kind == "name" else 2 * self.look.pad)
        return 2 * half(wide / 2)

    def measure(self, words: str, face: Face | None = None) -> float:
        """How wide words are in the look's type, or in another."""
        face = self.look.face if face is None else face
        return width(words, SIZES[face], face in BOLD)

    # one box

    def leaf(self, box: Box, wide: float, reach: tuple[float, float] | None = None) -> Laid:
        """A box around the spine, so wide; a bar reaches from one x to another."""
        if box.kind == "name":
            return self._name(box)
        if box.sign:
            return self._circle(box, frozenset())
        left, right = reach or (-wide / 2, wide / 2)
        rows, size, kind = self.rows(box), SIZES[self.look.face], box.kind
        height = self.look.height + LEADING * (len(rows) - 1)
        sheets = [Rect(left + shift, shift, right - left, height, kind) for shift in (6, 3)] if box.sheets else []
        outline = Rect(left, 0, right - left, height, f"{kind} x" if box.dashed else kind)
        shift = 0 if box.joins else (bool(box.before) - bool(box.after)) * STRIP / 2
        first = self.look.height / 2 + 0.34 * size + shift
        label = [Text((left + right) / 2, half(first + LEADING * row), words, face=self.look.face)
                 for row, words in enumerate(rows)]
        strips = [] if box.joins else [*_strip(box.before, left, right, 0, kind),
                                       *_strip(box.after, left, right, height - STRIP, kind)]
        mark = self._mark(box, (*sheets, outline, *strips, *label))
        below = 6 if box.sheets else 0
        return Laid((mark,), -left, right + below, height + below, (Port(0, 0),), (Port(0, height + below, box.name),))

    def _mark(self, box: Box, shapes: tuple[Text | Rect | Circle | Line, ...]) -> Mark:
        section = box.nodes[0].section if box.nodes else ""
        return Mark(shapes, self.tips.get(box.name, ""), box.name, section, self.links.get(box.name, ""))

    def _name(self, box: Box) -> Laid:
        """The name of a value from elsewhere, with the dashed line that begins there."""
        text = Text(0, 9, self.words(box), face="s", dim=True)
        half_width = half(text.width / 2)
        return Laid((text,), half_width, half_width, 15, (Port(0, 0, drawn=False),), (Port(0, 15, box.name, dashed=True),))

    def _circle(self, box: Box, taken: Collection[int]) -> Laid:
        """A circle with its sign; its activation beside it, where no line arrives: -1 is its left, 1 its right."""
        shapes: list[Text | Rect | Circle | Line] = [Circle(0, CIRCLE, CIRCLE, f"{box.kind} x" if box.dashed else box.kind)]
        arm = 4.0 if box.sign == "+" else 3.0
        strokes = [((-arm, 0), (arm, 0)), ((0, -arm), (0, arm))] if box.sign == "+" else [
            ((-arm, -arm), (arm, arm)), ((-arm, arm), (arm, -arm))]
        shapes += [Line(tuple((x, y + CIRCLE) for x, y in stroke)) for stroke in strokes]
        if box.after.act and -1 not in taken:
            shapes.append(Text(-CIRCLE - 4, CIRCLE + 4, box.after.act, "end", "s", dim=True))
        elif box.after.act and 0 not in taken:
            shapes.append(Text(0, -5, box.after.act, face="s", dim=True))
        elif box.after.act:
            shapes.append(Text(5, 2 * CIRCLE + 11, box.after.act, "start", "s", dim=True))
        around = extent(shapes)
        return Laid((self._mark(box, tuple(shapes)),), half(-around.left), half(around.right), 2 * CIRCLE, (Port(0, 0),),
                    (Port(0, 2 * CIRCLE, box.name),))

    # one below the other

    def _series(self, series: Series, source: str) -> Laid:
        widths = self._even(series)
        shapes: list[Shape] = []
        left = right = y = 0.0
        entries: tuple[Port, ...] = ()
        exits: tuple[Port, ...] = ()
        for index, part in enumerate(series.parts):
            before = source if not index else exits[0].source
            laid = self.leaf(part.box, widths[index]) if isinstance(part, Leaf) else self.laid(part, before)
            if not index:
                laid = laid.at(0, 0)
                entries = laid.entries
            elif len(exits) > 1:
                laid, lines = self.joined(part, exits, laid)
                shapes += lines
            else:
                laid = laid.at(0, exits[0].y + self._room(exits[0], laid))
                shapes += _forked(exits[0], laid.entries, self.look)
            shapes += laid.shapes
            left, right, y, exits = max(left, laid.left), max(right, laid.right), max(y, laid.height), laid.exits
        return Laid(tuple(shapes), left, right, y, entries, exits)

    def _even(self, series: Series) -> list[float]:
        """The widths of the boxes of a column, none for what is no box."""
        boxes = {index: part.box for index, part in enumerate(series.parts) if isinstance(part, Leaf)}
        widths = dict(zip(boxes, self.even(list(boxes.values())), strict=True))
        return [widths.get(index, 0.0) for index in range(len(series.parts))]

    def even(self, boxes: Sequence[Box]) -> list[float]:
        """The widths of boxes in a column: all as the widest, but for what is half again as wide as the narrowest."""
        widths = [self.width(box) for box in boxes]
        plain = sorted(wide for box, wide in zip(boxes, widths, strict=True) if not box.sign and box.kind != "name")
        while plain and plain[-1] >= 1.5 * plain[0]:
            plain.pop()
        widest = plain[-1] if plain else 0.0
        return [max(wide, widest) if not box.sign and box.kind != "name" else wide
                for box, wide in zip(boxes, widths, strict=True)]

    def _room(self, above: Port, below: Laid) -> float:
        """Between a box and what follows: more where lines part."""
        straight_on = all(port.x == above.x or not port.drawn for port in below.entries)
        return self.look.gap if straight_on else self.look.fork

    def joined(self, part: Tree, exits: Sequence[Port], laid: Laid) -> tuple[Laid, list[Shape]]:
        """A box where several lines arrive: a circle takes them from its sides, a bar from above."""
        bottom = max(port.y for port in exits)
        assert isinstance(part, Leaf)
        if part.box.sign and _fits_circle(exits):
            taken = {(port.x > 0) - (port.x < 0) for port in exits}
            laid = self._circle(part.box, taken).at(0, bottom + self.look.gap)
            return laid, [_into_circle(port, bottom + self.look.gap) for port in exits]
        xs = [port.x for port in exits]
        box = replace(part.box, sign="") if part.box.sign else part.box
        wide = self.width(box)
        low, high = min(*xs, -wide / 2 + CIRCLE), max(*xs, wide / 2 - CIRCLE)
        bar = self.leaf(box, wide, (half(low - CIRCLE), half(high + CIRCLE))).at(0, bottom + self.look.gap)
        return bar, [Line(((port.x, port.y), (port.x, bottom + self.look.gap)), "w" if port.dashed else "e", True, port.source)
                     for port in exits]

    # side by side

    def _parallel(self, parallel: Parallel, source: str) -> Laid:
        paths = [self.laid(path, source) for path in parallel.paths]
        between: list[tuple[int, str]] = []
        if len(paths) > MANY and _alike(parallel.paths):
            between, paths = [(2, f"… {len(paths)} paths")], [paths[0], paths[1], paths[-1]]
        # lines alone would come down on a circle that they go into from its sides
        xs = self.columns(paths, between, SIDES if all(isinstance(path, Lane) for path in parallel.paths) else 0)
        middle = half((xs[0] + xs[-1]) / 2) if parallel.spine is None else xs[parallel.spine]
        paths = level(paths)
        placed = [path.at(x - middle, 0) for path, x in zip(paths, xs, strict=True)]
        shapes = [shape for path in placed for shape in path.shapes]
        height = max(path.height for path in placed)
        for index, words in between:
            x = (placed[index - 1].right + -placed[index].left) / 2
            shapes.append(Text(x, self.look.height / 2 + 4, words, face="s", dim=True))
        return Laid(tuple(shapes), max(path.left for path in placed), max(path.right for path in placed), height,
                    tuple(port for path in placed for port in path.entries),
                    tuple(port for path in placed for port in path.exits))

    def columns(self, paths: Sequence[Laid], between: Sequence[tuple[int, str]] = (), least: float = 0) -> list[float]:
        """Where the spines of paths stand, so that they do not touch, and so far apart at least."""
        xs = [0.0]
        for index, (path, after) in enumerate(pairwise(paths), 1):
            words = sum(width(text, SIZES["s"]) + self.look.aside for at, text in between if at == index)
            xs.append(half(xs[-1] + max(least, path.right + self.look.aside + words + after.left)))
        return xs


def level(paths: Sequence[Laid]) -> list[Laid]:
    """Paths side by side: those that begin without a name stand so much lower that first boxes are level."""
    if all(port.drawn for path in paths for port in path.entries):
        return list(paths)
    return [path.at(0, NAMED) if path.shapes and all(port.drawn for port in path.entries) else path for path in paths]


def _strip(strip: Strip, left: float, right: float, y: float, kind: str) -> list[Rect | Line]:
    if not strip:
        return []
    if strip.form == "line":
        return [Line(((left + 1, y + 1), (right - 1, y + 1)))]
    return [Rect(left, y, right - left, STRIP, f"{kind}-{strip.form}", 1.5)]


def _forked(start: Port, entries: Sequence[Port], look: Look) -> list[Shape]:
    """Lines from one box to all that follows it: down, along a bus, down again."""
    bus = start.y + look.fork - 21
    lines: list[Shape] = []
    for port in entries:
        if not port.drawn:
            continue
        points: tuple[Point, ...] = ((start.x, start.y), (start.x, bus), (port.x, bus), (port.x, port.y))
        lines.append(Line(straight(points), "w" if port.dashed or start.dashed else "e", port.arrow, start.source))
    return lines


def _fits_circle(exits: Sequence[Port]) -> bool:
    """Whether at most one line comes from each side and from above."""
    return len({(port.x > 0) - (port.x < 0) for port in exits}) == len(exits)


def _into_circle(port: Port, top: float) -> Line:
    style, y = "w" if port.dashed else "e", top + CIRCLE
    if port.x == 0:
        return Line(((0, port.y), (0, top)), style, True, port.source)
    side = -CIRCLE if port.x < 0 else CIRCLE
    return Line(((port.x, port.y), (port.x, y), (side, y)), style, True, port.source)


def _alike(paths: Sequence[Series | Lane]) -> bool:
    """Whether all paths have the same boxes."""
    def words(tree: Tree) -> object:
        match tree:
            case Leaf(box):
                return box.words, box.before, box.after
            case Series(parts):
                return tuple(words(part) for part in parts)
            case Parallel(inner):
                return "side by side", tuple(words(path) for path in inner)
            case Lane(boxes) | Knot(boxes, _):
                return tuple(box.words for box in boxes)
    return len({words(path) for path in paths}) == 1
