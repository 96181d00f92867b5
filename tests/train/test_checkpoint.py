"""Checkpoints and files: whole or not there, the newest that can be read, the right network's."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from archspec.errors import InputError
from archspec.io.files import replacing, write_text
from archspec.train.checkpoint import Checkpoints
from archspec.train.progress import Progress


def variables(value: float) -> dict[str, keras.Variable]:
    return {"model/0/a/kernel": keras.Variable(np.full((2, 3), value, np.float32)),
            "optimizer/0/iteration": keras.Variable(int(value), dtype="int64")}


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    """Three saved, at steps 1 to 3, two kept; the values are the steps."""
    found = Checkpoints(tmp_path / "checkpoints", keep=2)
    for step in (1, 2, 3):
        found.save(variables(step), Progress(step, 0.5, [1.0, 2.0, 3.0], [{"epoch": 1.0}]))
    return found


def test_what_is_saved_comes_back(checkpoints: Checkpoints) -> None:
    state = variables(0)
    progress, damaged = checkpoints.restore(state)
    assert progress == Progress(3, 0.5, [1.0, 2.0, 3.0], [{"epoch": 1.0}])
    assert not damaged
    assert (state["model/0/a/kernel"].value.numpy() == 3).all()
    assert int(state["optimizer/0/iteration"]) == 3


def test_the_newest_are_kept_and_nothing_else_lies_about(checkpoints: Checkpoints) -> None:
    assert sorted(path.name for path in checkpoints.folder.iterdir()) == ["step-00000002.npz", "step-00000003.npz"]


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9])
def test_a_damaged_one_is_passed_over(checkpoints: Checkpoints, keep: float) -> None:
    newest = checkpoints.found()[0]
    data = newest.read_bytes()
    newest.write_bytes(data[:int(len(data) * keep)])
    progress, damaged = checkpoints.restore(variables(0))
    assert progress.step == 2
    assert damaged == [newest]


def test_a_changed_bit_is_noticed(checkpoints: Checkpoints) -> None:
    newest = checkpoints.found()[0]
    data = bytearray(newest.read_bytes())
    data[data.index(np.full((2, 3), 3, np.float32).tobytes())] ^= 1
    newest.write_bytes(data)
    assert checkpoints.restore(variables(0))[0].step == 2


def test_without_any_it_begins_at_the_beginning(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path, 2).restore(variables(0)) == (Progress(), [])


def test_another_networks_checkpoint_is_refused(checkpoints: Checkpoints) -> None:
    other = variables(0) | {"model/1/b/bias": keras.Variable(np.zeros(3, np.float32))}
    with pytest.raises(InputError, match="1 variables differ, the first is model/1/b/bias"):
        checkpoints.restore(other)


def test_a_failed_write_leaves_the_old_file_and_no_rest(tmp_path: Path) -> None:
    path = tmp_path / "metrics.jsonl"
    write_text(path, "old")
    with pytest.raises(RuntimeError), replacing(path) as partial:
        partial.write_text("half")
        raise RuntimeError
    assert [child.name for child in tmp_path.iterdir()] == ["metrics.jsonl"]
    assert path.read_text() == "old"


def test_a_folder_appears_at_once(tmp_path: Path) -> None:
    with replacing(tmp_path / "saved_model" / "1") as partial:
        (partial / "variables").mkdir(parents=True)
        (partial / "variables" / "x").write_text("x")
        assert not partial.name.isdecimal()
    assert (tmp_path / "saved_model" / "1" / "variables" / "x").read_text() == "x"
    assert [child.name for child in (tmp_path / "saved_model").iterdir()] == ["1"]
