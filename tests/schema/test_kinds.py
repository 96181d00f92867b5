"""What each kind of value takes, and how a message asks for it."""

from __future__ import annotations

import pytest

from archspec.errors import Where
from archspec.schema.kinds import Choice, Flag, Kind, Number, OrNone, Text, Unfit, Whole
from archspec.schema.tree import Scalar
from archspec.spec.published import Figure, Rounded

SHARE = Number(least=0, below=1)


def scalar(text: str) -> Scalar:
    return Scalar(text, text, Where("x"))


@pytest.mark.parametrize(("kind", "value", "taken"), [
    (Whole(0, 5), 0, 0), (Whole(0, 5), 5, 5), (SHARE, 0, 0.0), (Number(), -3, -3.0), (OrNone(SHARE), None, None), (OrNone(SHARE), "none", None),
    (Flag(), False, False), (Choice(("auto", True, False)), True, True), (Choice(("a", "none")), None, "none"), (Text(), "a", "a"),
])
def test_taken(kind: Kind, value: object, taken: object) -> None:
    assert kind.take(value) == taken
    assert type(kind.take(value)) is type(taken)


@pytest.mark.parametrize(("kind", "value", "expected", "hint"), [
    (Whole(0, 5), 6, "a whole number from 0 to 5", ""), (Whole(), True, "a whole number", ""), (Whole(), 1.0, "a whole number", ""),
    (Whole(), "10", "a whole number", "'10' in quotes is text: leave the quotes out"), (SHARE, 1, "a number from 0 to less than 1", ""),
    (Number(above=0), 0, "a number above 0", ""), (Number(above=0, most=1), 2, "a number above 0, at most 1", ""),
    (Number(above=0, below=1), 1, "a number above 0 and below 1", ""), (Number(least=1, most=4), 0.5, "a number from 1 to 4", ""),
    (Flag(), 0, "true or false", "write false"), (Flag(), 1, "true or false", "write true"), (Flag(), 2, "true or false", ""),
    (Flag(), "true", "true or false", "'true' in quotes is text: leave the quotes out"),
    (Flag(), "yes", "true or false", "'yes' is text: write true"), (Choice(("auto", True)), 1, "one of auto true", ""),
    (Choice(("silu", "mish"), {"swish": "silu"}), "Swish", "one of silu mish", "did you mean 'silu'?"), (Text("a path"), "", "a path", ""),
])
def test_refused(kind: Kind, value: object, expected: str, hint: str) -> None:
    with pytest.raises(Unfit) as error:
        kind.take(value)
    assert (str(error.value), error.value.hint) == (expected, hint)


@pytest.mark.parametrize(("text", "value", "digit"), [
    ("25557032", 25557032, 1), ("4.089e9", 4.089e9, 1e6), ("25.7M", 25.7e6, 1e5), ("27.5e6", 27.5e6, 1e5), ("4G", 4e9, 1e9),
    ("1.000", 1, 1), ("1.5", 1.5, 1), ("1." + "0" * 30, 1, 1),
])
def test_a_published_figure_has_a_last_digit(text: str, value: float, digit: float) -> None:
    assert Figure().read(scalar(text)) == Rounded(value, digit)


@pytest.mark.parametrize("text", ["1." + "0" * 400, "0", "-3", "many", "1e99", "1e999999999999", "true", "", "0.5", "3 M", "1e-3"])
def test_what_is_no_published_figure(text: str) -> None:
    with pytest.raises(Unfit, match=r"a count: 25557032, 4\.089e9 or 25\.6M"):
        Figure().read(scalar(text))
