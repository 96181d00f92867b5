"""What learns beside convolutions: standardised kernels, merges with weights of their own, attention, learned factors."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archspec.errors import Problem
from archspec.graph.init import HeNormal, Ones, Zeros
from archspec.graph.ir import Graph
from archspec.graph.text import op_text
from archspec.views.summary import summary

Table = Callable[..., dict[str, str]]
Lower = Callable[..., Graph]
Fails = Callable[..., tuple[Problem, ...]]


def test_a_standardised_kernel(ops: Table) -> None:
    assert ops("stem: [conv: 3x3 4 standardize bare, depthwise: standardize bare]") == {
        "stem_conv": "conv(filters=4, kernel=3x3, standardize=True)", "stem_depthwise": "depthwise(standardize=True)"}


def test_the_default_holds_for_projections_too(ops: Table) -> None:
    found = ops("defaults: {conv: {standardize: true}}\nstem: [residual: [conv: 3x3 16 /2 bare]]")
    assert found["stem_conv"] == "conv(filters=16, kernel=3x3, stride=2x2, standardize=True)"
    assert found["stem_shortcut_conv"] == "conv(filters=16, stride=2x2, padding=0x0x0x0, standardize=True)"


def test_paths_and_by_of_select_stand_behind_the_item(ops: Table, shapes: Table) -> None:
    text = """stem: [conv: 1x1 8 bare, branches: {merge: select, paths: [[conv: 3x3 64 bare], [conv: 5x5 64 bare]],
        by: [global_avg_pool: keepdims, conv: 1x1 32 bare, conv: 1x1 $(2 * gated) bare]}]"""
    assert shapes(text) == {
        "stem_conv": "32x32x8", "stem_select_branch1_conv": "32x32x64", "stem_select_branch2_conv": "32x32x64",
        "stem_select_sum": "32x32x64", "stem_select_by_global_avg_pool": "1x1x64", "stem_select_by_conv1": "1x1x32",
        "stem_select_by_conv2": "1x1x128", "stem_select": "32x32x64"}
    assert ops(text)["stem_select_sum"] == "merge(how=add)"


def test_select_ends_in_a_vector_too_and_what_it_weighs_by_is_no_depth(lower: Lower) -> None:
    graph = lower("""stem: [parallel: {times: 3, merge: select, body: [conv: 3x3 4], name: sk,
        by: [global_avg_pool, dense: 2, dense: $(3 * gated)]}]""")
    assert [str(value.type) for value in graph.node("stem_sk_select").inputs] == ["32x32x4"] * 3 + ["12"]
    assert graph.node("stem_sk_path3_conv").role == "main"
    assert graph.node("stem_sk_by_dense1").role == "gate"


def test_weighted_has_a_weight_a_path(lower: Lower) -> None:
    graph = lower("stem: [branches: {merge: weighted, paths: [[], [conv: 3x3 8], [max_pool: 3x3 /1]]}]")
    node = graph.node("stem_weighted")
    assert [value.name for value in node.inputs] == ["images", "stem_weighted_branch2_conv_act", "stem_weighted_branch3_max_pool"]
    assert [(each.name, each.shape, each.init) for each in node.weights] == [("weight", (3,), Ones())]


def test_rows_share_one_convolution(lower: Lower) -> None:
    """The perceptron of CBAM (Woo et al. 2018, 1807.06521)."""
    graph = lower("""stem: [branches: {merge: rows, paths: [[global_avg_pool: keepdims], [global_max_pool: keepdims]]},
        conv: 1x1 2 bare, conv: 1x1 8 bare]""")
    rows = graph.node("stem_rows").output.type
    assert (str(rows), rows.stride) == ("2x1x8", None)
    assert (str(graph.node("stem_conv2").output.type), graph.node("stem_conv2").macs) == ("2x1x8", 2 * 2 * 8)


def test_rows_of_other_widths_do_not_fit(fails: Fails) -> None:
    problem, = fails("stem: [branches: {merge: rows, paths: [[conv: 1x1 8 /2], [conv: 1x1 8]]}]")
    assert problem.message == "stem_rows: 32x32x8 below 16x16x8"
    assert problem.hint == "paths have to end in maps of one width and of as many channels"


@pytest.mark.parametrize("item", [
    "branches: {merge: attend, heads: 2, paths: [[], [avg_pool: 2 /2], [avg_pool: 2 /2, conv: 1x1 4 bare]]}",
    "branches: {merge: attend, heads: 2, paths: {value: [avg_pool: 2 /2, conv: 1x1 4 bare], key: [avg_pool: 2 /2], query: []}}",
    "{keep: x, avg_pool: 2 /2, keep: small, conv: 1x1 4 bare, keep: value, use: x, join: {with: [small, value], merge: attend, heads: 2}}"])
def test_what_attends_is_known_by_its_name_or_its_place(lower: Lower, item: str) -> None:
    items = item if item.startswith("branches") else item[1:-1]
    node = lower(f"stem: [{items}]").node("stem_attend")
    assert [value.type.shape for value in node.inputs] == [(32, 32, 8), (16, 16, 8), (16, 16, 4)]
    assert (op_text(node.op), str(node.output.type), node.output.type.stride) == ("attend(heads=2)", "32x32x4", (1, 1))
    assert node.macs == 32 * 32 * 16 * 16 * (8 + 4)


def test_paths_of_a_mean_may_be_dropped(ops: Table) -> None:
    """A join of FractalNet (Larsson et al. 2017, 1605.07648)."""
    assert ops("stem: [branches: {merge: average, drop_path: 0.15, paths: [[], [dropout: 0.5]]}]")["stem_average"] == \
        "merge(how=average, drop_path=0.15)"
    assert ops("stem: [parallel: {times: 2, merge: average, body: [dropout: 0.5]}]")["stem_average"] == "merge(how=average)"


@pytest.mark.parametrize(("item", "message"), [
    ("branches: {merge: add, drop_path: 0.1, paths: [[], []]}", "drop_path of paths with merge add"),
    ("branches: {merge: add, by: [flatten], paths: [[], []]}", "by does nothing with merge add"),
    ("branches: {merge: select, paths: [[], []]}", "select needs by: operations on the sum of the paths"),
    ("branches: {merge: select, by: [global_avg_pool], paths: [[]]}", "select has one path, so there is nothing to select"),
    ("branches: {merge: select, by: [global_avg_pool], paths: [[], []]}", "stem_select: `by` ends in 8"),
    ("branches: {merge: add, heads: 2, paths: [[], []]}", "heads does nothing with merge add"),
    ("branches: {merge: attend, paths: [[], []]}", "attend merges three: query, key and value; here are 2"),
    ("branches: {merge: attend, paths: {q: [], k: [], v: []}}", "attend merges query, key and value; the paths are called q k v"),
    ("branches: {merge: attend, heads: 3, paths: [[], [], []]}", "stem_attend: 8 channels do not divide into 3 heads"),
    ("branches: {merge: attend, paths: [[slice: 4], [], []]}", "stem_attend: a query of 4 channels meets a key of 8"),
    ("branches: {merge: attend, paths: [[], [], [avg_pool: 2 /2]]}", "stem_attend: the key is 32x32x8, the value 16x16x8"),
    ("attention: 3", "8 channels are not divisible by 3 heads"),
    ("conv_transpose: 2x2 8 /3", "stem_conv_transpose: a kernel of 2x2 leaves gaps at a stride of 3x3"),
    ("conv_transpose: 8", "conv_transpose needs kernel and stride"),
    ("norm: {kind: global_response, scale: false}", "global_response takes no 'scale'"),
])
def test_what_does_not_fit_is_said(fails: Fails, item: str, message: str) -> None:
    problem, = fails(f"stem: [{item}]")
    assert problem.message == message


def test_the_norm_of_responses(lower: Lower) -> None:
    node = lower("stem: [norm: {kind: global_response, epsilon: 1e-5}]").node("stem_norm")
    assert (op_text(node.op), [(each.name, each.shape, each.init) for each in node.weights]) == (
        "global_response_norm(epsilon=1e-05)", [("gamma", (8,), Zeros()), ("beta", (8,), Zeros())])


def test_a_bias_behind_a_factor(lower: Lower) -> None:
    first, second = (lower("stem: [scale: 1 learned bias]").node(name) for name in ("stem_scale", "stem_scale_bias"))
    assert [(each.name, each.shape, each.init) for node in (first, second) for each in node.weights] == [
        ("factor", (1,), Ones()), ("bias", (1,), Zeros())]
    assert lower("stem: [scale: 2 bias]").node("stem_scale").weights == ()


def test_a_learned_factor(lower: Lower) -> None:
    node = lower("stem: [scale: 0 learned, scale: 0.5]").node("stem_scale1")
    assert (op_text(node.op), [(each.shape, each.init) for each in node.weights]) == (
        "scale(factor=0, learned=True)", [((1,), Zeros())])


def test_a_way_back_up(lower: Lower) -> None:
    graph = lower("stem: [conv: 1x1 8 /4 bare, conv_transpose: 3x3 6 /2]")
    node = graph.node("stem_conv_transpose")
    assert [each.name for each in graph.nodes[2:5]] == [f"stem_conv_transpose{part}" for part in ("", "_norm", "_act")]
    assert (str(node.output.type), node.output.type.stride, node.macs) == ("16x16x6", (2, 2), 8 * 8 * 9 * 8 * 6)
    assert [(each.shape, each.init) for each in node.weights] == [((3, 3, 6, 8), HeNormal(6 * 4 / 8))]


def test_attention_as_keras_has_it(lower: Lower) -> None:
    graph = lower("stem: [attention: 2, attention: {heads: 2, key: 3, bias: false, dropout: 0.1}]")
    first, second = graph.node("stem_attention1"), graph.node("stem_attention2")
    assert {each.name: each.shape for each in first.weights} == {
        "query_kernel": (8, 2, 4), "query_bias": (2, 4), "key_kernel": (8, 2, 4), "key_bias": (2, 4),
        "value_kernel": (8, 2, 4), "value_bias": (2, 4), "attention_output_kernel": (2, 4, 8), "attention_output_bias": (8,)}
    assert (op_text(second.op), second.parameters) == ("attention(heads=2, key=3, bias=False, dropout=0.1)", 4 * 8 * 6)
    assert first.macs == 4 * 1024 * 8 * 8 + 2 * 1024 * 1024 * 8
    assert str(second.output.type) == "32x32x8"


def test_attention_at_an_open_size_costs_what_is_not_known(lower: Lower) -> None:
    assert lower("input: ?x?x8\nclasses: 10\nstem: [attention: 2]").node("stem_attention").macs is None


def test_a_join_selects_and_weighs_too(lower: Lower) -> None:
    graph = lower("""stem: [keep: early, conv: 3x3 8, join: {with: early, merge: weighted},
        join: {with: [early], merge: select, by: [global_avg_pool, dense: $(2 * gated)]},
        join: {with: early, merge: rows, name: below}, conv: 3x3 4 bare]""")
    assert [value.name for value in graph.node("stem_weighted").inputs] == ["stem_conv1_act", "images"]
    assert [value.name for value in graph.node("stem_select").inputs] == ["stem_weighted", "images", "stem_select_by_dense"]
    assert (str(graph.node("stem_below").output.type), graph.node("stem_conv2").output.type.stride) == ("64x32x8", None)
    assert summary(graph).stages[0].reach is None


def test_an_edit_finds_paths_and_by_where_their_layers_are(lower: Lower) -> None:
    graph = lower("""blocks:
  sk: {body: [branches: {merge: select, paths: [[conv: 3x3 8], [conv: 5x5 8]], by: [global_avg_pool, dense: 16]}]}
  edited: {like: sk, edit: {select_branch2_conv: {change: {dilation: 2}}, select_by_dense: {before: [dense: 4 act=relu]}}}
stages: {block: edited}""")
    assert op_text(graph.node("stage1_block1_select_branch2_conv").op) == "conv(filters=8, kernel=5x5, dilation=2x2)"
    assert [node.name for node in graph.nodes if "dense" in node.name and "head" not in node.name] == [
        "stage1_block1_select_by_dense1", "stage1_block1_select_by_dense1_act", "stage1_block1_select_by_dense2"]
