"""Pictures of whole networks: what stands in them."""

from __future__ import annotations

import html
import re
from collections.abc import Callable

import pytest
from draw.flaws import flaws

import archspec
from archspec.draw.miniature import miniature
from archspec.draw.network import network_picture
from archspec.draw.outline import outline
from archspec.draw.pattern import patterns
from archspec.draw.svg import Picture, svg
from archspec.errors import InputError
from archspec.graph.ir import Graph

Lower = Callable[..., Graph]


def zoo(name: str) -> Graph:
    return archspec.lower(archspec.load(name))


def words(picture: Picture) -> list[str]:
    return [html.unescape(found) for found in re.findall(r"<text[^>]*>([^<]*)</text>", svg(picture))]


def test_a_network_has_its_stages_figures_and_block() -> None:
    picture = network_picture(zoo("resnet50"))
    found = words(picture)
    assert found[:14] == ["resnet50", "224×224×3", "7×7 conv, 64, /2", "3×3 max pool, /2", "56×56×64", "stage1", "bottleneck", "× 3",
                          "56×56×256", "stage2", "bottleneck", "× 4", "28×28×512", "stage3"]
    assert {"15.0 M", "4.09 G", "144 MiB", "12 KiB", "1000 logits"} <= set(found)
    assert found[-5:] == [
        "dashed 1×1 conv: only in the first repeat of each stage", "shortcut: as wide as the last convolution",
        "/s: stride 2 in the first repeat of stage2, stage3, stage4, else 1", "batch norm and relu after", "batch norm after"]
    assert picture.fits == "column"
    assert "stage4: 3 × bottleneck; output 7×7×2048, 14,964,736 parameters, 809,238,528 multiply-adds." in picture.description


def test_a_picture_is_the_same_bytes_each_time() -> None:
    assert len({svg(network_picture(zoo("googlenet"))) for _ in range(2)}) == 1


@pytest.mark.parametrize("name, blocks", [
    ("resnet50", 1), ("resnet50_v2", 2), ("googlenet", 1), ("inception_v4", 5), ("mobilenet_v2", 1), ("efficientnet_b0", 2),
    ("densenet121", 1), ("cifar_resnet1202", 1), ("vit_small_gap", 1),
])
def test_structures_equal_but_for_widths_and_strides_are_one(name: str, blocks: int) -> None:
    assert len(patterns(outline(zoo(name)))) == blocks


def test_what_varies_by_stage_is_told() -> None:
    (resnet,) = patterns(outline(zoo("resnet50")))
    assert [[cell.text for cell in cells] for cells in resnet.cells.values()] == [
        ["64", "128", "256", "512"], ["64", "128", "256", "512"], ["256", "512", "1024", "2048"]]
    (dense,) = patterns(outline(zoo("densenet121")))
    assert [cell.text for cells in dense.cells.values() for cell in cells] == ["64–256", "128–512", "256–1024", "512–1024"]
    (mobile,) = patterns(outline(zoo("mobilenet_v2")))
    assert [box.label for box in mobile.part.boxes if box.dashed] == ["1×1 conv", "add"]
    assert mobile.notes[:2] == ("dashed +: only in stage2, stage3, stage4, stage5, stage6 from the second repeat on",
                                "dashed 1×1 conv: only in stage2, stage3, stage4, stage5, stage6, stage7")
    (padded,) = patterns(outline(zoo("cifar_resnet1202")))
    assert padded.notes[0].startswith("dashed line: 1×1 max pool, /2, zero channels")
    assert padded.notes[0].endswith(" in the first repeat of stage2, stage3, else the identity")


def test_boxes_that_share_a_row_have_letters_and_a_table() -> None:
    found = words(network_picture(zoo("googlenet")))
    assert {"1×1 conv, a", "3×3 conv, c", "5×5 conv, e", "inception5b", "dashed 3×3 max pool: only in inception4a, inception5a"} <= set(found)
    assert found.count("auxiliary_v1") == 2


def test_values_go_past_sections_on_the_left() -> None:
    taken = {segment.title: segment.taken for segment in outline(zoo("unet_classifier")) if segment.taken}
    assert taken == {"head": (0, 2)}
    assert [segment.taken for segment in outline(zoo("nasnet_mobile"))][:4] == [(), (), (0,), (1,)]


