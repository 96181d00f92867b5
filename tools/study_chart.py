"""Charts as papers have them, as SVG: error over epochs, training dashed and test bold, and error against what was varied."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10
from typing import NamedTuple

from archspec.draw.lettering import width

COLOURS = {"light": ("#1f66b0", "#c4391f", "#2b8a3e", "#7a3fa8", "#b36b00", "#555555"),
           "dark": ("#7ab8ff", "#ff8f78", "#7fd88f", "#cda2f5", "#ffc266", "#bbbbbb")}
INK = {"light": ("#24292f", "#d0d7de"), "dark": ("#e6edf3", "#3d444d")}
"""Of words and axes, and of the grid."""
WIDE, HIGH = 250, 190
"""Pixels of a panel's inside."""
LEFT, RIGHT, TOP, BELOW, ROW = 46, 14, 28, 40, 16
"""Around it, and the height of a line of the legend."""
SIZE = 11
RATIO = 12.0
"""Errors whose largest is so many times the smallest are on a scale by ratio."""
LEAST = 0.2
"""The end of a scale by ratio, in percent: less is drawn there."""
TICKS = (0.2, 0.5, 1, 2, 5, 10, 20, 50, 100)


class Curve(NamedTuple):
    """Errors in percent after each epoch: while it was trained, and of the test."""

    label: str
    train: Sequence[float]
    test: Sequence[float]


class Point(NamedTuple):
    """Of a line, at a place from left to right: the values of its seeds, in percent. None failed where all are there."""

    at: int
    values: Sequence[float]
    mean: float
    deviation: float


class Line(NamedTuple):
    """Points that belong together."""

    label: str
    points: Sequence[Point]


class Curves(NamedTuple):
    """A panel of trainings; each keeps the colour of its number."""

    title: str
    curves: Sequence[tuple[int, Curve]]


class Points(NamedTuple):
    """A panel of what they came to, over the values of `across`."""

    title: str
    across: str
    ticks: Sequence[str]
    lines: Sequence[Line]


def chart(panels: Sequence[Curves | Points], theme: str) -> str:
    """The panels side by side; those of curves share their scale."""
    rows = max(len(_labels(panel)) for panel in panels) + any(isinstance(panel, Curves) for panel in panels)
    across, high = LEFT + WIDE + RIGHT, TOP + HIGH + BELOW + rows * ROW + 6
    ink, _ = INK[theme]
    shared = [each for panel in panels if isinstance(panel, Curves) for _, curve in panel.curves
              for each in (*curve.train, *curve.test)]
    drawn = "".join(f'<g transform="translate({number * across + LEFT} {TOP})">{_panel(panel, theme, shared)}</g>\n'
                    for number, panel in enumerate(panels))
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {across * len(panels)} {high}" '
            f'width="{across * len(panels)}" height="{high}" font-family="Helvetica, Arial, sans-serif" '
            f'font-size="{SIZE}" fill="{ink}">\n{drawn}</svg>\n')


class _Scale:
    """Errors to pixels from the top of a panel."""

    def __init__(self, values: Sequence[float]) -> None:
        low, high = min(values), max(values)
        self.ratio = high >= RATIO * max(low, LEAST)
        if self.ratio:
            self.low = max(each for each in TICKS if each <= max(low, LEAST))
            self.high = min(each for each in TICKS if each >= min(high, 100))
            self.ticks = [each for each in TICKS if self.low <= each <= self.high]
        else:
            step = next(each for each in (0.1, 0.2, 0.5, 1, 2, 5, 10, 20) if each * 6 >= high - low)
            self.low, self.high = step * floor(low / step), step * max(ceil(high / step), floor(low / step) + 1)
            self.ticks = [self.low + step * number for number in range(round((self.high - self.low) / step) + 1)]

    def at(self, value: float) -> float:
        """From the top."""
        value = min(max(value, self.low), self.high)
        share = log10(value / self.low) / log10(self.high / self.low) if self.ratio else \
            (value - self.low) / (self.high - self.low)
        return round(HIGH * (1 - share), 1)


