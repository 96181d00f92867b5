"""Values of arguments: what a kind of argument accepts, and what it becomes in the graph."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from archspec.errors import Problem, SpecError, Where, nearest
from archspec.graph.ops import VALID, Padding, Pair
from archspec.spec.expressions import ExpressionError, Unknown, Value, describe, evaluate, is_expression
from archspec.spec.operations import PADDINGS, Argument
from archspec.spec.scope import Scope
from archspec.spec.source import BROKEN, Scalar, Sequence, Tree, hint_for_text, kind
from archspec.spec.source import Mapping as MappingTree

WHOLE = Argument("whole")
SIZES = re.compile(r"(0|[1-9][0-9]{0,6})x(0|[1-9][0-9]{0,6})")


@dataclass(frozen=True, slots=True, eq=False)
class Quoted:
    """A list or mapping as an argument, read where it was written: it keeps the scope and the unit there."""

    tree: Sequence | MappingTree
    scope: Scope
    unit: str
    _known: dict[int, Value] = field(default_factory=dict)
    """Entries that have been evaluated: each is once, however often it is read."""

    def length(self) -> int:
        """Number of entries of a list."""
        if not isinstance(self.tree, Sequence):
            raise ExpressionError("only a list can be indexed, this is a mapping")
        return len(self.tree.items)

    def entry(self, index: int) -> Value:
        """An entry of a list as a value."""
        assert isinstance(self.tree, Sequence)
        if index not in self._known:
            with self.scope.work.deeper():
                self._known[index] = value_of(self.tree.items[index], self.scope, self.unit)
        return self._known[index]

    def values(self) -> list[Value]:
        """The entries of a list as values."""
        return [self.entry(index) for index in range(self.length())]


def value_of(tree: Tree, scope: Scope, unit: str = "") -> Value:
    """What a tree means where the names hold. Raises SpecError, Unknown after an earlier problem, or TooLarge."""
    if not isinstance(tree, Scalar):
        scope.work.step(tree.where)
        return Quoted(tree, scope, unit)
    if is_expression(tree.value):
        scope.work.step(tree.where)
        try:
            return evaluate(tree.text, scope)
        except ExpressionError as error:
            raise SpecError([Problem("expression", tree.where, str(error), error.hint)]) from None
    if tree.value == BROKEN:
        raise Unknown(tree.text)
    if tree.value is None:
        raise SpecError([Problem("null", tree.where, "null removes a key of the file that is extended; it is no value",
                                 "write none")])
    return None if tree.value == "none" else tree.value


class Unfit(ValueError):
    """A value that does not suit its argument."""

    def __init__(self, expected: str, hint: str = "") -> None:
        super().__init__(expected)
        self.hint = hint


def convert(name: str, argument: Argument, value: Value, where: Where) -> object:
    """The value as the graph wants it. Raises SpecError that says what was expected."""
    try:
        return CONVERTERS[argument.kind](value, argument)
    except Unfit as unfit:
        raise SpecError([Problem("argument", where, f"{name} needs {unfit}, this is {_shown(value)}", unfit.hint)]) from None
    except ExpressionError as error:
        raise SpecError([Problem("expression", where, str(error), error.hint)]) from None


def _shown(value: Value) -> str:
    if isinstance(value, Quoted):
        return kind(value.tree)
    return describe(value)


def whole(value: Value, argument: Argument = WHOLE) -> int:
    """A whole number."""
    if isinstance(value, float):
        raise Unfit("a whole number", "divide with // or round with int(...)")
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit("a whole number", hint_for_text(value))
    if not argument.least <= value <= argument.most:
        raise Unfit(f"a whole number from {argument.least} to {argument.most}")
    return value


def number(value: Value, argument: Argument) -> float:
    """A number."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise Unfit("a number", hint_for_text(value))
    return value


def _ranged(test: Callable[[float], bool], expected: str) -> Callable[[Value, Argument], float]:
    def check(value: Value, argument: Argument) -> float:
        found = number(value, argument)
        if not test(found):
            raise Unfit(expected)
        return float(found)
    return check


def _rate(value: Value, argument: Argument) -> float | None:
    if value is None:
        return None
    return _ranged(lambda x: 0 <= x < 1, "a number from 0 to less than 1")(value, argument)


def flag(value: Value, argument: Argument) -> bool:
    """true or false."""
    if not isinstance(value, bool):
        raise Unfit("true or false", hint_for_text(value))
    return value


def choice(value: Value, argument: Argument) -> str:
    """One of the words of the argument."""
    word = "none" if value is None else value
    if word not in argument.choices:
        raise Unfit("one of " + " ".join(argument.choices), nearest(str(word), argument.choices))
    return str(word)


def pair(value: Value, argument: Argument) -> Pair:
    """Two whole numbers, height and width: 3, 3x3 or [3, 3]."""
    if isinstance(value, Quoted):
        if value.length() != 2:
            raise Unfit("a size: 3, 3x3 or [3, 3]")
        found = value.values()
        return whole(found[0]), whole(found[1])
    if isinstance(value, str):
        match = SIZES.fullmatch(value)
        if match is None:
            raise Unfit("a size: 3, 3x3 or [3, 3]", hint_for_text(value))
        return whole(int(match[1])), whole(int(match[2]))
    side = whole(value)
    return side, side


def pads(value: Value, argument: Argument) -> tuple[int, int, int, int]:
    """Pixels on each side: one number, or [top, bottom, left, right]."""
    at_least_zero = Argument("whole", least=0)
    if isinstance(value, Quoted):
        if value.length() != 4:
            raise Unfit("a number of pixels, or [top, bottom, left, right]")
        sides = [whole(side, at_least_zero) for side in value.values()]
        return sides[0], sides[1], sides[2], sides[3]
    if isinstance(value, str) or value is None:
        raise Unfit("a number of pixels, or [top, bottom, left, right]")
    side = whole(value, at_least_zero)
    return side, side, side, side


def padding(value: Value, argument: Argument) -> str | tuple[int, int, int, int]:
    """same, valid, symmetric, or pixels."""
    if isinstance(value, str) or value is None:
        if value not in PADDINGS:
            raise Unfit("same, valid, symmetric, a number of pixels or [top, bottom, left, right]",
                        nearest(str(value), PADDINGS))
        return value
    return pads(value, argument)


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


def split(value: Value, argument: Argument) -> bool | tuple[int, ...]:
    """true (equal parts), false, or the sizes of the parts."""
    if isinstance(value, Quoted):
        return tuple(whole(size) for size in value.values())
    return flag(value, argument)


CONVERTERS: dict[str, Callable[[Value, Argument], object]] = {
    "whole": whole, "number": number, "flag": flag, "choice": choice, "pair": pair, "pads": pads, "padding": padding,
    "split": split, "rate": _rate,
    "positive": _ranged(lambda x: x > 0, "a number above 0"),
    "share": _ranged(lambda x: 0 <= x <= 1, "a number from 0 to 1"),
}
