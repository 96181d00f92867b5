"""Two blocks held against each other, box by box and layer by layer."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Literal

from archspec.compare.order import beside
from archspec.compare.units import Unit
from archspec.draw.boxes import NORMS, UNITS, Box, act_word, norm_word
from archspec.graph.ir import Node
from archspec.graph.ops import Activation, Concat, Op
from archspec.graph.text import op_text

Status = Literal["=", "≠", "+", "−"]
"""Of a box or a layer: in both alike, in both otherwise, in the second alone, in the first alone."""
Setting = tuple[str, str, str]
"""A field of an operation, and what it is on both sides."""
SAID = frozenset({"filters", "kernel", "stride", "groups", "dilation", "units", "heads", "how", "mode", "multiplier", "factor",
                  "rate", "function", "channels", "start", "size", "order", "learned"})
"""Fields of an operation that its words say."""

NUMBER = re.compile(r"\d+")
WINDOW = frozenset({"kernel", "stride", "dilation"})


@dataclass(frozen=True, slots=True)
class LayerPair:
    """A layer of each side, one of them None where that has none; what each is said to be, where they differ.

    `settings` are the fields that differ and that pictures leave out, with both values: a padding, an epsilon.
    """

    a: Node | None
    b: Node | None
    said: tuple[str, str] | None = None
    settings: tuple[Setting, ...] = ()

    @property
    def status(self) -> Status:
        """How the two stand to each other."""
        return "+" if self.a is None else "−" if self.b is None else "≠" if self.said else "="

    @property
    def tuned(self) -> bool:
        """Whether it is a norm that only has other settings: most often all norms of a network have, which is told once."""
        return self.a is not None and self.b is not None and isinstance(self.a.op, NORMS) and bool(self.settings) and (
            self.said is not None and self.said[0].partition(";")[0] == self.said[1].partition(";")[0])

    @property
    def reshaped(self) -> bool:
        """Whether both give maps of other sizes."""
        return self.a is not None and self.b is not None and self.a.output.type.shape != self.b.output.type.shape


@dataclass(frozen=True, slots=True)
class BoxPair:
    """A box of each side, one of them None where that has none, with their layers.

    `rewired` says that both take results that both sides have, but not the same ones.
    """

    a: Box | None
    b: Box | None
    layers: tuple[LayerPair, ...]
    rewired: bool = False

    @property
    def status(self) -> Status:
        """How the two stand to each other; sizes of maps and settings of norms alone are no difference."""
        if self.a is None or self.b is None:
            return "+" if self.a is None else "−"
        return "≠" if self.rewired or any(pair.status != "=" and not pair.tuned for pair in self.layers) else "="

    @property
    def box(self) -> Box:
        """The second's where it has one, else the first's."""
        found = self.b or self.a
        assert found is not None
        return found


@dataclass(frozen=True)
class UnitPair:
    """A unit of each side, one of them None where that has none, and their boxes in an order that holds for both."""

    a: Unit | None
    b: Unit | None
    boxes: tuple[BoxPair, ...]

    @property
    def unit(self) -> Unit:
        """The second's where there is one, else the first's."""
        found = self.b or self.a
        assert found is not None
        return found

    @cached_property
    def same(self) -> bool:
        """Whether both compute the same, on maps of the same sizes."""
        return self.a is not None and self.b is not None and self.a.key == self.b.key

    @cached_property
    def status(self) -> Status:
        """How the two stand to each other; names, sizes of maps and settings of norms alone are no difference."""
        if self.a is None or self.b is None:
            return "+" if self.a is None else "−"
        return "≠" if any(pair.status != "=" for pair in self.boxes) else "="


def unit_pair(a: Unit | None, b: Unit | None) -> UnitPair:
    """Two units with their boxes matched: by name within the block, then by what they are and where they stand."""
    if a is None or b is None:
        alone = a or b
        assert alone is not None
        return UnitPair(a, b, tuple(_box_pair(*((box, None) if a else (None, box))) for box in alone.boxes))
    first, second = ([(unit.inner(box.name), box) for box in unit.boxes] for unit in (a, b))
    places = beside(first, second, _key, _likeness)
    pairs = [(None if at is None else a.boxes[at], None if to is None else b.boxes[to]) for at, to in places]
    partner = {x.name: y.name for x, y in pairs if x and y}
    return UnitPair(a, b, tuple(_box_pair(x, y, _rewired(a, b, x, y, partner)) for x, y in pairs))


def _key(item: tuple[str, Box]) -> Hashable:
    """Equal for boxes that are the same wherever they stand."""
    name, box = item
    return name, box.words, box.before, box.after, len(box.inputs)


def _likeness(x: tuple[str, Box], y: tuple[str, Box]) -> float:
    """How much two boxes with their names within the block have in common; 0 where they can be no pair.

    What says the same counts more than its name: a layer before it may have moved the numbers.
    """
    (name, a), (other, b) = x, y
    kind = _kind(a) == _kind(b) and a.node.role == b.node.role
    if name != other and not kind:
        return 0.0
    strips = (a.before, a.after) == (b.before, b.after)
    named = 2.0 * (name == other) or 1.0 * (NUMBER.sub("", name) == NUMBER.sub("", other))
    return named + kind + 3.0 * (a.words == b.words) + 0.5 * strips + 0.25 * (len(a.inputs) == len(b.inputs))


def _kind(box: Box) -> object:
    """What a box is, so that one can have become the other: convolutions are one kind, else each operation its own."""
    return "unit" if isinstance(box.op, UNITS) else type(box.op)


def _rewired(a: Unit, b: Unit, x: Box | None, y: Box | None, partner: Mapping[str, str]) -> bool:
    """Whether two boxes take the results of boxes that both sides have, but others, or in another order."""
    if x is None or y is None:
        return False
    back = set(partner.values())
    own = {box.name for box in a.boxes}, {box.name for box in b.boxes}
    if any(name in own[0] and name not in partner for name in x.inputs) or any(
            name in own[1] and name not in back for name in y.inputs):
        return False  # what is added or removed between says it
    return [partner.get(name) or _from(a, name) for name in x.inputs] != [
        name if name in own[1] else _from(b, name) for name in y.inputs]


def _from(unit: Unit, name: str) -> str:
    """What a value from elsewhere is called, the same on both sides."""
    return "entry" if name == unit.part.entry else unit.part.outside.get(name, name)


def _box_pair(x: Box | None, y: Box | None, rewired: bool = False) -> BoxPair:
    if x is None or y is None:
        alone = x or y
        assert alone is not None
        return BoxPair(x, y, tuple(LayerPair(node, None) if x else LayerPair(None, node) for node in alone.nodes))
    return BoxPair(x, y, tuple(_layers(x, y)), rewired)


def _layers(x: Box, y: Box) -> Iterator[LayerPair]:
    """The layers of two boxes: what they are called after, then norms and activations."""
    yield _layer_pair(x.node, y.node, *(_head_words(box) for box in (x, y)))
    for wanted in (NORMS, Activation):
        before = [node for node in x.nodes if node is not x.node and isinstance(node.op, wanted)]
        after = [node for node in y.nodes if node is not y.node and isinstance(node.op, wanted)]
        for index in range(max(len(before), len(after))):
            if index >= len(before) or index >= len(after):
                yield LayerPair(before[index] if index < len(before) else None, after[index] if index < len(after) else None)
            else:
                yield _layer_pair(before[index], after[index], _placed(x, before[index]), _placed(y, after[index]))


def _head_words(box: Box) -> str:
    """What a box is called after, without what its label says of others: an activation behind a norm, channels that meet."""
    op = box.op
    return norm_word(op) if isinstance(op, NORMS) else box.words[0] if isinstance(op, Concat) else box.label


def _placed(box: Box, node: Node) -> str:
    """A norm or an activation in words, with its side of the convolution where that is not behind it."""
    word = act_word(node.op) or norm_word(node.op)
    return f"{word} before" if box.nodes.index(node) < box.nodes.index(box.node) else word


def _layer_pair(a: Node, b: Node, said_a: str, said_b: str) -> LayerPair:
    if type(a.op) is not type(b.op):
        return LayerPair(a, b, (said_a, said_b))
    hidden = details(a.op, b.op, said_a == said_b)
    if said_a == said_b and not hidden:
        return LayerPair(a, b)
    told_a = "; ".join([said_a, *(f"{name} {value}" for name, value, _ in hidden)])
    told_b = "; ".join([said_b, *(f"{name} {value}" for name, _, value in hidden)])
    return LayerPair(a, b, (told_a, told_b), tuple(hidden))


def details(a: Op, b: Op, unsaid: bool) -> list[Setting]:
    """The fields in which two operations of one kind differ and that their words leave out; all that differ if `unsaid`."""
    if a == b or op_text(a) == op_text(b):
        return []
    found = {item.name: (getattr(a, item.name), getattr(b, item.name)) for item in fields(a)}
    differing = {name: values for name, values in found.items() if values[0] != values[1]}
    if WINDOW & differing.keys():
        differing.pop("padding", None)  # another window needs another padding
    return [(name.replace("_", " "), field_text(x), field_text(y)) for name, (x, y) in differing.items()
            if unsaid or name not in SAID]


def field_text(value: object) -> str:
    """A field of an operation as messages have it."""
    if isinstance(value, tuple):
        return " ".join(map(str, value if len(set(value)) > 1 else value[:1]))
    return f"{value:g}" if isinstance(value, float) else str(value).lower() if isinstance(value, bool) else str(value)
