"""Shapes last at the lines that are the same as when the text was right."""

from __future__ import annotations

import random
from itertools import pairwise
from pathlib import Path

import pytest

from archspec.editor.checked import check
from archspec.editor.lasting import MOST, same_lines, shapes_beside

NET = """\
input: 32x32x3
classes: 10
stem:
  - conv: 3x3 8
  - conv: 3x3 16 /2
  - conv: 3x3 8
stages: {block: basic, widths: [16, 32], strides: [1, 2]}
head: [global_avg_pool, dense: $classes]
"""
SHAPES = {4: "32x32x8", 5: "16x16x16", 6: "16x16x8", 7: "16x16x16 8x8x32", 8: "32 10"}


@pytest.mark.parametrize(("text", "shapes"), [
    (NET, SHAPES), (f"# more\n\n{NET}", {line + 2: shape for line, shape in SHAPES.items()}), ("", {}), ("head: [", {}),
    (NET.replace("/2", "/2 ac"), {line: shape for line, shape in SHAPES.items() if line != 5}),
    (NET.replace("classes: 10\n", "").replace("  - conv: 3x3 8\n", "  - conv: 3x3 8\n  - con\n", 1).replace("[1, 2]", "[1, "),
     {3: "32x32x8", 5: "16x16x16", 6: "16x16x8", 8: "32 10"})])
def test_shapes_stay_at_lines_that_are_the_same(text: str, shapes: dict[int, str], tmp_path: Path) -> None:
    path = (tmp_path / "net.yaml").resolve()
    assert shapes_beside(check(path, {path: NET}), text) == shapes


def test_nothing_is_beside_a_text_that_never_was_right(tmp_path: Path) -> None:
    path = (tmp_path / "net.yaml").resolve()
    assert shapes_beside(check(path, {path: "head: ["}), "head: [") == {}


def test_lines_correspond_once_and_in_order() -> None:
    rolled = random.Random(1)
    for _ in range(200):
        old, new = ([rolled.choice("abc") for _ in range(rolled.randrange(8))] for _ in range(2))
        found = [*same_lines(old, new)]
        assert all(old[one - 1] == new[other - 1] for one, other in found)
        assert all(before[0] < after[0] and before[1] < after[1] for before, after in pairwise(found))
        assert [*same_lines(old, old)] == [(line, line) for line in range(1, len(old) + 1)]


def test_of_a_text_that_is_another_one_its_ends_last() -> None:
    old, new = (["first", *(f"{name}{number}" for number in range(2 * MOST)), "last"] for name in "ab")
    assert [*same_lines(old, new)] == [(1, 1), (2 * MOST + 2, 2 * MOST + 2)]
