"""Mappings: the names that torchvision and timm publish, written out here a second time, find every layer."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from zoo_graphs import shipped

from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.graph.ops import Activation, BatchNorm, LayerNorm
from archspec.network import load, lower
from archspec.spec.files import spec_names as specs
from archspec.weights import form
from archspec.weights.library import candidates, shipped_mappings, stage_blocks
from archspec.weights.load import Wanted, planned, refuse
from archspec.weights.mapping import LayoutMapping, read_mapping
from archspec.weights.match import Plan, plan
from archspec.weights.patterns import pattern, render
from archspec.weights.tensors import Stored, WeightsFile

Shapes = dict[str, tuple[int, ...]]


# -- patterns ----------------------------------------------------------------------------------------------------------

WORDS = {"unit": {"": "conv", "_norm": "bn"}, "cell": {"1": "a", "12": "b"}}


@pytest.mark.parametrize(("text", "name", "holes"), [
    ("stage{s}_block{b}_conv{i}", "stage3_block12_conv1", {"s": 3, "b": 12, "i": 1}),
    ("stage{s}_block{b}_conv{i}", "stage3_block12_conv1_norm", None),
    ("stem_conv{unit}", "stem_conv", {"unit": "conv"}),
    ("stem_conv{unit}", "stem_conv_norm", {"unit": "bn"}),
    ("cell{cell}_{unit}", "cell12_", {"cell": "b", "unit": "conv"}),
    ("b{s}.b{s}-{b}", "b2.b2-0", {"s": 2, "b": 0}),
    ("b{s}.b{s}-{b}", "b2.b3-0", None),
    ("*_conv{i}", "any_thing_conv2", {"i": 2}),
    ("a.{rest*}", "a.01", {"rest": "01"}),
    ("a.b", "axb", None),
])
def test_patterns(text: str, name: str, holes: dict[str, object] | None) -> None:
    assert pattern(text, WORDS).match(name) == holes


def test_templates() -> None:
    assert render("layer{s}.{b - 1}.{unit}{2 * i}", {"s": 1, "b": 3, "unit": "bn", "i": 2}) == "layer1.2.bn4"
    with pytest.raises(ValueError, match=r"\{c\}: the name 'c' is not defined here"):
        render("layer{c}", {"s": 1})


def test_a_hole_is_a_name() -> None:
    with pytest.raises(ValueError, match=r"\{b - 1\} is no name"):
        pattern("stage{b - 1}", {})


# -- published names, by hand ------------------------------------------------------------------------------------------

def conv(name: str, out: int, into: int, *kernel: int, bias: bool = False) -> Shapes:
    return {f"{name}.weight": (out, into, *kernel), **({f"{name}.bias": (out,)} if bias else {})}


def norm(name: str, channels: int) -> Shapes:
    fields = ("weight", "bias", "running_mean", "running_var")
    return {**{f"{name}.{field}": (channels,) for field in fields}, f"{name}.num_batches_tracked": ()}


def dense(name: str, out: int, into: int) -> Shapes:
    return {f"{name}.weight": (out, into), f"{name}.bias": (out,)}


def resnet(repeats: tuple[int, ...], groups: int = 1, base: int = 64, stem: str = "", head: str = "fc") -> Shapes:
    """torchvision's bottleneck networks; with `stem` "layer0." and `head` "last_linear" those of timm's senet.py."""
    found = conv(f"{stem}conv1", 64, 3, 7, 7) | norm(f"{stem}bn1", 64)
    into = 64
    for stage, (count, width) in enumerate(zip(repeats, (64, 128, 256, 512), strict=True), start=1):
        inner, out = width * base // 64 * groups, 4 * width
        for block in range(count):
            at = f"layer{stage}.{block}"
            found |= conv(f"{at}.conv1", inner, into, 1, 1) | norm(f"{at}.bn1", inner)
            found |= conv(f"{at}.conv2", inner, inner // groups, 3, 3) | norm(f"{at}.bn2", inner)
            found |= conv(f"{at}.conv3", out, inner, 1, 1) | norm(f"{at}.bn3", out)
            if block == 0:
                found |= conv(f"{at}.downsample.0", out, into, 1, 1) | norm(f"{at}.downsample.1", out)
            into = out
    return found | dense(head, 1000, 2048)


def se(shapes: Shapes, name: str) -> Shapes:
    """The same with a gate at the end of each block: 1x1 convolutions."""
    found = dict(shapes)
    for key, shape in shapes.items():
        if key.endswith("conv3.weight"):
            at, out = f"{key.removesuffix('.conv3.weight')}.{name}", shape[0]
            found |= conv(f"{at}.fc1", out // 16, out, 1, 1, bias=True) | conv(f"{at}.fc2", out, out // 16, 1, 1, bias=True)
    return found


def vgg(normed: bool, timm: bool = False) -> Shapes:
    """VGG-16: features.N counts convolutions, norms, activations and pools."""
    found: Shapes = {}
    index, into = 0, 3
    for width, count in ((64, 2), (128, 2), (256, 3), (512, 3), (512, 3)):
        for _ in range(count):
            found |= conv(f"features.{index}", width, into, 3, 3, bias=True)
            found |= norm(f"features.{index + 1}", width) if normed else {}
            index, into = index + 2 + normed, width
        index += 1
    if timm:
        return (found | conv("pre_logits.fc1", 4096, 512, 7, 7, bias=True) | conv("pre_logits.fc2", 4096, 4096, 1, 1, bias=True)
                | dense("head.fc", 1000, 4096))
    return found | dense("classifier.0", 4096, 25088) | dense("classifier.3", 4096, 4096) | dense("classifier.6", 1000, 4096)


def densenet121(old: bool = False) -> Shapes:
    dot = "." if old else ""
    found, channels = conv("features.conv0", 64, 3, 7, 7) | norm("features.norm0", 64), 64
    for stage, count in enumerate((6, 12, 24, 16), start=1):
        for layer in range(1, count + 1):
            at = f"features.denseblock{stage}.denselayer{layer}"
            found |= norm(f"{at}.norm{dot}1", channels) | conv(f"{at}.conv{dot}1", 128, channels, 1, 1)
            found |= norm(f"{at}.norm{dot}2", 128) | conv(f"{at}.conv{dot}2", 32, 128, 3, 3)
            channels += 32
        if stage < 4:
            at = f"features.transition{stage}"
            found |= norm(f"{at}.norm", channels) | conv(f"{at}.conv", channels // 2, channels, 1, 1)
            channels //= 2
    return found | norm("features.norm5", channels) | dense("classifier", 1000, channels)


def mobilenet_v2() -> Shapes:
    found = conv("features.0.0", 32, 3, 3, 3) | norm("features.0.1", 32)
    into, index = 32, 1
    for factor, out, count in ((1, 16, 1), (6, 24, 2), (6, 32, 3), (6, 64, 4), (6, 96, 3), (6, 160, 3), (6, 320, 1)):
        for _ in range(count):
            at, inner, first = f"features.{index}.conv", into * factor, int(factor > 1)
            if first:
                found |= conv(f"{at}.0.0", inner, into, 1, 1) | norm(f"{at}.0.1", inner)
            found |= conv(f"{at}.{first}.0", inner, 1, 3, 3) | norm(f"{at}.{first}.1", inner)
            found |= conv(f"{at}.{first + 1}", out, inner, 1, 1) | norm(f"{at}.{first + 2}", out)
            into, index = out, index + 1
    return found | conv("features.18.0", 1280, 320, 1, 1) | norm("features.18.1", 1280) | dense("classifier.1", 1000, 1280)


def googlenet() -> Shapes:
    """With batch norm, 3x3 where the paper has 5x5, and the auxiliary classifiers."""
    def unit(name: str, out: int, into: int, kernel: int = 1) -> Shapes:
        return conv(f"{name}.conv", out, into, kernel, kernel) | norm(f"{name}.bn", out)

    found = unit("conv1", 64, 3, 7) | unit("conv2", 64, 64) | unit("conv3", 192, 64, 3)
    cells = {"3a": (192, 64, 96, 128, 16, 32, 32), "3b": (256, 128, 128, 192, 32, 96, 64),
             "4a": (480, 192, 96, 208, 16, 48, 64), "4b": (512, 160, 112, 224, 24, 64, 64),
             "4c": (512, 128, 128, 256, 24, 64, 64),
             "4d": (512, 112, 144, 288, 32, 64, 64), "4e": (528, 256, 160, 320, 32, 128, 128),
             "5a": (832, 256, 160, 320, 32, 128, 128), "5b": (832, 384, 192, 384, 48, 128, 128)}
    for cell, (into, one, reduce3, three, reduce5, five, pool) in cells.items():
        at = f"inception{cell}"
        found |= unit(f"{at}.branch1", one, into) | unit(f"{at}.branch2.0", reduce3, into)
        found |= unit(f"{at}.branch2.1", three, reduce3, 3) | unit(f"{at}.branch3.0", reduce5, into)
        found |= unit(f"{at}.branch3.1", five, reduce5, 3) | unit(f"{at}.branch4.1", pool, into)
    for name, into in (("aux1", 512), ("aux2", 528)):
        found |= unit(f"{name}.conv", 128, into) | dense(f"{name}.fc1", 1024, 2048) | dense(f"{name}.fc2", 1000, 1024)
    return found | dense("fc", 1000, 1024)


PUBLISHED = {
    "resnet50-torchvision": ("resnet50", resnet((3, 4, 6, 3))),
    "resnet101-timm": ("resnet101", resnet((3, 4, 23, 3))),
    "resnext50-torchvision": ("resnext50_32x4d", resnet((3, 4, 6, 3), 32, 4)),
    "wide_resnet50-torchvision": ("wide_resnet50_2", resnet((3, 4, 6, 3), 1, 128)),
    "seresnet50-timm": ("se_resnet50", se(resnet((3, 4, 6, 3)), "se")),
    "legacy_seresnext50-timm": ("se_resnext50_32x4d",
                                se(resnet((3, 4, 6, 3), 32, 4, "layer0.", "last_linear"), "se_module")),
    "vgg16-torchvision": ("vgg16", vgg(False)),
    "vgg16_bn-torchvision": ("vgg16_bn", vgg(True)),
    "vgg16_bn-timm": ("vgg16_bn", vgg(True, timm=True)),
    "densenet121-torchvision": ("densenet121", densenet121()),
    "densenet121-2017-torchvision": ("densenet121", densenet121(old=True)),
    "mobilenet_v2-torchvision": ("mobilenet_v2_torchvision", mobilenet_v2()),
    "googlenet-torchvision": ("googlenet_torchvision", googlenet()),
}


def file_of(shapes: Shapes) -> WeightsFile:
    """A file with these tensors, none of which may be read."""
    def unread() -> np.ndarray:
        raise AssertionError("a plan is made of names and shapes alone")
    return WeightsFile(Path("a.pth"), "torch", {name: Stored(shape, unread) for name, shape in shapes.items()})


def best(graph: Graph, blocks: tuple[str, ...], file: WeightsFile, layout: str, new_head: bool = False) -> Plan:
    return min((plan(graph, file, each, auxiliary=False, new_head=new_head) for each in candidates(layout, graph, blocks)),
               key=lambda each: each.misses)


@pytest.mark.parametrize("case", PUBLISHED)
def test_published_names(case: str) -> None:
    name, shapes = PUBLISHED[case]
    spec = load(name)
    graph = lower(spec)
    found = best(graph, stage_blocks(spec), file_of(shapes), case.rpartition("-")[2])
    assert (found.missing, found.misfits, dict(found.unexpected)) == ((), (), {})
    counted = sum(weight.size for node in graph.predicting for weight in node.weights)
    assert sum(int(np.prod(match.stored.shape)) for match in found.matched) == counted


# -- the shipped mappings ----------------------------------------------------------------------------------------------

SMALL = "mobilenet_v3_small"
OTHERS = {"mobilenet_v3_small_timm": (SMALL,), "mobilenet_v3_small_timm-tf": (SMALL,),
          "resnet_v2_timm": ("resnet50_v2", "stages.activate=true", "stem=[{conv: 7x7 64 /2 bare}, {max_pool: 3x3 /2}]")}
"""Mappings that name every layer of no shipped spec as it is, and what they are for."""


@pytest.fixture(scope="module")
def served() -> dict[str, list[tuple[str, Graph]]]:
    """For each mapping the specs in which it names every layer."""
    found: dict[str, list[tuple[str, Graph]]] = {mapping.name: [] for mapping in shipped_mappings().values()}
    wanted = [*((name,) for name in specs()), *OTHERS.values()]
    for name, *more in dict.fromkeys(wanted):
        spec, graph = shipped(name, *more)
        layers = {node.name for node in graph.predicting if node.weights}
        for mapping in shipped_mappings().values():
            if mapping.serves(stage_blocks(spec)) and layers <= {layer for layer, _ in mapping.names(graph)}:
                found[mapping.name].append((spec.name, graph))
    return found


@pytest.mark.parametrize("name", [mapping.name for mapping in shipped_mappings().values()])
def test_every_mapping_names_every_layer_of_a_spec(name: str, served: dict[str, list[tuple[str, Graph]]]) -> None:
    assert served[name]


NEEDED = {
    "padding": lambda graph: any(True for _ in form._strided(graph)),
    "pool": lambda graph: any(form._overlaps(node) for node in graph.predicting),
    "epsilon": lambda graph: any(isinstance(node.op, BatchNorm | LayerNorm) for node in graph.predicting),
    "act": lambda graph: any(isinstance(node.op, Activation) for node in graph.predicting),
    "stride_at": lambda graph: any(True for _ in form._places(graph)),
}
"""What a mapping has to say of a network's form, by what the network has."""


