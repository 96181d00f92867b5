"""What the checker says of a text in an editor: of a spec, of a file of blocks, of what is neither."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.editor.checked import Checked, check, is_spec
from archspec.io.places import shipped


def of(text: str, path: Path) -> Checked:
    return check(path, {path.resolve(): text})


@pytest.mark.parametrize("path", sorted((shipped() / "blocks").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_blocks_that_ship_have_no_problem(path: Path) -> None:
    assert of(path.read_text(), path).problems == ()


@pytest.mark.parametrize(("text", "codes"), [
    ("blocks:\n  mine: {body: [conv: 3x3 8]}\n", []),
    ("blocks:\n  mine: {body: [convv: 3x3 8]}\n", ["unknown-operation"]),
    ("blocks:\n  mine: {parameters: {width: required}}\n  conv: {body: []}\n", ["missing", "block-name"]),
    ("blocks: [", ["yaml-syntax"])])
def test_of_a_file_of_blocks_what_is_wrong_with_them(text: str, codes: list[str], tmp_path: Path) -> None:
    assert [problem.code for problem in of(text, tmp_path / "blocks.yaml").problems] == codes


def test_files_are_told_of_which_it_is_made(tmp_path: Path) -> None:
    (tmp_path / "more.yaml").write_text("blocks:\n  mine: {body: [conv: 3x3 8]}\n")
    found = of("extends: resnet18\ninclude: more\nstem: [mine]\n", tmp_path / "net.yaml")
    assert found.problems == ()
    assert {tmp_path / "net.yaml", tmp_path / "more.yaml", (shipped() / "resnet18.yaml").resolve()} <= found.files


@pytest.mark.parametrize(("text", "means"), [
    ("extends: resnet50", True), ("extends: resnet18\nstages: {block: [", True), ("stages: {prep: {cmd: a}}", False), ("stages: [build]\ninclude: a\nbuild: b", False),
    ("input: a\noutput: b", False), ("extends: ./base.yml\nrules: []\nenv: a", False), ("input: 8x8x3", True), ("extends: resnet18\nclases: 3", True), ("# a\n\nblocks:\n", True), ("archspec: 1\ndescription: a\nreference: b\ntrain: {}", False), ("services:\n  input: 3\n", False), ("", False)])
def test_a_spec_is_known_by_its_keys(text: str, means: bool, tmp_path: Path) -> None:
    assert is_spec(text, tmp_path / "net.yaml") is means


def test_of_all_that_ships_specs_and_blocks_are_taken_for_such() -> None:
    found = {path for path in shipped().rglob("*.yaml") if is_spec(path.read_text(), path)}
    assert found == {*shipped().glob("*.yaml"), *(shipped() / "blocks").glob("*.yaml")}
