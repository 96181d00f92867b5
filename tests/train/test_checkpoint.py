"""Checkpoints: whole or not there, the newest that can be used, every damage noticed."""

from __future__ import annotations

import io
import json
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from archspec.train.saving.checkpoint import Checkpoints, Snapshot, Unusable, read


def snapshot(step: int, value: float = 1.0) -> Snapshot:
    """The values are the step's, or not numbers."""
    arrays = {"model/a/kernel": np.full((2, 3), step * value, np.float32), "optimizer/0/iteration": np.int64(step)}
    return Snapshot(arrays, {"step": step, "seconds": 0.5, "sums": [1.0, 2.0, 3.0], "timed": [3.0, 0.5, 0.1], "history": []})


ROW = dict.fromkeys(("epoch", "loss", "accuracy", "test_loss", "test_top1", "seconds", "images_per_second"), 1.0)


@pytest.fixture
def checkpoints(tmp_path: Path) -> Checkpoints:
    """Three saved, at steps 1 to 3, two kept."""
    found = Checkpoints(tmp_path / "checkpoints", keep=2)
    for step in (1, 2, 3):
        found.save(snapshot(step))
    return found


def test_what_is_saved_comes_back(checkpoints: Checkpoints) -> None:
    found, refused = checkpoints.newest()
    assert found is not None
    assert found.progress == snapshot(3).progress
    assert (found.arrays["model/a/kernel"] == 3).all()
    assert found.arrays["optimizer/0/iteration"].dtype == np.int64
    assert not refused


def test_the_newest_are_kept_and_nothing_else_lies_about(checkpoints: Checkpoints) -> None:
    assert sorted(path.name for path in checkpoints.folder.iterdir()) == ["step-00000002.npz", "step-00000003.npz"]


def test_plain_numpy_reads_one(checkpoints: Checkpoints) -> None:
    with np.load(checkpoints.found()[0]) as archive:
        assert archive["model/a/kernel"].tolist() == [[3.0] * 3] * 2


def test_every_single_changed_bit_is_noticed(checkpoints: Checkpoints) -> None:
    newest = checkpoints.found()[0]
    whole = newest.read_bytes()
    noticed = 0
    with newest.open("r+b", buffering=0) as file:  # a byte in its place: to make the file anew takes most of the time
        for place in range(8 * len(whole)):
            at = place // 8
            os.pwrite(file.fileno(), bytes([whole[at] ^ 1 << place % 8]), at)
            with pytest.raises(Unusable):
                read(newest)
            os.pwrite(file.fileno(), whole[at:at + 1], at)
            noticed += 1
    assert noticed == 8 * len(whole) > 5000
    assert read(newest)


def test_every_block_of_the_disk_that_is_lost_is_noticed(checkpoints: Checkpoints) -> None:
    arrays = {"model/a/kernel": np.random.default_rng(0).normal(size=(64, 300)).astype(np.float32)}
    checkpoints.save(Snapshot(arrays, snapshot(4).progress))
    newest = checkpoints.found()[0]
    whole = newest.read_bytes()
    for begin in range(0, len(whole), 4096):
        newest.write_bytes(whole[:begin] + bytes(len(whole[begin:begin + 4096])) + whole[begin + 4096:])
        with pytest.raises(Unusable, match="damaged: its checksum differs"):
            read(newest)


def test_one_that_numpy_s_own_savez_wrote_is_read(checkpoints: Checkpoints) -> None:
    """As those were that runs of before have left."""
    from archspec.train.saving.checkpoint import _sum, _trailer
    old, path = snapshot(9), checkpoints.folder / "step-00000009.npz"
    with path.open("wb") as file:
        np.savez(file, **old.arrays, progress=np.array(json.dumps(old.progress)))
    path.write_bytes(path.read_bytes() + _trailer(_sum(path, path.stat().st_size)))
    found = checkpoints.newest()[0]
    assert found is not None
    assert (found.progress, found.arrays["model/a/kernel"].tolist()) == (old.progress, [[9.0] * 3] * 2)


