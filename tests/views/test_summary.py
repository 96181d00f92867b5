"""Costs that can be checked by hand, and depths that papers give in a network's name."""

from __future__ import annotations

import pytest

from archspec import load, lower, summary
from archspec.spec.published import Rounded
from archspec.views.numbers import count, mebibytes, short
from archspec.views.published import Figure
from archspec.views.summary import receptive_fields


@pytest.mark.parametrize(("name", "depth"), [
    ("resnet18", 18), ("resnet34", 34), ("resnet50", 50), ("resnet152", 152), ("se_resnet50", 50), ("cifar_resnet1202", 1202),
    ("vgg16", 16), ("densenet121", 121), ("densenet201", 201), ("googlenet", 22), ("plain34", 34), ("alexnet", 8)])
def test_depth_is_what_the_name_says(name: str, depth: int) -> None:
    assert summary(lower(load(name))).depth == depth


def test_receptive_field_of_vgg16_before_its_head() -> None:
    """212 pixels: five groups of 3x3 convolutions and 2x2 pools (Araujo et al. 2019, Distill, table of VGG-16)."""
    rows = {row.name: row for row in summary(lower(load("vgg16"))).stages}
    assert rows["stage5"].reach == (212, 212)
    assert rows["head"].reach is None


def test_receptive_field_is_the_widest_path() -> None:
    graph = lower(load("resnet18"))
    fields = receptive_fields(graph)
    assert fields["stem_conv"] == (7, 7)
    assert fields["stem_max_pool"] == (11, 11)
    assert fields["stage1_block1_add"] == (11 + 2 * 2 * 4, 11 + 2 * 2 * 4)


def test_rows_sum_to_the_totals() -> None:
    result = summary(lower(load("googlenet")))
    assert sum(row.parameters for row in result.stages) == result.parameters.total
    assert sum(row.macs or 0 for row in result.stages) == result.macs


def test_activations_of_a_small_network_by_hand() -> None:
    """16x16 input; a convolution with 8 filters, norm and activation; 10 logits: four bytes each."""
    graph = lower(load("resnet20_digits", {"input": "16x16x1", "stages": None, "stem": [{"conv": "3x3 8"}]}))
    result = summary(graph, batch=2)
    assert result.memory.activations == 4 * (16 * 16 * 1 + 3 * 16 * 16 * 8 + 8 + 10)
    weights = 4 * result.parameters.total + 8 * result.parameters.trainable
    assert result.memory.training == weights + 2 * result.memory.activations


def test_numbers() -> None:
    assert (count(25557032), count(None)) == ("25,557,032", "?")
    assert (short(4089184256), short(40551040), short(999), short(None)) == ("4.09 G", "40.6 M", "999", "?")
    assert mebibytes(2**20) == "1.0 MiB"


def test_a_figure_is_compared_to_its_last_digit() -> None:
    assert Figure("macs", Rounded(4.089e9, 1e6), 4089184256).holds
    assert not Figure("macs", Rounded(4.088e9, 1e6), 4089184256).holds
    assert not Figure("params", Rounded(5, 1), None).holds
