"""Shapes as SVG that browsers, converters and LaTeX's helpers read alike: no scripts, no markers, literal colours."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import sha256
from itertools import pairwise
from typing import Literal
from xml.sax.saxutils import escape, quoteattr

from archspec.draw.fit import SMALLEST, Width, fits
from archspec.draw.shapes import (
    ARROW,
    RADIUS,
    SIZES,
    Circle,
    Extent,
    Line,
    Mark,
    Miniature,
    Point,
    Rect,
    Shape,
    Text,
    extent,
    half,
)
from archspec.draw.theme import DARK, LIGHT, rules

Theme = Literal["auto", "light", "dark"]
MARGIN = 9.0
_CLASSES = re.compile('class="([^"]*)"')


@dataclass(frozen=True)
class Picture:
    """Shapes with what they show, in a phrase and in sentences."""

    shapes: tuple[Shape, ...]
    title: str
    description: str

    @cached_property
    def around(self) -> Extent:
        """Where its shapes are, margins included, on half pixels."""
        found = extent(self.shapes)
        return Extent(_down(found.left - MARGIN), _down(found.top - MARGIN),
                      half(found.right + MARGIN), half(found.bottom + MARGIN))

    @property
    def size(self) -> tuple[float, float]:
        """Width and height in pixels, margins included."""
        return self.around.right - self.around.left, self.around.bottom - self.around.top

    @cached_property
    def fits(self) -> Width:
        """Whether it fits a column of a paper, or a page."""
        return fits(self.size[0], min((SIZES[text.face] for text in _texts(self.shapes)), default=SMALLEST))


def svg(picture: Picture, theme: Theme = "auto", *, background: bool = True) -> str:
    """The picture as a text of SVG. `auto` follows what the reader prefers; without background it is transparent."""
    left, top, (wide, tall) = picture.around.left, picture.around.top, picture.size
    body = "\n".join(text for shape in picture.shapes for text in _written(shape))
    used = {"bg", *(name for names in _CLASSES.findall(body) for name in names.split())}
    key = sha256(body.encode()).hexdigest()[:8]  # so that several pictures fit one page
    box = f"{_n(left)} {_n(top)} {_n(wide)} {_n(tall)}"
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" width="{_n(wide)}" height="{_n(tall)}" role="img" '
        f'aria-labelledby="t{key} d{key}" class="p{key}" data-fits="{picture.fits}">',
        f'<title id="t{key}">{escape(picture.title)}</title>',
        f'<desc id="d{key}">{escape(picture.description)} {_FITS[picture.fits]}</desc>',
        f"<style>{_style(theme, f'.p{key} ', used)}</style>",
    ]
    if background:
        lines.append(f'<rect class="bg" x="{_n(left)}" y="{_n(top)}" width="{_n(wide)}" height="{_n(tall)}"/>')
    return "\n".join([*lines, body, "</svg>"]) + "\n"


_FITS: dict[Width, str] = {"column": "It fits a column of a paper.", "page": "It needs the width of a page.",
                           "free": "It is wider than a page."}


def _texts(shapes: Iterable[Shape]) -> Iterable[Text]:
    for shape in shapes:
        if isinstance(shape, Mark):
            yield from _texts(shape.shapes)
        elif isinstance(shape, Text):
            yield shape


def _style(theme: Theme, scope: str, used: Collection[str]) -> str:
    """The rules of a theme; each begins with the picture's own class, so that pictures on one page stay apart."""
    if theme != "auto":
        return rules(DARK if theme == "dark" else LIGHT, scope, used, whole=True)
    dark = rules(DARK, scope, used, whole=False)
    return f"{rules(LIGHT, scope, used, whole=True)}@media(prefers-color-scheme:dark){{{dark}}}"


def _down(value: float) -> float:
    return -half(-value)


def _n(value: float) -> str:
    """A coordinate: 12, 12.5."""
    return f"{value:.10g}"


def _written(shape: Shape) -> Iterable[str]:
    if isinstance(shape, Mark):
        yield from _mark(shape)
    elif isinstance(shape, Miniature):
        yield from _miniature(shape)
    elif isinstance(shape, Text):
        yield _text(shape)
    elif isinstance(shape, Rect):
        yield (f'<rect x="{_n(shape.x)}" y="{_n(shape.y)}" width="{_n(shape.width)}" height="{_n(shape.height)}" '
               f'rx="{_n(shape.radius)}" class="{shape.style}"/>')
    elif isinstance(shape, Circle):
        yield f'<circle cx="{_n(shape.x)}" cy="{_n(shape.y)}" r="{_n(shape.radius)}" class="{shape.style}"/>'
    else:
        yield from _line(shape)


