"""What a training writes: one process of a cluster does, and only into the folder that it began in."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from archspec.errors import InputError
from archspec.train.devices.cluster import Cluster
from archspec.train.progress import Row
from archspec.train.reporting.records import Records
from archspec.train.run import RunFolder
from archspec.train.saving.checkpoint import Checkpoints
from archspec.train.state import Copy

ROW: Row = {"epoch": 1, "step": 5, "loss": 0.5}
def copy(step: int) -> Copy:
    return Copy({"a": tf.zeros(3)}, {"step": step, "seconds": 0.0, "sums": [0.0], "timed": [0.0, 0.0, 0.0], "history": []}, True)


def records(path: Path, rank: int = 0, history: tuple[Row, ...] = ()) -> Records:
    path.mkdir(exist_ok=True)
    run = RunFolder(path)
    return Records(run, Checkpoints(run.checkpoints, 2), Cluster(rank, ("a:1", "b:1")), history, 5)


def names(path: Path) -> list[str]:
    return sorted(child.name for child in path.iterdir())


@pytest.mark.parametrize(("rank", "written"), [(0, ["checkpoints", "metrics.jsonl", "tensorboard"]), (1, [])])
def test_the_chief_writes_and_no_one_else(tmp_path: Path, rank: int, written: list[str]) -> None:
    with records(tmp_path / "run", rank) as found:
        found.save(copy(5))
        found.epoch([ROW])
    assert names(tmp_path / "run") == written


def test_rows_beyond_the_state_that_is_taken_up_are_gone(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").write_text('{"epoch": 1}\n{"epoch": 2}\n{"epoch": 3}\n')
    with records(tmp_path, history=(ROW,)):
        assert (tmp_path / "metrics.jsonl").read_text() == '{"epoch": 1, "step": 5, "loss": 0.5}\n'


@pytest.mark.parametrize("again", [False, True])
def test_another_folder_of_the_name_is_not_written_to(tmp_path: Path, again: bool) -> None:
    path = tmp_path / "run"
    with records(path) as found:
        path.rename(tmp_path / "moved")
        if again:
            path.mkdir()
        for write in (lambda: (found.save(copy(5)), found.wait()), lambda: found.epoch([ROW])):
            with pytest.raises(InputError, match="run is no longer there: it was moved or removed while it was worked in"):
                write()
    assert names(tmp_path) == ["moved", *(["run"] if again else [])]
    assert not again or not names(path)
