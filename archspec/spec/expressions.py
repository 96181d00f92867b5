"""`$name` and `$(expression)`: a small language on numbers, texts and lists, bounded in time and size.

The text is parsed by Python's own parser, and only the node types listed here are ever evaluated: no attributes, no
calls but the functions below.
"""

from __future__ import annotations

import ast
import math
import re
import warnings
from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache, partial
from itertools import islice
from typing import Protocol, runtime_checkable

from archspec.errors import MAX_KNOWN, Where, closest, listed, nearest, shorten
from archspec.schema.kinds import hint_for_text
from archspec.spec.operations import NAMES_IN_BLOCKS

MAX_LENGTH = 400
MAX_NUMBER = 10**15
MAX_NESTING = 40
NEAR = 0.75
"""The share of the letters of a name of the place, that nobody gave, so that it may be meant."""

Datum = object
"""int, float, str, bool, None, or a quoted list (anything with `length` and `entry`)."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
TEXT = re.compile(r"'[^'\\]*'|\"[^\"\\]*\"")
INSTEAD = {"None": "write none", "True": "write true", "False": "write false"}
NUMBER = re.compile(r"(0|[1-9][0-9]*|[0-9]+\.[0-9]*|\.[0-9]+)([eE][-+]?[0-9]+)?")


class ExpressionError(ValueError):
    """An expression that cannot be read or evaluated; the hint, which may be a search for one, says what would work."""

    def __init__(self, message: str, hint: str | Callable[[], str] = "") -> None:
        super().__init__(message)
        self._hint = hint

    @property
    def hint(self) -> str:
        """What would work, or ''."""
        return self._hint if isinstance(self._hint, str) else self._hint()


class Unknown(Exception):
    """A name whose value is not known because of a problem that has been reported already."""


UNKNOWN = object()
"""Stands in scope for a name that cannot be known after an earlier problem."""


@runtime_checkable
class Indexed(Protocol):
    """A list whose entries are values."""

    def length(self) -> int:
        """Number of entries. Raises ExpressionError if this is no list."""

    def entry(self, index: int) -> Datum:
        """The value of an entry from 0."""


@runtime_checkable
class Ordered(Protocol):
    """Names that are defined one after the other."""

    def later(self, name: str) -> Where | None:
        """Where a name is defined that is not known yet."""


def is_expression(text: object) -> bool:
    """Whether a value is a text that holds a `$`."""
    return isinstance(text, str) and "$" in text


def evaluate(text: str, names: Mapping[str, Datum]) -> Datum:
    """The value of a text `$name` or `$(...)`. Raises ExpressionError, or Unknown."""
    if NAME.fullmatch(text, 1):
        return _lookup(text[1:], names)
    return _evaluate(_parsed(text), names)


def names_in(text: str) -> frozenset[str]:
    """The names that an expression reads. Raises ExpressionError where it cannot be read."""
    if NAME.fullmatch(text, 1):
        return frozenset({text[1:]})
    read = {node.id for node in ast.walk(_parsed(text)) if isinstance(node, ast.Name)}
    return frozenset(read - _WORDS.keys() - FUNCTIONS.keys())


def _parsed(text: str) -> ast.expr:
    found = _tried(text)
    if isinstance(found, ExpressionError):
        raise ExpressionError(str(found), found._hint)
    return found


@lru_cache(maxsize=4096)
def _tried(text: str) -> ast.expr | ExpressionError:
    """The tree of an expression, or what is wrong with it: it may stand in each of many repeats."""
    try:
        return _read(text)
    except ExpressionError as error:
        return error.with_traceback(None)


def _read(text: str) -> ast.expr:
    if not (text.startswith("$(") and text.endswith(")")):
        raise ExpressionError(f"'{shorten(text)}' is not a name or an expression",
                              "$name or $(expression), as a whole value or as a word of its own")
    if len(text) > MAX_LENGTH:
        raise ExpressionError(f"an expression of {len(text)} characters", f"at most {MAX_LENGTH}")
    inner = text[2:-1].strip()
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(inner, mode="eval").body
    except (SyntaxError, ValueError, MemoryError, RecursionError):
        raise ExpressionError(f"the expression '{shorten(inner)}' cannot be read",
                              "numbers, texts, names, + - * / // % **, comparisons, and or not, a if c else b, x[i], "
                              "and " + " ".join(FUNCTIONS)) from None
    if re.search(r"[#\\]|[^\x00-\x7f]", TEXT.sub("", inner)):  # Python takes some letters beyond ASCII for others
        raise ExpressionError(f"the expression '{shorten(inner)}' cannot be read",
                              "an expression has no # and no \\; names are letters from a to z, digits and _")
    if _nesting(tree) > MAX_NESTING:
        raise ExpressionError(f"an expression nested deeper than {MAX_NESTING} levels", "give its parts names in let")
    _check(tree, inner)
    return tree


def _nesting(tree: ast.expr) -> int:
    levels, level = 0, list[ast.AST]([tree])
    while level:
        levels, level = levels + 1, [child for node in level for child in ast.iter_child_nodes(node)]
    return levels


def _check(tree: ast.expr, source: str) -> None:
    called = {id(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    for node in ast.walk(tree):
        if isinstance(node, (ast.operator, ast.unaryop, ast.cmpop, ast.boolop, ast.expr_context)):
            allowed = type(node) in _OPERATORS or isinstance(node, (ast.boolop, ast.expr_context))
        elif isinstance(node, ast.Constant):
            allowed = _plain_constant(node, source)
        elif isinstance(node, ast.Call):
            name = node.func.id if isinstance(node.func, ast.Name) and not node.keywords else ""
            allowed = bool(name)
            if allowed and name not in FUNCTIONS:
                raise ExpressionError(f"'{name}' is not a function",
                                      nearest(name, FUNCTIONS) or "there are " + " ".join(FUNCTIONS))
        elif isinstance(node, ast.Name) and node.id in FUNCTIONS and id(node) not in called:
            raise ExpressionError(f"'{node.id}' is a function", f"call it: {node.id}(...)")
        else:
            allowed = isinstance(node, _NODES)
        if not allowed:
            written = ast.get_source_segment(source, node) or ast.unparse(node) or source
            raise ExpressionError(f"'{shorten(written)}' cannot stand in an expression", INSTEAD.get(
                written, "no attributes, no lists, no calls but " + " ".join(FUNCTIONS)))


def _plain_constant(node: ast.Constant, source: str) -> bool:
    if isinstance(node.value, str):
        return (ast.get_source_segment(source, node) or "")[:1] in "'\""
    written = ast.get_source_segment(source, node) or ""
    if isinstance(node.value, bool) or not isinstance(node.value, int | float) or not NUMBER.fullmatch(written):
        return False
    _bounded(node.value)
    return True


def _lookup(name: str, names: Mapping[str, Datum]) -> Datum:
    if name in _WORDS:
        return _WORDS[name]
    try:
        value = names[name]
    except KeyError:
        raise undefined(name, names) from None
    if value is UNKNOWN:
        raise Unknown(name)
    return value


def undefined(name: str, known: Iterable[str]) -> ExpressionError:
    """The error of a name that nothing stands for."""
    place = known.later(name) if isinstance(known, Ordered) else None
    if place is not None:
        return ExpressionError(f"the name '{shorten(name)}' is not known yet",
                               f"it is defined behind this, at {place}, and known from there on")
    return ExpressionError(f"the name '{shorten(name)}' is not defined here", partial(_instead_of, name, known))


def _instead_of(name: str, known: Iterable[str]) -> str:
    """What to write instead of a name that is not known."""
    some = list(islice(known, MAX_KNOWN))
    hint = "say how many there are: classes: 10" if name == "classes" else _near(name, some)
    if hint or len(some) == MAX_KNOWN:
        return hint
    return "known here: " + listed(sorted(some)) if some else "no names are known here"


def _near(name: str, known: Iterable[str]) -> str:
    """'did you mean …?': a name that somebody gave before those of the place, which have to be nearer."""
    given = [each for each in known if each not in NAMES_IN_BLOCKS]
    found = closest(name, given) or closest(name, sorted(NAMES_IN_BLOCKS.intersection(known)), NEAR)
    return f"did you mean '{found}'?" if found else ""


def _evaluate(node: ast.expr, names: Mapping[str, Datum]) -> Datum:
    match node:
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return _lookup(name, names)
        case ast.BinOp(left=left, op=op, right=right):
            a, b = (_operand(side, _SIGNS[type(op)], names) for side in (left, right))
            if b == 0 and type(op) in (ast.Div, ast.FloorDiv, ast.Mod):
                raise ExpressionError(f"division by zero: {ast.unparse(node)}")
            return _binary(type(op), a, b)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            return not _condition(_evaluate(operand, names))
        case ast.UnaryOp(op=op, operand=operand):
            value = _operand(operand, "-" if isinstance(op, ast.USub) else "+", names)
            return -value if isinstance(op, ast.USub) else value
        case ast.BoolOp(op=op, values=values):
            stop = isinstance(op, ast.Or)
            return stop if any(_condition(_evaluate(v, names)) is stop for v in values) else not stop
        case ast.Compare(left=left, ops=ops, comparators=others):
            return _compare(_evaluate(left, names), ops, others, names)
        case ast.IfExp(test=test, body=body, orelse=other):
            return _evaluate(body if _condition(_evaluate(test, names)) else other, names)
        case ast.Subscript(value=value, slice=index):
            return _index(_evaluate(value, names), _evaluate(index, names))
        case ast.Call(func=ast.Name(id=name), args=args):
            return _call(name, [_operand(arg, name, names) for arg in args])
    raise ExpressionError(f"'{ast.unparse(node)}' cannot stand in an expression")


def describe(value: Datum) -> str:
    """A value as the user would write it."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f"'{shorten(value)}'"
    return str(value) if isinstance(value, int | float) else "a list"


