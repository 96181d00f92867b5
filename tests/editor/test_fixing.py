"""Guesses become changes of the text: what is written then has no such problem."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.editor.checked import check
from archspec.editor.fixing import extent, fixes

NET = "archspec: 1\ninput: 32x32x3\nclasses: 10\n{}\nhead: [global_avg_pool, dense: $classes]\n"


@pytest.mark.parametrize(("wrong", "right"), [
    ("stem: [conv: 3x3 8 act=rellu]", "stem: [conv: 3x3 8 act=relu]"),
    ("stem: [{conv: {kernell: 3, filters: 8}}]", "stem: [{conv: {kernel: 3, filters: 8}}]"),
    ("stages: {block: basik, widths: 8}", "stages: {block: basic, widths: 8}"),
    ("stages: {block: basic, widths: 8, repeets: 2}", "stages: {block: basic, widths: 8, repeats: 2}"),
    ("stem: [convv: 3x3 8]", "stem: [conv: 3x3 8]"),
    ("stem: [conv: 3x3 $clases]", "stem: [conv: 3x3 $classes]"),
    ("extends: resnet_18", "extends: resnet18"),
])
def test_a_guess_is_written(wrong: str, right: str, tmp_path: Path) -> None:
    text = NET.format(wrong) if "extends" not in wrong else f"{wrong}\n"
    path = tmp_path / "net.yaml"
    path.write_text("")
    found = check(path, {path.resolve(): text})
    (fix,) = [fix for problem in found.problems for fix in fixes(problem)]
    problem = next(problem for problem in found.problems if [*fixes(problem)])
    lines = text.splitlines()
    line = lines[problem.where.line - 1]
    lines[problem.where.line - 1] = line[:fix.begin - 1] + fix.text + line[fix.end - 1:]
    assert lines == (NET.format(right) if "extends" not in right else f"{right}\n").splitlines()


@pytest.mark.parametrize(("line", "column", "said"), [
    ("stages: {block: basic}", 10, "block"), ("stages: {block: basic}", 17, "basic"), ("a: 'b c'  # d", 4, "'b c'"), ("a: b", 9, "")])
def test_what_is_underlined(line: str, column: int, said: str) -> None:
    begin, end = extent(line, column)
    assert line[begin - 1:end - 1] == said
