"""Distinct differences are told once, with the repeats that they hold for."""

from __future__ import annotations

from pathlib import Path

import pytest
from compare.specs import cells, graph

from archspec.compare.alike import distinct, ranges
from archspec.compare.network import difference
from archspec.compare.report import Report, lines
from archspec.network import load, lower

HEADINGS = {
    ("resnet50", "se_resnet50"): ["bottleneck: first repeat of stage2, stage3, stage4 (shown: stage2); all other repeats: only what is marked +"],
    ("densenet121", "densenet169"): ["before stage4: "],
    ("resnet50", "wide_resnet50_2"): ["bottleneck: every repeat of stage1, stage2, stage3, stage4 (shown: first repeat of stage1)"],
}


@pytest.mark.parametrize("names", HEADINGS, ids=" ".join)
def test_each_distinct_difference_is_there_once(names: tuple[str, str]) -> None:
    found = distinct(difference(*(lower(load(name)) for name in names)))
    assert [f"{each.title}: {each.heading}" for each in found] == HEADINGS[names]


def test_widths_that_vary_by_stage_tell_no_differences_apart() -> None:
    """Sixteen kinds of blocks, of two kinds of stages: SiLU for ReLU6, a gate, and other numbers."""
    found = distinct(difference(lower(load("mobilenet_v2")), lower(load("efficientnet_b0"))))
    assert [each.title for each in found] == ["stem", "inverted_residual → mbconv", "head"]


def test_a_layer_is_a_line(tmp_path: Path) -> None:
    found = cells(tmp_path, "[conv: 3x3 8, conv: 1x1 8]", "[conv: {kernel: 3x3, filters: 16, act: silu}, dropout: 0.1, conv: 1x1 8]")
    said = [(line.status, line.name, line.a, line.b) for line in lines(distinct(found)[0])]
    assert said == [("≠", "conv1", "3×3 conv, 8", "3×3 conv, 16"), ("≠", "conv1_act", "relu", "silu"), ("+", "dropout", "", "dropout 0.1")]


def test_a_lack_is_told_with_norm_and_activation(tmp_path: Path) -> None:
    found = cells(tmp_path, "[conv: 3x3 8, conv: 1x1 8]", "[conv: 3x3 8]")
    assert [(line.status, line.a) for line in lines(distinct(found)[0])] == [("−", "1×1 conv, 8, batch norm, relu")]


def test_names_alone_are_no_difference_of_blocks(tmp_path: Path) -> None:
    found = difference(graph(tmp_path, "[conv: 3x3 8]", name="a"), graph(tmp_path, "[conv: {name: x, kernel: 3x3, filters: 8}]", name="b"))
    assert distinct(found) == []
    assert not found.equal
    assert dict(Report(found).renamed)["stage1_block1_conv"] == "stage1_block1_x"


@pytest.mark.parametrize(("numbers", "said"), [([1], "1"), ([1, 2, 3], "1–3"), ([2, 4, 5, 9], "2, 4–5, 9")])
def test_numbers_in_a_row_are_a_range(numbers: list[int], said: str) -> None:
    assert ranges(numbers) == said