def test_an_epoch_more_takes_no_more_room_than_its_row(checkpoints: Checkpoints) -> None:
    sizes = []
    for epochs in (10, 110):
        checkpoints.save(Snapshot({}, {**snapshot(9).progress, "history": [ROW] * epochs}))
        sizes.append((checkpoints.folder / "step-00000009.npz").stat().st_size)
    assert sizes[1] - sizes[0] <= 100 * len(json.dumps(ROW) + ", ") + 64  # the header is a multiple of 64
    assert len(read(checkpoints.folder / "step-00000009.npz").progress["history"]) == 110


@pytest.mark.parametrize("keep", [0.0, 0.3, 0.9, 0.999])
def test_a_shorter_one_is_passed_over(checkpoints: Checkpoints, keep: float) -> None:
    newest = checkpoints.found()[0]
    data = newest.read_bytes()
    newest.write_bytes(data[:int(len(data) * keep)])
    found, refused = checkpoints.newest()
    assert found is not None
    assert found.progress["step"] == 2
    assert refused == {newest: "damaged: its checksum differs"}


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_one_that_is_not_numbers_is_passed_over(checkpoints: Checkpoints, value: float) -> None:
    checkpoints.save(snapshot(4, value))
    found, refused = checkpoints.newest()
    assert found is not None
    assert found.progress["step"] == 3
    assert list(refused.values()) == ["it holds values that are not numbers"]


def test_what_is_sealed_and_no_checkpoint_is_refused(checkpoints: Checkpoints) -> None:
    """Another archive with a right checksum: no exception of NumPy's or JSON's comes through."""
    from archspec.train.saving.checkpoint import _sum, _trailer
    newest, file = checkpoints.found()[0], io.BytesIO()
    np.savez(file, progress=np.array("{}"))
    for content in (b"", b"PK\x03\x04", file.getvalue()):
        newest.write_bytes(content)
        newest.write_bytes(content + _trailer(_sum(newest, len(content))))
        with pytest.raises(Unusable, match="no checkpoint: "):
            read(newest)


@pytest.mark.parametrize("odd", [
    {"step": -1}, {"step": 1.5}, {"step": None}, {"step": True}, {"seconds": "x"}, {"seconds": float("nan")}, {"sums": [1.0, 2.0]},
    {"sums": ["a", "b", "c"]}, {"sums": None}, {"timed": [1.0]}, {"history": None}, {"history": [{}]}, {"history": [None]},
    {"history": [{**ROW, "loss": "x"}]}, {"more": 1}])
def test_a_progress_that_no_training_has_is_passed_over(odd: dict[str, Any], checkpoints: Checkpoints) -> None:
    from archspec.train.saving.checkpoint import _write
    good = snapshot(4)
    _write(Snapshot(good.arrays, {**good.progress, "history": [ROW], **odd}), checkpoints.folder / "step-00000004.npz")
    found, refused = checkpoints.newest()
    assert found is not None
    assert found.progress["step"] == 3
    assert list(refused.values()) == ["no checkpoint: its progress is not as it was saved"]


@pytest.mark.parametrize("array", [np.array(["x"]), np.zeros(1, complex), np.zeros(1, "M8[s]"), np.zeros(1, [("a", "f4")])])
def test_arrays_hold_numbers(array: np.ndarray, checkpoints: Checkpoints) -> None:
    checkpoints.save(Snapshot({"model/a/kernel": array}, snapshot(4).progress))
    assert list(checkpoints.newest()[1].values()) == ["no checkpoint: model/a/kernel in it holds no numbers"]


def test_what_cannot_be_opened_is_not_damaged(checkpoints: Checkpoints) -> None:
    checkpoints.found()[0].unlink()
    (checkpoints.folder / "step-00000003.npz").mkdir()
    with pytest.raises(IsADirectoryError):
        checkpoints.newest()


def test_a_pipe_is_no_checkpoint(checkpoints: Checkpoints) -> None:
    """Whoever opens one waits for ever."""
    before = checkpoints.found()
    os.mkfifo(checkpoints.folder / "step-00000009.npz")
    assert checkpoints.found() == before


def test_without_any_there_is_none(tmp_path: Path) -> None:
    assert Checkpoints(tmp_path, 2).newest() == (None, {})