def _operand(node: ast.expr, what: str, names: Mapping[str, Datum]) -> int | float:
    value = _evaluate(node, names)
    if isinstance(value, bool) or not isinstance(value, int | float):
        hint = "a value that may be none is compared first: a if a != none else 0" if value is None else ""
        if isinstance(value, str):
            near = hint_for_text(value)
            hint = "write none" if value in ("None", "null") else "" if near.endswith((" true", " false")) else near
        raise ExpressionError(f"'{what}' works on numbers, and {_with_value(node, value)}", hint)
    return value


def _with_value(node: ast.expr, value: Datum) -> str:
    written, found = ast.unparse(node), describe(value)
    return f"this is {found}" if written == found else f"{shorten(written)} is {found}"


def _condition(value: Datum) -> bool:
    if not isinstance(value, bool):
        raise ExpressionError(f"a condition is true or false, this is {describe(value)}",
                              "compare it: x > 0, x != none")
    return value


def _bounded(value: int | float) -> int | float:
    if isinstance(value, complex):
        raise ExpressionError("a root of a negative number")
    if value != value or abs(value) > MAX_NUMBER:
        raise ExpressionError("the number becomes too large")
    return value


def _binary(op: type[ast.operator], a: float, b: float) -> Datum:
    if op is ast.Pow and (abs(b) > 64 or (abs(a) > MAX_NUMBER ** 0.5 and b > 1)):
        raise ExpressionError("the number becomes too large")
    try:
        return _bounded(_ARITHMETIC[op](a, b))
    except ZeroDivisionError:
        raise ExpressionError("division by zero") from None
    except OverflowError:
        raise ExpressionError("the number becomes too large") from None


