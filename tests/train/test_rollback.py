"""A training that diverges and may go back: from the last checkpoint past these batches, so often. Stopped and killed, says test_killed.py."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from runs import QUICK, RUN, after_steps, checkpoints, metrics

from archspec.cli import run as archspec
from archspec.train import loop
from archspec.train.job import Job
from archspec.train.progress import Progress
from archspec.train.saving.checkpoint import read

BACK = [*QUICK, "--set", "train.on_divergence=rollback", "--set", "train.checkpoint.steps=10"]


def spoiled(patched: pytest.MonkeyPatch, steps: Collection[int]) -> None:
    """The batches of these steps make loss and weights no numbers."""
    def train(self: Job, batch: Any) -> Any:
        sums = self.train_step(batch)
        if self.state.progress.step + 1 in steps:
            self.model.get_layer("head_dense").bias.assign(np.full(10, np.nan, np.float32))
            return sums * tf.constant(np.nan, tf.float64)
        return sums
    patched.setattr(Job, "train", train)


def test_it_goes_back_and_leaves_these_batches_out(spec: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    spoiled(monkeypatch, [37])
    assert archspec(["train", "small.yaml", *BACK]) == 0
    assert ("the loss is no longer a number in epoch 2, at step 37 (batch 7 of 30): back to the checkpoint of step 30; steps 31 to 37 "
            "are left out (1 of 3 times)\n") in capsys.readouterr().err
    assert [row.get("skipped_steps") for row in metrics()] == [None, 7]
    assert json.loads((RUN / "result.json").read_text())["skipped_steps"] == 7
    last = read(RUN / "checkpoints/step-00000060.npz")
    assert last.progress["rolled_back"] == [[30, 37]]
    assert last.arrays["optimizer/00000/iteration"] == 60


def test_each_step_is_told_once_and_none_that_was_left_out(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It went on to step 41 before it was noticed: what was told of steps 31 to 41 is gone, and 38 to 41 are told anew."""
    spoiled(monkeypatch, [37])
    monkeypatch.setattr(loop.Look, "due", lambda self: self._job.state.progress.step == 41)
    assert archspec(["train", "small.yaml", *BACK, "--set", "train.checkpoint.steps=0", "--set", "train.log=1"]) == 0
    told = [json.loads(line)["step"] for line in (RUN / "steps.jsonl").read_text().splitlines()]
    assert told == [*range(1, 31), *range(38, 61)]
    file, = (RUN / "tensorboard" / "train").iterdir()
    shown = [event.step for event in tf.compat.v1.train.summary_iterator(str(file)) for value in event.summary.value
             if value.tag == "step/loss"]
    assert shown == told


@pytest.mark.parametrize(("steps", "more", "why", "kept"), [
    ([5], (), "there is no checkpoint of this epoch to go back to", []),
    ([32, 33, 45], ("most: 2",), "it was gone back 2 times before", [33, 40]),
    ([31], ("skip: 500",), "no batch of this epoch would be left", [20, 30])])
def test_where_nothing_is_gained_it_ends(spec: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], steps: list[int],
                                         more: tuple[str, ...], why: str, kept: list[int]) -> None:
    spoiled(monkeypatch, steps)
    chosen = ["--set", f"train.on_divergence={{{', '.join(('kind: rollback', *more))}}}"]
    assert archspec(["train", "small.yaml", *BACK, *chosen]) == 1
    assert f"; {why}\n" in capsys.readouterr().err
    assert (checkpoints() if kept else []) == kept