@pytest.mark.parametrize("mapping", shipped_mappings().values(), ids=lambda mapping: mapping.name)
def test_every_mapping_states_all_that_decides_the_numbers(
        mapping: LayoutMapping, served: dict[str, list[tuple[str, Graph]]]) -> None:
    lacking = [(name, key) for name, graph in served[mapping.name] for key, needed in NEEDED.items()
               if needed(graph) and not getattr(mapping.form, key)]
    assert lacking == []


@pytest.mark.parametrize("mapping", shipped_mappings().values(), ids=lambda mapping: mapping.name)
def test_every_mapping_says_what_input_its_weights_expect(mapping: object) -> None:
    assert getattr(mapping, "input", "").startswith(("RGB", "BGR"))


@pytest.mark.parametrize("mapping", shipped_mappings().values(), ids=lambda mapping: mapping.name)
def test_what_a_mapping_says_of_the_input_can_be_written_so(mapping: LayoutMapping, tmp_path: Path) -> None:
    if said := re.search(r"train: \{.*\}", mapping.input):
        (tmp_path / "net.yaml").write_text(f"extends: resnet18\n{said[0]}\n", encoding="utf-8")
        assert load(str(tmp_path / "net.yaml")).train.preprocess.mean
    assert ("train:" in mapping.input) == bool(said)


