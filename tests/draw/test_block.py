"""Pictures of blocks: what stands in them (tests/draw/test_zoo_pictures.py draws those of the zoo)."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from time import process_time

import pytest
from draw.flaws import flaws

import archspec
from archspec.draw import calls
from archspec.draw.block import block_picture
from archspec.draw.boxes import fold
from archspec.draw.calls import Shown
from archspec.draw.svg import Picture, svg
from archspec.errors import InputError
from archspec.graph.ir import Graph

Lower = Callable[..., Graph]


def zoo(name: str) -> Graph:
    return archspec.lower(archspec.load(name))


def text(picture: Picture) -> str:
    return svg(picture)


def words(picture: Picture) -> list[str]:
    return [html.unescape(found) for found in re.findall(r"<text[^>]*>([^<]*)</text>", text(picture))]


def widths(picture: Picture) -> dict[str, float]:
    """How wide each box is, by its layer."""
    return {layer: float(wide) for layer, wide in re.findall(
        r'<g data-layer="([^"]*)"[^>]*>\n(?:<title>[^<]*</title>\n)?<rect [^>]*?width="([^"]*)"', text(picture))}


def test_a_picture_is_the_same_bytes_each_time() -> None:
    assert len({text(block_picture(calls.stage(zoo("nasnet_mobile"), "normal1"))) for _ in range(2)}) == 1


def test_a_block_has_title_shapes_legend_and_cost() -> None:
    picture = block_picture(calls.stage(zoo("se_resnext50_32x4d"), "stage2"))
    assert words(picture) == [
        "1×1 conv, 256", "3×3 conv, 256, /2, 32 groups", "1×1 conv, 512", "global avg pool", "1×1 conv, 32",
        "1×1 conv, 512, sigmoid", "1×1 conv, 512, /2", "relu", "56×56×256", "28×28×512", "bottleneck",
        "se_resnext50_32x4d, stage2, repeat 1 of 4", "batch norm and relu after", "batch norm after", "relu (or as named) after, no norm",
        "382 k parameters, 426 M multiply-adds"]
    assert picture.fits == "column"
    assert "It fits a column of a paper.</desc>" in text(picture)


def test_tooltips_say_layer_operations_shape_cost_and_place() -> None:
    found = text(block_picture(calls.stage(zoo("resnet50"), "stage1", 2)))
    assert ("<title>stage1_block2_conv1: 1×1 conv, 64; conv → batch norm → relu; 56×56×64; 16,512 parameters; 128 statistics; "
            "51,380,224 multiply-adds; specs/blocks/resnet.yaml:") in found


def test_boxes_lead_where_they_are_written() -> None:
    picture = block_picture(calls.stage(zoo("resnet50"), "stage1"), link=lambda where: f"https://x.y/#L{where.line}&z")
    assert len(re.findall(r'<a href="https://x.y/#L\d+&amp;z">', text(picture))) == 5


def test_norms_and_activations_fold_into_the_convolution_whose_name_they_carry() -> None:
    for name, before, after in (("densenet121", "full", "line"), ("resnet50", "line", "full")):
        box = fold(graph := zoo(name), calls.stage(graph, "stage1").nodes)[0]
        assert box.words[0] == "1×1 conv"
        assert [strip.form for strip in (box.before, box.after)] == [before, after], name


def test_the_boxes_of_a_column_are_equally_wide_in_knots_too() -> None:
    graph = zoo("pnasnet5_large")
    found = widths(block_picture(calls.stage(graph, "stage1"), depth=99, width="free"))
    assert len(set(found.values())) < len(found) / 2


def test_values_from_elsewhere_have_the_names_that_lists_take_them_by() -> None:
    picture = block_picture(calls.stage(zoo("nasnet_mobile"), "normal1", 2))
    assert "previous" in words(picture)
    assert "previous: what entered the block before" in words(picture)
    head = block_picture(calls.stage(zoo("unet_classifier"), "head"))
    assert {"stage1", "stage2"} <= set(words(head))


def test_blocks_in_a_large_picture_are_boxes_that_the_legend_explains() -> None:
    shown = calls.stage(zoo("nasnet_mobile"), "normal1", 2)
    closed, opened = block_picture(shown), block_picture(shown, depth=1)
    assert "nasnet_separable: relu, k×k depthwise, 1×1 conv, batch norm, twice" in words(closed)
    assert {"separable 5×5", "nasnet_"} <= set(words(closed))
    assert len(shown.part(1).boxes) > calls.MANY_BOXES >= len(shown.part().boxes)
    assert not any(box.block for box in shown.part(1).boxes)
    assert opened.size[1] > closed.size[1]


def test_a_small_picture_shows_all_that_is_called_in_it(lower: Lower) -> None:
    shown = calls.stage(lower(CALLED), "stage1")
    assert [box.words[0] for box in shown.part().boxes] == ["3×3 conv", "1×1 conv", "add"]
    assert [box.words for box in shown.part(0).boxes] == [("inner 3×3", "/2"), ("1×1 conv", "16", "/2"), ("add",)]


def test_of_a_block_of_many_boxes_no_picture_is_made(lower: Lower) -> None:
    paths = ", ".join(f"[conv: 3x3 {1 + index % 7}]" for index in range(450))
    wide = calls.block(lower(f"blocks: {{wide: {{body: [branches: [{paths}]]}}}}\nstages: {{block: wide, repeats: [1]}}\n"), "wide")
    with pytest.raises(InputError, match=r"wide has \d+ boxes, .* 400\n  hint: archspec summary --layers lists them"):
        block_picture(wide)


def test_a_block_that_others_call_is_drawn_by_its_name(lower: Lower) -> None:
    shown = calls.block(lower(CALLED), "inner")
    assert (shown.title, shown.place) == ("inner", "net, stage1, repeat 1 of 2, in outer")
    assert "32×32×8" in words(block_picture(shown))
    assert [call.title for call in calls.distinct(lower(CALLED))] == ["outer", "inner", "outer"]


@pytest.mark.parametrize("body", [
    "join: {with: [previous], merge: add}",
    "conv: 3x3 8, keep: a, conv: 3x3 8, keep: b, conv: 1x1 8, join: {with: [a, b, previous], merge: add}, act: relu",
    "conv: 3x3 8, keep: a, conv: 3x3 8, keep: b, join: {with: [a], merge: add}, keep: c, join: [a, b, c, previous]",
    "conv: 3x3 8, keep: a, join: {with: [a, a], merge: add}",
    "branches: [[conv: 3x3 8, branches: [[conv: 3x3 8], [branches: [[], [conv: 1x1 8], [avg_pool: 3x3 /1]]]]], []]",
    "residual: [conv: 3x3 8, residual: {body: [conv: 3x3 8], act: relu}]",
    "norm: batch_norm, act: relu, norm: layer_norm, act: gelu",
    "gate: [global_avg_pool, dense: 8, act: sigmoid]",
])
@pytest.mark.parametrize("repeat", [1, 3])
def test_odd_blocks_are_drawn_without_a_flaw(lower: Lower, body: str, repeat: int) -> None:
    graph = lower(f"blocks: {{odd: {{body: [{body}]}}}}\nstages: {{block: odd, repeats: [3]}}\n")
    assert flaws(text(block_picture(calls.stage(graph, "stage1", repeat)))) == []


def test_a_stage_without_layers_has_nothing_to_draw(lower: Lower) -> None:
    with pytest.raises(InputError, match="stage1 has no layers: there is nothing to draw"):
        calls.stage(lower("blocks: {none_of: {body: []}}\nstages: {block: none_of, repeats: [2]}\n"), "stage1")


CALLED = """
blocks:
  inner:
    parameters: {width: required, stride: 1}
    body: [conv: 3x3 $width /$stride]
  outer:
    parameters: {width: required, stride: 1}
    body: [residual: {shortcut: projection, body: [inner: {width: $width, stride: $stride}]}]
