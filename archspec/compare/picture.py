"""Two networks side by side: a row a section with what each costs, then each distinct difference of blocks once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from archspec.compare.alike import Distinct
from archspec.compare.layers import Status
from archspec.compare.network import SectionPair
from archspec.compare.report import Report, input_text, key_text, more_repeats, resized, tuned
from archspec.compare.seen import OUTLINES, STYLES, Seen, marked, seen
from archspec.draw.boxes import Box
from archspec.draw.captions import ROW, Legend, three
from archspec.draw.fit import WIDTHS
from archspec.draw.laid import Look
from archspec.draw.lettering import width, wrapped
from archspec.draw.miniature import miniature
from archspec.draw.shapes import SIZES, Line, Mark, Miniature, Rect, Shape, Text, extent, half, moved
from archspec.draw.svg import MARGIN, Picture
from archspec.views.numbers import count, memory
from archspec.views.summary import StageCost

HIGH, STEP = 40.0, 52.0
"""Of a section's box, and from one to the next."""
FORM = 34.0
"""The width of the field in it that shows the form of its block."""
BETWEEN = 24.0
"""Between the boxes of a row."""
BAR, COLUMN = 134.0, 150.0
"""The longest bar, and from one figure to the next."""
GAP = 44.0
"""Between the two sides of a block."""
PAGE = WIDTHS["page"]
ROOM = PAGE - 2 * MARGIN
DRAWN = 8
"""Distinct differences of blocks at most that are drawn: of networks that have little in common no one looks at more."""
KEY, VALUE = 210.0, 300.0
"""Columns of the recipe."""


def picture(report: Report) -> Picture:
    """Both networks in one picture. Raises ValueError where nothing differs."""
    if report.equal:
        raise ValueError("there is no difference to draw")
    names = report.network.a.name, report.network.b.name
    shapes: list[Shape] = [Text(0, -40, f"{names[0]} → {names[1]}", "start", "h"), *_rows(report)]
    for line in _facts(report):
        shapes.append(Text(0, half(extent(shapes).bottom + ROW), line, "start", "s", dim=True))
    blocks = [_block(each, names) for each in report.blocks[:DRAWN]]
    if more := report.blocks[DRAWN:]:
        words = f"and in words, by archspec diff: {', '.join(dict.fromkeys(each.title for each in more))}"
        rows = wrapped(words, ROOM, SIZES["s"])
        blocks.append([Text(0, 15 * row, line, "start", "s", dim=True) for row, line in enumerate(rows)])
    tables = [_keys(report)] if report.recipe or report.runs else []
    wide = max(extent(part).right - extent(part).left for part in (shapes, *blocks, *tables))
    for block in blocks:
        shapes += _below(shapes, block, wide)
    shapes += _legend(report, extent(shapes).bottom + 26)
    for table in tables:
        shapes += _below(shapes, table, wide)
    return Picture(tuple(shapes), f"{names[0]} and {names[1]} compared", _described(report))


def _below(shapes: Sequence[Shape], more: Sequence[Shape], wide: float) -> list[Shape]:
    """What stands under the others behind a rule, at the same left edge."""
    around, y = extent(more), half(extent(shapes).bottom)
    return [Line(((0, y + 18), (half(wide), y + 18)), "f"), *moved(more, half(-around.left), half(y + 36 - around.top))]


# rows

@dataclass(frozen=True, slots=True)
class _Figure:
    """A figure of sections: its name, what it is of a section and of the whole, and how it is written."""

    name: str
    of: str
    whole: tuple[int | None, int | None]
    bytes: bool = False

    def text(self, value: int | None) -> str:
        return memory(value) if self.bytes else three(value)

    def change(self, a: int | None, b: int | None) -> str:
        """+ 25.4 k; = where both are the same."""
        if a is None or b is None:
            return "" if a == b else "?"
        return "=" if a == b else f"{'+' if b > a else '−'} {self.text(abs(b - a))}"


def _rows(report: Report) -> list[Shape]:
    network = report.network
    wide = _width(report)
    second, right = wide + BETWEEN, 2 * wide + BETWEEN + 30
    sides = network.a, network.b
    costs = [side.cost for side in sides]
    figures = [
        _Figure("parameters", "trainable", (costs[0].parameters.trainable, costs[1].parameters.trainable)),
        _Figure("multiply-adds", "macs", (costs[0].macs, costs[1].macs)),
        _Figure("activations", "activations", (costs[0].memory.activations, costs[1].memory.activations), bytes=True)]
    shapes: list[Shape] = [Text(half(wide / 2), -14, sides[0].name, face="s", dim=True),
                           Text(half(second + wide / 2), -14, sides[1].name, face="s", dim=True)]
    for place, figure in enumerate(figures):
        shapes.append(Text(right + place * COLUMN, -14, figure.name, "start", "s", dim=True))
    tops = [max((value or 0 for section in network.sections for cost in section.costs
                 if cost for value in (getattr(cost, figure.of),)), default=0) for figure in figures]
    for index, section in enumerate(network.sections):
        y = index * STEP
        shapes += _section_box(section, 0, 0, y, wide)
        shapes += _section_box(section, 1, second, y, wide)
        both = section.a is not None and section.b is not None
        shapes.append(Text(wide + BETWEEN / 2, y + 24, "=" if section.status == "=" else "≠" if both else section.status,
                           face="b", dim=section.status == "="))
        for place, (figure, top) in enumerate(zip(figures, tops, strict=True)):
            shapes += _bars(section, figure, top, right + place * COLUMN, y, (sides[0].name, sides[1].name))
    y = len(network.sections) * STEP + 12
    shapes.append(Text(0, y, "whole network", "start", "b"))
    for place, figure in enumerate(figures):
        shapes += [Text(right + place * COLUMN, y, figure.text(figure.whole[1]), "start", "b"),
                   Text(right + place * COLUMN + BAR, y, figure.change(*figure.whole), "end", "b")]
    return shapes


