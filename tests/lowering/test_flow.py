"""Values with names: keep, use, join, lists in the place of their names, previous, and upsample to a size. The input is 32x32x8."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from pathlib import Path

import pytest
from work import at_most

import archspec
from archspec.errors import Problem
from archspec.graph.ir import Graph
from archspec.spec.arch import Spec
from archspec.spec.inherit import resolve
from archspec.spec.rules import read_spec
from archspec.views.summary import depth, receptive_fields

Table = Callable[..., dict[str, str]]
Lower = Callable[..., Graph]
Fails = Callable[..., tuple[Problem, ...]]
CONV = "conv: 3x3 8 bare"


@pytest.fixture
def wired(lower: Lower) -> Callable[[str], dict[str, str]]:
    """The inputs of each layer by its name, those of the head left out."""
    def run(text: str) -> dict[str, str]:
        return {node.name: " ".join(value.name for value in node.inputs) for node in lower(text).nodes[1:] if node.section != "head"}
    return run


def test_the_network_of_the_page(lower: Lower) -> None:
    graph = lower("""input: 32x32x3
classes: 10
stem: [conv: 3x3 32, keep: early]
stages: {block: basic, repeats: [2, 2], widths: [32, 64], strides: [1, 2]}
head:
  - upsample: 2
  - join: stage1
  - conv: 3x3 32
  - branches: {merge: add, paths: [[], [use: early, conv: 1x1 32 linear]]}
  - global_avg_pool
  - dense: $classes