stages: {block: outer, repeats: [2], width: [16], stride: [2]}
"""


def test_a_picture_is_as_tight_as_a_column_needs_and_no_tighter() -> None:
    wide = block_picture(calls.stage(zoo("inception_v4"), "inception_c"))
    assert (wide.fits, "1×1 conv, 256" in words(wide)) == ("page", True)
    cbam = block_picture(calls.stage(zoo("cbam_resnet50"), "stage2"))
    assert (cbam.fits, "1×1, 128" in words(cbam)) == ("column", True)
    assert "1×1, 128: a convolution with 128 filters" in words(cbam)
    assert "1×1 conv, 128" in words(block_picture(calls.stage(zoo("cbam_resnet50"), "stage2"), width="page"))
    with pytest.raises(InputError, match="pixels wide, and a column has 436\n  hint: --width page"):
        block_picture(calls.stage(zoo("nasnet_mobile"), "normal1"), width="column")


def test_a_stage_of_dense_layers_says_how_its_channels_grow() -> None:
    shown = calls.stage(zoo("densenet121"), "stage1")
    assert shown.growth == (64, 96, 128, 160, 192, 224, 256)
    assert {"× 6", "concat, + 32", "56×56×256", "160", "channels after each repeat"} <= set(words(block_picture(shown)))
    assert not calls.stage(zoo("densenet121"), "stage1", 2).growth
    assert not calls.stage(zoo("resnet50"), "stage1").growth
    assert flaws(text(block_picture(shown))) == []
    assert flaws(text(block_picture(calls.stage(zoo("densenet264"), "stage4")))) == []


def test_a_block_of_hundreds_of_layers_is_drawn_in_bounded_time() -> None:
    """The nodes of a whole ResNeXt-101 as one."""
    graph = zoo("resnext101_32x4d")
    begin = process_time()
    picture = block_picture(Shown(graph, "all", graph.nodes[1:], graph.nodes[0].output, 0), depth=99, width="free")
    assert process_time() - begin < 3
    assert flaws(text(picture)) == []
