"""Section 3: the operations that hold operation lists. The input is 32x32x8."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archspec.errors import Problem
from archspec.graph.ir import Graph

Table = Callable[..., dict[str, str]]
Lower = Callable[..., Graph]
Fails = Callable[..., tuple[Problem, ...]]


@pytest.mark.parametrize(("item", "shape"), [
    ("branches: [[conv: 3], [conv: 4], []]", "32x32x15"), ("branches: {paths: [[conv: 3], [conv: 3]], merge: add}", "32x32x3"),
    ("branches: {paths: [[], []], merge: multiply}", "32x32x8"), ("branches: {paths: [[], [act]], merge: max}", "32x32x8"),
    ("branches: {paths: [[], [act]], merge: average}", "32x32x8"),
    ("branches: {paths: [[conv: 3], [conv: 4]], split: true}", "32x32x7"),
    ("branches: {paths: [[], [act]], split: [3, 5]}", "32x32x8"),
    ("branches: {paths: [[], [act]], split: [3, 5], merge: concat}", "32x32x8"),
    ("parallel: {times: 3, body: [conv: 2]}", "32x32x6"), ("parallel: {times: 3, body: [conv: 2], merge: add}", "32x32x2"),
    ("parallel: {times: 1, body: [conv: 2]}", "32x32x2"), ("repeat: {times: 3, body: [conv: $(channels + 1)]}", "32x32x11"),
    ("repeat: {times: 3, body: [conv: $(index + repeats)]}", "32x32x5"), ("repeat: {times: 0, body: [conv: 3]}", "32x32x8"),
    ("repeat: {times: 3, body: [conv: 5 if=$first, max_pool: 2x2 /2 if=$last]}", "16x16x5"), ("densely: [conv: 3]", "32x32x11"),
    ("repeat: {times: 4, body: [densely: [conv: 3]]}", "32x32x20"), ("gate: [conv: 8, act: sigmoid]", "32x32x8"),
    ("gate: [global_avg_pool, dense: $gated]", "32x32x8"), ("gate: [global_avg_pool: keepdims]", "32x32x8"),
    ("highway: [conv: 8]", "32x32x8"),
    ("highway: {body: [conv: 8], gate: [conv: 8 bare bias]}", "32x32x8"),
])
def test_shapes(item: str, shape: str, shapes: Table) -> None:
    assert list(shapes(f"stem: [{item}]").values() or ["32x32x8"])[-1] == shape


def test_parallel_paths_have_weights_of_their_own(lower: Lower) -> None:
    convs = [node for node in lower("stem: [parallel: {times: 3, body: [conv: 2 bare]}]").nodes if node.op.kind == "conv"]
    assert [node.inputs[0].name for node in convs] == ["images"] * 3


def test_a_dense_concatenation_keeps_the_input_first(lower: Lower) -> None:
    node = next(node for node in lower("stem: [densely: [conv: 3 bare]]").nodes if node.op.kind == "concat")
    assert [value.name for value in node.inputs] == ["images", "stem_conv"]


@pytest.mark.parametrize(("name", "dropped"), [("", "stem_concat_drop_path"), (", name: grown", "stem_grown_concat_drop_path")])
def test_training_drops_what_a_dense_concatenation_appends(name: str, dropped: str, lower: Lower) -> None:
    graph = lower(f"stem: [densely: {{body: [conv: 3 bare], drop_path: 0.2{name}}}]")
    node = next(node for node in graph.nodes if node.op.kind == "concat")
    assert [value.name for value in node.inputs] == ["images", dropped]
    assert str(graph.node(dropped).op) == "DropPath(rate=0.2)"


@pytest.mark.parametrize(("arguments", "gate"), [
    ("", "conv(filters=8, kernel=3x3, bias=True, bias_init=-1)"),
    (", gate_bias: -3", "conv(filters=8, kernel=3x3, bias=True, bias_init=-3)"),
    (", gate: [conv: 8 bare bias], gate_bias: 2", "conv(filters=8, bias=True, bias_init=2)")])
def test_the_gate_of_a_highway_starts_closed(arguments: str, gate: str, ops: Table) -> None:
    found = ops(f"defaults: {{act: gelu}}\nstem: [highway: {{body: [conv: 8]{arguments}}}]")
    assert found["stem_gate_conv"] == gate
    assert found["stem_gate_sigmoid"] == "act(function=sigmoid)"


def test_gated_is_the_channel_count_that_is_gated(ops: Table) -> None:
    assert ops("stem: [gate: [conv: 5 bare, conv: $gated bare]]")["stem_conv2"] == "conv(filters=8)"


@pytest.mark.parametrize(("item", "code"), [
    ("branches: [[conv: 3], [max_pool: 2x2 /2]]", "shape"), ("branches: {paths: [[conv: 3], []], merge: add}", "shape"),
    ("branches: {paths: [[], []], merge: sum}", "argument"), ("branches: {paths: [[], [], []], split: true}", "split"),
    ("branches: {paths: [[], []], split: [4, 5]}", "split"), ("branches: {paths: [[], []], split: [8]}", "split"),
    ("branches: {paths: [[], []], split: [8, 0]}", "argument"), ("branches: []", "paths"), ("branches: none", "paths"),
    ("branches: {one: [], merge: add}", "paths"), ("parallel: 3", "missing"), ("parallel: {times: 0, body: []}", "argument"),
    ("repeat: {times: -1, body: []}", "argument"), ("repeat: {times: 1.5, body: []}", "argument"),
    ("repeat: {body: []}", "missing"),
    ("densely: [max_pool: 2x2 /2]", "shape"), ("densely: 3", "not-a-list"), ("gate: [conv: 7]", "shape"),
    ("gate: [max_pool: 2x2 /2]", "shape"),
    ("highway: [conv: 9]", "shape"), ("highway: {body: [conv: 8], gate: [conv: 8 bare]}", "highway-gate"),
    ("highway: {body: [conv: 8], gate: [conv: 8 bias]}", "highway-gate"),
    ("highway: {body: [conv: 8], gate: []}", "highway-gate"),
    ("conv: $gated", "expression"), ("conv: $index", "expression"),
])
def test_what_is_refused(item: str, code: str, fails: Fails) -> None:
    assert [problem.code for problem in fails(f"stem: [{item}]")] == [code]
