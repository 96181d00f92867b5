"""Output strides: what becomes of strides, dilations, paddings and names, without numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import archspec
from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.graph.ops import Conv, Depthwise, Op, Pad, Pool
from archspec.graph.passes import dilated, reaching
from archspec.graph.verify import verify

Lower = Callable[..., Graph]
HEAD = "head: [global_avg_pool, dense: $classes]"


def backbone(name: str) -> Graph:
    graph = archspec.lower(archspec.load(name))
    return reaching(graph, graph.features)


def op(graph: Graph, name: str) -> Any:
    return graph.node(name).op


@pytest.mark.parametrize(("name", "side"), [("resnet50", 28), ("densenet121", 28), ("googlenet", 28), ("keras_resnet50v2", 28),
                                            ("mobilenet_v2", 28), ("convnext_tiny", 28), ("inception_v4", 32), ("xception", 37)])
def test_the_last_map_at_stride_8(name: str, side: int) -> None:
    last = list(dilated(backbone(name), 8).features.values())[-1]
    assert (last.value.type.shape[:2], last.stride) == ((side, side), 8)


def test_the_stride_that_goes_keeps_its_gaps_and_all_behind_it_have_more() -> None:
    """Chen et al. 2017, Figure 3b: at output stride 16 block 5 has rate 2; at 8 blocks 4 and 5 have 2 and 4."""
    graph = dilated(backbone("resnet18"), 8)
    found = [op(graph, f"stage{stage}_block{block}_conv{conv}").dilation[0]
             for stage in (3, 4) for block in (1, 2) for conv in (1, 2)]
    assert found == [1, 2, 2, 2, 2, 4, 4, 4]
    assert {op(graph, f"stage{stage}_block1_conv1").stride for stage in (3, 4)} == {(1, 1)}
    assert op(graph, "stage2_block1_conv1").stride == (2, 2)


def test_a_stride_that_is_not_beyond_changes_nothing() -> None:
    graph = backbone("resnet18")
    assert dilated(graph, 32) == graph
    assert dilated(graph, 16).fingerprint != graph.fingerprint


@pytest.mark.parametrize(("written", "output_stride", "expected"), [
    ("conv: 3x3 4 /2 bare", 1, Conv(4, (3, 3), padding=(0, 2, 0, 2))),  # TensorFlow pads an even side behind it alone
    ("conv: 3x3 4 /2 bare padding=1", 1, Conv(4, (3, 3))),
    ("conv: 2x2 4 /2 bare valid", 1, Conv(4, (2, 2))),
    ("conv: 4x4 4 /4 bare valid", 2, Conv(4, (4, 4), (2, 2), (0, 2, 0, 2))),  # half of the stride is kept
    ("depthwise: 3x3 /2 bare padding=1", 1, Depthwise()),
    ("max_pool: 3x3 /2 valid", 1, Pool("max", (3, 3), (1, 1), (0, 0, 0, 0))),  # 14 pixels: twice the 7 of the original
    ("max_pool: 3x3 /2 valid ceil", 1, Pool("max", (3, 3), (1, 1), (0, 2, 0, 2))),
    ("avg_pool: 2x2 /2 valid", 1, Pool("avg", (2, 2), (1, 1), (0, 1, 0, 1)))])
def test_what_a_window_becomes(written: str, output_stride: int, expected: Op, lower: Lower) -> None:
    graph = dilated(lower(f"input: 16x16x3\nclasses: 3\nstem: [{written}]\n{HEAD}"), output_stride)
    assert graph.nodes[1].op == expected


@pytest.mark.parametrize(("written", "expected"), [
    ("conv: 3x3 4 bare", Conv(4, (3, 3), dilation=(2, 2))),
    ("conv: 3x3 4 bare dilation=2", Conv(4, (3, 3), dilation=(4, 4))),
    ("conv: 1x3 4 bare valid", Conv(4, (1, 3), padding=(0, 0, 0, 0), dilation=(1, 2))),
    ("conv: 2x2 4 bare", Conv(4, (2, 2), padding=(0, 2, 0, 2), dilation=(2, 2))),
    ("conv: 3x3 4 /2 bare padding=1", Conv(4, (3, 3), dilation=(2, 2))),
    ("avg_pool: 3x3 /1 padding=1 count_padding", Pool("avg", (3, 3), (1, 1), (2, 2, 2, 2), count_padding=True, dilation=(2, 2))),
    ("pad: 1", Pad((2, 2, 2, 2)))])
def test_what_comes_behind_it(written: str, expected: Op, lower: Lower) -> None:
    graph = dilated(lower(f"input: 16x16x3\nclasses: 3\nstem: [max_pool: 1x1 /2, {written}]\n{HEAD}"), 1)
    assert graph.nodes[2].op == expected


@pytest.mark.parametrize(("items", "name", "why"), [
    ("flatten, dense: 4, dense: $classes", "head_flatten", "makes a vector of its map, whose length the weights behind it have"),
    ("upsample: 2, global_avg_pool, dense: $classes", "head_upsample", "enlarges a map that the stride has not made small"),
    ("avg_pool: 3x3 /2 padding=1 count_padding ceil, global_avg_pool, dense: $classes", "head_avg_pool",
     "is a mean that counts some of its padding and, by `ceil`, not the rest"),
    ("permute: cwh, global_avg_pool, dense: $classes", "head_permute", "makes another axis of the pixels of its map"),
    ("reshape: 1x?x3, global_avg_pool, dense: $classes", "head_reshape", "deals out the pixels of its map anew"),
    ("position, global_avg_pool, dense: $classes", "head_position", "has a number for each pixel of its map"),
    ("coordinates, global_avg_pool, dense: $classes", "head_coordinates", "numbers the pixels of its map"),
    ("blur_pool: 3 /1, global_avg_pool, dense: $classes", "head_blur_pool", "reflects the pixels of its map at its borders"),
    ("pad: 1 mode=reflect, global_avg_pool, dense: $classes", "head_pad", "reflects the pixels of its map at its borders")])
def test_what_has_no_such_form(items: str, name: str, why: str, lower: Lower) -> None:
    graph = lower(f"input: 16x16x3\nclasses: 3\nstem: [max_pool: 1x1 /2]\nhead: [{items}]")
    with pytest.raises(InputError) as error:
        dilated(graph, 1)
    assert str(error.value) == (f"net has no form of output stride 1: {name} {why}\n"
                                "  hint: ask for levels before that layer, or leave output_stride out")


def test_what_does_not_lie_as_the_image_stays_and_a_blur_keeps_its_stride_or_there_is_no_form(lower: Lower) -> None:
    stem = "stem: [blur_pool: 3 /2, residual: {shortcut: identity, body: [permute: cwh, max_pool: 1x3 /1, permute: cwh]}, reduce: max]"
    graph = lower(f"input: 16x16x3\nclasses: 3\n{stem}\n{HEAD}")
    assert [node.op for node in dilated(graph, 2).nodes] == [node.op for node in graph.nodes]
    with pytest.raises(InputError, match="stem_blur_pool reflects the pixels of its map"):
        dilated(graph, 1)


def test_open_sizes_are_taken_as_multiples_of_the_stride(lower: Lower) -> None:
    written = "stem: [conv: 3x3 4 /2 bare, avg_pool: 2x2 /2 valid]"
    whole, open_ = (dilated(lower(f"input: {size}\nclasses: 3\n{written}\n{HEAD}"), 1) for size in ("64x64x3", "?x?x3"))
    assert [node.op for node in open_.nodes[1:]] == [node.op for node in whole.nodes[1:]]
    assert open_.nodes[2].output.type.shape == (None, None, 4)
    assert whole.nodes[2].output.type.shape == (64, 64, 4)


def test_a_whole_classifier_keeps_its_weights_too(lower: Lower) -> None:
    graph = lower("input: 16x16x3\nclasses: 3\nstem: [conv: 3x3 4 /2]\nstages: {block: basic, width: 8, stride: 2, se: 4}\n" + HEAD)
    made = dilated(graph, 2)
    assert verify(made) == []
    assert [(node.name, node.weights) for node in made.nodes] == [(node.name, node.weights) for node in graph.nodes]
    assert made.node("head_global_avg_pool").types[0].shape == (8, 8, 8)
