"""Conditions on what a candidate costs and on what is set in it: `macs <= 4.2G`, `stages.se == none or params < 30M`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archspec.errors import InputError, Problem, SpecError, Where, listed, nearest, shorten
from archspec.records import Record, record
from archspec.schema.tree import Scalar
from archspec.search.cost import Cost, amount
from archspec.spec.dump import to_inline
from archspec.spec.source import atom

SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le, ">=": operator.ge, "==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt}
"""Longer signs first: they are looked for in this order."""
COSTS = ("macs", "params", "parameters", "memory", "depth")
"""Figures of a candidate: those of a Cost."""
COMPARED = re.compile(r"([^<>=!]+?) *(<=|>=|==|!=|<|>) *([^<>=!]+)")
Values = Mapping[str, Sequence[object]]
"""By key path: what it is varied over."""
EXAMPLE = "macs <= 4.2G, or stages.se == none or params < 30M"


@record
class Comparison(Record):
    """`left sign right`: a figure of cost or a key that is varied, and a number or a word."""

    left: str
    sign: str
    right: object

    def holds(self, said: Mapping[str, object], cost: Cost | None) -> bool:
        """Whether it is true; of an unknown figure, and of an order between what has none, it is not."""
        value = getattr(cost, self.left) if self.left in COSTS else said[self.left]
        if self.sign not in ("==", "!=") and not (_number(value) and _number(self.right)):
            return False
        return SIGNS[self.sign](value, self.right)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


@record
class Condition(Record):
    """Comparisons, all of one of several groups: `a and b or c`. `text` is what was written, at `where`."""

    text: str
    where: Where
    groups: tuple[tuple[Comparison, ...], ...]

    @property
    def of_cost(self) -> bool:
        """Whether a cost has to be known for it."""
        return any(each.left in COSTS for group in self.groups for each in group)

    def holds(self, said: Mapping[str, object], cost: Cost | None = None) -> bool:
        """Whether it is true of what is set, by key path, and of a cost."""
        return any(all(each.holds(said, cost) for each in group) for group in self.groups)


def condition(tree: Scalar, values: Values) -> Condition:
    """The condition that a text says, on costs and on keys that are varied, of these values. Raises SpecError."""
    groups = [[_comparison(part, tree.where, values) for part in re.split(r"\s+and\s+", group.strip())]
              for group in re.split(r"\s+or\s+", tree.text)]
    return Condition(tree.text, tree.where, tuple(map(tuple, groups)))


def _comparison(text: str, where: Where, values: Values) -> Comparison:
    found = COMPARED.fullmatch(text.strip())
    if found is None:
        raise SpecError([Problem("sweep", where, f"'{text}' is no condition", EXAMPLE)])
    left, sign, right = found.groups()
    if left not in COSTS and left not in values:
        raise SpecError([Problem("sweep", where, f"'{left}' is neither a cost nor a key that is varied",
                                 nearest(left, (*COSTS, *values)) or f"costs: {listed(COSTS)}; keys: {listed(values)}")])
    asked = _figure(left, right, where) if left in COSTS else _said(left, sign, right, values[left], where)
    return Comparison(left, sign, asked)


def _figure(left: str, text: str, where: Where) -> float:
    """A number, with a unit."""
    try:
        return amount(text.strip(), left, of_bytes=left == "memory")
    except InputError as error:
        message, _, hint = str(error).partition("\n  hint: ")
        raise SpecError([Problem("sweep", where, message, hint)]) from None


def _said(left: str, sign: str, text: str, values: Sequence[object], where: Where) -> object:
    """A number, or one of the values of a key, written as --set has it; with any other a condition would be none."""
    inline = {re.sub(r"\s", "", to_inline(each)): each for each in values}
    plain = re.sub(r"\s", "", text).strip("'\"")
    if plain in inline:
        return inline[plain]
    try:
        value = atom(plain)
    except ValueError:
        value = None
    if not _number(value) if sign not in ("==", "!=") else value not in values:
        wanted = "a number" if sign not in ("==", "!=") else "one of its values"
        raise SpecError([Problem("sweep", where, f"{left} {sign} is followed by {wanted}, this is '{shorten(text.strip())}'",
                                 f"its values: {listed(inline)}")])
    return value
