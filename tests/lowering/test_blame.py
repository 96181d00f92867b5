"""A problem that shows inside a block is told at the value that the user wrote, with the block's line as the note."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from click.testing import CliRunner

import archspec
from archspec.cli import archspec as command
from archspec.errors import Problem, SpecError
from archspec.io.places import shipped

Fails = Callable[..., tuple[Problem, ...]]


@pytest.mark.parametrize(("text", "written", "message"), [
    ("stages: {drop_path: 1.5}", "1.5}", "residual: drop_path needs a number from 0 to less than 1, this is 1.5"),
    ("stages: {widths: [64.5, 128, 256, 512]}", "64.5", "conv: filters needs a whole number, this is 258.0"),
    ("stages: {expansion: 0}", "0}", "conv: filters needs a whole number from 1 to 10000000, this is 0"),
    ("stages: {shortcut: avg_projectoin}", "avg_projectoin", "there is no shortcut 'avg_projectoin'"),
    ("parameters: {se: $(16 if stage > 1 else 0)}", "$(16", "division by zero: gated // ratio"),
    ("let: {twice: wide}\nstages: {widths: [$twice, 8, 8, 8]}", "wide}", "'*' works on numbers, and width is 'wide'"),
])
def test_a_value_in_a_shipped_block(text: str, written: str, message: str, fails: Fails) -> None:
    problem = fails(f"extends: resnet50\n{text}")[0]
    assert problem.where.text[problem.where.column - 1:].startswith(written)
    assert problem.where.file.endswith("net.yaml")
    assert problem.message.startswith(message)


@pytest.mark.parametrize("text", ["stages: {se: 0}", "stages: {stage2: {se: 0}}", "parameters: {se: 0}"])
def test_a_zero_where_none_is_meant_has_the_hint(text: str, fails: Fails) -> None:
    assert [problem.hint for problem in fails(f"extends: resnet50\n{text}")] == ["write none to leave it out"]
    assert "none" not in fails("extends: resnet50\nstages: {expansion: 0}")[0].hint


def test_a_shape_that_does_not_fit_is_told_at_the_one_value_of_the_users_that_it_comes_from(fails: Fails) -> None:
    problem = fails("extends: regnet_x_400mf\nstages: {group_width: 11}")[0]
    assert (problem.where.line, problem.where.column, problem.code) == (2, 23, "shape")
    assert "blocks/regnet.yaml:13:15: - conv: 3x3 $width /$stride dilation=$dilation groups=$(width // group_width)" in problem.notes[0]


def test_a_value_in_a_block_of_ones_own(fails: Fails) -> None:
    problem, = fails("blocks: {mine: {parameters: {width: 3}, body: [conv: $width, act]}}\nstem: [mine: 1.5, mine: 2]")
    assert (problem.where.line, problem.where.column) == (4, 14)
    assert problem.notes[0].startswith("used at ") and problem.notes[0].endswith("body: [conv: $width, act]}}")


def test_one_cause_is_one_problem(fails: Fails) -> None:
    """In each stage, and in each convolution of the block."""
    assert len(fails("stages: {block: basic, repeats: 2, widths: [[8, 8], 16]}")) == 1
    assert len(fails("blocks:\n  gated: {parameters: {width: 3}, body: [conv: $width, gate: [conv: $(width + 1)]]}\n"
                     "stages: {block: gated, widths: [8, 16, 24, 32]}")) == 1


@pytest.mark.parametrize(("change", "said"), [
    ("stages: {repeats: [3, 4, 6]}", "'repeats' has 3 entries"), ("stages: {widths: [64, 128, 256]}", "'widths' has 3 entries")])
def test_a_column_of_another_length_than_those_extended_is_the_one_to_change(change: str, said: str, fails: Fails) -> None:
    problem, = fails(f"extends: resnet50\n{change}")
    assert problem.where.file.endswith("net.yaml")
    assert problem.message.startswith(said)


def test_files_of_ours_have_short_names_in_messages_and_whole_paths_in_json(tmp_path: Path,
                                                                           monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SpecError) as caught:
        archspec.load("resnet50", ["stages.shortcut=pda"])
    assert "used at <shipped>/blocks/resnet.yaml:34:21: shortcut: $shortcut" in str(caught.value)
    assert "called from <shipped>/resnet50.yaml:16:10" in str(caught.value)
    arguments: Sequence[str] = ["check", "resnet50", "--set", "defaults.padding=valid", "--set", "defaults.conv.padding=0", "--json"]
    problem = json.loads(CliRunner().invoke(command, arguments).output)["problems"][0]
    assert Path(problem["file"]).is_relative_to(shipped())


@pytest.mark.parametrize(("change", "column", "message", "hint"), [
    ("input: 16x16x3", 8, "stage5_after_max_pool: a window of 2x2 does not fit into 1x1x512", "at least 32x32x3"),
    ("head: []", 7, "the head ends in a feature map of 7x7x512, not in logits", "end it in global_avg_pool and dense: $classes"),
    ("stem: [flatten]", 8, "stage1_block1_conv: conv needs a feature map (height x width x channels), this is a vector of 150528", ""),
    ("defaults: {max_pool: {kernel: 3, padding: 9}}", 43, "stage1_after_max_pool: padding [9, 9, 9, 9] is as large as its window", ""),
])
@pytest.mark.parametrize("by_set", [False, True])
def test_a_change_that_shows_in_a_file_that_is_extended(change: str, column: int, message: str, hint: str, by_set: bool, fails: Fails) -> None:
    override = change.replace(": ", "=", 1)
    problem, = fails("extends: vgg16", [override]) if by_set else fails(f"extends: vgg16\n{change}")
    assert (problem.where.file == "--set", problem.where.line) == (by_set, 1 if by_set else 2)
    assert (problem.where.column, problem.message) == (column - by_set, message)
    assert problem.hint.startswith(hint)


def test_what_is_in_the_place_of_a_change_is_the_hint(fails: Fails) -> None:
    problem, = fails("extends: resnet50", ["defaults.conv.padding=0"])
    assert (str(problem.where), problem.hint) == ("--set:1:23", "leave it out")
    assert problem.message == "stage1_block1_add: addition of 55x55x256 and 53x53x256"
    assert problem.notes[0].endswith("blocks/resnet.yaml:28:9: - residual:")
    problem, = fails("extends: resnet50\nstages: {shortcut: none, widths: [64, 64, 64, 64]}\nhead: [global_avg_pool, pad_channels: 256, dense: $classes]", ["stages.expansion=8"])
    assert (str(problem.where), problem.message) == ("--set:1:18", "head_pad_channels: 512 channels cannot become 256")
    problem, = fails("extends: vgg16\nclasses: 1000\nhead: [global_avg_pool, dense: 1000]", ["classes=5"])
    assert (str(problem.where), problem.message) == ("--set:1:9", "the head ends in 1000 logits, classes says 5")
    assert problem.hint.endswith("net.yaml has classes: 1000")


def test_a_change_is_to_blame_that_is_nearer_than_the_file_with_the_problem(fails: Fails) -> None:
    """The file stands on its own and is right; --set makes it wrong."""
    problem, = fails("stem: [conv: 3x3 8 /8, max_pool: 4x4 /4 valid]", ["input=16x16x3"])
    assert (problem.where.file, problem.message) == ("--set", "stem_max_pool: a window of 4x4 does not fit into 2x2x8")
    assert (problem.hint, problem.notes[0].split(": ", 1)[1]) == ("at least 25x25x3", "stem: [conv: 3x3 8 /8, max_pool: 4x4 /4 valid]")


def test_a_block_that_ships_in_a_file_that_extends_none(fails: Fails) -> None:
    problem, = fails("input: 16x16x3\nclasses: 10\nstages: [{block: reduction_b}, {block: reduction_b}, {block: reduction_b}, {block: reduction_b}]")
    assert (problem.where.line, problem.where.column, problem.hint) == (1, 8, "at least 31x31x3")
    problem, = fails("stem: [global_avg_pool]\nstages: {block: basic, width: 8}")
    assert (problem.where.line, problem.where.column) == (3, 8)
    assert problem.message == "stage1_block1_conv1: conv needs a feature map (height x width x channels), this is a vector of 8"
    problem, = fails("input: ?x?x3\nclasses: 10\nhead: [auxiliary_v1]")
    assert (problem.where.line, problem.where.column, problem.hint) == (1, 8, "give it a size, such as 224x224x3")


def test_without_a_value_to_blame_the_call_is_named(fails: Fails) -> None:
    problem, = fails("blocks: {mine: {body: [inverted_residual: 8, inception_v3_reduction_b]}}\nstem: [mine, dark_residual: 7]")
    assert (problem.where.line, problem.where.column) == (4, 14)


def test_a_path_is_shown_from_where_it_begins(fails: Fails) -> None:
    text = "conv: 3x3 16, residual: {body: [conv: 3x3 16 /2], shortcut: [conv: 1x1 8 bare]}"
    problem, = fails(f"stem: [conv: 3x3 4, {text}]")
    assert problem.notes == ("shortcut: 32x32x16 -> conv(filters=8) 32x32x8",
                             "body: 32x32x16 -> conv(filters=16, kernel=3x3, stride=2x2) 16x16x16 -> batch_norm() 16x16x16 -> act(function=relu) 16x16x16")
    problem, = fails("head: [branches: {merge: add, paths: [[], [repeat: {times: 9, body: [conv: 3x3 7 bare]}]]}, global_avg_pool, dense: $classes]")
    assert problem.notes == ("branch1: 32x32x8", "branch2: 32x32x8 -> … " + "-> conv(filters=7, kernel=3x3) 32x32x7 " * 5 + "-> conv(filters=7, kernel=3x3) 32x32x7")


def test_a_width_is_not_to_blame_for_a_window(fails: Fails) -> None:
    problem, = fails("input: 16x16x3\nclasses: 10\nstem: [conv: 8 /8]\nstages: [{block: reduction_a, squeeze: 8, middle: 8, wide: 8, pool: 8}]")
    assert (problem.where.line, problem.where.column) == (1, 8)


def test_causes_are_looked_for_only_as_long_as_that_takes_little(fails: Fails, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("archspec.lowering.culprit.MOST_WORK", 100)
    assert fails("extends: vgg16\ninput: 16x16x3")[0].where.file == "specs/vgg11.yaml"
