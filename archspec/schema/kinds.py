"""Kinds of values: what each accepts, in which bounds, and how a message asks for it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import field
from functools import lru_cache
from types import MappingProxyType
from typing import Any

from archspec.errors import WIDEST, nearest, shorten
from archspec.records import Record, record
from archspec.schema.tree import Scalar, written

MOST = 10**7
"""A size or a count is at most this, unless its kind says otherwise."""
PERCENTS = re.compile(r"([0-9]{1,3}(?:\.[0-9]{1,6})?) *%")
NUMERAL = re.compile(r"[-+]?(0|[1-9][0-9]*|[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))([eE][-+]?[0-9]+)?")
SEVERAL = re.compile(r"[0-9.]+([ ,]+[0-9.]+)+")
"""Numbers of a list without its brackets, or without its commas."""
NOTHING: Mapping[str, str] = MappingProxyType({})
SAYS_YES_OR_NO = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}


JsonSchema = dict[str, Any]
"""A part of a JSON Schema, draft 2020-12."""


class Unfit(ValueError):
    """A value that does not suit its kind: what was expected, and a hint."""

    def __init__(self, expected: str, hint: str = "") -> None:
        super().__init__(expected)
        self.hint = hint


@record
class Kind(Record):
    """A kind of value. Its subclasses say which values they take."""

    def take(self, value: object) -> object:
        """The value as the program uses it. Raises Unfit."""
        raise NotImplementedError

    def read(self, scalar: Scalar) -> object:
        """The value of what is written. Raises Unfit."""
        return self.take(scalar.value)

    def expected(self) -> str:
        """What it takes, for messages and tables."""
        raise NotImplementedError

    def json_schema(self) -> JsonSchema:
        """What it takes as JSON Schema says it; of a kind that is made of others `schema/json_schema.py` says it."""
        raise NotImplementedError


@record
class Form(Kind):
    """A form of the language that is not read here: the part that knows its meaning does. `said` describes it."""

    name: str
    said: str

    def expected(self) -> str:
        """As declared."""
        return self.said


@record
class Whole(Kind):
    """A whole number from `least` to `most`."""

    least: int = 1
    most: int = MOST

    def take(self, value: object) -> int:
        """The number. Raises Unfit."""
        if isinstance(value, bool) or not isinstance(value, int):
            raise Unfit("a whole number", hint_for_text(value))
        if not self.least <= value <= self.most:
            raise Unfit(self.expected())
        return value

    def read(self, scalar: Scalar) -> int:
        """The number; one with a point is none, and told how it would be."""
        if isinstance(scalar.value, float) and scalar.value.is_integer():
            raise Unfit("a whole number", f"write {int(scalar.value)}")
        return self.take(scalar.value)

    def expected(self) -> str:
        """With its bounds."""
        return f"a whole number from {self.least} to {self.most}"

    def json_schema(self) -> JsonSchema:
        return {"type": "integer", "minimum": self.least, "maximum": self.most}


@record
class Number(Kind):
    """A number. `above` and `below` are no values of it, `least` and `most` are."""

    least: float | None = None
    most: float | None = None
    above: float | None = None
    below: float | None = None

    def take(self, value: object) -> float:
        """The number. Raises Unfit."""
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise Unfit("a number", self._share(value) or hint_for_text(value))
        if not self._fits(value):
            raise Unfit(self.expected())
        return float(value)

    def _share(self, text: object) -> str:
        """What to write instead of percents where a share is asked for."""
        found = PERCENTS.fullmatch(text) if isinstance(text, str) and 1 in (self.most, self.below) else None
        return f"a share is written {float(found[1]) / 100:g}" if found else ""

    def _fits(self, value: float) -> bool:
        return ((self.least is None or value >= self.least) and (self.most is None or value <= self.most)
                and (self.above is None or value > self.above) and (self.below is None or value < self.below))

    def expected(self) -> str:
        """With its bounds."""
        if self.above is not None:
            low, joint, least = f" above {_digits(self.above)}", ", at most ", " and below "
        else:
            low, joint, least = "" if self.least is None else f" from {_digits(self.least)}", " to ", " to less than "
        high = joint + _digits(self.most) if self.most is not None else ""
        return f"a number{low}{least + _digits(self.below) if self.below is not None else high}"

    def json_schema(self) -> JsonSchema:
        bounds = {"minimum": self.least, "maximum": self.most, "exclusiveMinimum": self.above, "exclusiveMaximum": self.below}
        return {"type": "number", **{name: bound for name, bound in bounds.items() if bound is not None}}


@record
class OrNone(Kind):
    """A number, or none."""

    kind: Number

    def take(self, value: object) -> float | None:
        """The number, or None. Raises Unfit."""
        return None if value in (None, "none") else self.kind.take(value)

    def expected(self) -> str:
        """As the number; every message about it is about a number."""
        return self.kind.expected()

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [self.kind.json_schema(), {"const": "none"}]}


@record
class Flag(Kind):
    """true or false."""

    def take(self, value: object) -> bool:
        """The truth value. Raises Unfit."""
        if isinstance(value, bool):
            return value
        if isinstance(value, int) and value in (0, 1):
            raise Unfit(self.expected(), f"write {written(bool(value))}")
        raise Unfit(self.expected(), hint_for_flag(value))

    def expected(self) -> str:
        """true or false."""
        return "true or false"

    def json_schema(self) -> JsonSchema:
        return {"type": "boolean"}


@record
class FlagOr(Kind):
    """true or false, or the number with which it is true; `usual` is that of a bare true, and read as it."""

    kind: Number
    usual: float

    def take(self, value: object) -> bool | float:
        """The truth value, or a number other than the usual one. Raises Unfit."""
        if isinstance(value, bool):
            return value
        if isinstance(value, int | float):
            try:
                number = self.kind.take(value)
            except Unfit:
                raise Unfit(self.expected()) from None
            return True if number == self.usual else number
        raise Unfit(self.expected(), hint_for_flag(value))

    def expected(self) -> str:
        """Both, with the number's bounds."""
        return f"true, false or {self.kind.expected()}"

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [{"type": "boolean"}, self.kind.json_schema()]}


