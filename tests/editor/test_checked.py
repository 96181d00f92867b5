"""What the checker says of a text in an editor: of a spec, of a file of blocks, of what is neither."""

from __future__ import annotations

import sys
from pathlib import Path
from threading import Event
from types import FrameType

import pytest

from archspec.editor.checked import MOST_USERS, Checked, check, is_spec
from archspec.io.places import shipped
from archspec.io.stopping import Stopped, stoppable


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


class Looking(Event):
    """Counts the calls of functions between two looks at whether a check should go on, and says so at one of them."""

    def __init__(self, at: int = 0) -> None:
        super().__init__()
        self.at, self.looks, self.calls, self.most = at, 0, 0, 0

    def count(self, frame: FrameType, event: str, argument: object) -> None:
        self.calls += event in ("call", "c_call")

    def is_set(self) -> bool:
        self.looks, self.calls, self.most = self.looks + 1, 0, max(self.most, self.calls)
        return self.looks == self.at


@pytest.mark.parametrize("text", [
    "extends: cifar_preact_resnet1001\n",
    "extends: cifar_resnet1202\n",
    *(f"input: 32x32x3\nclasses: 10\nstem: [{word * 500}]\nhead: [global_avg_pool, dense: $classes]\n"
      for word in ("conv: 3x3 8, ", "convv: 3x3 8, "))])
def test_a_check_looks_often_whether_it_is_still_waited_for(text: str, tmp_path: Path) -> None:
    """So it ends when newer text arrives: 200,000 calls are 50 ms where they were counted."""
    looking = Looking()
    of("extends: resnet18\n", tmp_path / "net.yaml")
    with stoppable(looking):
        sys.setprofile(looking.count)
        try:
            of(text, tmp_path / "net.yaml")
        finally:
            sys.setprofile(None)
        looking.is_set()
    assert looking.most < 200_000
    with stoppable(Looking(looking.looks // 2)), pytest.raises(Stopped):
        of(f"{text}# what is the same is not read again\n", tmp_path / "net.yaml")
    assert of("extends: resnet18\n", tmp_path / "net.yaml").problems == ()


BLOCKS = "blocks:\n  mine: {parameters: {width: required}, body: [conv: 3x3 $width groups=3]}\n  fine: {body: [conv: 3x3 8]}\n"
USER = "input: 8x8x3\nclasses: 10\ninclude: shared\nstem: [conv: 3x3 WIDTH, mine: 8, fine]\nhead: [global_avg_pool, dense: $classes]\n"


def test_of_a_file_of_blocks_what_is_wrong_in_the_networks_that_include_it(tmp_path: Path) -> None:
    """Those that an editor holds, and those of its folder; each mistake once."""
    blocks, saved, held = (tmp_path / f"{name}.yaml" for name in ("shared", "saved", "held"))
    for width, codes in (("9", ["shape"]), ("8", ["shape"])):
        saved.write_text(USER.replace("WIDTH", width))
        found = check(blocks, {blocks: BLOCKS, held: USER.replace("WIDTH", width)})
        assert [problem.code for problem in found.problems] == codes
        assert {blocks, saved, held} <= found.files
    assert found.problems[0].where.line == 2
    assert {Path(call.file).name for call in found.problems[0].calls} <= {"saved.yaml", "held.yaml"}
    right = BLOCKS.replace("groups=3", "groups=1")
    assert check(blocks, {blocks: right}).problems == ()
    assert [problem.code for problem in check(blocks, {blocks: right.replace("conv: 3x3 8", "convv: 3x3 8")}).problems] == ["unknown-operation"]


def test_networks_beyond_those_that_are_looked_at_are_left_out(tmp_path: Path) -> None:
    for number in range(MOST_USERS + 3):
        (tmp_path / f"net{number:02d}.yaml").write_text(USER.replace("WIDTH", "8"))
    found = check(tmp_path / "shared.yaml", {tmp_path / "shared.yaml": BLOCKS})
    assert [problem.code for problem in found.problems] == ["shape"]
    assert len([path for path in found.files if path.name.startswith("net")]) == MOST_USERS