def _width(report: Report) -> float:
    """Of a section's box: as the widest name and count of repeats need it."""
    wide = 136.0
    for section in report.network.sections:
        for each in (section.a, section.b):
            if each:
                repeats = width(f"× {each.repeats}", SIZES["b"], True) + 24 if each.repeats > 1 else 0
                wide = max(wide, width(each.name, SIZES["b"], True) + repeats + 24 + (FORM if each.repeats else 0))
    for side in (report.network.a, report.network.b):
        wide = max(wide, width(side.name, SIZES["s"]))
    return 2 * half(wide / 2)


def _section_box(section: SectionPair, side: int, x: float, y: float, wide: float) -> list[Shape]:
    each = (section.a, section.b)[side]
    if each is None:
        return [Rect(x, y, wide, HIGH, "g")]
    style = "panel"
    if section.status != "=" and (side or section.b is None):
        style = OUTLINES[section.status]
    shapes: list[Text | Rect | Miniature] = [Rect(x, y, wide, HIGH, style)]
    left, right = x, x + wide
    first = next((unit for unit in each.units if unit.block), None)
    if first is not None:
        form = miniature(first.part, FORM - 10, HIGH - 6)
        shapes += [form.moved(x + FORM / 2 + 2, y + HIGH / 2)] if form else []
        left += FORM
    if each.repeats > 1:
        repeats = Text(right - 8, y + 24, f"× {each.repeats}", "end", "b")
        shapes.append(repeats)
        right -= 8 + repeats.width
    shapes.append(Text(half((left + right) / 2), y + 24, each.name, face="b"))
    return [Mark(tuple(shapes), _tip(each.name, each.block, section.costs[side]), section=each.name)]


def _tip(name: str, block: str, cost: StageCost | None) -> str:
    if cost is None:
        return name
    called = f"{cost.blocks} × {block}; " if block else ""
    shape = "×".join("?" if size is None else str(size) for size in cost.output)
    return f"{name}: {called}{shape}; {count(cost.trainable)} parameters; {count(cost.macs)} multiply-adds"


def _bars(section: SectionPair, figure: _Figure, top: int, x: float, y: float, names: tuple[str, str]) -> list[Shape]:
    values = [None if cost is None else getattr(cost, figure.of) for cost in section.costs]
    absent = [cost is None for cost in section.costs]
    change = figure.change(*(0 if gone else value for gone, value in zip(absent, values, strict=True)))
    shown = values[0] if absent[1] else values[1]
    shapes: list[Shape] = []
    if not absent[1]:
        shapes.append(Text(x, y + 12, figure.text(shown), "start", "s"))
    shapes.append(Text(x + BAR, y + 12, change, "end", "s" if change == "=" else "t", dim=change == "="))
    for side, value in enumerate(values):
        if not absent[side] and value is not None:
            long = max(0.5, half(BAR * value / top)) if top else 0.5
            same = section.status == "=" or (side == 0 and section.b is not None)
            style = "track" if same else f"{STYLES[section.status]}-full"
            shapes.append(Mark((Rect(x, y + 18 + 8 * side, long, 6, style, 0),), f"{names[side]}: {count(value)}"))
    return shapes


def _facts(report: Report) -> list[str]:
    """What rows do not say: other inputs and classes, repeats and lists that one side alone has."""
    found = [input_text(report.network)] if input_text(report.network) else []
    for section in report.network.sections:
        more = [f"{status} {what}" for status, what in more_repeats(section)]
        if more:
            found.append(f"{section.name}: {', '.join(more)}")
    same = resized(report.network)
    return [*found, *([f"the same layers on other sizes: {', '.join(same)}"] if same else []), *tuned(report.network)]


# blocks

def _block(each: Distinct, names: tuple[str, str]) -> list[Shape]:
    title = Text(0, 0, each.title, "start", "b")
    head: list[Shape] = [title]
    for index, words in enumerate(wrapped(each.heading, ROOM, SIZES["s"])):
        head.append(Text(0, 17 + 15 * index, words, "start", "s", dim=True))
    y = extent(head).bottom + 12
    found = seen(each.shown, names)
    if found is None:
        words = f"{len(each.shown.boxes)} boxes are too many to be drawn here: archspec diff tells them in words"
        return [*head, Text(0, y + 12, words, "start", "s", dim=True)]
    shapes = [*head, *_sides(found, y)]
    if found.apart:
        words = f"{found.apart}: each is drawn in its own"
        shapes.append(Text(0, half(extent(shapes).bottom + ROW), words, "start", "s", dim=True))
    boxes = [box for pair in each.shown.boxes for side in (0, 1) for box in (marked(pair, side),) if box]
    legend = Legend(0, half(extent(shapes).bottom + 14), ROOM)
    legend.strips([replace(box, kind="plain") for box in boxes], Look(usual=found.usual))
    return [*shapes, *legend.shapes]


