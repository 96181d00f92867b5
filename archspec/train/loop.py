"""The training, from top to bottom in the order in which things happen."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf
from rich.console import Console

from archspec.train import log as logs
from archspec.train.checkpoint import Checkpoints
from archspec.train.job import Job
from archspec.train.metrics import TensorBoard, write_lines
from archspec.train.progress import Diverged, Interrupted, Progress, Row, evaluated, trained
from archspec.train.run import RunFolder
from archspec.train.schedule import LearningRate
from archspec.train.signals import StopRequest
from archspec.train.strategy import synchronized

LOOK_SECONDS = 0.2
"""How often the sums are read while training: reading waits for the device."""


def train(job: Job, run: RunFolder, console: Console) -> list[Row]:
    """Trains to the end, from wherever the run stands. Returns a row for each epoch.

    Raises Interrupted after a signal, Diverged when the loss is no longer a number.
    """
    checkpoints = Checkpoints(run.checkpoints, job.recipe.checkpoint.keep)
    with job.strategy.scope():
        progress, damaged = checkpoints.restore(job.variables)
    if damaged and progress.step == 0:  # a run that begins has been initialized before
        job.initialize()
    log = logs.make(console, job.recipe.epochs, job.training.steps, job.recipe.batch)
    _greet(log, progress, damaged, job)
    if progress.step < job.steps:
        board = TensorBoard(run.tensorboard, progress.history)
        several = job.strategy.num_replicas_in_sync > 1
        with log, StopRequest() as stop, synchronized(job.model, several and job.recipe.sync_batch_norm):
            _Loop(job, run, checkpoints, progress, log, board, stop).run()
        board.close()
    write_lines(run.metrics, progress.history)
    return progress.history


def _greet(log: logs.Log, progress: Progress, damaged: Sequence[object], job: Job) -> None:
    for path in damaged:
        log.say(f"{path} cannot be read; going back to an earlier one")
    if 0 < progress.step < job.steps:
        epoch, step = divmod(progress.step, job.training.steps)
        log.say(f"resuming at epoch {epoch + 1}, step {step + 1} of {job.training.steps}")


class _Loop:
    """What the steps of one training share."""

    def __init__(self, job: Job, run: RunFolder, checkpoints: Checkpoints, progress: Progress, log: logs.Log,
                 board: TensorBoard, stop: StopRequest) -> None:
        self.job, self.run_folder, self.checkpoints = job, run, checkpoints
        self.progress, self.log, self.board, self.stop = progress, log, board, stop
        self.sums = tf.constant(progress.sums, tf.float64)
        self.looked = self.clock = time.monotonic()
        self.pace = _Pace(job.recipe.batch)

    def run(self) -> None:
        """All steps that are left."""
        batches = self.job.batches(self.progress.step)
        while self.progress.step < self.job.steps:
            self.sums += self._step(batches)
            self.progress.step += 1
            self._look()
            if self.progress.step % self.job.training.steps == 0:
                self._end_epoch()
            if self._due() or self.stop:
                self._save()
            if self.stop:
                raise Interrupted(self.stop.name)

    def _step(self, batches: Any) -> tf.Tensor:
        return self.job.train_step(self.job.training.next(batches, self.progress.step, training=True))

    def _look(self) -> None:
        """Reads the sums and shows them, if some time has passed since."""
        self.pace.step()
        if time.monotonic() - self.looked >= LOOK_SECONDS:
            means = trained(self._read())
            self.log.step(self.progress.step, means["loss"], means["accuracy"])

    def _read(self) -> np.ndarray:
        sums = np.asarray(self.sums)
        self.looked = time.monotonic()
        if not np.isfinite(sums).all():
            epoch = (self.progress.step - 1) // self.job.training.steps + 1
            raise Diverged(f"the loss is no longer a number in epoch {epoch}, at step {self.progress.step}")
        return sums

    def _end_epoch(self) -> None:
        means = trained(self._read())
        pace = self.pace.end_epoch()
        test = evaluated(self.job.evaluate())
        if not math.isfinite(test["loss"]):
            raise Diverged(f"the test loss is no longer a number at step {self.progress.step}")
        self._count_seconds()
        step = self.progress.step
        rate = float(LearningRate(self.job.recipe, self.job.training.steps)(step - 1))
        row: Row = {"epoch": step // self.job.training.steps, "step": step, **means,
                    **{f"test_{name}": value for name, value in test.items()},
                    "learning_rate": rate, "seconds": round(self.progress.seconds, 2), "images_per_second": pace}
        self.progress.history.append(row)
        self.sums = tf.zeros_like(self.sums)
        write_lines(self.run_folder.metrics, self.progress.history)
        self.board.add(row)
        self.log.epoch(row)

    def _due(self) -> bool:
        """Whether this step ends a checkpoint interval."""
        epoch, within = divmod(self.progress.step, self.job.training.steps)
        interval = self.job.recipe.checkpoint
        if within:
            return bool(interval.steps) and within % interval.steps == 0
        return epoch % interval.epochs == 0 or epoch == self.job.recipe.epochs

    def _save(self) -> None:
        self.progress.sums = self._read().tolist()
        self._count_seconds()
        self.checkpoints.save(self.job.variables, self.progress)

    def _count_seconds(self) -> None:
        now = time.monotonic()
        self.progress.seconds += now - self.clock
        self.clock = now


class _Pace:
    """Images a second of training alone: no evaluation, no saving, not the first step, which compiles."""

    def __init__(self, batch: int) -> None:
        self.batch = batch
        self.steps = 0
        self.begin = 0.0

    def step(self) -> None:
        """A step is over."""
        self.steps += 1
        if self.steps == 1:
            self.begin = time.monotonic()

    def end_epoch(self) -> float:
        """The pace since the last call."""
        seconds = time.monotonic() - self.begin
        pace = (self.steps - 1) * self.batch / seconds if self.steps > 1 else 0.0
        self.steps = 0
        return round(pace, 1)
