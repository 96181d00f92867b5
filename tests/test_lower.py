"""Section 5 and what a whole network has to hold: stages, scope, auxiliary classifiers, the feature pyramid, the head."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import archspec
from archspec.errors import Problem
from archspec.graph.ir import Graph
from archspec.lowering.sink import MAX_ITEMS, Limits
from archspec.spec.scope import Work

Table = Callable[..., dict[str, str]]
Lower = Callable[..., Graph]
Fails = Callable[..., tuple[Problem, ...]]
PLAIN = ("blocks:\n  plain: {parameters: {width: required, stride: 1, kernel: 3}, "
         "body: [conv: '$width /$stride bare kernel=$kernel']}\n")
NAMED = "blocks:\n  named: {parameters: {width: 4}, body: [conv: $width bare]}\n"


@pytest.mark.parametrize("stages", [
    "{block: plain, repeats: [1, 2], widths: [4, 6], strides: [1, 2]}",
    "{block: plain, repeats: [1, 2], width: [4, 6], stride: [1, 2], kernel: 3}",
    "[{block: plain, width: 4}, {block: plain, repeats: 2, width: 6, stride: 2}]",
    "[{block: plain, widths: 4}, {block: plain, repeats: 2, width: 6, strides: 2}]",
    "{block: plain, table: [[repeats, widths, stride], [1, 4, 1], [2, 6, 2]]}",
    "{table: [[block, repeats, width, stride, kernel], [plain, default, 4, default, 3], [plain, 2, 6, 2, default]]}",
    "{block: [plain, plain], repeats: [default, 2], widths: [4, 6], strides: [default, 2]}",
])
def test_columns_rows_and_a_table_mean_the_same(stages: str, shapes: Table) -> None:
    assert shapes(PLAIN + f"stages: {stages}") == {
        "stage1_block1_conv": "32x32x4", "stage2_block1_conv": "16x16x6", "stage2_block2_conv": "16x16x6"}


@pytest.mark.parametrize(("expression", "widths"), [
    ("16 + index", [16, 17, 16, 17]), ("1 + stage", [1, 1, 2, 2]), ("1 + block", [1, 2, 3, 4]), ("blocks", [4] * 4),
    ("stages", [2] * 4),
    ("repeats", [2] * 4), ("int(depth * 3) + 1", [1, 2, 3, 4]), ("2 if first else 3", [2, 3, 2, 3]),
    ("2 if last else 3", [3, 2, 3, 2]),
    ("channels + 1", [9, 10, 11, 12]), ("classes + a", [13] * 4)])
def test_a_parameter_can_depend_on_where_the_repeat_stands(expression: str, widths: list[int], shapes: Table) -> None:
    found = shapes(f"let: {{a: 3}}\n{NAMED}stages: {{block: [named, named], repeats: 2, width: $({expression})}}")
    assert [int(shape.split("x")[2]) for shape in found.values()] == widths


def test_the_first_repeat_takes_the_stride_over_the_blocks_own_default(shapes: Table) -> None:
    blocks = "blocks:\n  down: {parameters: {stride: 2}, body: [max_pool: 1x1 /$stride]}\n"
    assert list(shapes(blocks + "stages: {block: down, repeats: 2}").values()) == ["32x32x8", "32x32x8"]
    assert list(shapes(blocks + "stages: {block: down, repeats: 2, strides: 2}").values()) == ["16x16x8", "16x16x8"]


def test_lists_around_a_stage_know_its_parameters(ops: Table) -> None:
    """`between` those of the stage that follows; `before` and `between` of its first repeat, `after` of its last."""
    found = ops(NAMED + "stages: {block: [named, named], repeats: 2, width: $(10 * stage + index + 1), name: [a, b],"
                " between: [conv: $(100 + width) bare], before: [conv: $(200 + width) bare], after: [conv: $(300 + width) "
                        "bare]}")
    assert {name: value for name, value in found.items() if "block" not in name} == {
        "a_before_conv": "conv(filters=201)", "a_after_conv": "conv(filters=302)", "b_between_conv": "conv(filters=111)",
        "b_before_conv": "conv(filters=211)", "b_after_conv": "conv(filters=312)"}
    assert list(found).index("b_between_conv") < list(found).index("b_before_conv")


@pytest.mark.parametrize(("text", "codes"), [
    ("stages: {block: basic, widths: [1, 2], repeats: [1]}", ["column-length"]),
    ("stages: {block: basic, widths: []}", ["column-length"]),
    ("stages: {block: basic, width: 8, repeats: 0}", ["argument"]),
    ("stages: {block: basic, width: 8, repeats: 10001}", ["argument"]),
    ("stages: {block: basic, width: 8, repeats: 1.5}", ["argument"]),
    ("stages: {block: basic, width: 8, block_: 1}", ["unknown-argument"]),
    ("stages: {width: 8}", ["missing"]), ("stages: {block: basic}", ["missing"]),
    ("stages: {block: 3, width: 8}", ["unknown-block"]),
    ("stages: [{block: basic, width: 8, between: []}]", ["between"]),
    ("stages: {block: basic, width: 8, name: stem}", ["stage-name"]),
    ("stages: {block: basic, widths: [8, 8], name: a}", ["stage-name"]),
    (NAMED + "stages: {block: named, strides: 2}", ["unknown-argument"]),
    (NAMED + "stages: {block: named, strides: true}", ["unknown-argument"]),
    ("stages: {block: basic, width: 8, before: flatten}", ["not-a-list"]),
    ("stages: {block: basic, width: 8, after: [conv: $expansion]}", ["expression"]),
    ("stages: {block: basic, width: 8, table: [[stride]]}", ["table"]),
    ("stages: {block: basic, width: 8, table: [[$x], [1]]}", ["unknown-argument"]),
    ("stages: {block: basic, width: 8, table: [[[a]], [1]]}", ["table"]),
    ("stages: {block: basic, table: [[width, after], [8, []]]}", ["table"]),
    ("stages: {block: basic, width: 8, widths: 8}", ["singular-and-plural"]),
    ("stem: [conv: $stage]", ["expression"]), ("parameters: {se: 16}", ["parameters"]), ("stages: 3", ["stages"]),
    ("let: {index: 3}", ["reserved"]),
    ("archspec: true", ["version"]), ("archspec: 1.0", ["version"]), ("archspec: '1'", ["version"]),
])
def test_what_stages_and_sections_refuse(text: str, codes: list[str], fails: Fails) -> None:
    assert [problem.code for problem in fails(text)] == codes


def test_the_pyramid_is_the_last_result_at_each_stride(lower: Lower) -> None:
    graph = lower("stem: [conv: 8 /2, act: gelu]\nstages: {block: basic, repeats: 2, widths: [8, 16, 16], "
                  "strides: [2, 2, 1], after: [dropout: 0.1]}")
    levels = {name: (feature.value.name, feature.section, feature.stride) for name, feature in graph.features.items()}
    assert levels == {"P1": ("stem_act", "stem", 2), "P2": ("stage1_after_dropout", "stage1", 4),
        "P3": ("stage3_after_dropout", "stage3", 8)}


def test_what_is_not_in_the_pyramid(lower: Lower) -> None:
    """Unequal strides, strides beside 2 to 32, and what the head computes."""
    assert lower("stem: [conv: 8 /2x1]\nhead: [conv: 8 /2x4, global_avg_pool, dense: 10]").features == {}
    assert lower("stem: [conv: 8 /3]").features == {}


def test_auxiliary_classifiers_start_after_their_stage_and_are_not_counted(lower: Lower) -> None:
    text = NAMED + "let: {a: 5}\nstages: {block: [named, named], after: [dropout: 0.5]}\n"
    graph = lower(text + "auxiliary: {stage1: [conv: $a, global_avg_pool, dense: $classes]}")
    assert graph.auxiliary["stage1"].name == "stage1_auxiliary_dense"
    nodes = {node.name: node for node in graph.nodes}
    assert nodes["stage1_auxiliary_conv"].inputs[0].name == "stage1_after_dropout"
    assert [node.name for node in graph.predicting] == [node.name for node in lower(text).nodes]


@pytest.mark.parametrize(("auxiliary", "code"), [
    ("{stage2: [global_avg_pool, dense: 10]}", "auxiliary"), ("{stage1: [conv: 3]}", "logits"),
    ("{stage1: [global_avg_pool, dense: 11]}", "logits"),
    ("{stage1: [global_avg_pool, dense: 10, act: softmax]}", "softmax-head"),
    ("{stage1: [conv: $width, global_avg_pool, dense: 10]}", "expression")])
def test_what_an_auxiliary_classifier_refuses(auxiliary: str, code: str, fails: Fails) -> None:
    assert [problem.code for problem in fails(NAMED + f"stages: {{block: named}}\nauxiliary: {auxiliary}")] == [code]


@pytest.mark.parametrize(("head", "code"), [
    ("[global_avg_pool, dense: 11]", "logits"), ("[conv: 10]", "logits"), ("[]", "logits"),
    ("[flatten, dense: 10 act=softmax]", "softmax-head"),
    ("[flatten, dense: 10, act: softmax]", "softmax-head"), ("[flatten, dense: $clases]", "expression"),
    ("none", "not-a-list")])
def test_the_head_ends_in_logits(head: str, code: str, fails: Fails) -> None:
    assert [problem.code for problem in fails(f"head: {head}")] == [code]


@pytest.mark.parametrize("section", ["name: $a", "input: $a", "classes: $a", "published: {params: $a}", "train: {epochs: $a}",
                                     "defaults: {padding: $a}", "defaults: {conv: {kernel: $a}}", "defaults: {unit: $a}",
                                     "defaults: {act: $a}"])
def test_a_dollar_is_read_nowhere_else(section: str, fails: Fails) -> None:
    base = "" if section.startswith("input") else "input: 32x32x8\n"
    assert fails(f"{base}{section}\nlet: {{a: 10}}\nhead: [global_avg_pool, dense: 10]")


def test_all_problems_of_a_file_at_once_in_the_order_of_the_text(fails: Fails) -> None:
    found = fails("archspec: 2\nlet: {a: $b}\nstem: [conv: 3x3, konv: 3, conv: 4 grops=2]\n"
                  "stages: {block: basic, width: 8, see: 3}\nhead: [dense: $x]")
    assert [problem.code for problem in found] == ["version", "expression", "missing", "unknown-operation", "unknown-argument",
                                                   "unknown-argument", "expression"]


def test_a_place_that_fails_in_every_repeat_is_reported_once(fails: Fails) -> None:
    found = fails("stages: {block: basic, repeats: 3, widths: [8, 16], strides: [2, 2], shortcut: identity}")
    assert [problem.code for problem in found] == ["identity"]
    found = fails(PLAIN + "stages: {block: plain, repeats: 3, widths: [8, 16], strides: 1, kernel: $(index - 1)}")
    assert [(problem.where.line, problem.where.column) for problem in found] == [(5, 73)]


HUGE = {
    "repeat": "stem:\n  - repeat: {times: 9999999, body: []}",
    "nested repeat": "stem:\n  - repeat: {times: 9999999, body: [repeat: {times: 9999999, body: []}]}",
    "parallel": "stem:\n  - parallel: {times: 9999999, body: []}",
    "stages": "blocks: {a: {body: []}}\nstages: {block: a, repeats: [" + "10000, " * 900 + "1]}",
    "operations": "stem:\n  - repeat: {times: 100000, body: [act]}",
    "left out": "stem:\n  - repeat: {times: 9999999, body: [act: none]}",
    "blocks": "blocks:\n" + "".join(f"  b{i}: {{body: [b{i + 1}, b{i + 1}]}}\n" for i in range(40)) + "  b40: {body: []}\n"
    "stem: [b0]",
    "chain": "blocks:\n" + "".join(f"  b{i}: {{body: [b{i + 1}]}}\n" for i in range(900)) + "  b900: {body: []}\nstem: [b0]",
    "like": "blocks:\n" + "".join(f"  b{i}: {{like: b{i + 1}}}\n" for i in range(900)) + "  b900: {body: []}\nstem: [b0]",
    "lists": "let:\n  a0: [1]\n" + "".join(f"  a{i}: ['$(a{i - 1}[0] + a{i - 1}[0])']\n" for i in range(1,
    99)) + "stem: [conv: '$(a98[0])']",
    "kernel": "stem: [conv: " + "9" * 5000 + "x3 4]",
    "input": "input: 999999x1x1\nclasses: 10", "problems": "stem: [" + "konv, " * 20_000 + "]",
    "names": "let: {" + "".join(f"a{i}: $b{i}, " for i in range(9000)) + "}",
    "long name": "stem: [conv: 3 name=" + "a" * 900_000 + "]",
}


@pytest.mark.parametrize("text", HUGE.values(), ids=HUGE)
def test_no_unbounded_work(text: str, fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked for, the items and values that are looked at, and the searches for a near word, stay bounded."""
    limits, works, searches = list[Limits](), list[Work](), list[int]()
    monkeypatch.setattr("archspec.network.Limits", lambda: limits.append(Limits()) or limits[-1])
    monkeypatch.setattr("archspec.spec.scope.Work", lambda: works.append(Work()) or works[-1])
    monkeypatch.setattr("difflib.get_close_matches", lambda *args, **kwargs: searches.append(1) or [])
    assert sum(len(str(problem)) for problem in fails(text)[:100]) < 100_000
    assert sum(limit.items for limit in limits) <= MAX_ITEMS + 1
    assert sum(work.steps + work.bindings for work in works) < 1_300_000
    assert len(searches) <= 500