def _kind(value: Datum) -> str:
    if isinstance(value, bool):
        return "true or false"
    if isinstance(value, int | float):
        return "a number"
    return "a text" if isinstance(value, str) else "none" if value is None else "a list"


def _compare(left: Datum, ops: list[ast.cmpop], others: list[ast.expr], names: Mapping[str, Datum]) -> bool:
    for op, other in zip(ops, others, strict=True):
        right = _evaluate(other, names)
        equality, kinds = isinstance(op, ast.Eq | ast.NotEq), (_kind(left), _kind(right))
        if kinds[0] != kinds[1] and not (equality and (left is None or right is None)):
            raise ExpressionError(f"{describe(left)} and {describe(right)} cannot be compared",
                                  "compare numbers with numbers and texts with texts")
        if kinds == ("a list", "a list"):
            raise ExpressionError("lists cannot be compared", "compare their entries: a[0] == b[0]")
        if not equality and kinds[0] not in ("a number", "a text"):
            raise ExpressionError(f"{describe(left)} has no order", "use == or !=")
        if not _COMPARE[type(op)](left, right):
            return False
        left = right
    return True


def _index(value: Datum, index: Datum) -> Datum:
    if not isinstance(value, Indexed):
        raise ExpressionError(f"only a list can be indexed, this is {describe(value)}")
    if isinstance(index, bool) or not isinstance(index, int):
        raise ExpressionError(f"a list is indexed by a whole number, this is {describe(index)}")
    length = value.length()
    if not -length <= index < length:
        raise ExpressionError(f"the list has {length} entries, there is no [{index}]", "counting starts at 0")
    found = value.entry(index % length)
    if found is UNKNOWN:
        raise Unknown(str(index))
    return found


