"""A difference as a picture: no flaw whatever is compared, equal layers level on both sides, ghosts for what is missing."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from xml.etree import ElementTree

import pytest
from compare.specs import cells
from draw.flaws import flaws

from archspec.compare.keys import KeyPair
from archspec.compare.network import Difference, difference
from archspec.compare.picture import picture
from archspec.compare.report import Report
from archspec.compare.seen import MOST
from archspec.draw.svg import svg
from archspec.network import load, lower

SVG = "{http://www.w3.org/2000/svg}"
PAIRS = (
    "resnet50 se_resnet50", "resnet50 resnet50_v2", "resnext50_32x4d resnet50", "densenet121 densenet169", "inception_v3 inception_v4",
    "plain34 resnet34", "mobilenet_v2 efficientnet_b0", "vgg16 resnet34", "resnet50 resnest50", "googlenet bn_inception",
    "cifar_preact_resnet20 cifar_resnet20", "convnext_tiny convnext_v2_tiny", "nasnet_mobile pnasnet5_large", "dpn68 dla34", "hrnet_w18 unet_classifier",
    "fractalnet20 cifar_highway19", "shufflenet_v2_x1_0 ghostnet", "pnasnet5_large regnet_x_1_6gf", "resnext50_32x4d resnext50_32x4d_aggregated",
    "cifar_resnet1001 cifar_resnet20",
)


def drawn(found: Difference) -> str:
    return svg(picture(Report(found)), "light")


def of_cells(folder: Path, first: str, second: str) -> str:
    return drawn(cells(folder, first, second))


def places(text: str) -> dict[str, list[tuple[float, float]]]:
    """The places of boxes by the words in them, the signs of differences left out."""
    found = defaultdict(list)
    for mark in ElementTree.fromstring(text).iter(f"{SVG}g"):
        words, boxes = mark.findall(f"{SVG}text"), mark.findall(f"{SVG}rect")
        if mark.get("data-layer") and words and boxes:
            label = re.sub("^[≠+−] ", "", "".join(words[0].itertext()))
            found[label].append((float(boxes[0].get("x", "")), float(boxes[0].get("y", ""))))
    return found


@pytest.mark.parametrize("pair", PAIRS)
def test_no_picture_has_a_flaw(pair: str) -> None:
    found = difference(*(lower(load(name)) for name in pair.split()))
    assert flaws(drawn(found)) == []


CELLS = {
    "a gate": ("[conv: 3x3 8, conv: 1x1 8]", "[conv: 3x3 8, se: 4, conv: 1x1 8]"),
    "a shortcut": ("[conv: 3x3 8, conv: 1x1 8]", "[residual: [conv: 3x3 8, conv: 1x1 8]]"),
    "each has what the other lacks": ("[conv: 3x3 8, se: 4, conv: 1x1 8]", "[conv: 3x3 8, max_pool: 3x3 /1, dropout: 0.1, conv: 1x1 8]"),
    "a path more": ("[branches: [[conv: 1x1 8], [conv: 3x3 8]]]", "[branches: [[conv: 1x1 8], [max_pool: 3x3 /1], [conv: 3x3 8]]]"),
    "another join": ("[residual: [conv: 3x3 8, conv: 1x1 8]]", "[densely: [conv: 3x3 8, conv: 1x1 8]]"),
    "a value from before": ("[conv: 3x3 8, conv: 1x1 8]", "[conv: 3x3 8, conv: 1x1 8, join: {with: previous, merge: concat}]"),
    "a chain for a chain": ("[conv: 3x3 8, dropout: 0.1, upsample: 2, conv: 1x1 8]", "[conv: 3x3 8, max_pool: 2x2 /1, conv: 1x1 8]"),
    "longer at the end": ("[conv: 1x1 8]", "[conv: 1x1 8, conv: 3x3 8, dropout: 0.1]"),
    "longer at the beginning": ("[conv: 1x1 8]", "[dropout: 0.1, max_pool: 3x3 /1, conv: 1x1 8]"),
    "hardly anything in common": ("[max_pool: 3x3 /1, dropout: 0.2, conv: 1x1 8]", "[branches: [[conv: 1x1 8], [conv: 3x3 8]], se: 2]"),
}


@pytest.mark.parametrize("name", CELLS)
@pytest.mark.parametrize("way", [1, -1], ids=["there", "back"])
def test_no_pair_of_cells_has_a_flaw(tmp_path: Path, name: str, way: int) -> None:
    assert flaws(of_cells(tmp_path, *CELLS[name][::way])) == []


@pytest.mark.parametrize("name", ["a gate", "a shortcut", "a path more", "a chain for a chain", "longer at the end"])
def test_equal_layers_stand_level(tmp_path: Path, name: str) -> None:
    both = {label: found for label, found in places(of_cells(tmp_path, *CELLS[name])).items() if len(found) == 2}
    assert both
    assert {abs(first[1] - second[1]) for first, second in both.values()} == {0}
    assert len({second[0] - first[0] for first, second in both.values()}) == 1  # and as far from the spine


def test_what_one_side_lacks_is_a_ghost_and_its_line_goes_on(tmp_path: Path) -> None:
    text = of_cells(tmp_path, *CELLS["longer at the end"])
    ghosts = [mark for mark in ElementTree.fromstring(text).iter(f"{SVG}g") if "not in first" in (mark.findtext(f"{SVG}title") or "")]
    assert [mark.findtext(f"{SVG}title") for mark in ghosts] == [
        "not in first: stage1_block1_conv2, 3×3 conv, 8", "not in first: stage1_block1_dropout, dropout 0.1"]
    assert {mark[1].get("class") for mark in ghosts} == {"g"}
    assert text.count('data-from="stage1_block1_conv"') == 5  # in, between the ghosts, out, and through both


def test_what_goes_through_a_ghost_is_one_line_from_box_to_box(tmp_path: Path) -> None:
    """A path less and so no join: the value that is left comes in at the ghost's side and leaves below its middle."""
    found = cells(tmp_path, "[branches: [[conv: 3x3 8], [conv: 5x5 8, conv: 3x3 8]], conv: 1x1 8]", "[conv: 3x3 8, conv: 1x1 8]")
    sides = [mark for mark in ElementTree.fromstring(drawn(found)).iter(f"{SVG}g")
             if "concat" in (mark.findtext(f"{SVG}title") or "") and "not in" in (mark.findtext(f"{SVG}title") or "")]
    (ghost,) = sides
    rect, path = ghost[1], ghost[2]
    x, y, wide, high = (float(rect.get(key, "")) for key in ("x", "y", "width", "height"))
    points = [float(each) for each in re.findall(r"-?[\d.]+", path.get("d", ""))]
    assert points[1] == y
    assert points[-2:] == [x + wide / 2, y + high]


