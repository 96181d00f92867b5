"""Convolutions whose results are summed become one, and give the same."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

import archspec
from archspec.graph.ir import Graph
from archspec.graph.passes import Network, counterparts, for_inference
from archspec.model.operations import compute

Lower = Callable[..., Graph]
REPVGG = """defaults: {{padding: {}}}
stem: [repvgg: {{width: 8, stride: 2}}]
stages: {{block: repvgg, repeats: 2, widths: [8, 16], strides: [1, 2], groups: [1, 4]}}"""
SUM = "stem: [branches: {{merge: add, paths: [{}]}}]"
ONE = {
    "RepVGG": (REPVGG.format("symmetric"), 5),
    "as TensorFlow pads": (REPVGG.format("same"), 5),
    "MobileOne": (SUM.format("[norm], [depthwise: 3x3 linear], [depthwise: 3x3 linear], [depthwise: 1x1 linear]"), 1),
    "a kernel with gaps": (SUM.format("[conv: 3x3 8 dilation=2 linear], [conv: 1x1 8 bare bias]"), 1),
    "rows and columns": (SUM.format("[conv: 3x3 8 bare], [conv: 1x3 8 linear], [conv: 3x1 8 bare]"), 1),
    "a sum in a sum": (SUM.format("[branches: {merge: add, paths: [[conv: 1x1 8 bare], [conv: 1x1 8 bias bare]]}], "
                                  "[conv: 3x3 8 bare]"), 1),
    "two filters a channel": (SUM.format("[depthwise: 5x5 /2 multiplier=2 bare], [depthwise: 3x3 /2 multiplier=2 bare]"), 1),
    "the value as it is": (SUM.format("[], [conv: 3x3 3 linear]"), 1),
    "the value as it is, in groups": (SUM.format("[conv: 3x3 3 bare groups=3], [], [norm]"), 1),
    "RepViT's": ("stem: [conv: 3x3 8 /2, repeat: {times: 2, body: [residual: {shortcut: identity, act: none, body: ["
                 "branches: {merge: add, paths: [[depthwise: 3x3 linear], [depthwise: 1x1 bare bias]]}]}, norm]}]", 3),
    "the value is a convolution's": ("stem: [conv: 1x1 8 linear, branches: {merge: add, paths: [[], [depthwise: 3x3 bare]]}]", 2),
    "padded on one side": (SUM.format("[conv: {kernel: 3, filters: 8, padding: [2, 0, 0, 2], act: none}], [conv: 1x1 8 bare]"), 1),
}
"""Sums, and how many convolutions are left of each spec."""
STAY = {
    "an activation between": SUM.format("[conv: 3x3 8], [conv: 1x1 8 linear]"),
    "another value": SUM.format("[conv: 3x3 3 linear], [conv: 1x1 3 linear, conv: 1x1 3 linear]"),
    "gaps of two sizes": SUM.format("[conv: 3x3 8 dilation=2 bare], [conv: 3x3 8 bare]"),
    "pixels beside the largest kernel": SUM.format("[conv: {kernel: 3, filters: 8, padding: [2, 0, 1, 1]}], "
                                                   "[conv: 3x3 8 bare]").replace("[2, 0, 1, 1]", "[2, 0, 1, 1], act: none"),
    "a term with another user": "stem: [conv: 1x1 3 bare, keep: a, use: images, branches: {merge: add, paths: "
                                "[[conv: 3x3 3 bare], [use: a]]}, join: a]",
    "the value as it is, and its half": SUM.format("[], [conv: 3x3 3 /2 linear, upsample: to=images]"),
    "two groups and one": SUM.format("[conv: 3x3 6 bare], [conv: 1x1 6 bare groups=3]"),
}
HEAD = "\nhead: [global_avg_pool, dense: $classes]"


def network(text: str, lower: Lower, size: str = "9x12x3") -> Network:
    """A small one, with numbers of the size that training leaves."""
    graph = lower(f"input: {size}\nclasses: 5\n{text}{HEAD}")
    draw = np.random.default_rng(0)
    weights = {(node.name, weight.name): draw.uniform(0.5, 1.5, weight.shape) if weight.name in ("gamma", "moving_variance")
               else draw.normal(0, 0.4, weight.shape) for node in graph.nodes for weight in node.weights}
    return Network(graph, {key: array.astype(np.float32) for key, array in weights.items()})


def kinds(graph: Graph, *names: str) -> int:
    return sum(node.op.kind in names for node in graph.nodes)


@pytest.mark.parametrize(("text", "left"), ONE.values(), ids=ONE)
def test_they_become_one_and_every_result_stays(text: str, left: int, lower: Lower) -> None:
    given = network(text, lower)
    made = for_inference(given)
    assert (kinds(made.graph, "conv", "depthwise"), kinds(made.graph, "merge", "batch_norm")) == (left, 0)
    images = np.random.default_rng(1).normal(size=(2, 9, 12, 3)).astype(np.float32)
    same = counterparts(given.graph, made.graph)
    wanted = compute(given.graph, given.weights, images, same.values())
    found = compute(made.graph, made.weights, images, same)
    for name, original in same.items():
        np.testing.assert_allclose(found[name], wanted[original], atol=1e-5 * np.abs(wanted[original]).max())


@pytest.mark.parametrize("text", STAY.values(), ids=STAY)
def test_what_is_more_than_one_convolution_stays(text: str, lower: Lower) -> None:
    assert kinds(for_inference(network(text, lower)).graph, "merge") >= 1


def test_a_padding_that_an_open_size_decides_stays(lower: Lower) -> None:
    text = SUM.format("[conv: 3x3 8 /2 bare], [conv: 1x1 8 /2 bare]")
    assert kinds(for_inference(network(text, lower)).graph, "merge") == 0
    assert kinds(for_inference(network(text, lower, "?x?x3")).graph, "merge") == 1


def test_repvit_is_deployed_without_its_parallel_convolutions() -> None:
    """2307.09283, Figure 2b: of a unit's first half one depthwise convolution is left. The paper's figures are 6.8M and 1.1G."""
    graph = archspec.lower(archspec.load("repvit_m1_0"))
    weights = {(node.name, weight.name): np.ones(weight.shape, np.float32) for node in graph.nodes for weight in node.weights}
    found = for_inference(Network(graph, weights)).graph
    units = 2 + 2 + 14 + 2 + 3  # those between stages, too
    assert (kinds(found, "depthwise"), kinds(found, "merge"), kinds(found, "batch_norm")) == (units + 3, units + 3, 1)
    assert sum(node.parameters for node in found.nodes) == pytest.approx(6.8e6, rel=0.005)


def test_repvgg_a0_is_deployed_with_the_parameters_of_the_paper() -> None:
    graph = archspec.lower(archspec.load("repvgg_a0"))
    weights = {(node.name, weight.name): np.ones(weight.shape, np.float32) for node in graph.nodes for weight in node.weights}
    found = for_inference(Network(graph, weights)).graph
    assert {node.op.kind for node in found.nodes} == {"input", "conv", "act", "global_pool", "dense"}
    assert sum(node.parameters for node in found.nodes) == 8309384
    assert sum(node.macs or 0 for node in found.nodes) == pytest.approx(1.36e9, rel=0.005)  # Table 4: 1.4 billion