def _mark(mark: Mark) -> Iterable[str]:
    said = {"layer": mark.layer, "section": mark.section}
    names = "".join(f" data-{key}={quoteattr(value)}" for key, value in said.items() if value)
    if mark.link:
        yield f"<a href={quoteattr(mark.link)}>"
    yield f"<g{names}>"
    if mark.title:
        yield f"<title>{escape(mark.title)}</title>"
    for shape in mark.shapes:
        yield from _written(shape)
    yield "</g>"
    if mark.link:
        yield "</a>"


def _miniature(small: Miniature) -> Iterable[str]:
    """Hidden from screen readers, which hear the words beside it."""
    scale = round(small.scale, 4)
    thick = min(1.1, 0.7 + 1.6 * scale) / scale
    yield (f'<g transform="translate({_n(small.x)} {_n(small.y)}) scale({_n(scale)})" style="stroke-width:{thick:.3g}" '
           'aria-hidden="true">')
    for shape in small.shapes:
        yield from _written(shape)
    yield "</g>"


def _text(text: Text) -> str:
    styles = " ".join(style for style in ("d" if text.dim else "", text.face) if style)
    anchor = f' text-anchor="{text.anchor}"' if text.anchor != "start" else ""
    return (f'<text x="{_n(text.x)}" y="{_n(text.y)}"{anchor}' + (f' class="{styles}"' if styles else "")
            + f">{escape(text.words)}</text>")


def _line(line: Line) -> Iterable[str]:
    points = list(line.points)
    source = f" data-from={quoteattr(line.source)}" if line.source else ""
    if line.arrow:
        tip, before = points[-1], points[-2]
        points[-1] = _towards(tip, before, ARROW - 2)
        yield f'<path class="{line.style}" d="{_path(points)}"{source}/>'
        yield f'<path class="a" d="{_arrow(tip, before)}"/>'
    else:
        yield f'<path class="{line.style}" d="{_path(points)}"{source}/>'


def _towards(point: Point, other: Point, by: float) -> Point:
    """The point moved so far towards another; both lie on a line of the grid, or the way is divided in proportion."""
    x, y = other[0] - point[0], other[1] - point[1]
    length = (x * x + y * y) ** 0.5
    return (point[0] + round(x / length * by * 2) / 2, point[1] + round(y / length * by * 2) / 2) if length else point


def _arrow(tip: Point, before: Point) -> str:
    x, y = tip[0] - before[0], tip[1] - before[1]
    length = (x * x + y * y) ** 0.5
    x, y = x / length, y / length
    corners = [(tip[0] - ARROW * x - side * 3.5 * y, tip[1] - ARROW * y + side * 3.5 * x) for side in (-1, 1)]
    return "M" + "L".join(f"{_n(round(a, 2))} {_n(round(b, 2))}" for a, b in (tip, *corners)) + "Z"


def _path(points: Sequence[Point]) -> str:
    """A path through points with round corners, tighter where there is little room."""
    text = f"M{_n(points[0][0])} {_n(points[0][1])}"
    for index, (point, after) in enumerate(pairwise(points[1:]), 1):
        before = points[index - 1]
        radius = min(RADIUS, _length(before, point) / 2, _length(point, after) / 2)
        start, end = _on(point, before, radius), _on(point, after, radius)
        text += f"L{_n(start[0])} {_n(start[1])}Q{_n(point[0])} {_n(point[1])} {_n(end[0])} {_n(end[1])}"
    return text + f"L{_n(points[-1][0])} {_n(points[-1][1])}"


def _length(a: Point, b: Point) -> float:
    return abs(a[0] - b[0]) + abs(a[1] - b[1])


def _on(point: Point, other: Point, by: float) -> Point:
    """So far from a corner along one of its sides."""
    if point[0] == other[0]:
        return point[0], point[1] + (by if other[1] > point[1] else -by)
    return point[0] + (by if other[0] > point[0] else -by), point[1]
