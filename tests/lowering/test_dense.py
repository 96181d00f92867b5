"""`output_stride`: stages that would pass it get gaps in place of their stride, as the pass over graphs gives them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

import archspec
from archspec.graph.ir import Graph
from archspec.graph.ops import Conv, Op
from archspec.graph.pads import unstrided
from archspec.graph.passes.dilation import dilated

Lower = Callable[..., Graph]
BOTTLENECKS = [("resnet50", 8), ("resnet50", 16), ("resnet50_v2", 8), ("resnext50_32x4d", 8), ("senet154", 8),
               ("regnet_x_400mf_torchvision", 16)]
OTHERS = ["resnet18", "resnet50_v1", "se_resnet50_identity", "resnet50d", "resnet34_a"]
IDLE = ("_shortcut_avg_pool", "_shortcut_subsample")
"""Poolings of a shortcut, which are left out where there is no stride."""


def in_pixels(op: Op) -> Op:
    """A convolution whose padding is written out."""
    if isinstance(op, Conv) and op.padding == "same" and op.stride == (1, 1):
        return replace(op, padding=unstrided(tuple(gap * (kernel - 1) + 1 for gap, kernel in zip(op.dilation, op.kernel, strict=True))))
    return op


def weights(graph: Graph) -> dict[str, object]:
    return {node.name: node.op.weights(*(value.type for value in node.inputs)) for node in graph.nodes
            if not node.name.endswith(IDLE)}


@pytest.mark.parametrize(("name", "stride"), BOTTLENECKS)
def test_it_is_the_graph_that_the_pass_makes(name: str, stride: int) -> None:
    key, pass_ = archspec.lower(archspec.load(name, {"output_stride": stride})), dilated(archspec.lower(archspec.load(name)), stride)
    assert [(node.name, in_pixels(node.op), node.output.type) for node in key.nodes] == \
        [(node.name, in_pixels(node.op), node.output.type) for node in pass_.nodes]


@pytest.mark.parametrize("name", OTHERS)
def test_weights_and_maps_are_those_of_the_pass(name: str) -> None:
    """Where the stride is not at the one 3x3 of a unit, the first repeat keeps the dilation before in all of it."""
    key, pass_ = archspec.lower(archspec.load(name, {"output_stride": 8})), dilated(archspec.lower(archspec.load(name)), 8)
    assert weights(key) == weights(pass_)
    maps = {node.name: node.output.type for node in pass_.nodes}
    assert all(node.output.type == maps[node.name] for node in key.nodes)
    assert key.features["P3"].value.type.stride == (8, 8)


def dilations(graph: Graph) -> list[tuple[int, int]]:
    return [(node.op.dilation[0], node.op.stride[0]) for node in graph.nodes
            if isinstance(node.op, Conv) and node.op.kernel == (3, 3) and node.section not in ("stem", "head")]


@pytest.mark.parametrize(("strides", "limit", "found"), [
    ("[1, 2, 2, 2]", 8, [(1, 1)] * 2 + [(1, 2), (1, 1)] + [(1, 1), (2, 1)] + [(2, 1), (4, 1)]),
    ("[1, 2, 2, 1]", 8, [(1, 1)] * 2 + [(1, 2), (1, 1)] + [(1, 1), (2, 1)] + [(2, 1)] * 2),
    ("[2, 1, 4, 1]", 8, [(1, 2), (1, 1)] + [(1, 1)] * 2 + [(1, 1), (4, 1)] + [(4, 1)] * 2),
    ("[1, 2, 2, 2]", 16, [(1, 1)] * 2 + [(1, 2), (1, 1)] + [(1, 2), (1, 1)] + [(1, 1), (2, 1)]),
    ("[1, 2, 2, 2]", 32, [(1, 1)] * 2 + [(1, 2), (1, 1)] + [(1, 2), (1, 1)] + [(1, 2), (1, 1)]),
])
def test_dilations(strides: str, limit: int, found: list[tuple[int, int]], lower: Lower) -> None:
    text = "stem: [conv: 7x7 8 /4]\nstages: {block: bottleneck, repeats: [2, 2, 2, 2], width: 4, "
    assert dilations(lower(f"output_stride: {limit}\n{text}strides: {strides}}}")) == found


def test_an_open_size(lower: Lower) -> None:
    graph = lower("input: ?x?x3\nclasses: 10\noutput_stride: 8\nstages: {block: basic, width: 4, strides: [2, 2, 2, 2, 2]}")
    assert graph.features["P3"].value.type.stride == (8, 8)


def test_it_is_inherited_and_taken_away(write: Callable[..., object]) -> None:
    base = write("extends: resnet18\noutput_stride: 8", "base")
    for text, rate in (("extends: base", 4), ("extends: base\noutput_stride: null", 1)):
        spec = archspec.load(str(write(text)))
        assert dilations(archspec.lower(spec))[-1] == (rate, 1)
    assert base


@pytest.mark.parametrize("block", ["basic", "basic_preact", "basic_se_pre", "basic_se_post", "basic_se_identity", "bottleneck",
                                   "bottleneck_preact", "bottleneck_se_pre", "bottleneck_se_post", "bottleneck_se_identity",
                                   "senet_bottleneck", "resnext_aggregated", "resnext_concatenated", "resnext_grouped", "regnet"])
def test_the_dilation_of_shipped_blocks(block: str, lower: Lower) -> None:
    given = ", group_width: 16" if block == "regnet" else ""
    graph = lower(f"stem: [conv: 64]\nstages: {{block: {block}, width: 64, dilation: 3{given}}}")
    assert {node.op.dilation for node in graph.nodes if isinstance(node.op, Conv) and node.op.kernel == (3, 3)} == {(3, 3)}
    assert {node.op.dilation for node in graph.nodes if isinstance(node.op, Conv) and node.op.kernel == (1, 1)} <= {(1, 1)}