@pytest.mark.parametrize("items", [100, 200])
@pytest.mark.parametrize("names", [10, 1000])
def test_an_item_costs_the_same_however_many_names_are_known(names: int, items: int, monkeypatch: pytest.MonkeyPatch,
                                                             lower: Lower) -> None:
    """No name is copied: each is bound once, and an item adds the shape where it stands, as one."""
    works = list[Work]()
    monkeypatch.setattr("archspec.spec.scope.Work", lambda: works.append(Work()) or works[-1])
    let = "".join(f"  a{index}: {index + 1}\n" for index in range(names))
    stem = "".join(f"  - scale: $a{index % names}\n" for index in range(items))
    lower(f"let:\n{let}stem:\n{stem}")
    assert sum(work.bindings for work in works) == 1 + names + items + len(["global_avg_pool", "dense"])


def test_deep_nesting_within_the_bounds_is_fine(lower: Lower) -> None:
    assert lower("stem: " + "[residual: " * 27 + "[conv: 3]" + "]" * 27).output.name == "head_dense"


def test_a_list_is_evaluated_where_it_stands_and_once(ops: Table) -> None:
    assert ops("let: {a: [2, '$(3 + 1)']}\nstem: [conv: '$(a[1] + a[-1]) bare']")["stem_conv"] == "conv(filters=8)"


def test_a_spec_from_python(lower: Lower) -> None:
    spec = archspec.load("resnet18", {"stages.se": 16})
    assert any("_se_" in node.name for node in archspec.lower(spec).nodes)