def test_a_name_that_a_rule_does_not_know(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("format: torch\nblocks: [bottleneck]\nlayers: {stem_conv: 'conv{s}'}\n")
    with pytest.raises(InputError, match=r"the mapping a: conv\{s\}: \{s\}: the name 's' is not defined here"):
        read_mapping(tmp_path / "a.yaml").names(lower(load("resnet50")))


def test_no_name_stands_for_two_layers(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("format: torch\nblocks: [bottleneck]\n"
                                     "layers: {'stage{s}_block{b}_conv{i}': 'layer{s}.conv{i}'}\n")
    with pytest.raises(InputError, match=r"gives layer1\.conv1\.weight to stage1_block1_conv1 and to stage1_block2_conv1"):
        read_mapping(tmp_path / "a.yaml").names(lower(load("resnet50")))


# -- mistakes ----------------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("layout", "blocks", "message"), [
    ("torchvison", ("bottleneck",), "there is no layout 'torchvison': .*\n  hint: did you mean 'torchvision'"),
    ("torchvision", ("inception_a",), "no mapping of the layout torchvision serves a network of the blocks inception_a\n"
                                      "  hint: --layout timm has one"),
    ("torchvision", ("highway_conv",), "no mapping of the layout torchvision serves a network of the blocks highway_conv\n"
                                       "  hint: torchvision has mappings for alexnet, .*; --layout FILE.yaml names your own"),
    ("pytorchcv", (), "a network without stages\n  hint: --layout torchvision has one"),
])
def test_layouts_that_do_not_serve(layout: str, blocks: tuple[str, ...], message: str) -> None:
    with pytest.raises(InputError, match=message):
        candidates(layout, lower(load("cifar_highway19")), blocks)


