"""What is wrong with a picture, read from its SVG alone: no part of archspec that places things is asked.

A text takes the width that DejaVu Sans would need, 18 % more than Arial (draw/lettering). What a later rectangle covers is not
seen, nor are miniatures, which are hidden from readers. Rectangles of the classes in HOLDERS hold other things: lines may enter them, texts stand in them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from xml.etree import ElementTree

from archspec.draw.lettering import width

SVG = "{http://www.w3.org/2000/svg}"
HOLDERS = {"panel", "f", "g"}
"""Panels and frames around several things."""
ASCENT, DESCENT = 0.76, 0.24
NEAR = 1.0
"""Pixels that things may share before it is a flaw."""
PRINTED = {"column": 84.0, "page": 178.0}
"""Millimetres that a picture is printed at, by what its `data-fits` says."""
PIXELS = {"column": 436.0, "page": 925.0}
AT = 7.0
"""Pixels from an arrow's tip to what it points at."""
LEAST = 6.0
"""Points that the smallest type has in print."""
POINT = 25.4 / 72
CELL = 64.0
_NUMBERS = re.compile(r"[-+]?(?:\d+\.?\d*|\.\d+)")
_STEPS = re.compile(r"([A-Za-z])([^A-Za-z]*)")
_SIZES = re.compile(r"\.([\w-]+)\{[^}]*?font-size:([\d.]+)px")
_BOLD = re.compile(r"\.([\w-]+)\{[^}]*?font-weight:bold")

Point = tuple[float, float]
Area = tuple[float, float, float, float]


@dataclass(eq=False)
class _Thing:
    """A box, text or line: the area it takes, when it is drawn, and the innermost mark it belongs to."""

    area: Area
    order: int
    mark: object
    says: str
    styles: frozenset[str] = frozenset()
    layer: str = ""
    size: float = 0
    points: tuple[Point, ...] = ()
    source: str = ""

    @property
    def segments(self) -> Iterator[tuple[Point, Point]]:
        return pairwise(self.points)


@dataclass
class _Drawn:
    """All that is in a picture."""

    sizes: dict[str, float]
    bold: set[str]
    boxes: list[_Thing] = field(default_factory=list)
    texts: list[_Thing] = field(default_factory=list)
    lines: list[_Thing] = field(default_factory=list)
    ids: list[str] = field(default_factory=list)
    order: int = 0


def flaws(text: str) -> list[str]:
    """The flaws of a picture, in words; none of a good one. Raises ValueError at what this check cannot read."""
    root = ElementTree.fromstring(text)
    style = "".join(element.text or "" for element in root.iter(f"{SVG}style"))
    drawn = _Drawn({name: float(size) for name, size in _SIZES.findall(style)}, set(_BOLD.findall(style)))
    _read(root, root, "", drawn)
    return list(dict.fromkeys([*_outline(root, drawn), *_places(drawn), *_of_texts(drawn), *_of_lines(drawn), *_of_boxes(drawn)]))


# reading

def _read(element: ElementTree.Element, mark: object, layer: str, drawn: _Drawn) -> None:
    kind = element.tag.removeprefix(SVG)
    if "id" in element.attrib:
        drawn.ids.append(element.attrib["id"])
    if element.get("aria-hidden") == "true":
        return
    if "transform" in element.attrib:
        raise ValueError("the check reads no transforms")
    drawn.order += 1
    styles = frozenset(element.get("class", "").split())
    if kind == "g":
        mark, layer = element, element.get("data-layer", layer)
    elif kind == "rect" and "bg" not in styles:
        x, y, wide, high = (float(element.get(key, "0")) for key in ("x", "y", "width", "height"))
        drawn.boxes.append(_Thing((x, y, x + wide, y + high), drawn.order, mark, f"box {layer}".strip(), styles, layer))
    elif kind == "circle":
        x, y, radius = (float(element.get(key, "0")) for key in ("cx", "cy", "r"))
        area = (x - radius, y - radius, x + radius, y + radius)
        drawn.boxes.append(_Thing(area, drawn.order, mark, f"circle {layer}".strip(), styles | {"circle"}, layer))
    elif kind == "text":
        drawn.texts.append(_text(element, drawn, mark, layer, styles))
    elif kind in ("path", "line", "polyline", "polygon"):
        _lines(element, kind, drawn, mark, layer, styles)
    elif kind not in ("svg", "title", "desc", "style", "a", "rect"):
        raise ValueError(f"the check does not know <{kind}>")
    for child in element:
        _read(child, mark, layer, drawn)


