"""A stage of dense layers: the block as one of several sheets, and how its channels grow."""

from __future__ import annotations

from collections.abc import Sequence

from archspec.draw.shapes import Extent, Mark, Rect, Shape, Text, half

ROOM, EDGE = 14.0, 3.0
"""Between a panel and what is in it, and from one sheet to the next."""
TOP, BELOW = 44.0, 8.0
"""How far a panel reaches above what it holds, where lines part, and below it."""
PITCH, BAR, WIDEST = 21.0, 15.0, 120.0
MOST = 9
"""Of more rows the first ones and the last two are drawn."""
SINGLE = 12
"""Of more repeats what was there before stands as one bar."""


def panel(around: Extent, repeats: int) -> list[Shape]:
    """Sheets behind what is drawn, as many as say that it is repeated, and how often."""
    left, right = around.left - ROOM, around.right + ROOM
    sheets: list[Shape] = [Rect(left + by, -TOP + by, right - left, around.bottom + TOP + BELOW, "panel", 4)
                           for by in (2 * EDGE, EDGE, 0)]
    return [*sheets, Text(right, around.bottom + BELOW + 2 * EDGE + 16, f"× {repeats}", "end", "b")]


def growth(channels: Sequence[int], left: float, top: float) -> list[Shape]:
    """A bar a repeat: grey what entered the stage, filled what the repeat adds."""
    scale = WIDEST / channels[-1]
    shapes: list[Shape] = [Text(left, top + 9, "channels after each repeat", "start", "s", dim=True)]
    y = top + 18
    for index in _rows(len(channels)):
        if index is None:
            shapes.append(Text(left, y + 11, "…", "start", "s", dim=True))
        else:
            bars = _bar(channels[:index + 1], scale, left, y)
            shapes += [Mark(tuple(bars)), Text(half(left + _x(channels[index], scale)) + 5, y + 11.5, str(channels[index]),
                                               "start", "s")]
        y += PITCH
    return [*shapes, Text(left, y + 9, "each repeat reads all", "start", "s", dim=True),
            Text(left, y + 23, "channels to its left", "start", "s", dim=True)]


def _rows(count: int) -> list[int | None]:
    return [*range(count)] if count <= MOST else [*range(MOST - 3), None, count - 2, count - 1]


def _x(channels: int, scale: float) -> float:
    return half(channels * scale)


def _bar(channels: Sequence[int], scale: float, left: float, y: float) -> list[Rect]:
    ends = [_x(count, scale) for count in channels]
    if len(ends) > SINGLE:
        ends = [ends[0], ends[-2], ends[-1]]
    return [Rect(left + (ends[index - 1] if index else 0), y, end - (ends[index - 1] if index else 0), BAR,
                 "merge" if not index else "conv-full" if index == len(ends) - 1 else "conv", 0)
            for index, end in enumerate(ends)]
