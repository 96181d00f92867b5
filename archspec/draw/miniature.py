"""A part of a network as small as a letter: its boxes without words, to be known again by their form."""

from __future__ import annotations

from collections.abc import Iterable

from archspec.draw.boxes import Box, Part
from archspec.draw.laid import CIRCLE, Layout, Look
from archspec.draw.shapes import Circle, Line, Mark, Miniature, Rect, Shape, Text, extent
from archspec.draw.tree import tree

MANY, MOST = 60, 400
"""Of more boxes than this, equal paths not counted, no miniature would be legible; of so many none is tried."""
LARGEST = 0.26
"""A box is then 15 pixels wide and 6 high."""


def miniature(shown: Part, wide: float, high: float) -> Miniature | None:
    """The part in a field of this size in pixels, whose middle is the origin; none if it has too many boxes.

    It is laid out by the rules of a picture of its own.
    """
    if len(shown.boxes) > MOST:
        return None
    laid = _Plain(Look(gap=20, fork=30)).laid(tree(shown), shown.entry)
    if sum(isinstance(shape, Mark) for shape in laid.shapes) > MANY:
        return None
    shapes = [*_forms(laid.shapes)]
    for port in laid.entries:
        if port.drawn:
            ends = ((0.0, -24.0), (0.0, -14.0), (port.x, -14.0), (port.x, port.y)) if port.x else ((0.0, -24.0), (0.0, port.y))
            shapes.append(Line(ends))
    shapes += [Line(((port.x, port.y), (port.x, port.y + 14))) for port in laid.exits[:1]]
    around = extent(shapes)
    scale = min(LARGEST, wide / (around.right - around.left), high / (around.bottom - around.top))
    scale = int(scale * 1e4) / 1e4
    x, y = (around.left + around.right) / 2, (around.top + around.bottom) / 2
    return Miniature(tuple(shapes), _half(-scale * x), _half(-scale * y), scale)


def _half(value: float) -> float:
    return round(2 * value) / 2


class _Plain(Layout):
    """Boxes without words, all of one width."""

    def words(self, box: Box) -> str:
        """None."""
        return ""

    def width(self, box: Box) -> float:
        """The same for all but the circles."""
        return 2 * CIRCLE if box.sign else 58 if box.kind != "name" else 0


def _forms(shapes: Iterable[Shape]) -> Iterable[Rect | Circle | Line]:
    """All but words, arrows and what would be too small: strips, signs in circles."""
    for shape in shapes:
        if isinstance(shape, Mark):
            first = [each for each in shape.shapes if isinstance(each, Rect | Circle)][:1]
            yield from first
        elif isinstance(shape, Line):
            yield Line(shape.points, shape.style)
        elif not isinstance(shape, Text | Miniature):
            yield shape