def _text(element: ElementTree.Element, drawn: _Drawn, mark: object, layer: str, styles: frozenset[str]) -> _Thing:
    if len(element):
        raise ValueError("the check reads no <tspan>")
    words = element.text or ""
    size = min((drawn.sizes[style] for style in styles if style in drawn.sizes), default=12.0)
    x, y = float(element.get("x", "0")), float(element.get("y", "0"))
    wide = width(words, size, bool(styles & drawn.bold))
    left = x - {"start": 0.0, "middle": wide / 2, "end": wide}[element.get("text-anchor", "start")]
    area = (left, y - ASCENT * size, left + wide, y + DESCENT * size)
    return _Thing(area, drawn.order, mark, repr(words), styles, layer, size)


def _lines(element: ElementTree.Element, kind: str, drawn: _Drawn, mark: object, layer: str, styles: frozenset[str]) -> None:
    source = element.get("data-from", "")
    for points in _ways(element, kind):
        xs, ys = zip(*points, strict=True)
        says = f"line from {source}" if source else f"arrow {points[0]}" if "a" in styles else f"line {points[0]}"
        drawn.lines.append(_Thing((min(xs), min(ys), max(xs), max(ys)), drawn.order, mark, says, styles, layer, 0,
                                  tuple(points), source))


def _ways(element: ElementTree.Element, kind: str) -> Iterator[list[Point]]:
    """The polylines of a path; a curve runs through its control points, which is never less than it takes."""
    if kind == "line":
        x1, y1, x2, y2 = (float(element.attrib[key]) for key in ("x1", "y1", "x2", "y2"))
        yield [(x1, y1), (x2, y2)]
        return
    if kind in ("polyline", "polygon"):
        points = _pairs(element.attrib["points"])
        yield [*points, points[0]] if kind == "polygon" else points
        return
    points = []
    for step, rest in _STEPS.findall(element.attrib["d"]):
        if step == "M":
            if len(points) > 1:
                yield points
            points = _pairs(rest)
        elif step in "LQC":
            points += _pairs(rest)
        elif step == "H":
            points += [(float(x), points[-1][1]) for x in _NUMBERS.findall(rest)]
        elif step == "V":
            points += [(points[-1][0], float(y)) for y in _NUMBERS.findall(rest)]
        elif step == "Z":
            points.append(points[0])
        else:
            raise ValueError(f"the check does not know {step} of a path")
    if len(points) > 1:
        yield points


def _pairs(text: str) -> list[Point]:
    numbers = [float(number) for number in _NUMBERS.findall(text)]
    return list(zip(numbers[::2], numbers[1::2], strict=True))


# the picture as a whole

def _outline(root: ElementTree.Element, drawn: _Drawn) -> Iterator[str]:
    for name in sorted({name for name in drawn.ids if drawn.ids.count(name) > 1}):
        yield f"the id {name} occurs twice"
    left, top, wide, high = (float(number) for number in root.get("viewBox", "0 0 0 0").split())
    for thing in (*drawn.boxes, *drawn.texts, *drawn.lines):
        if not _within(thing.area, (left, top, left + wide, top + high), 0):
            yield f"{thing.says} leaves the picture"
    fits = root.get("data-fits", "")
    if fits and fits != "free":
        if wide > PIXELS[fits]:
            yield f"{wide:g} px do not fit a {fits}"
        smallest = min((text.size for text in drawn.texts), default=12.0)
        points = smallest * PRINTED[fits] / wide / POINT
        if points < LEAST - 0.005:
            yield f"the smallest type has {points:.2f} pt in a {fits}"
    if root.get("role") != "img" or not all(any(child.tag == f"{SVG}{name}" for child in root) for name in ("title", "desc")):
        yield "no role, title and desc"


def _places(drawn: _Drawn) -> Iterator[str]:
    """Boxes and texts stand on a grid of half pixels."""
    for box in drawn.boxes:
        if any(2 * value % 1 for value in box.area):
            yield f"{box.says} is not at multiples of a half: {box.area}"


# who meets whom

