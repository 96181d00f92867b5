"""What an editor holds counts instead of the disk, for the file itself and for those that it is made of."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.errors import SpecError
from archspec.io.unsaved import unsaved
from archspec.network import load


def test_texts_count_instead_of_files_and_the_files_are_told(tmp_path: Path) -> None:
    parent, child = tmp_path / "parent.yaml", tmp_path / "child.yaml"
    parent.write_text("extends: resnet18\nclasses: 5\n")
    child.write_text("extends: parent\n")
    with unsaved({parent.resolve(): "extends: resnet18\nclasses: 7\n"}) as asked:
        assert load(child).classes == 7
    assert {parent.resolve(), child.resolve()} <= asked
    assert load(child).classes == 5


def test_a_text_of_a_file_that_there_is_not_yet(tmp_path: Path) -> None:
    path = tmp_path / "new.yaml"
    with unsaved({path.resolve(): "extends: resnet18\n"}):
        assert load(path).name == "new"
    with pytest.raises(SpecError, match="no such file"):
        load(path)


def test_a_text_is_held_to_the_bounds_of_a_file(tmp_path: Path) -> None:
    path = tmp_path / "large.yaml"
    with unsaved({path.resolve(): "a" * 1_000_001}), pytest.raises(SpecError, match="larger than"):
        load(path)