ODD = """
input: 64x64x3
classes: 7
blocks:
  a_block_with_a_name_of_very_many_words_that_no_box_holds:
    parameters: {width: required}
    body: [conv: 3x3 $width, conv: 1x1 $width linear]
  other: {body: [depthwise: 3x3]}
stem: [conv: 3x3 8 /2, branches: [[conv: 1x1 8], [conv: 3x3 8, conv: 5x5 8], []]]
stages:
  - {block: a_block_with_a_name_of_very_many_words_that_no_box_holds, repeats: 2, width: 16, name: Stage_of_odd_case}
  - {block: other, before: [max_pool: 2x2 /2, act: relu]}
head:
  - branches: [[global_avg_pool], [use: Stage_of_odd_case, global_max_pool], [use: stem, global_max_pool]]
  - dropout: 0.25
  - dense: $classes
"""


def test_long_names_break_and_values_pass_by(lower: Lower) -> None:
    picture = network_picture(lower(ODD))
    assert flaws(svg(picture)) == []
    assert picture.fits == "column"
    assert {"Stage_of_", "odd_case", "a_block_", "holds", "× 2", "a_block_with_a_name_of_very_many_words_that_no_box_",
            "in Stage_of_odd_case"} <= set(words(picture))


def test_open_sizes_have_no_bars(lower: Lower) -> None:
    picture = network_picture(lower("input: ?x?x3\nclasses: 5\nstem: [conv: 3x3 8]\nhead: [global_avg_pool, dense: 5]\n"))
    assert flaws(svg(picture)) == []
    assert words(picture).count("?") >= 4


def test_a_picture_that_is_too_wide_is_refused() -> None:
    with pytest.raises(InputError, match="446\\.5 pixels wide, and a column has 436\n  hint: --width page"):
        network_picture(zoo("resnetv2_50"), width="column")
    left_out = words(network_picture(zoo("dpn92"), width="column"))
    assert "not drawn, too wide: dual_path" in left_out


def test_a_miniature_fits_its_field_and_hundreds_of_boxes_have_none() -> None:
    for name in ("inception_v4", "nasnet_mobile", "dla34", "resnext50_32x4d_aggregated", "hrnet_w18"):
        for segment in outline(zoo(name)):
            small = miniature(segment.repeats[-1].part, 54, 38)
            if small is not None:
                around = small.extent
                assert -27.5 <= around.left <= around.right <= 27.5
                assert -19.5 <= around.top <= around.bottom <= 19.5
            else:
                assert len(segment.boxes) > 60


def test_what_some_repeats_lack_is_dashed_with_its_line_and_named() -> None:
    """An addition and the line that leads to it, too; two blocks of one network say in one way what varies."""
    for name in ("mobilenet_v2", "efficientnet_b0"):
        text = svg(network_picture(zoo(name)))
        lacking = [pattern for pattern in patterns(outline(zoo(name))) if any("+" in note for note in pattern.notes)]
        assert text.count('class="merge x"') == len(lacking) > 0
        assert len(re.findall(r'<path class="w"[^>]*data-from', text)) >= 2 * len(lacking)
        assert all(note.startswith(("dashed +:", "dashed drop path, +:")) for pattern in lacking for note in pattern.notes[:1])
    assert all("→" not in word for word in words(network_picture(zoo("efficientnet_b0"))))


def test_channels_are_told_where_they_vary_and_numbers_are_whole() -> None:
    found = words(network_picture(zoo("dpn68")))
    assert {"channels d", "channels e", "channels f", "64–79", "64–95 → 127"} <= set(found)
    assert "0.075–0.0875" in words(network_picture(zoo("efficientnet_b0")))


def test_a_shape_stands_wherever_a_section_ends_with_another() -> None:
    assert "1×1×512" in words(network_picture(zoo("fractalnet20")))


def test_parameters_are_those_that_papers_count() -> None:
    found = words(network_picture(zoo("resnext50_32x4d")))
    assert "25.0 M" in found
    assert any(word.startswith("25,028,904 parameters, batch norm has 68,224 statistics besides") for word in found)
