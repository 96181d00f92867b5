"""Values that have a unit, and the kinds that read them: a learning rate, and a span of training.

Both may be a bare number; `0.1 per 256` and `30%` are texts in YAML and in JSON.
"""

from __future__ import annotations

import math
import re

from archspec.errors import shorten
from archspec.records import Record, record
from archspec.schema.kinds import NUMERAL, JsonSchema, Kind, Number, Unfit, hint_for_text

MOST_BATCH = 10**6
NUMBER = r"([0-9.]+(?:[eE][-+]?[0-9]+)?)"
RATE = re.compile(rf"{NUMBER} +per +([0-9]+)")
ALMOST_RATE = re.compile(rf"{NUMBER} *(?:/|@|:|\*|per|for|at)[ a-z*/]{{0,20}}([0-9]+)[ a-z]{{0,20}}", re.IGNORECASE)
PERCENTS = re.compile(rf"{NUMBER} *%")
IN_WORDS = re.compile(rf"{NUMBER} *(epochs?|ep|e|percents?|pct|steps?|iterations?|iters?|it|[km])", re.IGNORECASE)
SHARES = Number(least=0, most=100)


@record
class Rate(Record):
    """A learning rate; `per`: the batch at which it holds, None where it holds at any."""

    value: float
    per: int | None = None

    def at(self, batch: int, scaling: str) -> float:
        """The rate at a batch: in proportion to it (`linear`, 1706.02677), or to its square root (`sqrt`, 1404.5997)."""
        share = 1.0 if self.per is None else batch / self.per
        return self.value * (math.sqrt(share) if scaling == "sqrt" else share)

    def to_json(self) -> float | str:
        """A number, or `0.1 per 256`."""
        return self.value if self.per is None else str(self)

    def __str__(self) -> str:
        return f"{self.value:g}" + (f" per {self.per}" if self.per is not None else "")


@record
class Span(Record):
    """A part of a training: epochs, or percents of all of them."""

    amount: float
    percents: bool = False

    def to_json(self) -> float | str:
        """A number of epochs, or `30%`."""
        return str(self) if self.percents else self.amount

    def __str__(self) -> str:
        return f"{self.amount:g}" + "%" * self.percents


Quantity = Rate | Span
"""In JSON a bare number where it has no unit, else the text that one writes."""


@record
class ShareKind(Kind):
    """A share of a whole, less than all of it: `1%` or 0.01."""

    def take(self, value: object) -> float:
        """From 0 to less than 1. Raises Unfit."""
        said = PERCENTS.fullmatch(value.strip()) if isinstance(value, str) else None
        if said and _is_number(said[1]):
            share = float(said[1]) / 100
        elif isinstance(value, bool) or not isinstance(value, int | float):
            raise Unfit(self.expected(), hint_for_text(value))
        else:
            share = float(value)
        if not 0 <= share < 1:
            raise Unfit(self.expected(), f"write {share:g}%" if said is None and 1 <= share < 100 else "")
        return share

    def expected(self) -> str:
        """Both forms."""
        return "a share from 0% to less than 100%, 1% or 0.01"

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [{"type": "number", "minimum": 0, "exclusiveMaximum": 1}, _said(PERCENTS, "1%")]}


@record
class RateKind(Kind):
    """A learning rate above 0, alone or per batch."""

    def take(self, value: object) -> Rate:
        """The rate. Raises Unfit."""
        if isinstance(value, bool) or not isinstance(value, int | float | str):
            raise Unfit(self.expected())
        text = value.strip() if isinstance(value, str) else ""
        said = RATE.fullmatch(text)
        if isinstance(value, str) and said is None:
            raise Unfit(self.expected(), _rate_meant(text))
        number, per = (said[1], int(said[2])) if said else (value, None)
        if not _is_number(number) or float(number) <= 0 or (per is not None and not 1 <= per <= MOST_BATCH):
            raise Unfit(self.expected())
        return Rate(float(number), per)

    def expected(self) -> str:
        """With its forms."""
        return "a number above 0, or such a number per batch, 0.1 per 256"

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [{"type": "number", "exclusiveMinimum": 0}, _said(RATE, "0.1 per 256")]}


@record
class SpanKind(Kind):
    """A span of training: a number of `epochs`, or percents, `shares`, of all of them."""

    epochs: Number
    shares: Number = SHARES

    def take(self, value: object) -> Span:
        """The span. Raises Unfit."""
        text = value.strip() if isinstance(value, str) else ""
        said = PERCENTS.fullmatch(text)
        try:
            if said and _is_number(said[1]):
                return Span(self.shares.take(float(said[1])), percents=True)
            return Span(self.epochs.take(value))
        except Unfit as unfit:
            raise Unfit(self.expected(), _span_meant(text) or unfit.hint) from None

    def expected(self) -> str:
        """With its forms and bounds."""
        return f"{self.epochs.expected()}, or percents of training, 30%"

    def json_schema(self) -> JsonSchema:
        return {"anyOf": [self.epochs.json_schema(), _said(PERCENTS, "30%")]}


def _said(form: re.Pattern[str], example: str) -> JsonSchema:
    """A text of this form."""
    return {"type": "string", "pattern": rf"^\s*{form.pattern}\s*$", "examples": [example]}


def _is_number(text: object) -> bool:
    return isinstance(text, int | float) or (NUMERAL.fullmatch(str(text)) is not None and math.isfinite(float(str(text))))


def _rate_meant(text: str) -> str:
    """Hint for a text that is no rate, such as 0.1/256."""
    near = ALMOST_RATE.fullmatch(text)
    return f"write {shorten(near[1])} per {shorten(near[2])}" if near else hint_for_text(text)


def _span_meant(text: str) -> str:
    """Hint for a text that is no span, such as 30 epochs or 5000 steps."""
    near = IN_WORDS.fullmatch(text)
    if near is None:
        return ""
    unit = near[2].lower()
    if unit.startswith("e"):
        return f"epochs have no unit: write {shorten(near[1])}"
    if unit.startswith("p"):
        return f"write {shorten(near[1])}%"
    return "how many steps an epoch has depends on batch and data: write epochs, or percents of training"