""")
    wires = {node.name: ([value.name for value in node.inputs], str(node.output.type)) for node in graph.nodes}
    assert wires["head_concat"] == (["head_upsample", "stage1_block2_add_act"], "32x32x96")
    assert wires["head_branch2_conv"] == (["stem_conv_act"], "32x32x32")
    assert wires["head_add"] == (["head_conv_act", "head_branch2_conv_norm"], "32x32x32")
    assert depth(graph) == 1 + 8 + 2


def test_keep_and_use_make_no_layer_and_join_is_its_merge(wired: Callable[[str], dict[str, str]]) -> None:
    found = wired(f"stem: [{CONV}, keep: a, {CONV}, keep: b, use: a, {CONV}, join: {{with: [b, a], merge: max}}, "
                  "join: {with: images, name: end}, join: a if=false]")
    assert found == {"stem_conv1": "images", "stem_conv2": "stem_conv1", "stem_conv3": "stem_conv1",
                     "stem_max": "stem_conv3 stem_conv2 stem_conv1", "stem_end": "stem_max images"}


@pytest.mark.parametrize("name", ["same", "linear", "bias", "yes", "conv", "A_1", "in_channels"])
def test_a_name_is_plain_text(name: str, wired: Callable[[str], dict[str, str]]) -> None:
    assert wired(f"stem: [keep: {name}, {CONV}, join: {name} merge=add]")["stem_add"] == "stem_conv images"


@pytest.mark.parametrize("item", ["keep: 3a", "keep: $a", "keep: none", "keep: true", "keep: 3", "keep: [a]", "keep: a-b", "use: $a",
                                  "use: none", "use: [a, b]", "join: $a", "join: [a, 1]", "join: none", "upsample: to=$a"])
def test_what_is_no_name(item: str, fails: Fails) -> None:
    assert fails(f"let: {{a: 3}}\nstem: [keep: a, keep: b, {item}, act]")[0].code == "name"


@pytest.mark.parametrize(("item", "code", "message"), [
    ("keep: {value: a, name: b}", "unknown-argument", "keep takes no 'name'"), ("use", "missing", "use needs value"),
    ("use: {value: images, name: b}", "unknown-argument", "use takes no 'name'"), ("join", "missing", "join needs with"),
    ("join: []", "paths", "join has no values"), ("join: images other", "unknown-word", "join does not know the word 'other'"),
    ("upsample", "missing", "upsample needs factor or to"),
    ("upsample: 2 to=images", "upsample", "upsample: both factor and to are given"),
    ("$(1 + 1)", "item-form", "an item is one operation or the name of a list, this is an expression"),
])
def test_what_is_refused(item: str, code: str, message: str, fails: Fails) -> None:
    problem, = fails(f"stem: [{item}]")
    assert (problem.code, problem.message) == (code, message)


def test_if_leaves_them_out(wired: Callable[[str], dict[str, str]]) -> None:
    body = f"[keep: x if=$(index == 0), {CONV}, use: x if=$(index > 5), join: x if=$last merge=add]"
    found = wired(f"stem: [repeat: {{times: 2, body: {body}}}]")
    assert found == {"stem_repeat_1_conv": "images", "stem_repeat_2_conv": "stem_repeat_1_conv", "stem_repeat_2_add": "stem_repeat_2_conv images"}


# -- scope ---------------------------------------------------------------------------------------------------------------

def block(body: str, stages: str = "block: mine", parameters: str = "") -> str:
    return f"blocks: {{mine: {{parameters: {{{parameters}}}, body: [{body}]}}}}\nstages: {{{stages}}}"


@pytest.mark.parametrize(("body", "layer", "inputs"), [
    ("branches: {one: [conv: 8 bare, keep: a], two: [join: a merge=add]}", "two_add", "IN one_conv"),
    ("parallel: {times: 2, body: [keep: a if=$(1 == 1), conv: 8 bare]}, join: a merge=add", "add", "concat IN"),
    ("repeat: {times: 2, body: [join: a merge=add if=$last, conv: 8 bare, keep: a]}", "repeat_2_add", "repeat_1_conv repeat_1_conv"),
    ("keep: a, conv: 8 bare, keep: a, conv: 8 bare, join: a merge=add", "add", "conv2 conv1"),
    ("residual: {pre: [act, keep: a], body: [conv: 8 bare, join: a merge=add], shortcut: identity}", "add2", "conv act"),
    ("residual: {body: [conv: 8 bare, keep: a, conv: 8 bare], shortcut: [join: a merge=add]}", "shortcut_add", "IN conv1"),
    ("gate: [conv: 8 bare, keep: a], join: a merge=add", "add", "gate conv"),
    ("highway: {body: [conv: 8 bare, keep: a], gate: [join: a merge=max, conv: 8 bare bias]}", "gate_max", "IN conv"),
    ("conv: 8 bare, keep: a, densely: [conv: 8 bare, join: a merge=add]", "add", "conv2 conv1"),
])
def test_one_body_shares_its_names(body: str, layer: str, inputs: str, wired: Callable[[str], dict[str, str]]) -> None:
    if "parallel" in body:
        body = body.replace("conv: 8 bare", "conv: 4 bare")
    found = wired(f"stem: [{CONV}]\n" + block(body))
    expected = " ".join("stem_conv" if word == "IN" else f"stage1_block1_{word}" for word in inputs.split())
    assert found[f"stage1_block1_{layer}"] == expected


def test_each_call_has_names_of_its_own(fails: Fails, wired: Callable[[str], dict[str, str]]) -> None:
    problem, = fails(block("join: a merge=add if=$(index == 1), keep: a", "block: mine, repeats: 2"))
    assert problem.message == "no value is called 'a' here: it is kept later"
    found = wired(block(f"keep: a, {CONV}, join: a merge=add", "block: mine, repeats: 2"))
    assert found["stage1_block2_add"] == "stage1_block2_conv stage1_block1_add"


def test_a_list_that_is_not_built_keeps_nothing(fails: Fails) -> None:
    problem, = fails(block("residual: {body: [conv: 8], shortcut: {matching: identity, differing: [keep: a, conv: 8]}}, join: a"))
    assert problem.message.startswith("no value is called 'a' here: it is kept at ")
    assert problem.message.endswith("/net.yaml:3:117, in a list that is not built")
    assert problem.hint == "known here: previous"


def test_lists_outside_of_blocks_share_names(wired: Callable[[str], dict[str, str]]) -> None:
    """Also where they are given to a block, by `let`, or stand around a stage."""
    found = wired("let: {tail: [keep: b, act: tanh, join: a merge=add]}\nstem: [keep: a, act]\n" + block(
        "act: elu, $inner, act: selu", "block: mine, inner: [[keep: c, join: {with: [a, stem], merge: add}]], before: [act: mish, "
        "join: stem merge=add], after: [$tail, join: {with: [b, c], merge: add}]", "inner: []"))
    assert found["stage1_before_add"] == "stage1_before_act stem_act"
    assert found["stage1_block1_inner_add"] == "stage1_block1_act1 images stem_act"
    assert found["stage1_after_tail_add"] == "stage1_after_tail_act images"
    assert found["stage1_after_add"] == "stage1_after_tail_add stage1_block1_act2 stage1_block1_act1"


@pytest.mark.parametrize("name", ["images", "stem", "stage1", "stage2", "previous"])
def test_what_is_known_anyway_is_not_kept(name: str, fails: Fails) -> None:
    problem, = fails(f"stem: [keep: {name}]\nstages: {{block: basic, widths: [8, 8], shortcut: identity}}")
    assert (problem.code, problem.message) == ("kept", f"nothing can be kept as '{name}'")


def test_in_a_block_names_of_the_network_are_free(wired: Callable[[str], dict[str, str]], fails: Fails) -> None:
    assert wired(block(f"keep: stem, {CONV}, join: stem merge=add"))["stage1_block1_add"] == "stage1_block1_conv images"
    assert fails(block("keep: previous"))[0].message == "nothing can be kept as 'previous'"


def test_a_stage_is_known_by_its_name_with_what_follows_it(wired: Callable[[str], dict[str, str]], fails: Fails) -> None:
    stages = "stages: [{name: 3a, block: basic, width: 8, after: [act: tanh]}, {block: basic, width: 8, before: [join: 3a merge=max]}]"
    assert wired(stages)["stage2_before_max"] == "3a_after_act 3a_after_act"
    problem, = fails(stages.replace("join: 3a", "join: stage2"))
    assert problem.message == "no value is called 'stage2' here: it is known later"
    assert problem.hint == "did you mean 'stem'? known here: images, stem, previous, 3a"
    assert {fails(stages.replace("3a", name))[0].message for name in ("images", "previous")} == {
        "'images' is the name of two parts", "'previous' is the name of two parts"}


def test_auxiliary_lists_see_what_is_known_and_keep_for_themselves(lower: Lower, fails: Fails) -> None:
    text = ("let: {tail: [keep: mine, join: early merge=add]}\nstem: [conv: 3x3 8, keep: early]\nstages: {block: basic, width: 8}\n"
            "auxiliary: {stage1: [$tail, join: [mine, stage1], global_avg_pool, dense: $classes]}\n")
    graph = lower(text)
    assert [value.name for value in graph.node("stage1_auxiliary_concat").inputs] == [
        "stage1_auxiliary_tail_add", "stage1_block1_add_act", "stage1_block1_add_act"]
    problem, = fails(text.replace("$tail, ", "keep: mine, ").replace("let: ", "let: {}  # ") + "head: [join: mine, global_avg_pool, dense: $classes]")
    assert problem.message.endswith("net.yaml:6:28, in an auxiliary list, whose names are its own")


def test_blocks_are_closed_and_take_values_as_lists(wired: Callable[[str], dict[str, str]], fails: Fails) -> None:
    body = "conv: 3x3 8 bare, branches: {paths: [[], $skip], merge: add}"
    found = wired("stem: [act]\n" + block(body, "block: mine, skip: [[use: stem, act: elu]]", "skip: []"))
    assert found["stage1_block1_branch2_skip_act"] == "stem_act"
    outside, = fails("stem: [act, keep: a]\n" + block("join: a"))
    assert outside.message.endswith("net.yaml:3:19, outside of blocks; values go into a block as lists, and out of it as its result")
    network, = fails(block("join: stem"))
    assert network.message == "no value is called 'stem' here: it is known outside of blocks: give the block a list, [use: stem]"
    other, = fails(block("keep: a, act") + "\nhead: [join: a, global_avg_pool, dense: $classes]")
    assert other.message.endswith("net.yaml:3:46, in the block mine; values go into a block as lists, and out of it as its result")


def test_a_list_keeps_for_the_body_it_is_written_in(wired: Callable[[str], dict[str, str]]) -> None:
    """Here in that of `outer`, which gives it to `inner` and uses what it kept."""
    found = wired("blocks:\n  inner: {parameters: {what: []}, body: [act: elu, $what, act: tanh]}\n"
                  "  outer: {parameters: {again: [join: a merge=add]}, body: [inner: {what: [keep: a]}, join: a merge=max, $again]}\n"
                  "stem: [outer]")
    assert found == {"stem_outer_inner_act1": "images", "stem_outer_inner_act2": "stem_outer_inner_act1",
                     "stem_outer_max": "stem_outer_inner_act2 stem_outer_inner_act1", "stem_outer_again_add": "stem_outer_max stem_outer_inner_act1"}


# -- $name as an item ----------------------------------------------------------------------------------------------------

def test_a_list_stands_in_the_place_of_its_name(wired: Callable[[str], dict[str, str]]) -> None:
    text = block("$a, conv: 3x3 8 bare, $a, branches: [[$a], [], $a], $none_of", "block: mine, a: [[act: tanh]]", "a: none, none_of: none")
    assert wired(text) == {"stage1_block1_a1_act": "images", "stage1_block1_conv": "stage1_block1_a1_act", "stage1_block1_a2_act": "stage1_block1_conv",
                           "stage1_block1_branch1_a_act": "stage1_block1_a2_act", "stage1_block1_branch3_a_act": "stage1_block1_a2_act",
                           "stage1_block1_concat": "stage1_block1_branch1_a_act stage1_block1_a2_act stage1_block1_branch3_a_act"}


@pytest.mark.parametrize(("given", "message"), [
    ("relu", "$a needs a list of operations, this is 'relu'"), ("true", "$a needs a list of operations, this is true"),
    ("3", "$a needs a list of operations, this is 3")])
def test_what_is_no_list(given: str, message: str, fails: Fails) -> None:
    problem, = fails(block("$a", f"block: mine, a: {given}", "a: none"))
    assert (problem.code, problem.message) == ("not-a-list", message)


def test_a_list_keeps_the_unit_where_it_was_written(ops: Table) -> None:
    text = "blocks: {mine: {parameters: {a: []}, unit: norm-act-conv, body: [$a]}}\nstages: {block: mine, a: [[conv: 8]]}"
    assert list(ops(text)) == ["stage1_block1_a_conv", "stage1_block1_a_conv_norm", "stage1_block1_a_conv_act"]


def test_the_gate_of_a_highway_may_end_in_a_list_but_not_in_another_value(ops: Table, fails: Fails) -> None:
    text = "let: {end: [conv: 8 bare bias]}\nstem: [highway: {body: [conv: 8, keep: g], gate: [$end, keep: x]}]"
    assert ops(text)["stem_gate_end_conv"] == "conv(filters=8, bias=True, bias_init=-1)"
    text = "stem: [highway: {body: [conv: 8 bare bias, keep: g], gate: [use: g]}]"
    assert fails(text)[0].code == "highway-gate"


# -- previous ------------------------------------------------------------------------------------------------------------

def test_previous_is_what_entered_the_block_before(wired: Callable[[str], dict[str, str]]) -> None:
    text = block("called, join: previous merge=add", "block: mine, repeats: [2, 1], before: [act: elu], after: [join: previous merge=max]")
    found = wired(text.replace("blocks: {", "blocks: {called: {body: [act]}, "))
    assert found["stage1_block1_add"] == "stage1_block1_called_act stage1_before_act"
    assert found["stage1_block2_add"] == "stage1_block2_called_act stage1_before_act"
    assert found["stage1_after_max"] == "stage1_block2_add stage1_block1_add"
    assert found["stage2_block1_add"] == "stage2_block1_called_act stage1_block1_add"
    assert found["stage2_after_max"] == "stage2_block1_add stage2_before_act"


@pytest.mark.parametrize("text", ["stem: [join: previous]", "stages: {block: basic, width: 8, before: [join: previous]}",
                                  "blocks: {called: {body: [join: previous]}, mine: {body: [called]}}\nstages: {block: mine}"])
def test_where_previous_is_not_known(text: str, fails: Fails) -> None:
    problem, = fails(text)
    why = "in the bodies of the stages' blocks, and outside of blocks behind the first"
    assert problem.message == "no value is called 'previous' here: it is known " + ("later" if "before" in text else why)


# -- what nothing needs --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("text", "layer"), [
    (f"stem: [keep: a, {CONV}, use: a]", "stem_conv"), (f"stem: [keep: a, {CONV}, keep: b, act, use: a]", "stem_act"),
    (f"stem: [keep: a, {CONV}, branches: [[use: a], [use: a, act]]]", "stem_conv"),
    ("stem: [keep: a, branches: {paths: [[use: a], []], split: true}]", "stem_concat_split1"),
    (block(f"{CONV}, use: previous"), "stage1_block1_conv"),
    (f"stem: [act, keep: a, {CONV}, keep: b, use: a, upsample: to=b]", "stem_conv"),
])
def test_a_value_that_nothing_needs_is_told_where_it_is_dropped(text: str, layer: str, fails: Fails) -> None:
    problem, = fails(text)
    assert (problem.code, problem.message, problem.hint) == ("unused", f"the result of {layer} is not used", "keep it, or remove it")
    assert problem.where.text[problem.where.column - 1:].startswith("use: ")


def test_auxiliaries_levels_and_sizes_are_no_need(fails: Fails) -> None:
    text = ("stem: [keep: a, conv: 3x3 8]\nstages: {block: basic, width: 8}\nhead: [use: a, conv: 3x3 8 /2, upsample: to=stage1, "
            "global_avg_pool, dense: $classes]\nauxiliary: {stage1: [global_avg_pool, dense: $classes]}")
    problem, = fails(text)
    assert problem.message == "the result of stage1_block1_add_act is not used"
    assert problem.notes == ("no need are auxiliary classifiers, and the size that upsample takes",)


def test_what_an_auxiliary_list_drops_has_to_be_needed_too(lower: Lower, fails: Fails) -> None:
    text = "stages: {block: basic, width: 8}\nauxiliary: {stage1: [act: tanh, use: stem, global_avg_pool, dense: $classes]}"
    assert fails(text)[0].message == "the result of stage1_auxiliary_act is not used"
    assert lower(text.replace("act: tanh, ", "")).node("stage1_auxiliary_global_avg_pool").inputs[0].name == "images"


# -- merges and the pyramid ------------------------------------------------------------------------------------------------

def test_merges_want_equal_sizes_and_show_both_chains(fails: Fails) -> None:
    problem, = fails(f"stem: [keep: a, {CONV}, keep: b, conv: 3x3 8 /2 bare, join: b merge=add]")
    assert (problem.code, problem.message) == ("shape", "stem_add: addition of 16x16x8 and 32x32x8")
    assert problem.notes == ("here: 32x32x8 -> conv(filters=8, kernel=3x3) 32x32x8 -> conv(filters=8, kernel=3x3, stride=2x2) 16x16x8",
                             "b: 32x32x8 -> conv(filters=8, kernel=3x3) 32x32x8")


def test_where_sizes_are_open_merges_want_equal_strides(lower: Lower, fails: Fails) -> None:
    text = "input: ?x?x8\nclasses: 10\nstem: [keep: a, conv: 3x3 8 /2 bare, upsample: 2, join: a merge=add]"
    assert str(lower(text).node("stem_add").output.type) == "?x?x8"
    assert fails(text.replace("upsample: 2, ", ""))[0].code == "shape"


def test_a_use_at_top_level_is_a_level_of_the_pyramid_and_a_keep_is_none(lower: Lower) -> None:
    text = "stem: [conv: 3x3 8 /2]\nstages: {block: basic, width: 8, after: [keep: z, HERE]}\nhead: [join: z, global_avg_pool, dense: $classes]"
    used = lower(text.replace("HERE", "use: stem")).features["P1"]
    assert (used.value.name, used.section) == ("stem_conv_act", "stem")
    kept = lower(text.replace("HERE", "keep: y, dropout: none")).features["P1"]
    assert (kept.value.name, kept.section) == ("stage1_block1_add_act", "stage1")


# -- upsample to a size --------------------------------------------------------------------------------------------------

@pytest.mark.parametrize(("size", "shape"), [("13x9x8", "13x9x5"), ("?x?x8", "?x?x5"), ("?x9x8", "?x9x5")])
def test_upsample_takes_the_size_of_a_value(size: str, shape: str, lower: Lower) -> None:
    graph = lower(f"input: {size}\nclasses: 10\nstem: [keep: a, conv: 3x3 5 /3 bare, upsample: to=a method=bilinear, join: a]")
    node = graph.node("stem_upsample")
    assert (str(node.output.type), node.output.type.stride) == (shape, (Fraction(1), Fraction(1)))
    assert [value.name for value in node.inputs] == ["stem_conv", "images"]


@pytest.mark.parametrize("size", ["32x32x8", "?x?x8"])
def test_upsample_makes_nothing_smaller(size: str, fails: Fails) -> None:
    text = f"input: {size}\nclasses: 10\nstem: [conv: 3x3 8 bare, keep: a, conv: 3x3 8 /2 bare, keep: b, use: a, upsample: to=b, branches: [[], [use: a]]]"
    problem, = fails(text)
    assert problem.message.startswith("stem_upsample: ") and "does not become larger as" in problem.message
    assert [note.split(":")[0] for note in problem.notes] == ["here", "b"]


def test_what_only_gives_a_size_counts_neither_for_depth_nor_for_the_receptive_field(lower: Lower) -> None:
    graph = lower(f"stem: [keep: a, {CONV}, {CONV}, {CONV}, keep: b, use: a, max_pool: 2x2 /2, upsample: to=b, keep: c, join: b]\n"
                  "head: [keep: d, use: c, global_avg_pool, keep: e, use: d, global_avg_pool, join: e, dense: $classes]")
    assert receptive_fields(graph)["stem_upsample"] == (2, 2)
    assert receptive_fields(graph)["stem_concat"] == (7, 7)


def test_a_default_may_say_how(ops: Table) -> None:
    found = ops("defaults: {upsample: {method: bilinear}}\nstem: [keep: a, max_pool: 2x2 /2, upsample: to=a]")
    assert found["stem_upsample"] == "resize(method=bilinear)"


# -- large networks ------------------------------------------------------------------------------------------------------

def test_twenty_thousand_nodes_lower_and_four_times_as_many_take_four_times_the_work(write: Callable[..., Path]) -> None:
    """Four times as many nodes, a little under four times the calls: so no list is looked through a node."""
    turn = "keep: a, conv: 4 bare, keep: b, use: a, conv: 4 bare, keep: c, conv: 4 bare, join: {with: [b, c], merge: add}"

    def spec(turns: int) -> Spec:
        return read_spec(resolve(str(write(f"stem: [conv: 4, repeat: {{times: {turns}, body: [{turn}]}}]"))))

    assert len(archspec.lower(spec(5_000)).nodes) == 20_006
    short, long = spec(50), spec(200)
    with at_most(calls=10**9) as work:
        archspec.lower(short)
    with at_most(calls=4 * work.done):
        archspec.lower(long)


def test_the_graph_says_by_which_name_a_list_takes_a_value_and_what_enters_a_block(lower: Lower) -> None:
    graph = lower("""
blocks:
  two: {parameters: {other: []}, body: [conv: 3x3 8, keep: a, conv: 3x3 8, {join: [a, previous]}, $other, inner]}
  inner: {body: [conv: 1x1 8]}
stages: {block: two, repeats: [2, 1], other: [[], [join: [stage1]]]}
""")
    assert dict(graph.taken["stage1", 2]) == {"stage1_block2_conv1_act": "a", "images": "previous"}
    assert dict(graph.taken["stage2", 1]) == {
        "stage2_block1_conv1_act": "a", "stage1_block1_inner_conv_act": "previous", "stage1_block2_inner_conv_act": "stage1"}
    frames = graph.node("stage2_block1_inner_conv").calls
    assert [(frame.name, frame.entered) for frame in frames] == [
        ("two", "stage1_block2_inner_conv_act"), ("inner", "stage2_block1_other_concat")]
