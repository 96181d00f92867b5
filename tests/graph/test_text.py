"""The fingerprint knows what a network computes, not how a number was written."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archspec.graph.ir import Graph
from archspec.graph.ops import LayerScale, Scale
from archspec.graph.text import op_text

Lower = Callable[..., Graph]


@pytest.mark.parametrize(("one", "other", "same"), [
    ("scale: 2", "scale: 2.0", True), ("scale: 0.3", "scale: $(0.1 + 0.2)", True), ("scale: 0.3", "scale: 0.300001", False),
    ("layer_scale: 1", "layer_scale: 1.0", True), ("lrn: {k: 2}", "lrn: {k: 2.0}", True),
    ("lrn: {beta: 0.75}", "lrn: {beta: $(0.3 * 2.5)}", True), ("norm: {momentum: 0.9}", "norm: {momentum: $(0.3 * 3)}", True),
    ("dropout: 0.1", "dropout: $(0.3 - 0.2)", True), ("dropout: 0.1", "dropout: 0.2", False)])
def test_numbers_that_are_equal(one: str, other: str, same: bool, lower: Lower) -> None:
    first, second = (lower(f"stem:\n  - {item}") for item in (one, other))
    assert (first.fingerprint == second.fingerprint) == same


@pytest.mark.parametrize(("value", "text"), [
    (2, "2"), (2.0, "2"), (-0.0, "0"), (1e-6, "1e-06"), (10**13, "10000000000000"), (1e13, "10000000000000"), (0.1 + 0.2, "0.3"),
    (1 / 3, "0.333333333333"), (1e300, "1e+300")])
def test_a_number_as_text(value: float, text: str) -> None:
    assert op_text(Scale(value)) == f"scale(factor={text})"
    assert op_text(LayerScale(value)) == f"layer_scale(init={text})"