@record
class Text(Kind):
    """A text of one character at least; `what` says what it names."""

    what: str = "a text"

    def take(self, value: object) -> str:
        """The text. Raises Unfit."""
        if isinstance(value, str) and value:
            return value
        raise Unfit(self.expected())

    def read(self, scalar: Scalar) -> str:
        """What is written, a number too: a folder may be called 1."""
        return self.take(scalar.value if isinstance(scalar.value, str) else scalar.text)

    def expected(self) -> str:
        """As declared."""
        return self.what

    def json_schema(self) -> JsonSchema:
        return {"type": ["string", "number", "boolean"], "minLength": 1}


@record
class Choice(Kind):
    """One of some words; true and false may be among them. `synonyms` are what other libraries call them, or how to say it."""

    words: tuple[str | bool, ...]
    synonyms: Mapping[str, str] = field(default_factory=lambda: NOTHING)

    def take(self, value: object) -> str | bool:
        """The word; `none` where the language has it as no value. Raises Unfit."""
        word = "none" if value is None else value
        for known in self.words:
            if known == word and isinstance(known, bool) is isinstance(word, bool):
                return known
        raise Unfit(self.expected(), self._hint(word))

    def _hint(self, word: object) -> str:
        plain = plainly(str(word))
        same = next((known for known in self.spelled() if plainly(known) == plain), self.synonyms.get(plain))
        if same is not None:
            return same if " " in same else f"did you mean '{same}'?"
        if any(isinstance(known, bool) for known in self.words):
            return hint_for_flag(word) or nearest(str(word), self.spelled())
        if says_yes_or_no(word) == "false" and "none" in self.words:
            return "did you mean 'none'?"
        return nearest(str(word), self.spelled())

    def spelled(self) -> list[str]:
        """The words as they are written."""
        return [written(word) for word in self.words]

    def expected(self) -> str:
        """All of them."""
        words = self.spelled()
        return f"one of {' '.join(words)}" if len(words) > 1 else words[0]

    def json_schema(self) -> JsonSchema:
        return {"enum": [*self.words]}


@record
class Each(Kind):
    """A list of `least` to `most` values of one kind; `bare`: a single value stands for a list of it alone."""

    kind: Kind
    least: int = 1
    most: int = 1000
    bare: bool = False
    unique: bool = False

    def expected(self) -> str:
        """What the list holds."""
        return f"{'a value or ' if self.bare else ''}a list, each {self.kind.expected()}"


@record
class Table(Kind):
    """A mapping of names that anyone may choose to values of one kind; `bare`: a single value may stand for the mapping.

    `instead` says what to write for a word in the mapping's place.
    """

    kind: Kind
    bare: bool = False
    instead: Mapping[str, str] = field(default_factory=lambda: NOTHING)

    def expected(self) -> str:
        """What the mapping holds."""
        return f"{f'{self.kind.expected()} or ' if self.bare else ''}a mapping, each {self.kind.expected()}"


def _digits(value: float) -> str:
    return str(int(value)) if value == int(value) else f"{value:g}"


@lru_cache(maxsize=4096)
def plainly(word: str) -> str:
    """A word without case, spaces, signs and what it is a member of: BatchNorm2d, batch-norm and nn.BatchNorm2d(64) are one."""
    bare = re.sub(r"^([A-Za-z]\w*\.)+|\(.*", "", word.strip()[:WIDEST])
    return re.sub(r"[\s_-]|2d", "", bare.lower())


def hint_for_text(text: object) -> str:
    """What to write instead of a text that looks like a number, a list or an expression."""
    if not isinstance(text, str):
        return ""
    if NUMERAL.fullmatch(text) or re.fullmatch(r"\[.*\]", text):
        return f"'{shorten(text)}' in quotes is text: leave the quotes out"
    if re.fullmatch(r"[-+]?0[0-9]+|0[xob][0-9a-fA-F]+|[-+]?[0-9]+(_[0-9]+)+", text):
        return f"'{shorten(text)}' is text: write a decimal number without leading zeros and underscores"
    if re.fullmatch(r"[-+]?\.(nan|NaN|NAN|inf|Inf|INF)", text):
        return f"'{text}' is text: numbers are finite"
    if re.search(r"[\w)] *[-+*/%<>]=? *[\w(]|\w\(", text):
        return f"an expression is written $({shorten(text)})"
    if SEVERAL.fullmatch(text):
        return f"a list has brackets and commas: [{shorten(', '.join(re.split(r'[ ,]+', text)))}]"
    return ""


def hint_for_flag(text: object) -> str:
    """The same where true or false is asked for."""
    if isinstance(text, str) and text in ("true", "false"):
        return f"'{text}' in quotes is text: leave the quotes out"
    near = says_yes_or_no(text)
    return f"'{text}' is text: write {near}" if near else hint_for_text(text)


def says_yes_or_no(value: object) -> str:
    """'true' or 'false' for these and for the texts that mean them elsewhere, else ''."""
    return SAYS_YES_OR_NO.get(str(value).lower(), "") if isinstance(value, bool | str) else ""