def _panel(panel: Curves | Points, theme: str, shared: Sequence[float]) -> str:
    ink, grid = INK[theme]
    if isinstance(panel, Curves):
        scale = _Scale(shared)
        epochs = max(len(curve.test) for _, curve in panel.curves)
        places = {str(each): (each - 1) / max(epochs - 1, 1) * WIDE for each in range(1, epochs + 1)}
        inside, label = _curves(panel, theme, scale, epochs), "epoch"
    else:
        ends = [each for line in panel.lines for point in line.points
                for each in (*point.values, point.mean - point.deviation, point.mean + point.deviation) if each >= 0]
        scale = _Scale(ends)
        places = {tick: (number + 0.5) / len(panel.ticks) * WIDE for number, tick in enumerate(panel.ticks)}
        inside, label = _points(panel, theme, scale), panel.across
    parts = [_text(WIDE / 2, -12, panel.title, bold=True)]
    for tick in scale.ticks:
        y = scale.at(tick)
        parts += [f'<line x1="0" x2="{WIDE}" y1="{y}" y2="{y}" stroke="{grid}"/>', _text(-6, y + 4, f"{tick:g}", anchor="end")]
    parts += [_text(round(x, 1), HIGH + 16, tick) for tick, x in places.items()]
    parts += [f'<rect width="{WIDE}" height="{HIGH}" fill="none" stroke="{ink}"/>', _text(WIDE / 2, HIGH + 33, label),
              f'<text transform="translate(-34 {HIGH / 2}) rotate(-90)" text-anchor="middle">error (%)</text>', inside]
    for number, (colour, words) in enumerate(_labels(panel)):
        y = HIGH + BELOW + 10 + number * ROW
        parts += [f'<line x1="6" x2="28" y1="{y - 4}" y2="{y - 4}" stroke="{COLOURS[theme][colour]}" stroke-width="2.4"/>',
                  _text(34, y, words, anchor="start")]
    if isinstance(panel, Curves):
        parts.append(_text(6, HIGH + BELOW + 10 + len(panel.curves) * ROW, "training dashed, test bold", anchor="start"))
    return "".join(parts)


def _labels(panel: Curves | Points) -> list[tuple[int, str]]:
    """Colours and words of the legend; one line alone needs none."""
    if isinstance(panel, Curves):
        return [(number, curve.label) for number, curve in panel.curves]
    return [(number, line.label) for number, line in enumerate(panel.lines)] if len(panel.lines) > 1 else []


def _curves(panel: Curves, theme: str, scale: _Scale, epochs: int) -> str:
    def path(values: Sequence[float]) -> str:
        step = WIDE / max(epochs - 1, 1)
        return " ".join(f"{round(number * step, 1)},{scale.at(each)}" for number, each in enumerate(values))
    return "".join(
        f'<polyline points="{path(values)}" fill="none" stroke="{COLOURS[theme][number]}" {style}/>'
        for number, curve in panel.curves
        for values, style in ((curve.train, 'stroke-width="1.2" stroke-dasharray="4 3"'), (curve.test, 'stroke-width="2.4"')))


def _points(panel: Points, theme: str, scale: _Scale) -> str:
    parts, count = [], len(panel.lines)
    for number, line in enumerate(panel.lines):
        colour = COLOURS[theme][number]
        aside = (number - (count - 1) / 2) * 8
        places = [(round((point.at + 0.5) / len(panel.ticks) * WIDE + aside, 1), point) for point in line.points]
        way = " ".join(f"{x},{scale.at(point.mean)}" for x, point in places)
        parts.append(f'<polyline points="{way}" fill="none" stroke="{colour}" stroke-width="1.4"/>')
        for x, point in places:
            low, high = scale.at(point.mean - point.deviation), scale.at(point.mean + point.deviation)
            parts += [f'<path d="M{x} {low}V{high}M{x - 4} {low}h8M{x - 4} {high}h8" stroke="{colour}" fill="none"/>',
                      f'<circle cx="{x}" cy="{scale.at(point.mean)}" r="4" fill="{colour}"/>']
            parts += [f'<circle cx="{x}" cy="{scale.at(each)}" r="1.6" fill="none" stroke="{colour}"/>'
                      for each in point.values]
    return "".join(parts)


def _text(x: float, y: float, words: str, anchor: str = "middle", bold: bool = False) -> str:
    squeezed = min(1.0, (WIDE + RIGHT) / max(width(words, SIZE, bold), 1))
    size = f' font-size="{SIZE * squeezed:.1f}"' if squeezed < 1 else ""
    weight = ' font-weight="bold"' if bold else ""
    return f'<text x="{x:g}" y="{y:g}" text-anchor="{anchor}"{size}{weight}>{escape(words)}</text>'
