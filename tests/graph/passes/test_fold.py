"""Folding batch norms: which go, which stay, and that each pair computes the same, on every member of the zoo."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from thinned import Known, thinned
from tooling import tool
from zoo_graphs import shipped

from archspec.graph.ir import Graph, Node
from archspec.graph.learned import ConvTranspose, Shift
from archspec.graph.ops import BatchNorm, Depthwise, Flatten, LayerScale, Scale
from archspec.graph.passes import Network, fold_affine
from archspec.spec.files import spec_names

Lower = Callable[..., Graph]
smallest = tool("smallest").smallest
KNOWN: Known = set()
"""The blocks that were folded; several networks have the same."""


def filled(graph: Graph) -> Network:
    """A network with made-up numbers: views of one array, variances and scales above zero."""
    numbers = np.random.default_rng(0).normal(size=max(weight.size for node in graph.nodes for weight in node.weights))
    numbers = numbers.astype(np.float32)
    weights = {}
    for node in graph.nodes:
        for weight in node.weights:
            part = numbers[:weight.size].reshape(weight.shape)
            weights[node.name, weight.name] = np.abs(part) + 0.5 if weight.name in ("gamma", "moving_variance") else part
    return Network(graph, weights)


def kinds(graph: Graph) -> dict[str, int]:
    found = [node.op.kind for node in graph.nodes]
    return {kind: found.count(kind) for kind in ("conv", "batch_norm")}


@pytest.mark.parametrize(("stem", "left"), [
    ("conv: 3x3 8", {"conv": 1, "batch_norm": 0}),
    ("conv: 3x3 8, norm: batch_norm", {"conv": 1, "batch_norm": 1}),
    ("conv: 3x3 8 linear, norm: batch_norm, norm: batch_norm", {"conv": 1, "batch_norm": 0}),
    ("norm: batch_norm, conv: 3x3 8 bare", {"conv": 1, "batch_norm": 1}),
    ("conv: 3x3 8 linear, scale: 2 bias, norm: batch_norm", {"conv": 1, "batch_norm": 0}),
    ("residual: [conv: 3x3 8, conv: 3x3 8 linear]", {"conv": 2, "batch_norm": 0}),
    ("conv: 3x3 8 bare, branches: [[norm: batch_norm], [act: relu]]", {"conv": 1, "batch_norm": 1}),
])
def test_which_norms_go(stem: str, left: dict[str, int], lower: Lower) -> None:
    assert kinds(fold_affine(filled(lower(f"stem: [{stem}]"))).graph) == left


def test_what_is_an_output_or_a_feature_keeps_its_norm(lower: Lower) -> None:
    graph = lower("stem: [conv: 3x3 8 /2 linear]\nstages: {block: basic, width: 8, stride: 2}")
    feature = graph.features["P1"]
    assert graph.node(feature.value.name).op.kind == "batch_norm"
    folded = fold_affine(filled(graph)).graph
    assert folded.features["P1"].value == folded.node("stem_conv").output
    assert folded.features["P1"].section == feature.section


def test_the_network_that_came_in_is_unchanged(lower: Lower) -> None:
    network = filled(lower("stem: [conv: 3x3 8]"))
    before = {key: array.copy() for key, array in network.weights.items()}
    fingerprint = network.graph.fingerprint
    fold_affine(network)
    assert network.graph.fingerprint == fingerprint
    assert all(np.array_equal(network.weights[key], array) for key, array in before.items())


def test_numbers_by_hand(lower: Lower) -> None:
    network = filled(lower("input: 1x1x1\nclasses: 2\nstem: [conv: {kernel: 1x1, filters: 1, norm: {kind: batch_norm, epsilon: 0.25}}]\n"
                           "head: [global_avg_pool, dense: $classes]"))
    name = {node.op.kind: node.name for node in network.graph.nodes}
    numbers = {"gamma": 3.0, "beta": 5.0, "moving_mean": 7.0, "moving_variance": 2.0}
    weights = {**network.weights, (name["conv"], "kernel"): np.full((1, 1, 1, 1), 4.0, np.float32),
               **{(name["batch_norm"], key): np.full(1, value, np.float32) for key, value in numbers.items()}}
    folded = fold_affine(Network(network.graph, weights)).weights
    assert folded[name["conv"], "kernel"].item() == 4 * 3 / 1.5
    assert folded[name["conv"], "bias"].item() == 5 - 7 * 3 / 1.5
    assert not any(layer == name["batch_norm"] for layer, _ in folded)


def results(network: Network, node: Node, seen: np.ndarray) -> np.ndarray:
    """What a layer with weights gives where its window holds `seen`: (channels,)."""
    kernel = network.weights[node.name, "kernel"].astype(np.float64)
    bias = network.weights.get((node.name, "bias"), np.zeros(1))
    if isinstance(node.op, Depthwise):
        return np.einsum("ijcm,ijc->cm", kernel, seen[:kernel[..., 0].size].reshape(kernel.shape[:-1])).ravel() + bias
    if isinstance(node.op, ConvTranspose):  # its kernel has the filters first
        kernel = kernel.swapaxes(2, 3)
    return seen[:kernel[..., 0].size] @ kernel.reshape(-1, kernel.shape[-1]) + bias


def after(network: Network, node: Node, x: np.ndarray) -> np.ndarray:
    """What a node that only scales and shifts makes of channels; a norm by its definition, Ioffe and Szegedy 2015, 1502.03167, section 3.1."""
    of = {weight.name: network.weights[node.name, weight.name].astype(np.float64) for weight in node.weights}
    if isinstance(node.op, Scale):
        return x * node.op.factor
    if isinstance(node.op, LayerScale):
        return x * of["gamma"]
    if isinstance(node.op, Shift):
        return x + of["bias"]
    assert isinstance(node.op, BatchNorm)
    standard = (x - of["moving_mean"]) / np.sqrt(of["moving_variance"] + node.op.epsilon)
    return of.get("gamma", 1.0) * standard + of.get("beta", 0.0)


@pytest.mark.slow
@pytest.mark.parametrize("name", spec_names())
def test_every_chain_of_every_member_computes_the_same(name: str) -> None:
    """And nothing is left behind a layer that has no other user, nor is any node wired otherwise."""
    whole = shipped(name)[1]
    if any(isinstance(node.op, Flatten) for node in whole.nodes):  # a dense layer takes as many numbers as the images have
        whole = smallest(name)[1]
    part = thinned(whole, KNOWN)
    if part is None:
        return
    network = filled(part)
    folded = fold_affine(network)
    seen = np.random.default_rng(1).normal(size=1 << 17)
    expected: dict[str, np.ndarray] = {}
    stands_in: dict[str, str] = {}
    for node in network.graph.nodes:
        before = node.inputs[0].name if node.inputs else node.name
        layer = network.graph.node(stands_in.get(before, before))
        if isinstance(node.op, BatchNorm | Scale | LayerScale | Shift) and layer.op.weighted and len(network.graph.users[before]) == 1:
            stands_in[node.name] = layer.name
            expected[layer.name] = after(network, node, expected.get(layer.name, results(network, layer, seen)))
    for layer, array in expected.items():
        found = results(folded, folded.graph.node(layer), seen)
        np.testing.assert_allclose(found, array, rtol=1e-5, atol=1e-5 * np.abs(array).max())
    for node in folded.graph.nodes:
        inputs = [stands_in.get(value.name, value.name) for value in network.graph.node(node.name).inputs]
        assert [value.name for value in node.inputs] == inputs
    assert len(folded.graph.nodes) == len(network.graph.nodes) - len(stands_in)
