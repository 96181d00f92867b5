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


def test_a_shape_that_does_not_fit_is_told_at_the_one_value_of_the_users_that_it_comes_from(fails: Fails) -> None:
    problem = fails("extends: regnet_x_400mf\nstages: {group_width: 11}")[0]
    assert (problem.where.line, problem.where.column, problem.code) == (2, 23, "shape")
    assert "blocks/regnet.yaml:12:15: - conv: 3x3 $width /$stride groups=$(width // group_width)" in problem.notes[0]


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
    assert "used at <shipped>/blocks/resnet.yaml:33:21: shortcut: $shortcut" in str(caught.value)
    assert "called from <shipped>/resnet50.yaml:15:10" in str(caught.value)
    arguments: Sequence[str] = ["check", "resnet50", "--set", "input=8x8x3", "--set", "defaults.padding=valid", "--json"]
    problem = json.loads(CliRunner().invoke(command, arguments).output)["problems"][0]
    assert Path(problem["file"]).is_relative_to(shipped())