@pytest.mark.parametrize(("text", "message"), [
    ("blocks: []", "format is missing: keras or torch"),
    ("format: tensorflow", r"a.yaml:1:9: the mapping.format needs one of keras torch, this is the text 'tensorflow'"),
    ("format: torch\nlayer: {}", "a.yaml:2:1: the mapping has no key 'layer'\n.*\n.*\n  hint: did you mean 'layers'?"),
    ("format: torch\nlayers: {a: [b]}", "a.yaml:2:13: the mapping.layers.a needs a name in the file, this is a list"),
    ("format: torch\nwords: {a: b}", "a.yaml:2:12: the mapping.words.a is a mapping of names, this is the text 'b'"),
    ("format: torch\nlayers: {'stage{1}': a}", r"\{1\} is no name"),
    ("format: torch\nlike: a", "like each other in a circle"),
    ("like: resnet_torchvison", "like: there is no mapping 'resnet_torchvison' beside it or among those that ship with archspec\n"
                                "  hint: did you mean 'resnet_torchvision'"),
    ("like: ../a", "like: there is no mapping '../a' beside it"),
])
def test_mistakes_in_a_mapping(text: str, message: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text)
    with pytest.raises(InputError, match=message):
        read_mapping(tmp_path / "a.yaml")


def refusals() -> Iterator[tuple[str, Shapes, Wanted, str]]:
    full, wanted = resnet((3, 4, 6, 3)), Wanted("torchvision")
    ten = {**full, **dense("fc", 10, 2048)}
    bare = {name: shape for name, shape in full.items() if not name.startswith("fc.")}
    yield "deeper", resnet((3, 4, 23, 3)), wanted, (r"255 unexpected tensors\n  hint: the network of these weights ships as resnet101 and "
                                                         "resnext101_1x64d; --partial .train.init.partial. takes what is there")
    yield "shallower", resnet((3, 4, 3, 3)), wanted, r"missing tensors\n  hint: --partial"
    yield "classes", ten, wanted, r"fc.weight is \[10, 2048\], head_dense needs .*\n  hint: the classes differ: --new-head"
    yield "headless", bare, wanted, r"2 missing tensors\n  hint: the file has no classifier: --new-head"
    yield "wider", resnet((3, 4, 6, 3), 1, 128), Wanted("torchvision", partial=True), "hint: the network of these weights ships as wide_resnet50_2$"
    yield "narrower", resnet((3, 4, 6, 3), 1, 48), wanted, "hint: the network differs in width or depth: is this the spec"
    yield "another", densenet121(), Wanted("torchvision", partial=True), (
        "no tensor of the file belongs to it\n  hint: the network of these weights ships as densenet121$")


