"""Names beside points, none over another one, a point, a bar or a line."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from math import hypot

from archspec.records import Record, record

APART = (4.0, 9.0)
"""How far from the middle of its point a name may stand, the nearest first."""


@record
class Box(Record):
    """A rectangle: its left and right, and its two other sides, the smaller first."""

    left: float
    right: float
    low: float
    high: float

    def meets(self, other: Box) -> bool:
        """Whether they overlap."""
        return self.left < other.right and other.left < self.right and self.low < other.high and other.low < self.high

    def holds(self, other: Box) -> bool:
        """Whether the other one is within."""
        return (self.left <= other.left and other.right <= self.right and self.low <= other.low and other.high <= self.high)


    def off(self, x: float, y: float) -> float:
        """How far a point is from it."""
        return hypot(max(self.left - x, 0, x - self.right), max(self.low - y, 0, y - self.high))


def around(x: float, y: float, radius: float) -> Box:
    """The box of a point."""
    return Box(x - radius, x + radius, y - radius, y + radius)


def placed(names: Iterable[tuple[float, float, float, float]], points: Sequence[tuple[float, float]], taken: Sequence[Box],
           within: Box) -> Iterator[Box | None]:
    """Where each name has room: of each its point's x and y, its width and height; None where it has none.

    None of `points` is nearer to a name than its own. Those that come first choose first.
    """
    boxes = [*taken]
    for x, y, width, height in names:
        places = (box for box in _places(x, y, width, height) if within.holds(box) and not any(map(box.meets, boxes)))
        found = next((box for box in places if all(box.off(*each) > box.off(x, y) for each in points if each != (x, y))), None)
        if found is not None:
            boxes.append(found)
        yield found


def _places(x: float, y: float, width: float, height: float) -> Iterator[Box]:
    """To the right and the left of a point, above and below it, and over its corners; further away then."""
    for gap in APART:
        for left in (x + gap, x - gap - width, x - width / 2):
            for low in (y + gap, y - gap - height, y - height / 2):
                if (left, low) != (x - width / 2, y - height / 2):
                    yield Box(left, left + width, low, low + height)
