"""Networks that need values with names, written as the page of the language has it, with their published counts."""

from __future__ import annotations

from pathlib import Path

import pytest

import archspec
from archspec.io.places import shipped

FOLDER = Path(__file__).parent / "networks"


def lines(text: str) -> int:
    return len([line for line in text.splitlines() if line.strip()])


def test_networks_of_several_values_are_short() -> None:
    """Their counts are compared with the published ones as those of all specs are."""
    assert lines((shipped() / "hrnet_w18.yaml").read_text(encoding="utf-8")) < 45
    cells = (shipped() / "blocks" / "nasnet.yaml").read_text(encoding="utf-8")
    assert lines(cells[cells.index("  nasnet_normal:"):cells.index("  nasnet_reduction:")]) < 25


def test_the_normal_cell_of_nasnet_in_under_25_lines() -> None:
    """Its weights by the paper's Figure 4: two squeezes, and five separable convolutions that are applied twice each."""
    text = (FOLDER / "nasnet_cell.yaml").read_text(encoding="utf-8")
    assert lines(text[text.index("blocks:"):text.index("stages:")]) < 25
    graph = archspec.lower(archspec.load(str(FOLDER / "nasnet_cell.yaml")))
    found = {block: sum(node.parameters for node in graph.nodes if node.block == block) for block in (1, 2)}
    width, norm = 44, 4 * 44
    cell = sum(2 * (kernel ** 2 * width + width ** 2 + norm) for kernel in (5, 5, 3, 3, 3))
    assert found == {1: cell + 2 * (32 * width + norm), 2: cell + (32 + 6 * width) * width + 2 * norm}
    assert [value.name for value in graph.node("stage1_block2_act2").inputs] == ["images"]


@pytest.mark.parametrize(("layer", "shape"), [("head_upsample1", "15x15x256"), ("head_upsample2", "29x29x256"), ("head_concat", "768")])
def test_a_feature_pyramid_over_maps_that_no_factor_leads_between(layer: str, shape: str) -> None:
    assert str(archspec.lower(archspec.load(str(FOLDER / "fpn.yaml"))).node(layer).output.type) == shape
