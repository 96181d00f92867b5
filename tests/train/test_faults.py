"""What goes wrong in a training: told for what it is, and what was done is not lost."""

from __future__ import annotations

import errno
import json
import os
import resource
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from runs import QUICK, RUN, after_steps, checkpoints, exact, metrics

from archspec.cli import run as archspec
from archspec.data.pipeline import Pipeline
from archspec.errors import InputError
from archspec.train import loop
from archspec.train.faults import computing
from archspec.train.job import Job
from archspec.train.saving import checkpoint


@pytest.mark.parametrize(("training", "step", "saved"), [(False, 2, 30), (True, 10, 10)])
def test_an_image_that_cannot_be_read_costs_no_step(spec: Path, monkeypatch: pytest.MonkeyPatch, training: bool, step: int,
                                                    saved: int, capsys: pytest.CaptureFixture[str]) -> None:
    """An epoch is saved before it is evaluated; in training what was done is saved on the way out."""
    real = Pipeline.next

    def broken(self: Pipeline, batches: Any, number: int, **keys: bool) -> Any:
        if (keys["training"], number) == (training, step):
            raise InputError("a.jpg: cannot be read")
        return real(self, batches, number, **keys)
    with monkeypatch.context() as patched:
        patched.setattr(Pipeline, "next", broken)
        assert archspec(["train", "small.yaml", *QUICK]) == 2
    assert capsys.readouterr().err.endswith("a.jpg: cannot be read\n")
    assert checkpoints() == [saved]
    assert archspec(["train", "small.yaml", *QUICK]) == 0
    assert [row["epoch"] for row in metrics()] == [1, 2]


def test_a_full_disk_is_told_and_the_last_good_one_stays(spec: Path, monkeypatch: pytest.MonkeyPatch,
                                                         capsys: pytest.CaptureFixture[str]) -> None:
    real = checkpoint._write

    def full(found: checkpoint.Snapshot, path: Path) -> None:
        real(found, path)
        if found.progress["step"] > 30:
            os.truncate(path, 1000)
            raise OSError(errno.ENOSPC, "No space left on device")
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "_write", full)
        assert archspec(["train", "small.yaml", *QUICK]) == 2
    assert capsys.readouterr().err.endswith("runs/small: No space left on device\n"
                                            "  hint: the same command goes on when that is mended\n")
    assert [path.name for path in (RUN / "checkpoints").iterdir()] == ["step-00000030.npz"]
    assert archspec(["train", "small.yaml", *QUICK]) == 0
    assert [row["epoch"] for row in metrics()] == [1, 2]


@pytest.mark.slow
def test_wherever_the_disk_is_full_the_same_command_completes_it(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """No file may be as large as one of those that a run writes, by the system's own limit: it is refused, and nothing is broken.

    Of one run, which comes further each time. The time that a checkpoint tells takes a few bytes more or less.
    """
    command = ["train", "small.yaml", "--set", "export.formats=[savedmodel]"]
    assert archspec([*command, "--run", "whole"]) == 0
    files = {name: next(Path("whole").rglob(name)).stat().st_size for name in ("step-00000060.npz", "model.keras", "saved_model.pb")}
    assert sorted(files.values()) == list(files.values())
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    for name, size in files.items():
        resource.setrlimit(resource.RLIMIT_FSIZE, (size - 100, before[1]))
        try:
            assert archspec(command) == 2, name
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, before)
        assert "File too large" in capsys.readouterr().err
        assert not list(RUN.rglob(name))
        assert not list(RUN.rglob(".partial*"))
    assert archspec(command) == 0
    assert exact(RUN) == exact(Path("whole"))


@pytest.mark.parametrize(("error", "code", "told"), [
    (tf.errors.ResourceExhaustedError(None, None, "OOM when allocating tensor with shape[4,8]"), 2,
     "the device's memory does not suffice for a step of 4 images (OOM when allocating tensor with shape[4,8])\n  hint: lower "
     "train.batch (--set train.batch=2) or the input's size, or train in less memory with --set memory=recompute\n"),
    (tf.errors.InvalidArgumentError(None, None, "CollectiveReduce: group size 2 does not match"), 3,
     "archspec: a bug: InvalidArgumentError: CollectiveReduce: group size 2 does not match; the traceback is in ")])
def test_errors_of_a_step_are_never_an_images(spec: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
                                              error: Exception, code: int, told: str) -> None:
    """And since no one knows what the step has changed, the state after it is not saved."""
    def train(self: Job, batch: Any) -> Any:
        with computing(self.recipe.batch):
            if self.state.progress.step == 5:
                raise error
            return self.train_step(batch)
    monkeypatch.setattr(Job, "train", train)
    assert archspec(["train", "small.yaml", *QUICK]) == code
    assert told in capsys.readouterr().err
    assert not (RUN / "checkpoints").exists()


def test_weights_that_are_no_numbers_are_never_saved(spec: Path, monkeypatch: pytest.MonkeyPatch,
                                                     capsys: pytest.CaptureFixture[str]) -> None:
    """Though the loss still is one: the last good checkpoint stays the newest, and the same command goes on from it."""
    def spoil() -> None:
        kept[0].model.get_layer("head_dense").bias.assign(np.full(10, np.nan, np.float32))
    kept: list[Job] = []
    real = loop.Steps.__init__
    with monkeypatch.context() as patched:
        patched.setattr(loop.Steps, "__init__", lambda self, job, *more: (kept.append(job), real(self, job, *more))[1])
        after_steps(patched, 40, spoil)
        assert archspec(["train", "small.yaml", *QUICK, "--set", "train.checkpoint.steps=10"]) == 1
    assert "the weights are no longer numbers in epoch 2, at step 40 (batch 10 of 30)\n" in capsys.readouterr().err
    assert checkpoints() == [20, 30]
    assert archspec(["train", "small.yaml", *QUICK]) == 0


def test_a_folder_that_is_moved_while_it_is_worked_in_is_noticed(spec: Path, monkeypatch: pytest.MonkeyPatch,
                                                                 capsys: pytest.CaptureFixture[str]) -> None:
    after_steps(monkeypatch, 10, lambda: RUN.rename("elsewhere"))
    assert archspec(["train", "small.yaml", *QUICK]) == 2
    assert capsys.readouterr().err.endswith(
        "runs/small is no longer there: it was moved or removed while it was worked in\n"
        "  hint: move it back, or name it with --run; the same command goes on from its last checkpoint\n")
    assert [path.name for path in Path("runs").iterdir()] == [".small.lock"]
    assert archspec(["train", "small.yaml", *QUICK, "--run", "elsewhere"]) == 0


def test_a_name_that_is_too_long_is_no_bug(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = "a" * 300
    assert archspec(["train", "small.yaml", *QUICK, "--run", name]) == 2
    assert capsys.readouterr().err == f"archspec train: File name too long: {name}\n  hint: choose a shorter name\n"


@pytest.mark.parametrize("place", ["~/r1", "gs://bucket/r1"])
def test_where_a_run_may_lie(spec: Path, place: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setenv("HOME", str(spec.parent / "home"))
    code = archspec(["train", "small.yaml", *QUICK, f"--run={place}"])
    assert code == (0 if place == "~/r1" else 2)
    assert {path.name for path in Path().iterdir()} == {"small.yaml", *(["home"] if code == 0 else [])}


def test_a_pace_for_fewer_images_than_a_batch(spec: Path) -> None:
    assert archspec(["train", "small.yaml", *QUICK, "--set", "train.batch=130"]) == 0
    assert all(row["images_per_second"] > 0 for row in metrics())
    assert json.loads((RUN / "result.json").read_text())["images_per_second"] > 0
