"""What a picture is made of: marks with places, before they are written as SVG."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from archspec.draw.lettering import width

Point = tuple[float, float]
Face = Literal["", "s", "c", "b", "t", "h"]
"""Type: 12 px, small (11), compact (10), bold (12), small and bold (11), a heading (14, bold)."""
SIZES: dict[Face, float] = {"": 12, "s": 11, "c": 10, "b": 12, "t": 11, "h": 14}
BOLD: tuple[Face, ...] = ("b", "t", "h")
ASCENT, DESCENT = 0.76, 0.24
"""How far signs reach above and below the line they stand on, as a share of the type size."""
RADIUS, ARROW = 6.0, 6.0


@dataclass(frozen=True, slots=True)
class Extent:
    """A rectangle: left, top, right, bottom."""

    left: float
    top: float
    right: float
    bottom: float

    def joined(self, other: Extent) -> Extent:
        """The least rectangle around both."""
        return Extent(min(self.left, other.left), min(self.top, other.top), max(self.right, other.right),
                      max(self.bottom, other.bottom))


@dataclass(frozen=True, slots=True)
class Text:
    """Words on a line; `x` is their start, middle or end. `dim` sets them back."""

    x: float
    y: float
    words: str
    anchor: Literal["start", "middle", "end"] = "middle"
    face: Face = ""
    dim: bool = False

    @property
    def width(self) -> float:
        """Pixels it may take."""
        return width(self.words, SIZES[self.face], self.face in BOLD)

    @property
    def extent(self) -> Extent:
        """Where it may reach."""
        size, wide = SIZES[self.face], self.width
        left = self.x - {"start": 0.0, "middle": wide / 2, "end": wide}[self.anchor]
        return Extent(left, self.y - ASCENT * size, left + wide, self.y + DESCENT * size)

    def moved(self, x: float, y: float) -> Text:
        """The same elsewhere."""
        return replace(self, x=self.x + x, y=self.y + y)


@dataclass(frozen=True, slots=True)
class Rect:
    """A rectangle of a style, with rounded corners."""

    x: float
    y: float
    width: float
    height: float
    style: str
    radius: float = 3

    @property
    def extent(self) -> Extent:
        """Where it reaches."""
        return Extent(self.x, self.y, self.x + self.width, self.y + self.height)

    def moved(self, x: float, y: float) -> Rect:
        """The same elsewhere."""
        return replace(self, x=self.x + x, y=self.y + y)


@dataclass(frozen=True, slots=True)
class Circle:
    """A circle of a style around (x, y)."""

    x: float
    y: float
    radius: float
    style: str

    @property
    def extent(self) -> Extent:
        """Where it reaches."""
        return Extent(self.x - self.radius, self.y - self.radius, self.x + self.radius, self.y + self.radius)

    def moved(self, x: float, y: float) -> Circle:
        """The same elsewhere."""
        return replace(self, x=self.x + x, y=self.y + y)


@dataclass(frozen=True, slots=True)
class Line:
    """A line through points, with round corners; with an arrow it ends in one. `source` is whose value it carries."""

    points: tuple[Point, ...]
    style: str = "e"
    arrow: bool = False
    source: str = ""

    @property
    def extent(self) -> Extent:
        """Where it reaches."""
        xs, ys = zip(*self.points, strict=True)
        return Extent(min(xs), min(ys), max(xs), max(ys))

    def moved(self, x: float, y: float) -> Line:
        """The same elsewhere."""
        return replace(self, points=tuple((a + x, b + y) for a, b in self.points))


@dataclass(frozen=True, slots=True)
class Mark:
    """Shapes that belong together, a layer mostly: with a tooltip, and the names that scripts find it by."""

    shapes: tuple[Text | Rect | Circle | Line | Miniature, ...]
    title: str = ""
    layer: str = ""
    section: str = ""
    link: str = ""

    @property
    def extent(self) -> Extent:
        """Where it reaches."""
        return extent(self.shapes)

    def moved(self, x: float, y: float) -> Mark:
        """The same elsewhere."""
        return replace(self, shapes=tuple(shape.moved(x, y) for shape in self.shapes))


@dataclass(frozen=True, slots=True)
class Miniature:
    """Shapes drawn smaller than they are, without a word: (x, y) is where their origin stands, `scale` below 1 how small.

    Lines keep the width that they have elsewhere, or a little less.
    """

    shapes: tuple[Rect | Circle | Line, ...]
    x: float
    y: float
    scale: float

    @property
    def extent(self) -> Extent:
        """Where it reaches."""
        around = extent(self.shapes)
        return Extent(self.x + self.scale * around.left, self.y + self.scale * around.top,
                      self.x + self.scale * around.right, self.y + self.scale * around.bottom)

    def moved(self, x: float, y: float) -> Miniature:
        """The same elsewhere."""
        return replace(self, x=self.x + x, y=self.y + y)


Shape = Text | Rect | Circle | Line | Mark | Miniature


def extent(shapes: Iterable[Shape]) -> Extent:
    """The rectangle around shapes. Raises ValueError if there are none."""
    first, *others = (shape.extent for shape in shapes)
    for other in others:
        first = first.joined(other)
    return first


def moved(shapes: Iterable[Shape], x: float, y: float) -> list[Shape]:
    """The shapes elsewhere."""
    return [shape.moved(x, y) for shape in shapes]


def half(value: float) -> float:
    """The next multiple of a half from a value on upwards: where everything is placed."""
    whole = -(-2 * value // 1)
    return whole / 2


def straight(points: Sequence[Point]) -> tuple[Point, ...]:
    """The points without those that lie on the way between their neighbours, and without repeats."""
    kept: list[Point] = []
    for point in points:
        if kept and point == kept[-1]:
            continue
        while len(kept) > 1 and _between(kept[-2], kept[-1], point):
            kept.pop()
        kept.append(point)
    return tuple(kept)


def _between(a: Point, b: Point, c: Point) -> bool:
    return (a[0] == b[0] == c[0] and (b[1] - a[1]) * (c[1] - b[1]) >= 0) or (
        a[1] == b[1] == c[1] and (b[0] - a[0]) * (c[0] - b[0]) >= 0)
