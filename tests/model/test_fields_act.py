"""No field of any operation is idle: another value gives another model, other first weights or another output."""

from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import keras
import numpy as np
import pytest
from vocabulary import CONV, DEPTHWISE, ONLY_OF, OTHERS, POOL, VOCABULARY, around

from archspec.graph import ops
from archspec.model.emit import build


def seen(op: ops.Op) -> tuple[list[Any], list[np.ndarray]]:
    """All there is to a model: its layers' configuration; its first weights and an output."""
    keras.utils.set_random_seed(0)
    model = build(around(op))
    images = np.random.default_rng(0).normal(size=(2, *model.input.shape[1:])).astype("float32")
    configs = [(type(layer), {**layer.get_config(), "name": ""}) for layer in model.layers]
    return configs, [*model.get_weights(), model(images).numpy()]


def same(one: tuple[list[Any], list[np.ndarray]], other: tuple[list[Any], list[np.ndarray]]) -> bool:
    return one[0] == other[0] and all(np.array_equal(a, b) for a, b in zip(one[1], other[1], strict=True))


def test_every_field_of_the_vocabulary_is_here() -> None:
    assert {op: set(others) for op, (_, others) in OTHERS.items()} == {
        op: {field.name for field in fields(op)} for op in VOCABULARY}


@pytest.mark.parametrize(("op", "field"), [(op, name) for op, (_, others) in OTHERS.items() for name in others],
                         ids=lambda value: getattr(value, "__name__", value))
def test_a_field_acts(op: type[ops.Op], field: str) -> None:
    base, others = OTHERS[op]
    if field in ONLY_OF:
        base = ops.Activation(ONLY_OF[field])
    assert not same(seen(base), seen(replace(base, **{field: others[field]})))


@pytest.mark.parametrize(("one", "other"), [
    (CONV, replace(CONV, padding=(1, 1, 1, 1))),
    (replace(DEPTHWISE, kernel=(2, 3)), replace(DEPTHWISE, kernel=(2, 3), padding=(0, 1, 1, 1))),
    (replace(POOL, stride=(1, 1), padding="same"), replace(POOL, stride=(1, 1))),
], ids=["conv", "depthwise", "pool"])
def test_paddings_that_mean_the_same_are_the_same(one: ops.Op, other: ops.Op) -> None:
    assert same(seen(one), seen(other))
