"""Five steps of every optimizer, clipped and averaged, equal the formula, on one device and on two."""

from __future__ import annotations

import json

import formulas
import pytest
from forked import program


@pytest.fixture(scope="module")
def off() -> dict[str, list[float]]:
    """The largest difference of each, on one device and on two; of a process of its own, for its devices are fixed once."""
    found: dict[str, list[float]] = json.loads(program(formulas.PROGRAM))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("name", [*formulas.CASES, *formulas.EMAS])
def test_five_steps_equal_the_formula(name: str, off: dict[str, list[float]]) -> None:
    assert max(off[name]) < 1e-5, off[name]


@pytest.mark.parametrize(("one", "other"), [("sgd of pytorch", "nesterov"), ("nesterov of pytorch", "sgd")])
def test_the_formulas_differ(one: str, other: str) -> None:
    """Caffe's form and PyTorch's, after the rate has fallen: a test that held one for the other would hold nothing."""
    said = {"momentum": 0.9, "weight_decay": 0.1, "decays": "all", "kind": "sgd"}
    found = [formulas.expected(name, said)["dense/bias"] for name in (one, other)]
    assert abs(found[0] - found[1]).max() > 1e-2
