"""Section 7.1: a layer's name says where it stands, and checkpoints hang on it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

Table = Callable[..., dict[str, str]]


@pytest.mark.parametrize(("items", "names"), [
    ("[conv: 3 bare, conv: 4 bare]", "conv1 conv2"), ("[conv: 3 bare]", "conv"), ("[conv: 3]", "conv conv_norm conv_act"),
    ("[conv: 3 bare, act, conv: 4 bare]", "conv1 act conv2"), ("[conv: none, conv: 4 bare]", "conv2"),
    ("[conv: 3 bare if=false, conv: 4 bare, conv: 5 bare]", "conv2 conv3"), ("[conv: 3 bare name=a, conv: 4 bare]", "a conv"),
    ("[conv: 3 name=a]", "a a_norm a_act"), ("[max_pool: 2x2 /2, avg_pool: 2x2 /2]", "max_pool avg_pool"),
    ("[residual: [conv: 8 bare, conv: 8 bare]]", "conv1 conv2 add add_act"),
    ("[residual: [conv: 8 bare], residual: [conv: 8 bare]]", "conv1 add1 add1_act conv2 add2 add2_act"),
    ("[residual: {body: [conv: 8 bare], name: a}]", "a_conv a_add a_add_act"),
    ("[residual: {body: [conv: 4 bare], act: none}]", "conv shortcut_conv shortcut_conv_norm add"),
    ("[residual: {body: [conv: 8 bare /2], shortcut: pad, act: none}]", "conv shortcut_subsample add"),
    ("[residual: {name: a, body: [act], shortcut: [scale: 2], act: none}]", "a_act shortcut_scale a_add"),
    ("[residual: {name: a, body: [act], shortcut: [scale: 2], act: none}, residual: {name: b, body: [act], shortcut: "
     "{matching: [scale: 3], differing: pad}, act: none}]", "a_act a_shortcut_scale a_add b_act b_shortcut_scale b_add"),
    ("[residual: {name: a, body: [act], shortcut: [scale: 2], act: none}, residual: {name: b, body: [act], shortcut: "
     "[lrn], act: none}]", "a_act shortcut_scale a_add b_act shortcut_lrn b_add"),
    ("[residual: {body: [act], shortcut: [scale: 2], act: none}, residual: {name: b, body: [act], shortcut: [scale: 2], "
     "act: none}]", "act shortcut_scale add b_act b_shortcut_scale b_add"),
    ("[branches: [[conv: 3 bare], [conv: 3 bare, conv: 3 bare]]]", "branch1_conv branch2_conv1 branch2_conv2 concat"),
    ("[branches: {one: [conv: 3 bare], two: []}]", "one_conv concat"),
    ("[branches: {paths: {one: [conv: 3 bare], two: [conv: 3 bare]}, merge: add}]", "one_conv two_conv add"),
    ("[branches: {one: [conv: 3 bare]}, branches: {one: [conv: 3 bare], two: []}]",
     "concat1_one_conv concat2_one_conv concat2"),
    ("[branches: {paths: {one: [conv: 3 bare], two: []}, name: b}]", "b_one_conv b_concat"),
    ("[parallel: {times: 2, body: [conv: 3 bare]}]", "path1_conv path2_conv concat"),
    ("[repeat: {times: 2, body: [conv: 3 bare]}]", "repeat_1_conv repeat_2_conv"),
    ("[repeat: {times: 1, body: [act], name: r}, repeat: {times: 1, body: [act]}]", "r_1_act repeat_1_act"),
    ("[densely: [conv: 3 bare], densely: [conv: 3 bare]]", "conv1 concat1 conv2 concat2"),
    ("[gate: [conv: 8 bare, act: sigmoid]]", "conv act gate"),
    ("[se: 4]", "se_global_avg_pool se_conv1 se_conv1_act se_conv2 se_conv2_act se_gate"),
    ("[se: 4 name=s]", "s_global_avg_pool s_conv1 s_conv1_act s_conv2 s_conv2_act s_gate"),
    ("[highway: [conv: 8 bare]]", "conv gate_conv gate_sigmoid highway"),
    ("[branches: {paths: [[act], [act]], split: true}]", "concat_split1 concat_split2 branch1_act branch2_act concat"),
    ("[branches: {merge: add, paths: [[conv: 8 bare], []]}, branches: [[conv: 3 bare], []]]",
     "add_branch1_conv add concat_branch1_conv concat"),
    ("[branches: {merge: add, paths: [[act], []]}, branches: [[conv: 3 bare], []]]", "branch1_act add branch1_conv concat"),
    ("[parallel: {times: 1, merge: add, body: [act]}, parallel: {times: 1, body: [act]}]",
     "add_path1_act concat_path1_act"),
    ("[branches: {merge: add, name: a, paths: [[act], []]}, branches: [[act], []]]", "a_branch1_act a_add branch1_act concat"),
])
def test_names(items: str, names: str, ops: Table) -> None:
    assert " ".join(name.removeprefix("stem_") for name in ops(f"stem: {items}")) == names


def test_a_stage_may_be_called_as_googlenets_are(ops: Table) -> None:
    found = ops("stages: {block: basic, width: 8, name: [3a, 3b, 4]}")
    assert {"3a_block1_conv1", "3b_block1_add", "4_block1_conv2"} <= found.keys()


def test_the_names_of_the_language(ops: Table) -> None:
    found = ops("stem: [conv: 7x7 8 /2, conv: 3x3 8]\nstages:\n  block: bottleneck\n  repeats: 2\n  widths: [8, 8, 8]\n"
                "  strides: [1, 2, 2]\n  se: 4\n  between: [act]\n  before: [act]\n  after: [act]")
    assert {"stem_conv1", "stage3_block2_conv1", "stage3_block2_se_conv2", "stage2_block1_shortcut_conv", "stage2_between_act",
            "stage1_before_act", "stage3_after_act"} <= found.keys()
    assert "stage1_between_act" not in found


def test_the_same_spec_gives_the_same_graph(lower: Callable[..., object]) -> None:
    text = "stages: {block: bottleneck, repeats: [2, 2], widths: [8, 16], strides: [1, 2], se: 4}"
    first, second = lower(text), lower(text)
    assert first.fingerprint == second.fingerprint  # type: ignore[attr-defined]
