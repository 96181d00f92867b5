"""Every box of a network, and two networks side by side: no flaw, level where they agree."""

from __future__ import annotations

import html
import re
from functools import cache
from time import process_time
from xml.etree import ElementTree

import pytest
from draw.flaws import flaws

import archspec
from archspec.draw.full import full_picture, pair_picture
from archspec.draw.svg import Picture, svg
from archspec.errors import InputError
from archspec.graph.ir import Graph

SVG = "{http://www.w3.org/2000/svg}"
FULL = ("resnet50", "cifar_resnet110", "resnext50_32x4d", "googlenet", "densenet121", "dpn68", "dla34", "mobilenet_v3_large", "fractalnet20",
        "unet_classifier", "bifpn_classifier", "convnext_tiny", "mixer_small", "cbam_resnet50", "resnest50", "shufflenet_v2_x1_0")
PAIRS = ("plain34 resnet34", "resnet50 se_resnet50", "googlenet bn_inception", "vgg16 resnet34", "mobilenet_v2 efficientnet_b0",
         "dpn68 unet_classifier")


@cache
def zoo(name: str) -> Graph:
    return archspec.lower(archspec.load(name))


def words(picture: Picture) -> list[str]:
    return [html.unescape(found) for found in re.findall(r"<text[^>]*>([^<]*)</text>", svg(picture))]


@pytest.mark.parametrize("name", FULL)
def test_no_picture_of_every_box_has_a_flaw(name: str) -> None:
    picture = full_picture(zoo(name))
    assert flaws(svg(picture)) == []


@pytest.mark.parametrize("pair", PAIRS)
def test_no_picture_of_two_networks_has_a_flaw(pair: str) -> None:
    assert flaws(svg(pair_picture(*map(zoo, pair.split())))) == []


def test_equal_layers_are_level() -> None:
    picture = pair_picture(zoo("plain34"), zoo("resnet34"))
    heights: dict[str, list[float]] = {}
    for mark in ElementTree.fromstring(svg(picture)).iter(f"{SVG}g"):
        box = mark.find(f"{SVG}rect")
        if box is not None and "conv" in box.get("class", ""):
            heights.setdefault(mark.get("data-layer", ""), []).append(float(box.get("y", "")))
    both = {layer: ys for layer, ys in heights.items() if len(ys) == 2}
    assert len(both) > 30
    assert all(one == other for one, other in both.values())
    assert picture.fits == "column"


def test_sizes_stand_where_they_change_and_gates_have_none() -> None:
    said = [word for word in words(full_picture(zoo("se_resnet50"))) if re.fullmatch(r"\d+×\d+", word)]
    assert said == ["112×112", "56×56", "28×28", "14×14", "7×7"]


def test_shortcuts_that_only_pad_are_dashed() -> None:
    text = svg(full_picture(zoo("cifar_resnet20")))
    assert "dashed: new channels are zero" in text
    assert text.count('<path class="w"') == 3  # two, and the sign of the legend


def test_each_box_has_a_tooltip_and_leads_where_it_is_written() -> None:
    text = svg(full_picture(zoo("resnet50"), link=lambda where: f"https://x.y/#L{where.line}"))
    assert "<title>stage1_block2_conv1: 1×1 conv, 64; conv → batch norm → relu; 56×56×64" in text
    assert text.count("<a href") == text.count("data-layer")


def test_of_many_boxes_no_picture_is_made_and_the_folded_one_named() -> None:
    with pytest.raises(InputError, match=r"cifar_resnet1202 has 1,807 boxes, .* 400\n  hint: archspec draw cifar_resnet1202 "):
        full_picture(zoo("cifar_resnet1202"))
    with pytest.raises(InputError, match="pixels wide, and a column has 396\n  hint: --width page"):
        pair_picture(zoo("resnet50"), zoo("se_resnet50"), width="column")


def test_a_large_picture_takes_bounded_time() -> None:
    first, second = zoo("resnet152"), zoo("resnext101_32x4d")
    begin = process_time()
    pair_picture(first, second)
    assert process_time() - begin < 2


def test_paths_side_by_side_have_brackets_and_residual_networks_none() -> None:
    assert "paths side by side" in " ".join(words(full_picture(zoo("inception_v3"))))
    bare = re.findall(r'<path class="e" d="[^"]*"/>', svg(full_picture(zoo("googlenet"))))
    assert len(bare) == 9 * 4 + 2  # a bracket a path, the legend's, and what the image comes in by
    for name in ("resnet50", "efficientnet_b0", "densenet121"):
        assert "paths side by side" not in " ".join(words(full_picture(zoo(name))))
