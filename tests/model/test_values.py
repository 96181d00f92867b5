"""Weights by node and name, out of a model and into it."""

from __future__ import annotations

import numpy as np
import pytest
from graphs import Chain

from archspec.graph import ops
from archspec.graph.ir import Graph
from archspec.model.emit import build
from archspec.model.values import assign, values


@pytest.fixture
def graph(chain: Chain) -> Graph:
    return chain(ops.Conv(4, (3, 3)), ops.BatchNorm(), ops.Dropout(0.5), ops.GlobalPool("avg"), ops.Dense(2))


def test_keys_and_shapes_are_the_graphs(graph: Graph) -> None:
    found = values(build(graph))
    assert {key: array.shape for key, array in found.items()} == {
        (node.name, weight.name): weight.shape for node in graph.nodes for weight in node.weights}


def test_values_go_round(graph: Graph, images: np.ndarray) -> None:
    first, second = build(graph), build(graph)
    assert np.any(first(images) != second(images))
    assign(second, values(first))
    np.testing.assert_array_equal(first(images), second(images))


def test_values_are_copies(graph: Graph) -> None:
    model = build(graph)
    found = values(model)
    before = found["conv1", "kernel"].copy()
    model.get_layer("conv1").kernel.assign_add(np.ones(before.shape))
    np.testing.assert_array_equal(found["conv1", "kernel"], before)


def test_what_does_not_fit_changes_nothing(graph: Graph) -> None:
    model = build(graph)
    before = values(model)
    zeros = {key: np.zeros_like(array) for key, array in before.items()}
    missing = {key: array for key, array in zeros.items() if key != ("dense5", "bias")}
    for wrong, message in ((missing, "dense5/bias is only in the model"),
                           ({**zeros, ("other", "bias"): np.zeros(2)}, "other/bias is only in the weights"),
                           ({**zeros, ("dense5", "bias"): np.zeros(3)}, r"dense5/bias is \(3,\), the model has \(2,\)")):
        with pytest.raises(ValueError, match=message):
            assign(model, wrong)
    assert all(np.array_equal(values(model)[key], array) for key, array in before.items())