def divisible(value: float, by: float = 8) -> int:
    """The nearest multiple of `by`, never below 90 % of the value (MobileNetV2's released code)."""
    if not isinstance(by, int) or by <= 0:
        raise ExpressionError(f"divisible rounds to multiples of a whole number, this is {describe(by)}")
    near = max(by, int(value + by / 2) // by * by)
    return near if near >= 0.9 * value else near + by


def _call(name: str, args: list[int | float]) -> int | float:
    least, most, function = FUNCTIONS[name]
    if not least <= len(args) <= most:
        count = str(least) if least == most else f"{least} to {most}" if most < 99 else f"at least {least}"
        raise ExpressionError(f"{name} takes {count} numbers, {'here is 1' if len(args) == 1 else f'here are {len(args)}'}")
    try:
        return _bounded(function(*args))
    except ExpressionError:
        raise
    except (ValueError, OverflowError):
        raise ExpressionError(f"{name} of {args[0]} is not a number") from None


FUNCTIONS: dict[str, tuple[int, int, Callable[..., int | float]]] = {
    "min": (2, 99, min), "max": (2, 99, max), "round": (1, 1, round), "int": (1, 1, int), "abs": (1, 1, abs),
    "ceil": (1, 1, math.ceil), "floor": (1, 1, math.floor), "sqrt": (1, 1, math.sqrt), "divisible": (1, 2, divisible),
}
_WORDS: dict[str, Datum] = {"none": None, "true": True, "false": False}
_NODES = (ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Subscript, ast.Name)
_SIGNS: dict[type[ast.operator], str] = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.FloorDiv: "//",
                                         ast.Mod: "%", ast.Pow: "**"}
_ARITHMETIC: dict[type[ast.operator], Callable[..., int | float]] = {
    ast.Add: lambda a, b: a + b, ast.Sub: lambda a, b: a - b, ast.Mult: lambda a, b: a * b, ast.Div: lambda a, b: a / b,
    ast.FloorDiv: lambda a, b: a // b, ast.Mod: lambda a, b: a % b, ast.Pow: lambda a, b: a ** b,
}
_COMPARE: dict[type[ast.cmpop], Callable[..., bool]] = {
    ast.Eq: lambda a, b: a == b, ast.NotEq: lambda a, b: a != b, ast.Lt: lambda a, b: a < b,
    ast.LtE: lambda a, b: a <= b, ast.Gt: lambda a, b: a > b, ast.GtE: lambda a, b: a >= b,
}
_OPERATORS = {*_SIGNS, *_COMPARE, ast.UAdd, ast.USub, ast.Not}