def test_signs_and_words_say_it_without_colour(tmp_path: Path) -> None:
    text = of_cells(tmp_path, "[conv: 3x3 8, dropout: 0.1, conv: 1x1 8]", "[conv: 5x5 8, conv: 1x1 8, conv: 3x3 16]")
    for words in ("≠ 3×3 conv, 8", "≠ 5×5 conv, 8", "− dropout 0.1", "+ 3×3 conv, 16", "added", "removed", "changed", "not in this network"):
        assert f">{words}<" in text or f">+ {words}<" in text or f">− {words}<" in text or f">≠ {words}<" in text, words


def test_the_same_bytes_twice_and_sentences_for_who_cannot_see(tmp_path: Path) -> None:
    found = cells(tmp_path, *CELLS["a gate"])
    assert drawn(found) == drawn(found)
    text = drawn(found)
    assert "<title id=" in text
    assert "added global avg pool" in text


def test_long_names_and_values_are_whole(tmp_path: Path) -> None:
    name = "a_network_with_a_name_that_takes_much_more_room_than_a_box_has"
    found = cells(tmp_path, *CELLS["a gate"])
    found = difference(found.a.graph, found.b.graph, (name, "b"))
    keys = (KeyPair("train.augment", [{"flip": {"axis": "horizontal", "probability": 0.5}}] * 9, None), KeyPair("train.a" * 30, "x" * 200, 1))
    text = svg(picture(Report(found, keys)), "dark")
    assert flaws(text) == []
    assert f">{name}<" in text


def test_blocks_too_large_are_told_in_words(tmp_path: Path) -> None:
    text = of_cells(tmp_path, f"[repeat: {{times: {MOST + 1}, body: [conv: 1x1 8]}}]", "[conv: 3x3 8]")
    assert "are too many to be drawn" in text
    assert flaws(text) == []


def test_nothing_is_drawn_where_nothing_differs(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no difference"):
        picture(Report(cells(tmp_path, "[conv: 3x3 8]", "[conv: 3x3 8]")))
