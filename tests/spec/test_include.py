"""`include`: files that hold blocks, shared by specs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

import archspec
from archspec.errors import Problem, SpecError
from archspec.graph.text import op_text

Write = Callable[..., Path]
Table = Callable[..., dict[str, str]]
Fails = Callable[..., tuple[Problem, ...]]


@pytest.fixture
def shared(tmp_path: Path) -> Callable[[str, str], None]:
    """Writes a file of blocks beside the spec."""
    def run(text: str, name: str = "shared.yaml") -> None:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(f"blocks:\n  {text}\n", encoding="utf-8")
    return run


@pytest.mark.parametrize(("text", "layer"), [
    ("include: shared\nstem: [mine]", "stem_mine_conv conv(filters=5)"),
    ("include: [shared]\nstem: [mine: 6]", "stem_mine_conv conv(filters=6)"),
    ("include: shared.yaml\nblocks: {mine: {body: [conv: 7 bare]}}\nstem: [mine]", "stem_mine_conv conv(filters=7)"),
    ("include: shared\nblocks: {mine: {like: mine, parameters: {n: 8}}}\nstem: [mine]", "stem_mine_conv conv(filters=8)"),
    ("include: shared\nblocks: {mine: {like: mine, edit: {conv: {change: {kernel: 3}}}}}\nstem: [mine]",
     "stem_mine_conv conv(filters=5, kernel=3x3)"),
    ("include: shared\nstem: [conv: 5 bare, basic: 4]", "stem_basic_conv conv(filters=4)"),
    ("include: shared\nlet: {which: mine}\nstages: {block: $which, n: 9}", "stage1_block1_conv conv(filters=9)"),
])
def test_whose_block_it_is(text: str, layer: str, shared: Callable[..., None], write: Write) -> None:
    shared("mine: {parameters: {n: 5}, body: [conv: $n bare]}\n  basic: {parameters: {width: 1}, body: [conv: $width bare]}")
    spec = archspec.load(write(text))
    graph = archspec.lower(spec)
    name, op = layer.split(" ", 1)
    assert op_text(next(node.op for node in graph.nodes if node.name == name)) == op
    for expand in (False, True):  # what is printed stands on its own
        again = archspec.load(write(spec.to_yaml(expand), "net"))
        assert "include" not in spec.to_yaml(expand)
        assert archspec.lower(again).fingerprint == graph.fingerprint


def test_it_is_inherited_from_where_it_is_said(shared: Callable[..., None], write: Write, tmp_path: Path, ops: Table) -> None:
    shared("mine: {body: [conv: 5 bare]}", "folder/shared.yaml")
    write("include: shared\nstem: [mine]", "base").rename(tmp_path / "folder" / "base.yaml")
    assert ops("extends: folder/base.yaml") == {"stem_mine_conv": "conv(filters=5)"}
    shared("other: {body: [conv: 6 bare]}", "other.yaml")
    assert ops("extends: folder/base.yaml\ninclude: other\nstem: [other]") == {"stem_other_conv": "conv(filters=6)"}


@pytest.mark.parametrize("overrides", [["include=shared"], ["include=[other]", "include[0]=shared", "stem[0].n=5"]])
def test_set_includes_from_the_folder_of_the_spec(overrides: Sequence[str], shared: Callable[..., None], ops: Table) -> None:
    shared("mine: {parameters: {n: 5}, body: [conv: $n bare]}")
    shared("mine: {parameters: {m: 5}, body: [conv: $m bare]}", "other.yaml")
    assert ops("stem: [mine: 5]", overrides) == {"stem_mine_conv": "conv(filters=5)"}


@pytest.mark.parametrize(("text", "file", "message"), [
    ("include: shared", "mine: {body: [conv: $m]}", "the name 'm' is not defined here"),
    ("include: shared", "mine: {parameters: {n: 1}, body: [conv: 4]}", "the body of the block mine does not read 'n'"),
    ("include: shared", "mine: {body: [cnov: 4]}", "there is no operation or block 'cnov'"),
    ("include: shared", "mine: {body: [conv: 4], description: null}",
     "null removes a key of the file that is extended, and this file extends none"),
])
def test_what_is_wrong_in_the_file(text: str, file: str, message: str, shared: Callable[..., None], fails: Fails) -> None:
    shared(file)
    problem = fails(text + "\nstem: [mine]")[0]
    assert (problem.message, Path(problem.where.file).name) == (message, "shared.yaml")


def test_that_holds_where_the_include_is_what_the_spec_changes(shared: Callable[..., None], tmp_path: Path) -> None:
    """Without it nothing would be wrong, and still the mistake is not there."""
    shared("mine: {body: [conv: 4]}\n  idle: {body: [conv: $m]}")
    (tmp_path / "net.yaml").write_text("extends: resnet18\ninclude: shared\nstem: [mine]\n")
    with pytest.raises(SpecError) as caught:
        archspec.lower(archspec.load(tmp_path / "net.yaml"))
    problem, = caught.value.problems
    assert (problem.message, Path(problem.where.file).name) == ("the name 'm' is not defined here", "shared.yaml")


def test_a_file_of_which_nothing_is_called_is_told(shared: Callable[..., None], write: Write) -> None:
    shared("mine: {body: [conv: 4]}")
    warning, = archspec.load(write("include: shared")).warnings
    assert (warning.message, warning.where.line) == ("nothing calls a block of shared", 3)
