"""What a dry run says that a run will take: all of it measured, and nothing left behind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from runs import QUICK

from archspec.cli import run as archspec
from archspec.io.memory import peak_memory
from archspec.network import load, lower
from archspec.train import rehearsal
from archspec.train.devices.cluster import Cluster
from archspec.train.job import Job
from archspec.train.prepare import prepare
from archspec.train.rehearsal import Measured, Room, each_took, forecast, rehearse

pytestmark = pytest.mark.usefixtures("digits")

MEASURED = Measured({}, 0.25, 0.05, 12, (1_500_000_000, "the GPU"))


@pytest.fixture
def job(spec: Path) -> Job:
    from archspec.data.sources import load_data
    loaded = load(str(spec))
    return prepare(loaded, lower(loaded), load_data(loaded.train.data), lambda *_: None, trial=True)


def test_it_says_what_a_run_takes(job: Job) -> None:
    """30 steps and 8 batches of the test in an epoch, the last of each not full."""
    assert dict(forecast(job, MEASURED, Room(4, 2_000_000, 500_000, 10**9))) == {
        "a step": "48 images of 8x8x1, 250 ms: 191.6 images/s (over 12 steps)", "evaluation": "900 images/s",
        "an epoch": "30 steps and 360 test images: 8 s", "the run": "2 epochs: 16 s",
        "memory": "1,500.0 MB of the GPU, at the most",
        "disk": "8.5 MB of 1,000.0 MB free: 4 checkpoints of 2.0 MB, 0.5 MB of exports"}


def test_the_state_is_as_it_was(job: Job) -> None:
    before = job.state.snapshot()
    found = rehearse(job, print)
    assert (found.steps, found.step > 0, found.evaluation > 0) == (30, True, True)
    assert found.memory[1] == "the process"
    after = job.state.snapshot()
    assert after.progress == before.progress
    assert all((after.arrays[name] == array).all() for name, array in before.arrays.items())


@pytest.mark.parametrize(("stamps", "each"), [([100, 101], 1), ([100, 101, 103], 2), ([100, 101, 102, 104], 2), ([100, 101, 102, 104, 108, 109], 7 / 3)])
def test_the_step_that_compiles_is_none_that_is_timed(stamps: list[float], each: float) -> None:
    assert each_took(stamps) == each


def test_long_steps_are_few(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter(range(0, 900, 6))
    monkeypatch.setattr(rehearsal.time, "monotonic", lambda: next(clock))
    assert rehearse(job, print).steps == 3
    clock = iter(range(0, 900, 6))
    assert rehearse(replace(job, team=replace(job.team, cluster=Cluster(0, ("a:1", "b:1")))), print).steps == 10  # whatever each one's clock says


def test_the_last_step_of_all_is_done_too(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    """All layers may learn by then, and the batch may not be full: such a step is compiled apart, and takes more memory."""
    monkeypatch.setattr(rehearsal, "MOST_STEPS", 2)
    done = list[int]()

    def step(batch: Any) -> tf.Tensor:
        done.append(job.state.progress.step)
        return job.train_step(batch)
    rehearse(replace(job, train_step=step), print)
    assert done == [0, 0, job.steps - 1]


def test_the_size_of_a_checkpoint_is_known_without_one(job: Job) -> None:
    """A worker may have left by then, and devices could not bring together what they counted apart."""
    assert job.state.size == sum(array.nbytes for array in job.state.snapshot().arrays.values())


def test_of_one_step_alone_there_is_a_pace(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert archspec(["train", "small.yaml", *QUICK, "--dry-run", "--set", "train.batch=1500", "--set", "train.epochs=1"]) == 0
    assert re.search(r"over\W+2\W+steps", capsys.readouterr().out)


def test_a_later_step_that_is_no_number_is_told(job: Job, monkeypatch: pytest.MonkeyPatch) -> None:
    losses: Iterator[float] = iter([1.0, 1.0, np.nan])
    monkeypatch.setattr(Job, "train", lambda self, batch: tf.constant([next(losses), 1.0, 1.0], tf.float64))
    with pytest.raises(rehearsal.InputError, match=r"the loss of the step 3 is nan\n  hint: .*, and at the learning rate$"):
        rehearse(job, print)


def test_best_epochs_and_the_one_under_way_need_room(spec: Path) -> None:
    kept = SimpleNamespace(keep=5, best=3)
    made: Any = SimpleNamespace(recipe=SimpleNamespace(checkpoint=kept), state=SimpleNamespace(size=7))
    room = rehearsal.refuse_little_space(made, Path("run"), spec)
    assert (room.checkpoints, room.needed) == (9, 63)


def test_the_peak_is_the_system_s_or_the_library_s(tmp_path: Path) -> None:
    (tmp_path / "proc/self").mkdir(parents=True)
    (tmp_path / "proc/self/status").write_text("Name: python\nVmHWM:     2048 kB\n")
    assert peak_memory(tmp_path) == 2048 * 1024
    assert peak_memory(tmp_path / "none") > 2**20
