"""What names and shapes cannot show: each mapping tells a network of another form, and how to mend it."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.errors import InputError
from archspec.network import load, lower
from archspec.weights.form import Form, differences
from archspec.weights.library import shipped_mappings, stage_blocks
from archspec.weights.load import refuse_form
from archspec.weights.match import Plan
from archspec.weights.tensors import WeightsFile

PADDING = "padding of convolutions with a stride: symmetric there, same here"
TENSORFLOW = "padding of convolutions with a stride: same there, symmetric here"
EPSILON = "epsilon of norms: 1e-05 there, 0.001 here"
V15 = "stride of a unit: in its convolution 2 there, in 1 here"
CAFFE = "max pools with a stride: valid ceil there, symmetric here"
STEM = "stem=[{conv: 7x7 64 /2}, {max_pool: 3x3 /2 valid ceil}]"
SYMMETRIC = ("defaults.padding=symmetric", "defaults.norm.epsilon=1e-05")


@pytest.mark.parametrize(("name", "mapping", "said", "overrides"), [
    ("resnet50", "resnet_torchvision", [], ()),
    ("resnet50_v1", "resnet_torchvision", [V15], ("stages.stride_at=2",)),
    ("resnet50", "resnet_pytorchcv", ["stride of a unit: in its convolution 1 there, in 2 here"], ("stages.stride_at=1",)),
    ("resnext50_32x4d", "resnet_pytorchcv", [], ()),
    ("resnet18", "resnet_torchvision", [], ()),
    ("keras_resnet50", "resnet_keras", [], ()),
    ("keras_resnet50v2", "resnet_v2_keras", [], ()),
    ("keras_densenet121", "densenet_torchvision", ["epsilon of norms: 1e-05 there, 1.001e-05 here"],
     ("defaults.norm.epsilon=1e-05",)),
    ("se_resnet50", "senet_timm", [CAFFE], (STEM,)),
    ("se_resnext50_32x4d", "senet_timm", [CAFFE], (STEM,)),
    ("senet154", "senet_timm", [CAFFE],
     ("stem=[{conv: 3x3 64 /2}, {conv: 3x3 64}, {conv: 3x3 128}, {max_pool: 3x3 /2 valid ceil}]",)),
    ("se_resnet50", "resnet_timm", [V15], ("stages.stride_at=2",)),
    ("se_resnext50_32x4d", "resnet_timm", [], ()),
    ("sk_resnet50", "sknet_pytorchcv", [], ()),
    ("resnetv2_50", "resnet_v2_bit_timm",
     ["kernels of convolutions: standardised with 1e-08 there, standardised with 1e-06 here"], ("defaults.conv.standardize=1e-08",)),
    ("darknet53", "darknet_timm", ["activation: leaky_relu 0.01 there, leaky_relu 0.1 here"],
     ("defaults.act={kind: leaky_relu, slope: 0.01}",)),
    ("darknet53", "darknet_pytorchcv", [], ()),
    ("efficientnet_b0", "efficientnet_timm", [PADDING, EPSILON], SYMMETRIC),
    ("efficientnet_b0", "efficientnet_timm-tf", [], ()),
    ("efficientnet_b0", "efficientnet_torchvision", [PADDING, EPSILON], SYMMETRIC),
    ("efficientnet_b0", "efficientnet_keras", [], ()),
    ("mobilenet_v3_large", "mobilenet_v3_torchvision", [PADDING], SYMMETRIC[:1]),
    ("mobilenet_v3_large", "mobilenet_v3_timm", [PADDING, EPSILON], SYMMETRIC),
    ("mobilenet_v3_large", "mobilenet_v3_timm-tf", [], ()),
    ("mobilenet_v2_torchvision", "mobilenet_v2_timm", [], ()),
    ("mobilenet_v2_torchvision", "mobilenet_v2_keras", [TENSORFLOW, "epsilon of norms: 0.001 there, 1e-05 here"],
     ("defaults.padding=same", "defaults.norm.epsilon=0.001")),
    ("mobilenet_v1", "mobilenet_v1_timm", [PADDING, "activation: relu6 there, relu here"],
     ("defaults.padding=symmetric", "defaults.act=relu6")),
    ("xception", "xception_timm", ["max pools with a stride: symmetric there, same here", EPSILON], SYMMETRIC),
    ("wrn_28_10", "resnet_preact_pytorchcv", [], ()),
    ("cifar_preact_resnet110_b", "resnet_preact_pytorchcv", ["identity shortcuts: what came in there, its activation here"],
     ("stages.activate=true", "stem=[{conv: 3x3 16 bare}]")),
    ("cifar_nin", "nin_pytorchcv", ["max pools with a stride: symmetric there, valid ceil here"], ("defaults.padding=symmetric",)),
])
def test_differences(name: str, mapping: str, said: list[str], overrides: tuple[str, ...]) -> None:
    form = next(each.form for each in shipped_mappings().values() if each.name == mapping)
    found = differences(form, lower(load(name)))
    assert [each.text for each in found] == said
    assert tuple(override for each in found for override in each.overrides) == overrides
    if name != "cifar_nin":  # its pools say their padding themselves
        assert differences(form, lower(load(name, overrides))) == []


def test_a_network_may_have_two_paddings() -> None:
    form = Form(padding="same and valid")
    assert differences(form, lower(load("nasnet_mobile"))) == []
    [found] = differences(form, lower(load("resnet18")))
    assert found.text == "padding of convolutions with a stride: same and valid there, symmetric here"
    assert found.overrides == ("defaults.padding=same",)


def test_a_stem_written_anew_is_the_same_but_for_its_pool() -> None:
    graphs = [lower(load("senet154", more)) for more in ((), ("stem=[{conv: 3x3 64 /2}, {conv: 3x3 64}, {conv: 3x3 128}, "
                                                              "{max_pool: 3x3 /2 valid ceil}]",))]
    different = [a.name for a, b in zip(graphs[0].nodes, graphs[1].nodes, strict=True) if a.op != b.op]
    assert different == ["stem_max_pool"]


def test_gates_that_a_form_does_not_know_are_no_difference() -> None:
    graph = lower(load("keras_resnet50", ["stages.se=16"]))
    assert differences(Form(act=("relu",)), graph) == []
    assert [each.text for each in differences(Form(act=("relu", "hard_sigmoid")), graph)] == [
        "activation: hard_sigmoid and relu there, relu and sigmoid here"]


def test_kernels_that_are_standardised_are_told_from_those_that_are_not() -> None:
    plain, standard = (lower(load("resnet18", more)) for more in ((), ["defaults.conv.standardize=true"]))
    torchvision = next(each.form for each in shipped_mappings().values() if each.name == "resnet_torchvision")
    there, = differences(torchvision, standard)
    assert (there.text, there.overrides) == ("kernels of convolutions: as they are there, standardised with 1e-06 here",
                                             ("defaults.conv.standardize=false",))
    assert [each.text for each in differences(Form(standardize=True), plain)] == [
        "kernels of convolutions: standardised with 1e-06 there, as they are here"]
    assert differences(Form(standardize=True), standard) == []


def test_a_form_that_says_nothing_finds_nothing() -> None:
    assert differences(Form(), lower(load("efficientnet_b0"))) == []


def tried(mapping: str, name: str) -> str:
    """What is said of a network whose names and shapes fit."""
    graph = lower(load(name))
    found = Plan(WeightsFile(Path("a.pth"), "torch", {}), next(each for each in shipped_mappings().values() if each.name == mapping), (), (), (), {})
    with pytest.raises(InputError) as error:
        refuse_form(found, graph, lambda more: lower(load(name, more)))
    return str(error.value)


def test_the_message_names_overrides_that_were_tried(few_ship: None) -> None:
    assert tried("resnet_torchvision", "resnet50_v1") == (
        "a.pth fits resnet50_v1 by the mapping resnet_torchvision, but would give other numbers:\n"
        f"  {V15}\n"
        "  hint: --set stages.stride_at=2 makes it the network of the weights; --as-is (train.init.as_is) takes the weights all the same")
    assert tried("senet_timm", "se_resnet50").endswith(
        f"\n  hint: --set '{STEM}' makes it the network of the weights; --as-is (train.init.as_is) takes the weights all the same")
    assert tried("efficientnet_timm", "efficientnet_b0").endswith(
        "; weights that timm calls tf_ are of the layout timm-tf")


def test_where_no_override_mends_it(few_ship: None) -> None:
    assert tried("nin_pytorchcv", "cifar_nin").endswith(
        "\n  hint: no --set mends it; --as-is (train.init.as_is) takes the weights all the same")


OF_EACH_KIND = ("alexnet", "resnet50", "resnet50_v1", "resnet50_v2", "resnet50d", "keras_resnet50", "se_resnet50", "senet154",
                "resnext50_32x4d", "cifar_resnet164", "cifar_preact_resnet20", "cifar_nin", "densenet121", "keras_densenet121",
                "mobilenet_v1", "mobilenet_v2", "mobilenet_v2_torchvision", "keras_mobilenet", "mobilenet_v3_large",
                "efficientnet_b0", "regnet_x_400mf", "xception", "darknet53", "bn_inception", "vgg16_bn", "googlenet_torchvision")
SAYS_ITSELF = {("nin_pytorchcv", "cifar_nin"), ("alexnet_torchvision", "alexnet"), ("resnet_v2_keras", "resnet50_v2")}
"""Pairs whose paddings are written where they act, so that no override changes them."""


@pytest.mark.slow
def test_every_override_mends_what_it_is_for() -> None:
    left = set()
    for name in OF_EACH_KIND:
        spec = load(name)
        graph = lower(spec)
        layers = {node.name for node in graph.predicting if node.weights}
        for mapping in shipped_mappings().values():
            if mapping.serves(stage_blocks(spec)) and layers <= {layer for layer, _ in mapping.names(graph)}:
                found = [override for each in differences(mapping.form, graph) for override in each.overrides]
                if found and not mends(mapping.form, name, found):
                    left.add((mapping.name, name))
    assert left == SAYS_ITSELF


def mends(form: Form, name: str, overrides: list[str]) -> bool:
    try:
        return not differences(form, lower(load(name, overrides)))
    except InputError:
        return False
