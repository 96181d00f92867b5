"""`edit` in a block with `like`: items of the body that it copies, by the labels that layer names have."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

import archspec
from archspec.errors import Problem
from archspec.spec.arch import Spec
from archspec.spec.edits import Editor

Table = Callable[..., dict[str, str]]
Fails = Callable[..., tuple[Problem, ...]]
BASE = ("blocks:\n  base:\n    parameters: {width: 8, se: none}\n"
        "    body: [conv: 3x3 $width bare, residual: [conv: 1x1 $channels bare, act: $se], conv: 5x5 4 bare]\n  mine: ")
GIVEN = {"inception_a": "repeats: 1", "dense_layer": "growth: 4", "resnext_aggregated": "width: 32"}
STEM = "\nstem: [mine]"


def layers(table: dict[str, str]) -> list[str]:
    return [f"{name.removeprefix('stem_mine_')} {text}" for name, text in table.items()]


@pytest.mark.parametrize(("edit", "expected"), [
    ("conv1: {before: [act: elu]}", "act1 elu, conv1 8, conv2 8, add, add_act, conv3 4"),
    ("conv3: {after: [dropout: 0.5, act: elu]}", "conv1 8, conv2 8, add, add_act, conv3 4, dropout, act2 elu"),
    ("conv3: {after: [act: elu]}", "conv1 8, conv2 8, add, add_act, conv3 4, act2 elu"),
    ("conv1: {replace: []}", "conv1 8, add, add_act, conv2 4"),
    ("conv2: {replace: [conv: 6 bare, conv: $channels bare]}", "conv1 8, conv2 6, conv3 6, shortcut, add, add_act, conv4 4"),
    ("conv2: {change: {filters: 6}}", "conv1 8, conv2 6, shortcut, add, add_act, conv3 4"),
    ("conv2: {before: [conv: 6 bare], change: {filters: $in_channels}}", "conv1 8, conv2 6, conv3 8, add, add_act, conv4 4"),
    ("add: {change: {act: none}}", "conv1 8, conv2 8, add, conv3 4"),
    ("add: {replace: []}, conv3: {change: {name: last}}", "conv 8, last 4"),
    ("conv1: {change: {if: false}}, act: {change: {kind: elu}}", "conv2 8, act elu, add, add_act, conv3 4"),
])
def test_what_an_edit_does(edit: str, expected: str, ops: Table) -> None:
    table = ops(f"{BASE}{{like: base, edit: {{{edit}}}}}{STEM}")
    said = [re.sub(r"conv\(filters=(\d+).*|act\(function=(elu).*|[a-z_]+\(.*", r"\1\2", line).strip() for line in layers(table)]
    said = ["shortcut" if line.startswith("shortcut_conv") else line for line in said]
    assert ", ".join(line for line in dict.fromkeys(said)) == expected


def test_the_other_arguments_stay_in_what_changes(ops: Table) -> None:
    text = "blocks:\n  mine: {like: base, edit: {conv: {change: {kernel: 5x5, act: {slope: 0.3}, bias: null}}}}\n"
    base = "  base: {body: [conv: 3x3 6 /2 bias norm=none act=leaky_relu]}"
    assert ops(text + base + STEM) == ops("blocks:\n  mine: {body: [conv: 5x5 6 /2 norm=none act='leaky_relu slope=0.3']}" + STEM)


@pytest.mark.parametrize(("like", "edit", "same"), [
    ("inception_a", "three_conv2: {change: {filters: 7}}", r"three_conv2 conv\(filters=7"),
    ("xception_middle", "repeat_separable: {before: [dropout: 0.1]}", r"repeat_2_dropout dropout"),
    ("resnext_aggregated", "sum_path_conv2: {change: {act: elu}}", r"sum_path9_conv2_act act\(function=elu"),
    ("basic_se_identity", "shortcut_conv: {change: {kernel: 3x3}}", r"shortcut_conv conv\(filters=16, kernel=3x3"),
    ("bottleneck_preact", "norm: {replace: [norm: layer_norm]}", r"norm layer_norm"),
    ("highway_conv", "highway: {change: {gate_bias: -4}}", r"gate_conv conv\(.*bias_init=-4"),
    ("dense_layer", "conv2: {after: [conv: 5 bare name=more]}", r"more conv\(filters=5"),
])
def test_labels_of_shipped_blocks(like: str, edit: str, same: str, ops: Table) -> None:
    given = GIVEN.get(like, "width: 16, stride: 2" if "shortcut" in edit else "width: 16")
    table = ops(f"blocks: {{mine: {{like: {like}, edit: {{{edit}}}}}}}\nstem: [conv: 16]\nstages: {{block: mine, {given}}}")
    assert any(re.match(same, f"{name.removeprefix('stage1_block1_')} {text}") for name, text in table.items())


def labels(spec: Spec, block: str) -> set[str]:
    editor = Editor(block, {}, spec.blocks.signatures, [])
    editor.body(spec.blocks.tree(block).entries["body"])
    return set(editor.labels)


@pytest.mark.parametrize("name", ["inception_resnet_v2", "cifar_densenet_bc100_k12", "xception", "senet154", "se_resnet50_post",
                                  "resnext50_32x4d_aggregated", "cifar_highway19", "mobilenet_v3_large", "regnet_y_4gf"])
def test_every_layer_of_a_block_begins_with_a_label(name: str) -> None:
    spec = archspec.load(name)
    known = {stage.name: labels(spec, stage.block.text) for stage in spec.stages}  # type: ignore[union-attr]
    for node in archspec.lower(spec).nodes:
        found = re.fullmatch(r"(.+)_block[0-9]+_(.+)", node.name)
        if found is not None:
            rest = re.sub(r"(repeat|path)_?[0-9]+_", r"\1_", found[2])
            own = rest.startswith(("shortcut_conv", "gate_"))  # what a word stands for is no item
            assert own or any(rest == label or rest.startswith(f"{label}_") for label in known[found[1]]), node.name


def test_lists_given_to_a_block_are_edited_too(ops: Table) -> None:
    text = ("blocks:\n  framed: {parameters: {inside: required}, body: [residual: $inside]}\n"
            "  base: {body: [framed: {inside: [conv: 8 bare, act]}]}\n"
            "  mine: {like: base, edit: {framed_inside_act: {replace: [conv: 8 bare]}}}\nstem: [mine]")
    assert list(ops(text)) == [f"stem_mine_framed_{name}" for name in ("inside_conv1", "inside_conv2", "add", "add_act")]


def test_edits_of_edits_count_in_the_body_that_they_copy(ops: Table) -> None:
    text = BASE + "{like: base, edit: {conv1: {replace: []}}}\n  twice: {like: mine, edit: {conv2: {replace: []}}}\nstem: [twice]"
    assert [name for name in ops(text) if "conv" in name] == ["stem_twice_conv"]


def test_what_the_edited_body_does_not_read_is_not_taken(fails: Fails) -> None:
    problem, = fails("blocks:\n  mine: {like: basic, edit: {se: {replace: []}}}\nstages: {block: mine, width: 8, se: 4}")
    assert problem.message == "the block mine takes no 'se'"


def test_a_block_that_its_base_calls_can_be_edited(ops: Table) -> None:
    """Its signature is asked for while it is being edited."""
    text = ("blocks:\n  base: {parameters: {n: 8}, body: [conv: $n bare, mine: 3]}\n"
            "  mine: {like: base, edit: {mine: {replace: []}}}\nstem: [base]")
    assert layers(ops(text))[0].startswith("stem_base_conv conv(filters=8")
    assert [text for name, text in ops(text).items() if name == "stem_base_mine_conv"] == ["conv(filters=3)"]


def test_blocks_that_wait_for_each_others_edits_are_bounded(fails: Fails) -> None:
    blocks = "\n".join(f"  a{i}: {{parameters: {{n: 1}}, body: [b{i + 1}: 2]}}\n"
                       f"  b{i}: {{like: a{i}, edit: {{b{i + 1}: {{change: {{n: 3}}}}}}}}" for i in range(60))
    problem, = fails(f"blocks:\n{blocks}\n  b60: {{parameters: {{n: 1}}, body: [conv: $n]}}\nstem: [b0]")
    assert problem.message == "more than 20 blocks wait for each other's edits"


@pytest.mark.parametrize("expand", [False, True])
def test_what_show_prints_is_the_same_network(expand: bool, write: Callable[..., object], lower: Callable[..., object]) -> None:
    text = ("blocks:\n  bottleneck: {like: bottleneck, edit: {se: {replace: [dropout: 0.1]},"
            " conv2: {change: {kernel: 5x5, act: {kind: leaky_relu, slope: 0.1}, groups: null}}}}\n"
            "stages: {block: bottleneck, widths: [8, 16], strides: [1, 2]}")
    spec = archspec.load(str(write(text, "net")))
    again = archspec.load(str(write(spec.to_yaml(expand), "net")))
    assert archspec.lower(again).fingerprint == archspec.lower(spec).fingerprint
    assert ("edit:" in spec.to_yaml(expand)) is not expand
