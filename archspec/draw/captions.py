"""What stands around a picture in words: tooltips, the legend, figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

from archspec.draw.boxes import NORMS, UNITS, Box, Part, Strip, act_word, norm_word, said
from archspec.draw.laid import Look
from archspec.draw.lettering import width, wrapped
from archspec.draw.shapes import SIZES, Circle, Line, Mark, Rect, Shape, Text, half
from archspec.errors import Where
from archspec.graph.ir import Node
from archspec.graph.ops import Activation, Conv, Depthwise, Op, Pool
from archspec.graph.types import Tensor
from archspec.io.places import written
from archspec.spec.kept import PREVIOUS
from archspec.views.numbers import UNITS as MAGNITUDES
from archspec.views.numbers import count

ROW = 17.0
"""From one line of small words to the next."""
SWATCH, GAP, BESIDE = 18.0, 5.0, 14.0
"""The width of a sign in the legend, what lies between it and its words, and between entries."""


def shape_text(tensor: Tensor) -> str:
    """56×56×256; ? for an open size."""
    return "×".join("?" if side is None else str(side) for side in tensor.shape)


def usual_act(boxes: Iterable[Box]) -> str:
    """The activation that most convolutions have, those of gates not counted; labels leave it out. Empty without any.

    Of several that are as many, the first.
    """
    acts = Counter(act for box in boxes if isinstance(box.op, UNITS) and box.node.role != "gate"
                   for act in (box.before.act, box.after.act) if act)
    return max(acts, key=acts.__getitem__, default="")


def tip(box: Box, label: str) -> str:
    """A box's tooltip: layer, operation with norm and activation, shape, parameters, multiply-adds, place in the spec.

    Parameters are those that are trained; statistics of batch norm are told beside them.
    """
    if not box.nodes:
        return ""
    way = f"a block of {len(box.nodes)} layers" if box.block else " → ".join(_word(node.op) for node in box.nodes)
    parameters = sum(node.trainable for node in box.nodes)
    statistics = sum(node.parameters for node in box.nodes) - parameters
    macs = [node.macs for node in box.nodes]
    facts = [way if len(box.nodes) > 1 else "", str(box.output).replace("x", "×"),
             f"{count(parameters)} parameters" if parameters else "", f"{count(statistics)} statistics" if statistics else "",
             "" if None in macs or not any(macs) else f"{count(sum(each or 0 for each in macs))} multiply-adds",
             place(box.where)]
    return f"{box.name}: {'; '.join([label, *(fact for fact in facts if fact)])}"


def place(where: Where) -> str:
    """File and line, the same from whichever folder."""
    return f"{written(Path(where.file))}:{where.line}"


def _word(op: Op) -> str:
    if isinstance(op, Activation):
        return act_word(op)
    return norm_word(op) if isinstance(op, NORMS) else op.kind.replace("_", " ")


def costs(boxes: Iterable[Box]) -> str:
    """386 k parameters, 426 M multiply-adds; of parameters those that are trained, as in papers."""
    return costs_of([node for box in boxes for node in box.nodes])


def costs_of(nodes: Sequence[Node]) -> str:
    """The same of nodes."""
    macs = [node.macs for node in nodes]
    total = None if None in macs else sum(each or 0 for each in macs)
    return f"{three(sum(node.trainable for node in nodes))} parameters, {three(total)} multiply-adds"


def three(value: int | None) -> str:
    """In three digits, zeros at the end among them: 15.0 M."""
    if value is None or value < 1000:
        return "?" if value is None else str(value)
    size, unit = next((size, unit) for size, unit in MAGNITUDES if value >= size)
    return f"{value / size:#.3g}".rstrip(".") + f" {unit}" if value < 999.5 * size else f"{value / size:,.0f} {unit}"


class Legend:
    """What the marks of a picture mean, in rows no wider than `wide`; `shapes` grow by what is told."""

    def __init__(self, left: float, top: float, wide: float) -> None:
        self.left, self.wide, self.x, self.y = left, wide, left, top
        self.shapes: list[Shape] = []

    def words(self, text: str) -> None:
        """Words in rows of their own."""
        self._next()
        for row in wrapped(text, self.wide, SIZES["s"]):
            self.shapes.append(Text(self.left, self.y + 9, row, "start", "s", dim=True))
            self.y += ROW

    def entry(self, swatch: Sequence[Rect | Line | Circle], text: str) -> None:
        """A swatch and what it means: behind the one before where there is room, in rows of its own where it is long."""
        room = self.wide - SWATCH - GAP
        rows = wrapped(text, room, SIZES["s"])
        need = half(SWATCH + GAP + max(width(row, SIZES["s"]) for row in rows))
        if self.x > self.left and (self.x + need > self.left + self.wide or len(rows) > 1):
            self._next()
        self.shapes.append(Mark(tuple(shape.moved(self.x, self.y) for shape in swatch)))
        for index, row in enumerate(rows):
            self.shapes.append(Text(self.x + SWATCH + GAP, self.y + 9 + ROW * index, row, "start", "s", dim=True))
        self.x += need + BESIDE
        if len(rows) > 1:
            self.y += ROW * (len(rows) - 1)
            self._next()

    def _next(self) -> None:
        if self.x > self.left:
            self.x, self.y = self.left, self.y + ROW

    def outside(self, part: Part) -> None:
        """What `previous` is."""
        if PREVIOUS in part.outside.values():
            self.entry([Line(((0, 5.5), (SWATCH, 5.5)), "w")], "previous: what entered the block before")

    def strips(self, boxes: Iterable[Box], look: Look) -> None:
        """The strips that occur, each once."""
        entries: dict[tuple[str, ...], tuple[Strip, Strip, str]] = {}
        named: set[tuple[str, ...]] = set()  # those whose activation some boxes say themselves
        for box in boxes:
            if isinstance(box.op, UNITS) and (box.before or box.after):
                strips = (box.before, box.after)
                form = tuple(each for strip in strips for each in (strip.norm, strip.form if strip else ""))
                if any(strip.act not in ("", look.usual) for strip in strips):
                    named.add(form)
                if form not in entries or look.usual in (box.before.act, box.after.act):  # the usual one stands for others
                    entries[form] = (*strips, box.kind)
        for form, (before, after, kind) in entries.items():
            usual = f"{look.usual} (or as named)" if form in named else look.usual
            words = [_meaning(strip, where, look.usual, usual) for strip, where in ((before, "before"), (after, "after"))]
            swatch: list[Rect | Line] = [Rect(0, 0, SWATCH, 11, kind, 2)]
            for strip, at in ((before, 0), (after, 7)):
                if strip and strip.form == "line":
                    swatch.append(Line(((1, at + 1), (SWATCH - 1, at + 1))))
                elif strip:
                    swatch.append(Rect(0, at, SWATCH, 4, f"{kind}-{strip.form}", 0))
            self.entry(swatch, ", ".join(each for each in words if each))

    def blocks(self, boxes: Iterable[Box]) -> None:
        """What the blocks hold that boxes stand for."""
        found: dict[str, list[Box]] = {}
        for box in boxes:
            if box.block:
                found.setdefault(box.block, []).append(box)
        for name, called in found.items():
            kind = called[0].kind
            self.entry([Rect(3, 3, SWATCH - 3, 9, kind, 2), Rect(0, 0, SWATCH - 3, 9, kind, 2)], f"{name}: {_holds(called)}")

    def short(self, boxes: Iterable[Box]) -> None:
        """What `3×3, 96` is, by the first that occurs."""
        first = next((box for box in boxes if isinstance(box.op, Conv)), None)
        if first is not None:
            label, filters = ", ".join(word.removesuffix(" conv") for word in first.words[:2]), first.words[1]
            self.entry([Rect(0, 0, SWATCH, 11, first.kind, 2)], f"{label}: a convolution with {filters} filters")


MOST_WORDS = 9


def _holds(called: Sequence[Box]) -> str:
    """What a block holds, in words: the same thing n times is said once."""
    kernels = len({tuple(box.words[:1]) for box in called}) > 1
    nodes = called[0].nodes
    words = []
    for node in nodes:
        word = said(node)[1][0]
        words.append(f"k×k {word.split(' ', 1)[1]}" if kernels and isinstance(node.op, Conv | Depthwise | Pool)
                     and not word.startswith("1×1") else word)
    for size in range(1, len(words) // 2 + 1):
        if len(words) % size == 0 and words == words[:size] * (len(words) // size) and size <= MOST_WORDS:
            times = len(words) // size
            return f"{', '.join(words[:size])}, {'twice' if times == 2 else f'{times} times'}"
    if len(words) <= MOST_WORDS:
        return ", ".join(words)
    return f"a block of {len(nodes)} layers"


def _meaning(strip: Strip, where: str, usual: str, said: str) -> str:
    """What a strip is; the usual activation is said so."""
    if not strip:
        return ""
    act = "" if not strip.act else said if strip.act == usual else "activation"
    if strip.norm and act:
        return f"{strip.norm} and {act} {where}"
    return f"{strip.norm} {where}" if strip.norm else f"{act} {where}, no norm"
