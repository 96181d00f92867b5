"""Values of arguments: what a kind of argument accepts, and what it becomes in the graph."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TypeVar

from archspec.errors import Problem, SpecError, Where, nearest
from archspec.graph.axes import FOLLOWS
from archspec.graph.types import VALID, Padding, Pair
from archspec.schema.keys import Key
from archspec.schema.kinds import Choice, Flag, Form, Unfit, Whole, hint_for_text
from archspec.schema.tree import BROKEN, ListTree, MappingTree, Scalar, Tree, kind
from archspec.spec.expressions import Datum, ExpressionError, Unknown, describe, evaluate, is_expression
from archspec.spec.operations import KEPT, MARGINS, NAME, NAMES, PADDING, PADDINGS, PADS, PAIR, SIZES, SPLIT
from archspec.spec.scope import Scope

Entry = TypeVar("Entry")
ROUND = "write it without a point; in an expression divide with // or round with int(...)"
ALMOST_PAIR = re.compile(r"[(\[]? ?([1-9][0-9]{0,6}) ?[xX*×,] ?([1-9][0-9]{0,6}) ?[)\]]?")
"""Two numbers as other languages write them."""
IDENTIFIER = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,63}")
STAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{0,63}")
"""GoogLeNet's are 3a, 3b, …; a Keras layer's name may begin with a digit."""
TWO = re.compile(r"(0|[1-9][0-9]{0,6})x(0|[1-9][0-9]{0,6})")
THREE = re.compile(r"(\?|[1-9][0-9]{0,6})x(\?|[1-9][0-9]{0,6})x(\?|[1-9][0-9]{0,6})")
MOST = 10_000_000
"""Pixels that can be cut off."""
CHARACTERS = 20
"""Of an expression that cost as much as a value."""


@dataclass(frozen=True, slots=True, eq=False)
class Quoted:
    """A list or mapping as an argument, read where it was written: it keeps the scope and the unit there."""

    tree: ListTree | MappingTree
    scope: Scope
    unit: str
    _known: dict[int, Datum] = field(default_factory=dict)
    """Entries that have been evaluated: each is once, however often it is read."""

    def length(self) -> int:
        """Number of entries of a list."""
        if not isinstance(self.tree, ListTree):
            raise ExpressionError("only a list can be indexed, this is a mapping")
        return len(self.tree.items)

    def entry(self, index: int) -> Datum:
        """An entry of a list as a value. Raises TooLarge: a long list may be read in each repeat."""
        assert isinstance(self.tree, ListTree)
        self.scope.work.step(self.tree.where)
        if index not in self._known:
            with self.scope.work.deeper():
                self._known[index] = value_of(self.tree.items[index], self.scope, self.unit)
        return self._known[index]

    def values(self) -> list[Datum]:
        """The entries of a list as values."""
        return [self.entry(index) for index in range(self.length())]


def value_of(tree: Tree, scope: Scope, unit: str = "") -> Datum:
    """What a tree means where the names hold. Raises SpecError, Unknown after an earlier problem, or TooLarge."""
    if not isinstance(tree, Scalar):
        scope.work.step(tree.where)
        return Quoted(tree, scope, unit)
    if is_expression(tree.value):
        scope.work.step(tree.where, 1 + len(tree.text) // CHARACTERS)
        try:
            found = evaluate(tree.text, scope)
        except ExpressionError as error:
            raise SpecError([scope.work.problem(tree.where, error)]) from None
        scope.work.see(tree, found, scope)
        return found
    if tree.value == BROKEN:
        raise Unknown(tree.text)
    if tree.value is None:
        raise SpecError([Problem("null", tree.where, "null removes a key of the file that is extended; it is no value",
                                 "write none")])
    return None if tree.value == "none" else tree.value


class UnfitEntry(Unfit):
    """An entry of a list that does not suit."""

    def __init__(self, unfit: Unfit, quoted: Quoted, index: int) -> None:
        super().__init__(str(unfit), unfit.hint)
        self.quoted, self.index = quoted, index


def each_of(quoted: Quoted, form: Form, take: Callable[[Datum], Entry], count: int | None = None) -> list[Entry]:
    """The entries of a list of so many, each as `take` gives it. Raises Unfit with what `form` says, or UnfitEntry."""
    if not isinstance(quoted.tree, ListTree) or count not in (None, quoted.length()):
        raise Unfit(form.said)
    found: list[Entry] = []
    for index, value in enumerate(quoted.values()):
        try:
            found.append(take(value))
        except Unfit as unfit:
            raise UnfitEntry(unfit, quoted, index) from None
    return found


def convert(name: str, argument: Key, value: Datum, where: Where) -> object:
    """The value as the graph wants it. Raises SpecError that says what was expected."""
    try:
        kind_of = argument.kind
        return FORMS[kind_of.name](value) if isinstance(kind_of, Form) else kind_of.take(value)
    except Unfit as unfit:
        rounds = isinstance(argument.kind, Whole) and isinstance(value, float)
        hint = unfit.hint or (ROUND if rounds else _as_word(argument, value))
        if isinstance(unfit, UnfitEntry):
            where, value = _entry(where, unfit)
        raise SpecError([Problem("argument", where, f"{name} needs {unfit}, this is {_shown(value)}", hint)]) from None
    except ExpressionError as error:
        raise SpecError([Problem("expression", where, str(error), error.hint)]) from None


@cache
def default_of(argument: Key) -> object:
    """The value of an argument of an operation where it is not written, as the graph wants it."""
    return None if argument.default in (None, "none") else convert("", argument, argument.default, Where(""))


def _entry(where: Where, unfit: UnfitEntry) -> tuple[Where, Datum]:
    """An entry, and where it stands if its list stands there and is not that of a name."""
    tree = unfit.quoted.tree
    inside = tree.items[unfit.index].where if isinstance(tree, ListTree) and tree.where == where else where
    return inside, unfit.quoted.entry(unfit.index)


def _as_word(argument: Key, value: Datum) -> str:
    """Hint for a word that is written as a list of its letters, [h, w, c]; ''."""
    if isinstance(argument.kind, Choice) and isinstance(value, Quoted) and isinstance(value.tree, ListTree):
        word = "".join(part.text for part in value.tree.items if isinstance(part, Scalar))
        return f"write {word}" if word in argument.kind.words else ""
    return ""


def _shown(value: Datum) -> str:
    if isinstance(value, Quoted):
        return kind(value.tree)
    return describe(value)


def whole(value: Datum, least: int = 1) -> int:
    """A whole number."""
    return Whole(least).take(value)


def pair(value: Datum) -> Pair:
    """Two whole numbers, height and width: 3, 3x3 or [3, 3]."""
    if isinstance(value, Quoted):
        height, width = each_of(value, PAIR, whole, 2)
        return height, width
    if isinstance(value, str):
        match = TWO.fullmatch(value)
        if match is None:
            raise Unfit(PAIR.said, _pair_meant(value) or hint_for_text(value))
        return whole(int(match[1])), whole(int(match[2]))
    side = whole(value)
    return side, side


def _pair_meant(text: str) -> str:
    """Hint for two numbers with other signs around them, as (3, 3)."""
    almost = ALMOST_PAIR.fullmatch(text.strip())
    return f"write {almost[1]}x{almost[2]}" if almost else ""


def pads(value: Datum) -> tuple[int, int, int, int]:
    """Pixels on each side: one number, or [top, bottom, left, right]."""
    return _four_sides(value, PADS, 0)


def margins(value: Datum) -> tuple[int, int, int, int]:
    """The same, where a negative number crops."""
    return _four_sides(value, MARGINS, -MOST)


def _four_sides(value: Datum, form: Form, least: int) -> tuple[int, int, int, int]:
    if isinstance(value, Quoted):
        top, bottom, left, right = each_of(value, form, lambda side: whole(side, least), 4)
        return top, bottom, left, right
    if isinstance(value, str) or value is None:
        raise Unfit(form.said)
    side = whole(value, least)
    return side, side, side, side


def sizes(value: Datum) -> tuple[int, int, int]:
    """Height, width and channels, 7x7x64 or [7, 7, 64]; FOLLOWS for one that is ?."""
    if isinstance(value, Quoted):
        found = each_of(value, SIZES, _side, 3)
    else:
        match = THREE.fullmatch(value) if isinstance(value, str) else None
        found = [_side(side if side == "?" else int(side)) for side in match.groups()] if match else []
    if len(found) != 3:
        raise Unfit(SIZES.said, "in brackets, with ? for what follows from the others: [1, '?', 16]"
                    if isinstance(value, str) and "," in value else "")
    if found.count(FOLLOWS) > 1:
        raise Unfit(SIZES.said, "one ? follows from the others, two do not")
    height, width, channels = found
    return height, width, channels


def _side(value: Datum) -> int:
    if value == -1:
        raise Unfit(SIZES.said, "what follows from the others is written '?'")
    return FOLLOWS if value == "?" else whole(value)


def padding(value: Datum) -> str | tuple[int, int, int, int]:
    """same, valid, symmetric, or pixels."""
    if isinstance(value, str) or value is None:
        if value not in PADDINGS:
            raise Unfit(PADDING.said, nearest(str(value).lower(), PADDINGS))
        return value
    return pads(value)


def resolve_padding(said: object, kernel: Pair, dilation: Pair = (1, 1)) -> Padding:
    """Padding in pixels, or `same`. `symmetric` is dilation * (k - 1) // 2 on both sides."""
    if said == "same":
        return "same"
    if said == "valid":
        return VALID
    if said == "symmetric":
        height, width = (d * (k - 1) // 2 for k, d in zip(kernel, dilation, strict=True))
        return height, height, width, width
    assert isinstance(said, tuple)
    return said


def split(value: Datum) -> bool | tuple[int, ...]:
    """true (equal parts), false, or the sizes of the parts."""
    if isinstance(value, Quoted):
        return tuple(each_of(value, SPLIT, whole))
    return Flag().take(value)


def kept(value: Datum) -> str:
    """The name that a value gets."""
    if not isinstance(value, str) or not IDENTIFIER.fullmatch(value):
        raise Unfit(KEPT.said)
    return value


def name(value: Datum) -> str:
    """The name of a value that is known: one that was kept, or a stage's."""
    if not isinstance(value, str) or not STAGE_NAME.fullmatch(value):
        raise Unfit(NAME.said)
    return value


def names(value: Datum) -> tuple[str, ...]:
    """One name, or a list of them."""
    return tuple(each_of(value, NAMES, name)) if isinstance(value, Quoted) else (name(value),)


FORMS: dict[str, Callable[[Datum], object]] = {"pair": pair, "pads": pads, "padding": padding, "split": split,
                                               "margins": margins, "sizes": sizes, "kept": kept, "name": name, "names": names}
"""How the forms of the language become what the graph wants."""
