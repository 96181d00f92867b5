"""Names of blocks and of kept values: where they are defined and used, in one text and across files."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.editor.checked import Checked, check
from archspec.editor.naming import definition, refuse_name, symbol_at, symbols, uses, with_name
from archspec.errors import InputError, Where
from archspec.io.places import shipped
from archspec.schema.tree import MappingTree
from archspec.spec.library import shipped_blocks
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
    return read(path), check(path.resolve(), {path.resolve(): text})


def place(text: str, word: str, nth: int = 0) -> tuple[int, int]:
    """Line and column of the nth time that a word stands in a text."""
    at = -1
    for _ in range(nth + 1):
        at = text.index(word, at + 1)
    return text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at)


def defined(text: str, word: str, nth: int, folder: Path) -> Where:
    """Where a text without problems defines the name that a word of it is."""
    tree, checked = of(text, folder)
    assert checked.problems == ()
    symbol = symbol_at(tree, *place(text, word, nth))
    assert symbol is not None
    where = definition(symbol, checked.path, tree, checked.resolved)
    assert where is not None
    return where


@pytest.mark.parametrize(("word", "nth", "line"), [
    ("mine", 1, 6), ("mine", 2, 6), ("other", 1, 9), ("early", 1, 12), ("$width", 0, 7), ("$width", 1, 7), ("$stride", 0, 7), ("$narrow", 0, 4)])
def test_a_name_leads_to_its_definition(word: str, nth: int, line: int, tmp_path: Path) -> None:
    where = defined(NET, word, nth, tmp_path)
    assert (Path(where.file).resolve(), where.line) == (tmp_path / "net.yaml", line)


PARAMETERS = """\
input: 32x32x3
classes: 10
blocks:
  mine:
    parameters: {width: required, extra: 1}
    let: {sum: $(extra + 1)}
    body: [conv: 3x3 $width, conv: 1x1 $sum]
  other:
    like: mine
    edit: {conv1: {before: [conv: "3x3 $(extra * sum)"]}}
  last: {parameters: {wide: 2}, body: [mine: {width: $wide, extra: 3}]}
parameters: {extra: 4}
stem: [conv: 3x3 8, last: {wide: 3}, other: {width: 8, extra: 2}]
stages: {blocks: [mine, other], widths: [8, 16], extra: [1, 2]}
head: [global_avg_pool, dense: $classes]
"""


@pytest.mark.parametrize(("word", "nth", "line"), [
    *(("extra", nth, 5) for nth in range(7)), ("sum", 1, 6), ("sum", 2, 6), ("wide", 1, 11), ("wide", 2, 11), ("widths", 0, 5)])
def test_a_parameter_leads_to_the_block_that_declares_it_be_it_copied_from_there(word: str, nth: int, line: int, tmp_path: Path) -> None:
    assert defined(PARAMETERS, word, nth, tmp_path).line == line


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


@pytest.mark.slow
@pytest.mark.parametrize("path", [path for path in sorted(shipped().glob("*.yaml")) if "blocks:" in path.read_text() or "keep:" in path.read_text()],
                         ids=lambda path: path.stem)
def test_every_name_of_a_spec_that_ships_can_be_another_one(path: Path) -> None:
    """The network is the same, but for names of layers that are called after a block."""
    text, tree = path.read_text(), read(path)
    before = check(path.resolve(), {path.resolve(): text})
    named = {each.same: each for each in symbols(tree) if each.defines}
    assert named
    for symbol in named.values():
        try:
            refuse_name("called_so_now", symbol, tree, before.resolved)
        except InputError as error:
            assert symbol.name in shipped_blocks() and "takes the place" in str(error)  # it is what a file means that it extends
            continue
        new = with_name(text, uses(tree, symbol), symbol.name, "called_so_now")
        after = check(path.resolve(), {path.resolve(): new})
        assert after.problems == (), symbol
        assert before.graph is not None
        assert after.graph is not None
        assert [(node.op.kind, node.output.type) for node in after.graph.nodes] == [(node.op.kind, node.output.type) for node in before.graph.nodes]


def test_a_name_in_quotes_and_one_that_an_alias_repeats(tmp_path: Path) -> None:
    text = NET.replace("  other: {like: mine}", '  other: {like: "mine"}').replace("blocks: [mine, other]", "blocks: [&m mine, *m]")
    tree, checked = of(text, tmp_path)
    assert checked.problems == ()
    symbol = symbol_at(tree, *place(text, "mine"))
    assert symbol is not None
    assert with_name(text, uses(tree, symbol), "mine", "ours") == text.replace("mine", "ours")


def test_a_kept_value_is_of_its_block_alone(tmp_path: Path) -> None:
    text = NET.replace("body: [conv: 3x3 $width /$stride, {basic: {width: $width}}]", "body: [keep: early, conv: 3x3 $width, join: early, conv: 3x3 $width /$stride]")
    tree, checked = of(text, tmp_path)
    assert checked.problems == ()
    found = [uses(tree, symbol) for nth in (0, 2) if (symbol := symbol_at(tree, *place(text, "early", nth)))]
    assert [[where.line for where in each] for each in found] == [[8, 8], [12, 14]]
