"""What a stranger changes with one line changes what it should, and nothing else."""

from __future__ import annotations

import pytest
from zoo_graphs import shipped

from archspec.graph.ir import Graph, Node
from archspec.graph.ops import Conv, Dropout, DropPath, Gate, Op, Scale
from archspec.network import load, lower
from archspec.spec.files import spec_names

NO_SE = ("alexnet", "cbam_", "cifar_densenet", "cifar_highway", "cifar_nin", "cifar_se_", "convmixer", "convnext",
         "darknet", "densenet", "eca_", "efficientnet", "ese_vovnet", "fractalnet", "ghostnet", "keras_densenet",
         "keras_mobilenet", "keras_nasnet", "mixer", "mnasnet", "mobilenet", "nasnet", "pnasnet", "rdnet", "regnet",
         "repvgg", "repvit", "resnet_rs", "se_", "senet", "shufflenet", "shvit", "squeezenet", "unet", "vit_", "vovnet",
         "xception", "zfnet")
"""How the names begin of specs that are neither residual, Inception nor VGG, or have a unit of attention."""
RATIO = 16


def graph(name: str, overrides: dict[str, object] | None = None) -> Graph:
    return lower(load(name, overrides)) if overrides else shipped(name)[1]


def of(graph: Graph, kind: type[Op]) -> list[Node]:
    return [node for node in graph.nodes if isinstance(node.op, kind)]


@pytest.mark.parametrize("name", [name for name in spec_names() if not name.startswith(NO_SE)])
def test_one_line_makes_its_se_form(name: str) -> None:
    before, after = graph(name), graph(name, {"parameters.se": RATIO})
    channels = [node.output.type.channels for node in of(after, Gate)]
    added = sum(node.parameters for node in after.predicting) - sum(node.parameters for node in before.predicting)
    assert channels
    assert added == sum(2 * c * (c // RATIO) + c // RATIO + c for c in channels)
    gates = {node.name for node in after.nodes} - {node.name for node in before.nodes}
    assert {(n.name, n.op) for n in after.nodes if n.name not in gates} == {(n.name, n.op) for n in before.nodes}


@pytest.mark.parametrize(("name", "gated"), [
    ("se_resnet50", "stage1_block2_conv3_norm"), ("se_resnet50_pre", "stage1_block1_add_act"),
    ("se_resnet50_post", "stage1_block2_add_act"), ("se_resnet50_identity", "stage1_block1_add_act"),
    ("se_vgg16", "stage1_block2_conv_act"), ("se_inception_v3", "inception_a_block2_concat"),
])
def test_what_se_multiplies(name: str, gated: str) -> None:
    assert of(graph(name), Gate)[1].inputs[0].name == gated


@pytest.mark.parametrize("ratio", [4, 8, 32])
def test_reduction_ratio(ratio: int) -> None:
    inside = [node for node in graph("se_resnet50", {"stages.se": ratio}).nodes if node.role == "gate" and node.weights]
    assert [node.output.type.channels for node in inside[:2]] == [256 // ratio, 256]


@pytest.mark.parametrize(("name", "key", "count"), [
    ("resnet50", "parameters.residual_scale", 16), ("cifar_preact_resnet164", "stages.residual_scale", 54),
    ("inception_resnet_v1", "parameters.residual_scale", 20), ("inception_resnet_v2", "parameters.residual_scale", 39),
])
def test_residual_scale(name: str, key: str, count: int) -> None:
    scales = of(graph(name, {key: 0.3}), Scale)
    assert [node.op for node in scales] == [Scale(0.3)] * count


def test_one_line_makes_every_cell_of_inception_resnet_wider() -> None:
    """But for the convolutions that lead back to a shortcut, and those of stem and head."""
    before, after = ({node.name: node.output.type.channels for node in of(graph("inception_resnet_v2", given), Conv)
                      if node.block and not node.name.endswith(f"block{node.block}_conv")}
                     for given in ({}, {"parameters.wider": 1.5}))
    assert len(before) == 7 + 10 * 6 + 4 + 20 * 4 + 7 + 10 * 4
    assert after == {name: width * 3 // 2 for name, width in before.items()}


@pytest.mark.parametrize("growth", [12, 48])
def test_growth(growth: int) -> None:
    changed = graph("densenet121", {"let.growth": growth})
    convs = {node.name: node.output.type.channels for node in of(changed, Conv)}
    assert convs["stem_conv"] == 2 * growth
    assert {convs[name] for name in convs if name.endswith("_conv1")} == {4 * growth}
    assert {convs[name] for name in convs if name.endswith("_conv2")} == {growth}


def test_compression_and_bottleneck() -> None:
    changed = graph("densenet121", {"parameters.compression": 1, "parameters.bottleneck": 2})
    convs = {node.name: node for node in of(changed, Conv)}
    transition = convs["stage2_between_transition_conv"]
    assert transition.output.type.channels == transition.types[0].channels == 64 + 6 * 32
    assert convs["stage1_block1_conv1"].output.type.channels == 2 * 32


@pytest.mark.parametrize(("name", "count"), [("densenet121", 2 * 58 + 3), ("cifar_densenet40_k12", 36 + 2),
                                             ("wrn_28_10", 12)])
def test_dropout(name: str, count: int) -> None:
    found = of(graph(name, {"parameters.dropout": 0.2}), Dropout)
    assert [node.op for node in found] == [Dropout(0.2)] * count
    assert of(graph(name), Dropout) == []


@pytest.mark.parametrize("name", ["resnet50", "resnext50_32x4d", "resnet50_v2", "inception_resnet_v1", "regnet_x_400mf",
                                  "darknet53", "convnext_tiny"])
def test_drop_path_can_grow_with_depth(name: str) -> None:
    rates = [node.op.rate for node in of(graph(name, {"parameters.drop_path": "$(0.5 * depth)"}), DropPath)
             if isinstance(node.op, DropPath)]
    assert rates == sorted(set(rates))
    assert rates[-1] == 0.5


def test_stochastic_depth_is_the_linear_rule() -> None:
    found = of(graph("cifar_resnet110_stochastic_depth"), DropPath)
    assert [node.op for node in found] == [DropPath(0.5 * block / 54) for block in range(1, 55)]
