"""Conditions on what a candidate costs and on what is set in it: `macs <= 4.2G`, `stages.se == none or params < 30M`."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from archspec.errors import InputError, Problem, SpecError, Where, listed, nearest
from archspec.records import Record, record
from archspec.schema.tree import BROKEN, Scalar
from archspec.search.cost import Cost, amount
from archspec.spec.source import atom

SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "<=": operator.le, ">=": operator.ge, "==": operator.eq, "!=": operator.ne, "<": operator.lt, ">": operator.gt}
"""Longer signs first: they are looked for in this order."""
COSTS = ("macs", "params", "parameters", "memory", "depth")
"""Figures of a candidate: those of a Cost."""
COMPARED = re.compile(r"([^<>=!]+?) *(<=|>=|==|!=|<|>) *([^<>=!]+)")
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


def condition(tree: Scalar, keys: Sequence[str]) -> Condition:
    """The condition that a text says, on costs and on keys that are varied. Raises SpecError."""
    groups = [[_comparison(part, tree.where, keys) for part in re.split(r"\s+and\s+", group.strip())]
              for group in re.split(r"\s+or\s+", tree.text)]
    return Condition(tree.text, tree.where, tuple(map(tuple, groups)))


def _comparison(text: str, where: Where, keys: Sequence[str]) -> Comparison:
    found = COMPARED.fullmatch(text.strip())
    if found is None:
        raise SpecError([Problem("sweep", where, f"'{text}' is no condition", EXAMPLE)])
    left, sign, right = found.groups()
    if left not in COSTS and left not in keys:
        raise SpecError([Problem("sweep", where, f"'{left}' is neither a cost nor a key that is varied",
                                 nearest(left, (*COSTS, *keys)) or f"costs: {listed(COSTS)}; keys: {listed(keys)}")])
    return Comparison(left, sign, _value(left, right.strip(), where))


def _value(left: str, text: str, where: Where) -> object:
    """A number, with a unit behind a figure of cost, or a word."""
    if left in COSTS:
        try:
            return amount(text, left, of_bytes=left == "memory")
        except InputError as error:
            message, _, hint = str(error).partition("\n  hint: ")
            raise SpecError([Problem("sweep", where, message, hint)]) from None
    try:
        return atom(text.strip("'\""))
    except ValueError:
        return BROKEN