@pytest.mark.parametrize(("shapes", "wanted", "message"), [pytest.param(*case[1:], id=case[0]) for case in refusals()])
def test_what_is_refused(shapes: Shapes, wanted: Wanted, message: str, few_ship: None) -> None:
    graph = lower(load("resnet50"))
    found = best(graph, ("bottleneck",), file_of(shapes), "torchvision")
    with pytest.raises(InputError, match=message):
        refuse(found, graph, wanted)


@pytest.mark.parametrize("head", [{}, dense("fc", 10, 2048), dense("fc", 1000, 2048)])
def test_a_new_head_needs_none_in_the_file(head: Shapes) -> None:
    shapes = {name: shape for name, shape in resnet((3, 4, 6, 3)).items() if not name.startswith("fc.")} | head
    graph = lower(load("resnet50"))
    found = best(graph, ("bottleneck",), file_of(shapes), "torchvision", new_head=True)
    refuse(found, graph, Wanted("torchvision", new_head=True))
    assert [f"{each.layer} {each.array}" for each in found.fresh] == ["head_dense kernel", "head_dense bias"]


def test_keras_files_want_keras_layouts(tmp_path: Path) -> None:
    with (pytest.raises(InputError, match=r"is a file of PyTorch .*, the layout keras one of Keras"),
          planned(lower(load("resnet50")), ("bottleneck",), Path(__file__).with_name("files") / "torch_2.13.pth",
                  Wanted("keras"))):
        pass
