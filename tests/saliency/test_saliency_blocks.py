"""Which maps and blocks of a network are meant, of what kind it may be."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import archspec
from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.graph.passes.inference import predicting
from archspec.saliency.blocks import blocks, last_map, map_called, stage_maps

Lower = Callable[..., Graph]
SPECS = {"resnet20_digits": "stage3_block3_add_act", "cifar_preact_resnet20": "head_act", "vgg11": "stage5_after_max_pool", "googlenet": "inception5b_block1_concat",
         "densenet121": "head_act", "mobilenet_v3_small": "head_conv_act", "squeezenet1_1": "head_conv_act", "vit_small_gap": "stage1_block12_mlp_add",
         "mixer_small": "head_norm", "hrnet_w18": "head_conv4_act"}


@pytest.fixture
def net(lower: Lower) -> Lower:
    """The predicting graph of a text."""
    return lambda text: predicting(lower(text))


@pytest.mark.parametrize("name", SPECS)
def test_the_last_map_is_that_before_the_pool_of_the_head(name: str) -> None:
    graph = predicting(archspec.lower(archspec.load(name)))
    assert last_map(graph) == SPECS[name]
    found = blocks(graph)
    assert all(block.results and block.added for block in found)
    assert len({block.name for block in found}) == len(found)
    stages = [stage for stage in graph.sections if stage != "head" and any(node.section == stage for node in graph.nodes)]
    assert list(stage_maps(graph)) == stages
    assert {block.stage for block in found} == set(stages)


def test_what_a_block_adds_is_told_from_what_passes_it() -> None:
    def of(name: str) -> dict[str, tuple[tuple[str, ...], tuple[str, ...]]]:
        return {block.name: (block.results, block.added) for block in blocks(predicting(archspec.lower(archspec.load(name))))}
    residual = of("resnet20_digits")
    assert residual["stage2_block1"] == (("stage2_block1_add_act",), ("stage2_block1_conv2_norm",))  # its shortcut is a projection
    assert residual["stage1_block2"] == (("stage1_block2_add_act",), ("stage1_block2_conv2_norm",))
    assert residual["stem"] == (("stem_conv_act",),) * 2
    assert of("densenet121")["stage1_block2"] == (("stage1_block2_concat",), ("stage1_block2_conv2",))
    assert of("vgg11")["stage5 (rest)"] == (("stage5_after_max_pool",),) * 2
    assert of("mobilenet_v2")["stage2_block1"][0] == of("mobilenet_v2")["stage2_block1"][1]  # the first of a stage has no shortcut
    aggregated = of("resnext50_32x4d_aggregated")["stage1_block2"]
    assert len(aggregated[1]) == 1  # the sum of 32 paths, not 32 numbers


def test_a_map_is_meant_by_the_name_of_a_layer_a_block_or_a_stage() -> None:
    graph = predicting(archspec.lower(archspec.load("resnet20_digits")))
    assert map_called(graph, "stage2_block1_conv1") == "stage2_block1_conv1"
    assert map_called(graph, "stage2_block1") == "stage2_block1_add_act"
    assert map_called(graph, "stage2") == "stage2_block3_add_act"
    preact = predicting(archspec.lower(archspec.load("cifar_preact_resnet20")))
    assert map_called(preact, "head") == "head_act"


@pytest.mark.parametrize(("name", "said"), [
    ("stage2_blok1", "did you mean 'stage2_block1'"), ("head_dense", "it gives 10, which is no map"), ("images", "which is no map"),
    ("zzz", "archspec summary --layers SPEC names all"),
])
def test_other_names_are_refused(name: str, said: str) -> None:
    graph = predicting(archspec.lower(archspec.load("resnet20_digits")))
    with pytest.raises(InputError, match=said):
        map_called(graph, name)


def test_a_network_without_a_map_that_lies_as_the_image_is_refused(net: Lower) -> None:
    with pytest.raises(InputError, match="makes no map of an image"):
        last_map(net("stem: [flatten, dense: 16]\nhead: [dense: $classes]\n"))
    with pytest.raises(InputError, match=r"its last map, .*, is 1x1024x8, and its places do not lie(.|\n)*hint: --at stem_conv"):
        last_map(net("stem: [conv: 3x3 8, reshape: [1, 1024, 8]]\nhead: [global_avg_pool, dense: $classes]\n"))
    with pytest.raises(InputError, match="--method occlusion needs no map"):
        last_map(net("stem: [reshape: [1, 1024, 8], conv: 1x1 8]\nhead: [global_avg_pool, dense: $classes]\n"))
