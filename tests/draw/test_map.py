"""Maps: which networks are drawn by resolution, what stands in them, and no flaw whatever is drawn so."""

from __future__ import annotations

import html
import re
from collections.abc import Callable
from functools import cache

import pytest
from draw.flaws import flaws

import archspec
from archspec.draw.cells import Map, fits_map, map_of, with_blocks
from archspec.draw.map import map_picture
from archspec.draw.svg import Picture, svg
from archspec.draw.whole import whole_picture
from archspec.errors import InputError
from archspec.graph.ir import Graph

Lower = Callable[..., Graph]

MAPS = ("unet_classifier", "hrnet_w18", "bifpn_classifier")
OTHERS = ("dla34", "resnet50", "googlenet", "densenet121", "mobilenet_v3_large", "dpn68", "convnext_tiny", "vgg16", "fractalnet20",
          "shufflenet_v2_x1_0")


@cache
def zoo(name: str) -> Graph:
    return archspec.lower(archspec.load(name))


def cells(graph: Graph) -> Map:
    found = map_of(graph)
    assert found is not None
    return found


def words(picture: Picture) -> list[str]:
    return [html.unescape(found) for found in re.findall(r"<text[^>]*>([^<]*)</text>", svg(picture))]


@pytest.mark.parametrize("name", [*MAPS, *OTHERS])
def test_no_map_has_a_flaw(name: str) -> None:
    graph = zoo(name)
    assert flaws(svg(map_picture(graph))) == []
    assert fits_map(graph) == (name in MAPS)


@pytest.mark.parametrize("merge", ["concat", "add", "multiply", "average"])
def test_values_meet_in_a_u_at_the_height_that_they_come_from(merge: str, lower: Lower) -> None:
    """Whatever joins them, and however many boxes stand above the one that the skip leaves."""
    graph = lower(f"""
stem: [conv: 3x3 16, conv: 3x3 16, conv: 3x3 16]
stages: {{block: bottleneck, repeats: [2, 2], widths: [4, 8], strides: [1, 2]}}
head: [upsample: 2, conv: 1x1 16, join: stage1 merge={merge}, conv: 3x3 16, global_avg_pool, dense: $classes]
""")
    assert fits_map(graph)
    assert flaws(svg(map_picture(graph))) == []
    assert merge in words(map_picture(graph))


def test_the_view_of_a_network_is_chosen_or_told() -> None:
    unet, resnet = zoo("unet_classifier"), zoo("cifar_resnet20")
    assert whole_picture(unet).title == whole_picture(unet, "map").title == "unet_classifier, by resolution"
    assert whole_picture(unet, "network").title == "unet_classifier, whole network"
    assert whole_picture(resnet).title == "cifar_resnet20, whole network"
    assert whole_picture(resnet, "map").title == "cifar_resnet20, by resolution"


def test_upsampling_inside_of_repeated_blocks_makes_no_map(lower: Lower) -> None:
    assert not fits_map(lower("""
blocks:
  hourglass: {parameters: {width: required}, body: [residual: [max_pool: 2x2 /2, conv: 3x3 $width, upsample: 2]]}
stages: {block: hourglass, repeats: [2], width: [8]}
stem: [conv: 3x3 8]
"""))


def test_a_u_has_its_skips_level_and_its_arms_side_by_side() -> None:
    picture = map_picture(zoo("unet_classifier"))
    assert {"2×2 max pool, /2", "2×2 conv transpose, 32, ×2", "64×64×32", "10 logits"} <= set(words(picture))
    lines = re.findall(r'd="M([\d.-]+) ([\d.-]+)L([\d.-]+) ([\d.-]+)" data-from="stage1_block1_conv2"', svg(picture))
    down, skip = sorted(lines, key=lambda line: line[1] == line[3])
    assert down[0] == down[2] and float(down[1]) < float(down[3])
    assert skip[1] == skip[3] and float(skip[0]) < float(skip[2])


def test_what_repeats_is_drawn_once() -> None:
    found = cells(zoo("hrnet_w18"))
    assert [(module.title, module.times) for module in found.modules] == [("stage2", 1), ("stage3", 4), ("stage4", 3)]
    picture = map_picture(zoo("hrnet_w18"))
    assert {"stage3", "× 4", "× 3", "basic × 4", "up: 1×1 conv, upsample",
            "down: 3×3 conv, /2, once for each row"} <= set(words(picture))
    assert len(found.cells) < 40


@pytest.mark.parametrize("merge, times", [("add", [3]), ("concat", [1, 1, 1])])
def test_turns_that_differ_are_drawn_each(lower: Lower, merge: str, times: list[int]) -> None:
    """Concatenated, each turn has more channels than the one before."""
    found = cells(lower(f"""
let:
  turn: [keep: a, conv: 3x3 8, max_pool: 2x2 /2, upsample: 2, conv: 3x3 8, join: a merge={merge}]
stem: [conv: 3x3 8, repeat: {{times: 3, body: [$turn]}}]
"""))
    assert [module.times for module in found.modules] == times


def test_blocks_that_join_are_one_box_where_a_map_would_be_wider_than_a_page() -> None:
    found = cells(zoo("bifpn_classifier"))
    tight = with_blocks(found)
    assert [cell.block for cell in tight.cells if cell.block] == ["fuse"] * 6
    assert words(map_picture(zoo("bifpn_classifier"))).count("fuse") == 6
    assert any(said.startswith("fuse: weighted sum, silu, 3×3 depthwise") for said in words(map_picture(zoo("bifpn_classifier"))))
    assert with_blocks(tight) is tight


def test_a_map_is_the_same_bytes_each_time() -> None:
    assert len({svg(map_picture(zoo("hrnet_w18"))) for _ in range(2)}) == 1


def test_what_has_no_resolution_or_is_too_large_has_no_map() -> None:
    for name in ("mixer_small", "nasnet_mobile"):
        with pytest.raises(InputError, match=f"{name} cannot be drawn as a map: .*\n  hint: --view network"):
            map_picture(zoo(name))
    with pytest.raises(InputError, match="pixels wide, and a page has 925\n  hint: --width free"):
        map_picture(zoo("hrnet_w18"), width="page")