def _sides(found: Seen, y: float) -> list[Shape]:
    """Side by side where a page has room for both, else one below the other."""
    first, second = (extent(side) for side in found.sides)
    across = first.right - first.left + GAP + second.right - second.left
    if across <= ROOM:
        shift = half(first.right - first.left + GAP - second.left)
        top = min(first.top, second.top)
        return [*moved(found.sides[0], half(-first.left), half(y - top)), *moved(found.sides[1], shift, half(y - top))]
    above = moved(found.sides[0], half(-first.left), half(y - first.top))
    return [*above, *moved(found.sides[1], half(-second.left), half(extent(above).bottom + 30 - second.top))]


# recipe

def _keys(report: Report) -> list[Shape]:
    shapes: list[Shape] = [Text(0, 0, "recipe" if not report.runs else "recipe and runs", "start", "b")]
    y = 20.0
    heads = [_folded_value(side.name, VALUE - 16) for side in (report.network.a, report.network.b)]
    for x, rows in zip((KEY, KEY + VALUE), heads, strict=True):
        shapes += [Text(x, y + 14 * index, row, "start", "s", dim=True) for index, row in enumerate(rows)]
    y += 14 * (max(map(len, heads)) - 1)
    for pair in (*report.recipe, *report.runs):
        y += ROW + 3
        values = [_folded_value(key_text(value), VALUE - 16) for value in (pair.a, pair.b)]
        columns = [_folded_value(pair.path, KEY - 12), *values]
        for x, lines in zip((0.0, KEY, KEY + VALUE), columns, strict=True):
            shapes += [Text(x, y + 14 * index, line, "start", "s", dim=not x) for index, line in enumerate(lines)]
        y += 14 * (max(map(len, columns)) - 1)
    return shapes


def _folded_value(words: str, room: float) -> list[str]:
    """A value in lines that fit a column, broken where it has a comma, a dot or a space, else anywhere."""
    lines = [""]
    for letter in words:
        if width(lines[-1] + letter, SIZES["s"]) > room:
            cut = max((lines[-1].rfind(sign) for sign in (" ", ",", ".", "_", "/")), default=-1) + 1
            cut = cut if cut > len(lines[-1]) / 3 else len(lines[-1])
            lines[-1], rest = lines[-1][:cut].rstrip(), lines[-1][cut:]
            lines.append(rest)
        lines[-1] += letter
    return lines


# around

def _legend(report: Report, y: float) -> list[Shape]:
    """What colours say, as far as they occur."""
    statuses = {section.status for section in report.network.sections} | {
        pair.status for each in report.blocks for pair in each.shown.boxes}
    entries: list[tuple[str, str]] = [(OUTLINES[status], f"{status} {word}") for status, word in _WORDS if status in statuses]
    if statuses & {"+", "−"}:
        entries.append(("g", "not in this network"))
    shapes: list[Shape] = []
    x = 0.0
    y = half(y)
    for style, words in entries:
        text = Text(x + 26, y + 9.5, words, "start", "s", dim=True)
        shapes += [Rect(x, y, 20, 12, style, 2), text]
        x = half(x + 26 + text.width + 18)
    names = report.network.a.name, report.network.b.name
    shapes.append(Text(0, y + 30, f"bars: above {names[0]}, below {names[1]}; + and −: the difference", "start", "s", dim=True))
    return shapes


_WORDS: tuple[tuple[Status, str], ...] = (("+", "added"), ("−", "removed"), ("≠", "changed"))


def _described(report: Report) -> str:
    """The difference in sentences."""
    network = report.network
    sides = network.a, network.b
    costs = [(side.name, side.cost.parameters.trainable, side.cost.macs) for side in sides]
    figures = "; ".join(f"{name}: {count(learned)} parameters, {count(macs)} multiply-adds" for name, learned, macs in costs)
    same = [section.name for section in network.sections if section.status == "="]
    blocks = "; ".join(f"{each.title} ({each.heading}): {_told(each)}" for each in report.blocks)
    said = [figures, f"The same: {', '.join(same)}" if same else "", f"Different: {blocks}" if blocks else ""]
    return ". ".join(each for each in said if each) + "."


def _told(each: Distinct) -> str:
    words = {"+": "added", "−": "removed", "≠": "changed"}
    found: dict[str, list[str]] = {}
    for pair in each.shown.boxes:
        if pair.status != "=":
            box: Box = pair.box
            found.setdefault(words[pair.status], []).append(box.label)
    return ", ".join(f"{word} {', '.join(labels)}" for word, labels in found.items())
