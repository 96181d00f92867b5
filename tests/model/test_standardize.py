"""Standardised kernels: what the layers give, in which precision, and what an export has of them."""

from __future__ import annotations

from dataclasses import replace

import keras
import numpy as np
import pytest
from graphs import in_a_row

from archspec.graph import ops
from archspec.graph.passes import Network, for_inference
from archspec.model.emit import build
from archspec.model.operations import compute
from archspec.model.values import assign, values

CONVS: tuple[ops.Conv | ops.Depthwise, ...] = (
    ops.Conv(4, (3, 3), standardize=True, bias=True), ops.Conv(4, (3, 3), groups=2, standardize=True),
    ops.Conv(4, (3, 3), (2, 2), "same", (2, 2), standardize=True), ops.Depthwise(2, (3, 3), (2, 2), standardize=True),
    ops.Depthwise(1, (3, 3), (2, 1), standardize=True, bias=True), ops.Conv(4, (1, 1), standardize=0.5),
    ops.Depthwise(standardize=0.5))


def by_hand(op: ops.Conv | ops.Depthwise, kernel: np.ndarray) -> np.ndarray:
    """Filter by filter, from the definition."""
    epsilon = 1e-6 if op.standardize is True else op.standardize
    used = np.empty_like(kernel)
    for index in np.ndindex(kernel.shape[2:] if isinstance(op, ops.Depthwise) else kernel.shape[3:]):
        part = kernel[..., *index].astype(np.float64)
        used[..., *index] = (part - part.mean()) / np.sqrt(((part - part.mean()) ** 2).mean() + epsilon)
    return used


@pytest.mark.parametrize("op", CONVS, ids=str)
def test_it_is_the_convolution_with_each_filter_standardised(op: ops.Conv | ops.Depthwise) -> None:
    standard, plain = build(in_a_row(op)), build(in_a_row(replace(op, standardize=False)))
    arrays, (name,) = values(standard), {layer for layer, _ in values(standard)}
    assign(plain, {(plain.layers[-1].name, key[1]):
                   by_hand(op, array) if key[1] == "kernel" else array for key, array in arrays.items()})
    x = np.random.default_rng(0).normal(size=(2, 7, 9, 6)).astype(np.float32)
    assert name == standard.layers[-1].name
    np.testing.assert_allclose(standard(x), plain(x), atol=1e-4)


def test_statistics_are_of_the_whole_kernel_where_the_policy_mixes() -> None:
    model = build(in_a_row(ops.Conv(2, (1, 1), standardize=True), ops.Scale(1.0), shape=(1, 1, 2)), dtype="mixed_bfloat16")
    conv = model.layers[1]
    conv.set_weights([np.array([[[[1.0, 1.0], [1.001, 3.0]]]], np.float32)])  # in half precision 1.001 is 1
    found = keras.ops.convert_to_numpy(keras.ops.cast(conv(np.array([[[[0.0, 1.0]]]], np.float32)), "float32"))
    assert found[0, 0, 0, 0] == pytest.approx(0.0005 / (0.0005 ** 2 + 1e-6) ** 0.5, rel=0.01)


def test_an_export_has_the_kernel_as_it_is_used_with_the_norm_behind_it_folded() -> None:
    graph = in_a_row(ops.Conv(4, (3, 3), standardize=True), ops.BatchNorm(), ops.Depthwise(standardize=True), ops.Scale(0.5))
    draw = np.random.default_rng(0)
    weights = {(node.name, weight.name): np.abs(draw.normal(1, 0.3, weight.shape)).astype(np.float32)
               for node in graph.nodes for weight in node.weights}
    folded = for_inference(Network(graph, weights))
    x = draw.normal(size=(2, 7, 9, 6)).astype(np.float32)
    assert [node.op for node in folded.graph.nodes[1:]] == [ops.Conv(4, (3, 3), bias=True), ops.Depthwise()]
    wanted, found = (compute(net, arrays, x, [net.output.name])[net.output.name]
                     for net, arrays in ((graph, weights), (folded.graph, folded.weights)))
    np.testing.assert_allclose(found, wanted, rtol=1e-4, atol=1e-4)
