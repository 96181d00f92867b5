"""What stands around a picture in words: tooltips, the legend, figures."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from archspec.draw.boxes import UNITS, Box, Strip, act_word, norm_word
from archspec.draw.shapes import Line, Rect, Shape, Text, half
from archspec.graph.ops import Activation
from archspec.graph.types import Tensor
from archspec.views.numbers import UNITS as SIZES
from archspec.views.numbers import count, short

ROW = 17.0
"""From one line of small words to the next."""
SWATCH = 18.0


def shape_text(tensor: Tensor) -> str:
    """56×56×256; ? for an open size."""
    return "×".join("?" if side is None else str(side) for side in tensor.shape)


def usual_act(boxes: Iterable[Box]) -> str:
    """The activation that most convolutions have, which labels leave out; empty without any."""
    acts = Counter(act for box in boxes if isinstance(box.op, UNITS) for act in (box.before.act, box.after.act) if act)
    return max(acts, key=lambda act: (acts[act], act), default="")


def tip(box: Box, label: str) -> str:
    """A box's tooltip: layer, operation with norm and activation, shape, parameters, multiply-adds, place in the spec."""
    if not box.nodes:
        return ""
    way = " → ".join(_word(node.op, node.op.kind) for node in box.nodes)
    parameters = sum(node.parameters for node in box.nodes)
    macs = [node.macs for node in box.nodes]
    facts = [way if len(box.nodes) > 1 else "", str(box.output).replace("x", "×"),
             f"{count(parameters)} parameters" if parameters else "",
             "" if None in macs or not any(macs) else f"{count(sum(each or 0 for each in macs))} multiply-adds",
             str(box.node.where)]
    return f"{box.name}: {'; '.join([label, *(fact for fact in facts if fact)])}"


def _word(op: object, kind: str) -> str:
    if isinstance(op, Activation):
        return act_word(op)
    try:
        return norm_word(op)  # type: ignore[arg-type]
    except KeyError:
        return kind.replace("_", " ")


def costs(boxes: Iterable[Box]) -> str:
    """386 k parameters, 426 M multiply-adds."""
    nodes = [node for box in boxes for node in box.nodes]
    macs = [node.macs for node in nodes]
    total = None if None in macs else sum(each or 0 for each in macs)
    return f"{short(sum(node.parameters for node in nodes))} parameters, {short(total)} multiply-adds"


def three(value: int | None) -> str:
    """In three digits, zeros at the end among them: 15.0 M."""
    if value is None or value < 1000:
        return "?" if value is None else str(value)
    size, unit = next((size, unit) for size, unit in SIZES if value >= size)
    return f"{value / size:#.3g}".rstrip(".") + f" {unit}" if value < 999.5 * size else f"{value / size:,.0f} {unit}"


def legend(boxes: Sequence[Box], usual: str, left: float, top: float, wide: float) -> list[Shape]:
    """The strips that occur, each once with its meaning, in rows no wider than `wide`."""
    entries: dict[tuple[str, ...], tuple[Strip, Strip, str]] = {}
    for box in boxes:
        if isinstance(box.op, UNITS) and (box.before or box.after):
            strips = (box.before, box.after)
            form = tuple(each for strip in strips for each in (strip.norm, strip.form if strip else ""))
            if form not in entries or usual in (box.before.act, box.after.act):  # the usual activation stands for others
                entries[form] = (*strips, box.kind)
    shapes: list[Shape] = []
    x, y = left, top
    for before, after, kind in entries.values():
        words = ", ".join(each for each in (_meaning(before, "before", usual), _meaning(after, "after", usual)) if each)
        text = Text(0, 0, words, "start", "s", dim=True)
        need = half(SWATCH + 5 + text.width)
        if x > left and x + need > left + wide:
            x, y = left, y + ROW
        shapes.append(Rect(x, y, SWATCH, 11, kind, 2))
        for strip, at in ((before, y), (after, y + 7)):
            if strip and strip.form == "line":
                shapes.append(Line(((x + 1, at + 1), (x + SWATCH - 1, at + 1))))
            elif strip:
                shapes.append(Rect(x, at, SWATCH, 4, f"{kind}-{strip.form}", 0))
        shapes.append(text.moved(x + SWATCH + 5, y + 9))
        x += need + 14
    return shapes


def _meaning(strip: Strip, where: str, usual: str) -> str:
    if not strip:
        return ""
    act = strip.act if strip.act in ("", usual) else "activation"
    if strip.norm and act:
        return f"{strip.norm} and {act} {where}"
    return f"{strip.norm} {where}" if strip.norm else f"{act} {where}, no norm"
