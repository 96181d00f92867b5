"""A stage's name as a key of `stages`: what a file or --set changes in that stage alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

import archspec
from archspec.errors import Problem
from archspec.schema.tree import plain
from archspec.views.explain import explain

Write = Callable[..., Path]
Fails = Callable[..., tuple[Problem, ...]]
COLUMNS = "stages: {block: basic, repeats: [1, 2], width: 8, strides: [1, 2], shortcut: projection}"
ROWS = ("stages: [{block: basic, width: 8, shortcut: projection},"
        " {block: basic, repeats: 2, width: 8, stride: 2, shortcut: projection}]")
TABLE = "stages: {block: basic, shortcut: projection, table: [[repeats, width, stride], [1, 8, 1], [2, 8, 2]]}"


def arguments(path: Path, *overrides: str) -> list[dict[str, object]]:
    spec = archspec.load(path, overrides)
    return [{"block": plain(stage.block), "repeats": None if stage.repeats is None else plain(stage.repeats),
             **{key: plain(tree) for key, tree in stage.arguments.items()}, **dict.fromkeys(stage.lists, "list")}
            for stage in spec.stages]


@pytest.mark.parametrize("form", [COLUMNS, ROWS, TABLE], ids=["columns", "rows", "table"])
@pytest.mark.parametrize(("said", "found"), [
    ("{se: 4}", {"se": 4}), ("{width: 16, repeats: 3}", {"width": 16, "repeats": 3}), ("{widths: 16}", {"width": 16}),
    ("{shortcut: null}", {"shortcut": ...}), ("{shortcut: null, se: null}", {"shortcut": ...}), ("{block: basic_se_pre}", {"block": "basic_se_pre"}),
    ("{before: [dropout: 0.1], after: [act: elu]}", {"before": "list", "after": "list"}), ("{}", {}),
])
def test_one_stage_changes_alone(form: str, said: str, found: dict[str, object], write: Write) -> None:
    base = write(form, "base")
    first, second = arguments(base)
    expected = {key: value for key, value in {**second, **found}.items() if value is not ...}
    assert arguments(write(f"extends: base\nstages: {{stage2: {said}}}")) == [first, expected]


@pytest.mark.parametrize(("files", "se"), [
    (["stages: {stage2: {se: 4}}", "stages: {se: 2}"], [2, 2]), (["stages: {se: 2}", "stages: {stage2: {se: 4}}"], [2, 4]),
    (["stages: {se: 2, stage2: {se: 4}}"], [2, 4]), (["stages: {stage2: {se: 4}}", "stages: {se: null}"], [None, None]),
    (["stages: {se: [1, 2]}", "stages: {stage1: {se: null}}"], [None, 2]),
    (["stages: {stage1: {se: null}}", "stages: {se: [1, 2]}"], [1, 2]),
    (["stages: {stage1: {se: 4}}", "stages: {stage1: null}"], [None, None]),
    (["stages: {stage1: {se: 4}}", "stages: {stage1: {se: 8}, stage2: {se: 1}}"], [8, 1]),
    (["stages: {stage1: {se: 4}}", "stages: {name: [a, b]}", "stages: {b: {se: 2}}"], [4, 2]),
    (["stages: {stage1: {se: 4}, name: [a, b]}"], [4, None]),
])
def test_files_count_in_order(files: list[str], se: list[int | None], write: Write) -> None:
    path = write(COLUMNS, "file0")
    for number, text in enumerate(files, 1):
        path = write(f"extends: file{number - 1}\n{text}", f"file{number}")
    assert [stage.get("se") for stage in arguments(path)] == se


@pytest.mark.parametrize(("overrides", "se"), [
    (["stages.stage2.se=4"], [None, 4]), (["stages.stage2.se=4", "stages.se=2"], [2, 4]),
    (["stages.se=2", "stages.stage1.se=null"], [None, 2]), (["stages.stage2={se: 4}", "stages.stage1.se=1"], [1, 4]),
])
@pytest.mark.parametrize("form", [COLUMNS, TABLE], ids=["columns", "table"])
def test_set_of_one_stage(form: str, overrides: list[str], se: list[int | None], write: Write) -> None:
    assert [stage.get("se") for stage in arguments(write(form), *overrides)] == se


def test_mappings_merge_with_what_all_stages_have(write: Write) -> None:
    base = write("stages: {block: basic, width: 8, shortcut: {matching: none, differing: [conv: 1x1 8]}, strides: [1, 1]}", "base")
    found = arguments(write("extends: base\nstages: {stage2: {shortcut: {matching: identity}}}"))
    assert base.exists()
    assert [stage["shortcut"] for stage in found] == [{"matching": word, "differing": [{"conv": "1x1 8"}]} for word in ("none", "identity")]


def test_a_parameter_of_that_name_is_one(write: Write, lower: Callable[..., object]) -> None:
    block = "blocks:\n  mine: {parameters: {stage1: required}, body: [residual: {body: [conv: 8], shortcut: $stage1}]}\n"
    text = block + "stem: [conv: 8]\nstages: {block: mine, stage1: {matching: none, differing: none}, repeats: [1, 1]}"
    assert [stage["stage1"] for stage in arguments(write(text))] == [{"matching": "none", "differing": "none"}] * 2


@pytest.mark.parametrize("form", [COLUMNS, ROWS, TABLE], ids=["columns", "rows", "table"])
def test_what_show_prints_is_the_same_network(form: str, write: Write) -> None:
    write("stem: [conv: 8]\n" + form, "base")
    said = "{se: 4, before: [dropout: 0.1], shortcut: null}"
    spec = archspec.load(write(f"extends: base\nstages: {{stage2: {said}, stage1: {{after: [act: elu]}}}}", "net"))
    again = archspec.load(write(spec.to_yaml(), "net"))
    assert archspec.lower(again).fingerprint == archspec.lower(spec).fingerprint
    assert any(node.name == "stage2_before_dropout" for node in archspec.lower(again).nodes)


@pytest.mark.parametrize("form", [COLUMNS, ROWS, TABLE], ids=["columns", "rows", "table"])
@pytest.mark.parametrize(("key", "said"), [("stages.stage2.width", ["8", "16"]), ("stages.stage1.width", ["8"]),
                                           ("stages.stage2.repeats", ["2"]), ("stages.stage2.se", ["4"])])
def test_explain_of_one_stage(form: str, key: str, said: list[str], write: Write) -> None:
    write(form, "base")
    path = write("extends: base\nstages: {stage2: {width: 16}}")
    assert [origin.value for origin in explain(archspec.load(path, ["stages.stage2.se=4"]), key)] == said


def test_explain_of_all_stages_names_those_that_differ(write: Write) -> None:
    write(COLUMNS, "base")
    spec = archspec.load(write("extends: base\nstages: {stage2: {widths: 16}}"))
    assert [origin.value for origin in explain(spec, "stages.width")] == ["8", "16, of stage2 alone"]


def test_a_problem_of_one_stage_is_told_there(write: Write, fails: Fails) -> None:
    write("stem: [conv: 8]\n" + COLUMNS, "base")
    problem, = fails("extends: base\nstages: {stage2: {shortcut: identity}}")
    assert (problem.where.line, problem.where.path) == (2, "stages.stage2.shortcut")
