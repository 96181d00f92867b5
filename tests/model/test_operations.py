"""TensorFlow's operations beside Keras's layers: every operation with each of its fields, and a member of every family."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import tensorflow as tf
from graphs import in_a_row
from vocabulary import ONLY_OF, OTHERS, VOCABULARY, WINDOWS, around

from archspec.graph import ops
from archspec.graph.ir import Graph
from archspec.model.emit import build
from archspec.model.operations import OPERATIONS, compute
from archspec.model.values import assign, values

CASES = [(kind, field) for kind in VOCABULARY for field in ("", *OTHERS[kind][1])]


def made(kind: type[ops.Op], field: str) -> Graph:
    first, others = OTHERS[kind]
    if field in ONLY_OF:
        first = ops.Activation(ONLY_OF[field])
    return around(replace(first, **({field: others[field]} if field else {})))


def difference(graph: Graph) -> float:
    """Of the logits, as a share of the largest, with weights that are all of their own."""
    model, draw = build(graph), np.random.default_rng(0)
    assign(model, {key: np.abs(draw.normal(1, 0.3, array.shape)).astype(np.float32) for key, array in values(model).items()})
    images = draw.normal(size=(3, *(side or 9 for side in graph.input.type.shape))).astype(np.float32)
    wanted = np.asarray(model(images, training=False))
    found = compute(graph, values(model), tf.constant(images), [graph.output.name])[graph.output.name]
    assert found.shape == wanted.shape
    return float(np.abs(np.asarray(found) - wanted).max() / max(1e-6, np.abs(wanted).max()))


def test_every_operation_has_one() -> None:
    assert set(OPERATIONS) == set(VOCABULARY) - {ops.Input}


@pytest.mark.parametrize(("kind", "field"), CASES)
def test_it_gives_what_keras_gives(kind: type[ops.Op], field: str) -> None:
    assert difference(made(kind, field)) < 1e-6


@pytest.mark.parametrize("op", WINDOWS, ids=repr)
def test_each_window(op: ops.Op) -> None:
    assert difference(in_a_row(op, shape=(9, 10, 6))) < 1e-6


@pytest.mark.parametrize("function", ops.ACTIVATIONS)
def test_each_activation(function: str) -> None:
    assert difference(around(ops.Activation(function))) < 1e-6
