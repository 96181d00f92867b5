"""Names of blocks and of kept values: where they are defined and used, in one text and across files."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.editor.checked import Checked, check
from archspec.editor.naming import definition, symbol_at, uses
from archspec.io.places import shipped
from archspec.schema.tree import MappingTree
from archspec.spec.source import read

NET = """\
archspec: 1
input: 32x32x3
classes: 10
let: {narrow: 8}
blocks:
  mine:
    parameters: {width: required, stride: 1}
    body: [conv: 3x3 $width /$stride, {basic: {width: $width}}]
  other: {like: mine}
stem:
  - conv: 3x3 $narrow
  - keep: early
  - conv: 3x3 8
  - join: early merge=add
stages: {blocks: [mine, other], widths: [8, 16], strides: [1, 2]}
head: [global_avg_pool, dense: $classes]
"""


def of(text: str, folder: Path) -> tuple[MappingTree, Checked]:
    path = folder / "net.yaml"
    path.write_text(text)
    return read(path), check(path, {path.resolve(): text})


def place(text: str, word: str, nth: int = 0) -> tuple[int, int]:
    """Line and column of the nth time that a word stands in a text."""
    at = -1
    for _ in range(nth + 1):
        at = text.index(word, at + 1)
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


@pytest.mark.parametrize(("word", "nth", "line"), [
    ("mine", 1, 6), ("mine", 2, 6), ("other", 1, 9), ("early", 1, 12), ("$width", 0, 7), ("$width", 1, 7), ("$stride", 0, 7), ("$narrow", 0, 4)])
def test_a_name_leads_to_its_definition(word: str, nth: int, line: int, tmp_path: Path) -> None:
    tree, checked = of(NET, tmp_path)
    assert checked.problems == ()
    symbol = symbol_at(tree, *place(NET, word, nth))
    assert symbol is not None
    where = definition(symbol, checked.path, tree, checked.resolved)
    assert where is not None
    assert (Path(where.file).resolve(), where.line) == (checked.path.resolve(), line)


@pytest.mark.parametrize(("word", "lines"), [("mine", [6, 9, 15]), ("other", [9, 15]), ("early", [12, 14])])
def test_a_name_is_found_wherever_it_is_used(word: str, lines: list[int], tmp_path: Path) -> None:
    tree, _ = of(NET, tmp_path)
    symbol = symbol_at(tree, *place(NET, word))
    assert symbol is not None
    assert [where.line for where in uses(tree, symbol)] == lines


def test_what_ships_is_found_where_it_ships(tmp_path: Path) -> None:
    text = "extends: resnet50\ntrain: {recipe: resnet_2015}\nstages: {block: basic}\n"
    tree, checked = of(text, tmp_path)
    found = []
    for word in ("resnet50", "resnet_2015", "basic"):
        symbol = symbol_at(tree, *place(text, word))
        assert symbol is not None
        where = definition(symbol, checked.path, tree, checked.resolved)
        assert where is not None
        found.append(str(Path(where.file).resolve().relative_to(shipped().resolve())))
    assert found == ["resnet50.yaml", "recipes/resnet_2015.yaml", "blocks/resnet.yaml"]


@pytest.mark.parametrize(("word", "nth"), [("3x3", 0), ("input", 0), ("required", 0), ("10", 0)])
def test_what_is_no_name_leads_nowhere(word: str, nth: int, tmp_path: Path) -> None:
    tree, _ = of(NET, tmp_path)
    assert symbol_at(tree, *place(NET, word, nth)) is None