class _Grid:
    """Things by the cells they touch."""

    def __init__(self, things: Iterable[_Thing]) -> None:
        self.cells: dict[tuple[int, int], list[_Thing]] = defaultdict(list)
        for thing in things:
            for cell in _cells(thing.area):
                self.cells[cell].append(thing)

    def near(self, area: Area) -> Iterator[_Thing]:
        """What may meet an area."""
        seen: set[int] = set()
        for cell in _cells(area):
            for thing in self.cells.get(cell, ()):
                if id(thing) not in seen:
                    seen.add(id(thing))
                    if _shared(thing.area, area, -1):
                        yield thing


def _cells(area: Area) -> Iterator[tuple[int, int]]:
    for column in range(int(area[0] // CELL), int(area[2] // CELL) + 1):
        for row in range(int(area[1] // CELL), int(area[3] // CELL) + 1):
            yield column, row


def _shared(a: Area, b: Area, by: float) -> bool:
    """Whether two areas share more than so many pixels in both directions."""
    return min(a[2], b[2]) - max(a[0], b[0]) > by and min(a[3], b[3]) - max(a[1], b[1]) > by


def _within(inner: Area, outer: Area, spare: float = 0.5) -> bool:
    return (inner[0] >= outer[0] - spare and inner[1] >= outer[1] - spare
            and inner[2] <= outer[2] + spare and inner[3] <= outer[3] + spare)


def _covered(area: Area, since: int, before: int, boxes: _Grid) -> bool:
    """Whether a box drawn between two moments hides an area."""
    return any(since < box.order < before and "g" not in box.styles and _within(area, box.area) for box in boxes.near(area))


def _of_texts(drawn: _Drawn) -> Iterator[str]:
    grid = _Grid(drawn.boxes)
    texts = _Grid(drawn.texts)
    for text in drawn.texts:
        for other in texts.near(text.area):
            if other.order > text.order and _shared(text.area, other.area, 0.5):
                yield f"{text.says} on {other.says}"
        for box in grid.near(text.area):
            yield from _text_and_box(text, box, grid)
    for line in drawn.lines:
        for text in texts.near(line.area):
            if any(_crosses(a, b, text.area, 0.25) for a, b in line.segments):
                yield f"{text.says} on {line.says}"


def _text_and_box(text: _Thing, box: _Thing, grid: _Grid) -> Iterator[str]:
    if not _shared(text.area, box.area, 0.25):
        return
    if not _within(text.area, box.area, 0.25):
        if not _covered(text.area, box.order, text.order, grid):
            yield (f"{text.says} leaves its {box.says}" if text.mark is box.mark and box.layer
                   else f"{text.says} over the edge of {box.says}")
    elif box.order > text.order and "g" not in box.styles:
        yield f"{text.says} is covered by {box.says}"
    elif text.mark is not box.mark and not box.styles & HOLDERS:
        yield f"{text.says} stands in {box.says}, which is not its own"


def _of_lines(drawn: _Drawn) -> Iterator[str]:
    grid = _Grid(drawn.boxes)
    for line in drawn.lines:
        if "a" in line.styles:
            continue
        for box in grid.near(line.area):
            own = line.mark is box.mark and _within(line.area, box.area)
            if own or box.styles & HOLDERS:
                continue
            for a, b in line.segments:
                if _crosses(a, b, box.area, -NEAR) and ("circle" not in box.styles or _in_circle(a, b, box.area)):
                    if not _covered(_area(a, b), line.order, drawn.order + 1, grid):
                        yield f"{line.says} enters {box.says}"
                elif "circle" not in box.styles and _along(a, b, box.area):
                    yield f"{line.says} runs along the edge of {box.says}"
    yield from _arrows(drawn, grid)
    yield from _stretches(drawn)


def _arrows(drawn: _Drawn, grid: _Grid) -> Iterator[str]:
    """Arrows whose tip is at no box and no word; one that points down may be where a value leaves a block."""
    for arrow in drawn.lines:
        if "a" in arrow.styles and len(arrow.points) > 2:
            (x, y), *corners = arrow.points[:3]
            down = y - sum(corner[1] for corner in corners) / 2
            there = (x - AT, y - AT, x + AT, y + AT)
            tip = (x - NEAR, y - NEAR, x + NEAR, y + NEAR)  # inside of a panel it has not come to anything yet
            at = any(not box.styles & HOLDERS or not _within(tip, box.area, 0) for box in grid.near(there))
            if down < 4 and not at and not any(_shared(text.area, there, 0) for text in drawn.texts):
                yield f"{arrow.says} points at nothing"


def _area(a: Point, b: Point) -> Area:
    return min(a[0], b[0]), min(a[1], b[1]), max(a[0], b[0]), max(a[1], b[1])


def _crosses(a: Point, b: Point, area: Area, more: float) -> bool:
    """Whether a segment meets an area, made larger by so much on each side (Liang and Barsky's clipping)."""
    left, top, right, bottom = area[0] - more, area[1] - more, area[2] + more, area[3] + more
    if left >= right or top >= bottom:
        return False
    start, end = 0.0, 1.0
    for step, low, high in ((b[0] - a[0], left - a[0], right - a[0]), (b[1] - a[1], top - a[1], bottom - a[1])):
        if not step:
            if not low < 0 < high:
                return False
            continue
        near, far = sorted((low / step, high / step))
        start, end = max(start, near), min(end, far)
    return start < end


def _in_circle(a: Point, b: Point, area: Area) -> bool:
    """Whether a segment meets the circle in an area, made smaller by NEAR."""
    x, y, radius = (area[0] + area[2]) / 2, (area[1] + area[3]) / 2, (area[2] - area[0]) / 2
    along = (b[0] - a[0], b[1] - a[1])
    square = along[0] ** 2 + along[1] ** 2
    share = min(1.0, max(0.0, ((x - a[0]) * along[0] + (y - a[1]) * along[1]) / square)) if square else 0.0
    return (a[0] + share * along[0] - x) ** 2 + (a[1] + share * along[1] - y) ** 2 < (radius - NEAR) ** 2


def _along(a: Point, b: Point, area: Area) -> bool:
    """Whether a level or upright segment runs on an edge of an area."""
    for axis in (0, 1):
        if a[axis] == b[axis]:
            low, high = sorted((a[1 - axis], b[1 - axis]))
            return min(abs(a[axis] - area[axis]), abs(a[axis] - area[axis + 2])) < NEAR and (
                min(high, area[3 - axis]) - max(low, area[1 - axis]) > NEAR)
    return False


def _stretches(drawn: _Drawn) -> Iterator[str]:
    """Lines of two values that run on the same way for more than a pixel."""
    by_way: dict[tuple[int, float], list[tuple[float, float, _Thing]]] = defaultdict(list)
    slanted: list[tuple[Point, Point, _Thing]] = []
    for line in drawn.lines:
        if not line.source:
            continue
        for a, b in line.segments:
            for axis in (0, 1):
                if a[axis] == b[axis]:
                    low, high = sorted((a[1 - axis], b[1 - axis]))
                    by_way[axis, round(a[axis])].append((low, high, line))
                    break
            else:
                slanted.append((a, b, line))
    for (axis, way), ways in by_way.items():
        # a way half a pixel beside looks the same
        ways = sorted([*ways, *by_way.get((axis, way + 1), ())], key=lambda stretch: stretch[:2])
        open_: list[tuple[float, float, _Thing]] = []
        for stretch in ways:
            open_ = [other for other in open_ if other[1] - stretch[0] > NEAR]
            for other in open_:
                if other[2].source != stretch[2].source and min(other[1], stretch[1]) - stretch[0] > NEAR:
                    yield f"{other[2].says} and {stretch[2].says} share a stretch"
            open_.append(stretch)
    for index, (a, b, line) in enumerate(slanted):
        for c, d, other in slanted[index + 1:]:
            if other.source != line.source and _same_way(a, b, c, d):
                yield f"{line.says} and {other.says} share a stretch"


def _same_way(a: Point, b: Point, c: Point, d: Point) -> bool:
    x, y = b[0] - a[0], b[1] - a[1]
    length = (x * x + y * y) ** 0.5
    if not length:
        return False
    if any(abs(x * (p[1] - a[1]) - y * (p[0] - a[0])) / length >= 0.5 for p in (c, d)):
        return False
    low, high = sorted((x * (p[0] - a[0]) + y * (p[1] - a[1])) / length for p in (c, d))
    return min(high, length) - max(low, 0) > NEAR


def _of_boxes(drawn: _Drawn) -> Iterator[str]:
    """Boxes lie in one another or apart; those of one mark may lie as they like, as sheets do."""
    grid = _Grid(drawn.boxes)
    for box in drawn.boxes:
        for other in grid.near(box.area):
            if other.order > box.order and other.mark is not box.mark and _shared(box.area, other.area, 0.5) and not (
                    _within(other.area, box.area)):
                yield f"{other.says} lies on {box.says}"
