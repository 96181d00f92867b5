"""A learning rate and a span of training: the forms that are read, and what is said of others."""

from __future__ import annotations

import pytest

from archspec.errors import Where
from archspec.schema.kinds import Number, Unfit
from archspec.schema.quantities import Rate, RateKind, Span, SpanKind
from archspec.schema.tree import Scalar

SPANS = SpanKind(Number(least=0, most=1000))
A_RATE = "a number above 0, or such a number per batch, 0.1 per 256"
A_SPAN = "a number from 0 to 1000, or percents of training, 30%"


@pytest.mark.parametrize(("written", "rate"), [
    (0.1, Rate(0.1)), (1, Rate(1.0)), ("0.1 per 256", Rate(0.1, 256)), ("5e-3  per 2048", Rate(0.005, 2048)),
])
def test_a_rate_is_read(written: float | str, rate: Rate) -> None:
    assert RateKind().take(written) == RateKind().take(rate.to_json()) == rate


@pytest.mark.parametrize(("written", "span"), [(0, Span(0.0)), (2.5, Span(2.5)), ("30%", Span(30.0, percents=True)), ("2.5 %", Span(2.5, percents=True))])
def test_a_span_is_read(written: float | str, span: Span) -> None:
    assert SPANS.take(written) == SPANS.take(span.to_json()) == span


@pytest.mark.parametrize(("written", "hint"), [
    ("0.1/256", "write 0.1 per 256"), ("0.1 @ 256", "write 0.1 per 256"), ("0.1 per batch of 256", "write 0.1 per 256"), ("0.1 per256", "write 0.1 per 256"),
    ("0.1 * batch/256", "write 0.1 per 256"), ("0.1", "'0.1' in quotes is text: leave the quotes out"), (0, ""), (-0.1, ""), (True, ""), (None, ""),
    ("0 per 256", ""), ("0.1 per 0", ""), ("0.1 per 1000001", ""), ("1.2.3 per 256", ""), ("1e999 per 256", ""), ("much", ""),
])
def test_what_is_no_rate(written: object, hint: str) -> None:
    with pytest.raises(Unfit) as error:
        RateKind().take(written)
    assert (str(error.value), error.value.hint) == (A_RATE, hint)


@pytest.mark.parametrize(("written", "hint"), [
    ("30 epochs", "epochs have no unit: write 30"), ("30 percent", "write 30%"), ("101%", ""), ("%", ""), ("1.2.3%", ""), (-1, ""), (1001, ""), (False, ""),
    ("5000 steps", "how many steps an epoch has depends on batch and data: write epochs, or percents of training"),
    ("64k", "how many steps an epoch has depends on batch and data: write epochs, or percents of training"),
    ("30", "'30' in quotes is text: leave the quotes out"),
])
def test_what_is_no_span(written: object, hint: str) -> None:
    with pytest.raises(Unfit) as error:
        SPANS.read(Scalar(written, str(written), Where("x")))  # type: ignore[arg-type]
    assert (str(error.value), error.value.hint) == (A_SPAN, hint)


@pytest.mark.parametrize(("scaling", "rate"), [("linear", 0.4), ("sqrt", 0.2)])
def test_a_rate_per_batch_follows_the_batch(scaling: str, rate: float) -> None:
    assert Rate(0.1, per=256).at(1024, scaling) == pytest.approx(rate)
    assert Rate(0.1).at(1024, scaling) == 0.1