def test_more_steps_may_be_left_out(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spoiled(monkeypatch, [32, 35])
    assert archspec(["train", "small.yaml", *BACK, "--set", "train.on_divergence={kind: rollback, skip: 3}"]) == 0
    assert read(RUN / "checkpoints/step-00000060.npz").progress["rolled_back"] == [[30, 35]]


def test_weights_alone_that_are_no_numbers_are_gone_back_from(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def spoil() -> None:
        kept[0].model.get_layer("head_dense").bias.assign(np.full(10, np.nan, np.float32))
    kept: list[Job] = []
    real = loop.Steps.__init__
    monkeypatch.setattr(loop.Steps, "__init__", lambda self, job, *more: (kept.append(job), real(self, job, *more))[1])
    after_steps(monkeypatch, 40, spoil)
    assert archspec(["train", "small.yaml", *BACK]) == 0
    assert metrics()[1]["skipped_steps"] == 10


def test_a_run_that_diverged_goes_on_when_it_may_go_back(spec: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    spoiled(monkeypatch, [37])
    assert archspec(["train", "small.yaml", *QUICK]) == 1
    assert "--set train.on_divergence=rollback: the run goes back" in capsys.readouterr().err
    assert archspec(["train", "small.yaml", *BACK]) == 0


def untestable(patched: pytest.MonkeyPatch, step: int, since: Collection[int]) -> None:
    """After a step the test loss is no number, where the weights are those of one of these steps."""
    real = Job.evaluate

    def evaluate(self: Job, between: Any) -> Any:
        progress = self.state.progress
        bad = progress.step == step and progress.unchanged_since(step) in since
        return (("loss", np.nan) if bad and name == "loss" else (name, value) for name, value in list(real(self, between)))
    patched.setattr(Job, "evaluate", evaluate)


@pytest.mark.parametrize(("since", "back", "times"), [([60], 50, 1), ([60, 50], 40, 2)])
def test_a_state_whose_test_is_no_number_is_gone_back_from(spec: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
                                                           since: list[int], back: int, times: int) -> None:
    """It was saved before it was tested. To leave out all from step 50 on gives the state of step 50, which may be as bad."""
    untestable(monkeypatch, 60, since)
    assert archspec(["train", "small.yaml", *BACK, "--set", "train.checkpoint.keep=3"]) == 0
    assert (f"the test loss is no longer a number in epoch 2, at step 60 (batch 30 of 30): back to the checkpoint of step {back}; "
            f"steps {back + 1} to 60 are left out ({times} of 3 times)\n") in capsys.readouterr().err
    assert read(RUN / "checkpoints/step-00000060.npz").progress["rolled_back"] == [[step, 60] for step in (50, 40)[:times]]  # all count
    assert metrics()[-1]["skipped_steps"] == 60 - back
    assert sorted(path.name for path in (RUN / "checkpoints").glob("*.unusable")) == [f"step-000000{step}.npz.unusable" for step in
                                                                                     sorted(since)]


@pytest.mark.parametrize(("more", "hint"), [(["train.on_divergence=rollback", "train.checkpoint.epochs=1"], False),
                                            (["train.checkpoint.steps=10"], True)])
def test_a_state_whose_test_is_no_number_is_not_gone_on_with(spec: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
                                                             more: list[str], hint: bool) -> None:
    chosen = [each for key in more for each in ("--set", key)]
    with monkeypatch.context() as patched:
        untestable(patched, 60, [60])
        assert archspec(["train", "small.yaml", *QUICK, *chosen]) == 1
    assert ("train.on_divergence=rollback" in capsys.readouterr().err) == hint
    assert checkpoints()[-1] == (50 if hint else 30)
    assert (RUN / "checkpoints/step-00000060.npz.unusable").is_file()
    assert archspec(["train", "small.yaml", *QUICK, *chosen]) == 0


def test_a_state_whose_test_is_no_number_is_not_saved_at_the_end(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    untestable(monkeypatch, 30, [30])
    assert archspec(["train", "small.yaml", *QUICK, "--set", "train.checkpoint.epochs=2"]) == 1
    assert not list((RUN / "checkpoints").glob("*"))


def test_the_first_bad_step_is_found_whenever_it_is_looked_for() -> None:
    progress = Progress(30)
    for value in (1.0, 1.0, np.nan, 1.0):
        progress.add(np.array([value, 1.0, 1.0]))
        if value == 1.0 and progress.step == 31:
            assert progress.first_bad() is None
            assert not progress.recent
    assert progress.first_bad() == 33


def test_steps_that_are_left_out_are_counted_by_epoch() -> None:
    progress = Progress(rolled_back=[[30, 37], [37, 40], [55, 60]])
    assert [progress.skipped(begin, begin + 30) for begin in (0, 30, 60)] == [0, 15, 0]
