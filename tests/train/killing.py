"""Trainings in processes of their own, each killed at a moment by SIGKILL, which nothing can catch, or stopped by SIGTERM."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Collection
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forked import printing

from archspec.cli import run as archspec

LOG = Path("log")
PATCH = pytest.MonkeyPatch()
"""Of these processes, which end with what is changed in them."""


def train(arguments: list[str], spoiled: Collection[int] = (), moment: str = "", step: int = 0) -> int | None:
    """The exit code of `archspec train`; minus the signal that killed it. Prints into LOG.

    Each epoch is said to be better than the one before. The batches of the steps `spoiled` make loss and weights no numbers.
    It ends at a moment of MOMENTS, if one is named.
    """
    return printing(LOG, _trained, arguments, tuple(spoiled), moment, step)


def _trained(arguments: list[str], spoiled: Collection[int], moment: str, step: int) -> int:
    from fileless import fileless
    from runs import undrawn
    undrawn(PATCH)
    rise()
    spoil(spoiled)
    if moment:
        MOMENTS[moment](step)
    with fileless():
        return archspec(["train", *arguments])


def spoil(steps: Collection[int]) -> None:
    """The batches of these steps make loss and weights no numbers."""
    import tensorflow as tf

    from archspec.train.job import Job
    real = Job.train

    def train(self: Job, batch: Any) -> Any:
        sums = real(self, batch)
        if self.state.progress.step + 1 in steps:
            self.model.get_layer("head_dense").bias.assign(np.full(3, np.nan, np.float32))
            return sums * tf.constant(np.nan, tf.float64)
        return sums
    PATCH.setattr(Job, "train", train)


def rise() -> None:
    """The test of each epoch says that it is better than the one before, whatever the machine computes."""
    from archspec.train.events import Evaluate
    real = Evaluate.test
    PATCH.setattr(Evaluate, "test", lambda self: {**real(self), "test_top1": self._job.state.progress.step / 1000})


def kill(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def half(path: Path) -> None:
    """Cuts a file in the middle."""
    os.truncate(path, path.stat().st_size // 2)


def replaced(owner: object, name: str, due: Callable[..., object], act: Callable[..., object], *, before: bool = False) -> None:
    """Acts, beside a function and with its arguments, where it is due."""
    real = getattr(owner, name)

    def run(*arguments: Any, **keys: Any) -> Any:
        ends = due(*arguments)
        if ends and before:
            act(*arguments)
        found = real(*arguments, **keys)
        if ends:
            act(*arguments)
        return found
    PATCH.setattr(owner, name, run)


def always(*_: object) -> bool:
    return True


def _in_training(step: int) -> None:
    from archspec.train import loop
    replaced(loop.Steps, "_step", lambda self: self._job.state.progress.step == step - 1, kill)


def _writing(step: int) -> None:
    """Half a checkpoint, not under its name."""
    from archspec.train.saving import checkpoint
    replaced(checkpoint, "_write", lambda snapshot, path: snapshot.progress["step"] == step, lambda snapshot, path: (half(path), kill()))


def _stopped(step: int) -> None:
    """By a signal that is heeded, after a step."""
    from archspec.train import loop
    replaced(loop.Steps, "_step", lambda self: self._job.state.progress.step == step - 1, lambda self: os.kill(os.getpid(), signal.SIGTERM))


def _linking(step: int) -> None:
    """The best epoch has its second name, and not yet its own."""
    from archspec.train.saving import checkpoint
    replaced(checkpoint, "_linked", lambda path, name: path.name == f"step-{step:08}.npz", kill)


def _removing(step: int) -> None:
    """The new checkpoint is there, and the old one still."""
    replaced(Path, "unlink", lambda path, **_: path.name == f"step-{step:08}.npz", kill, before=True)


def _worse(step: int) -> None:
    """A better epoch is there, and the worse one still."""
    replaced(Path, "unlink", lambda path, **_: path.name == f"best-{step:08}.npz", kill, before=True)


def _half_a_row(step: int) -> None:
    """metrics.jsonl with half a row more, not under its name."""
    from archspec.io import files
    replaced(files, "sync", lambda path: path.name == ".partial-metrics.jsonl" and f'"step": {step}, ' in path.read_text(),
             lambda path: (half(path), kill()), before=True)


def _row(step: int) -> None:
    """A row, and no checkpoint that knows it."""
    from archspec.train.reporting import records
    replaced(records, "write_lines", lambda path, rows: path.name == "metrics.jsonl" and rows[-1]["step"] == step, kill)


def _half_a_step(step: int) -> None:
    from archspec.train.reporting.records import Records

    def cut(self: Records, row: dict[str, float]) -> None:
        path = self._run.steps
        os.truncate(path, path.stat().st_size - 9)
        kill()
    replaced(Records, "step", lambda self, row: row["step"] == step, cut)


def _testing(step: int) -> None:
    from archspec.train import events
    replaced(events.Evaluate, "_between", lambda self, batch: self._job.state.progress.step == step, kill)


def _going_back(step: int) -> None:
    """The state is one of before, and that is not saved."""
    from archspec.train import loop
    replaced(loop.Steps, "restart", always, kill, before=True)


def _settling(step: int) -> None:
    """The statistics are those of the end, which no checkpoint has."""
    from archspec.train.step.restate import Restate
    replaced(Restate, "act", always, kill)


def _model(step: int) -> None:
    """Half a model.keras, not under its name."""
    from archspec.model import saved
    replaced(saved, "ours", always, lambda path: (half(path), kill()))


def _exporting(step: int) -> None:
    """A SavedModel that is not whole."""
    from archspec.export import exporters
    replaced(exporters, "compare", always, kill)


def _result(step: int) -> None:
    """All but the curves and what comes behind them."""
    from archspec.export import run
    replaced(run, "draw_curves", always, kill, before=True)


MOMENTS: dict[str, Callable[[int], None]] = {
    "training": _in_training, "stopped": _stopped, "half a step": _half_a_step, "writing": _writing, "removing": _removing,
    "testing": _testing, "half a row": _half_a_row, "row": _row, "linking": _linking, "worse": _worse, "going back": _going_back,
    "settling": _settling, "model": _model, "result": _result, "exporting": _exporting,
}
"""A moment by its name. Each takes the step at which it is; those that are but once take none notice of it."""
