"""What happens between two steps: each event says when it is due, and does it."""

from __future__ import annotations

import math
import time
from typing import Protocol

import numpy as np

from archspec.train.job import Job
from archspec.train.log import Log
from archspec.train.pace import Pace
from archspec.train.progress import Diverged, Row, trained
from archspec.train.records import Records
from archspec.train.schedule import LearningRate
from archspec.train.signals import StopRequest

LOOK_SECONDS = 0.2
"""How often the sums are read while training: reading waits for the device."""


class Event(Protocol):
    """(when, what)."""

    def due(self) -> bool:
        """Whether it is time, after the steps that are done."""
        ...

    def act(self) -> None:
        """Does it. Raises Diverged if the state is no longer numbers."""
        ...


class Look:
    """Shows loss and accuracy of the epoch so far."""

    def __init__(self, job: Job, log: Log) -> None:
        self._job, self._log = job, log
        self._looked = time.monotonic()

    def due(self) -> bool:
        """Some time after the last look."""
        return time.monotonic() - self._looked >= LOOK_SECONDS and self._job.state.progress.images > 0

    def act(self) -> None:
        """A line, or the bar moves."""
        means = trained(_read(self._job))
        self._log.step(self._job.state.progress.step, means["loss"], means["accuracy"])
        self._looked = time.monotonic()


class Save:
    """Saves the state, once after a step."""

    def __init__(self, job: Job, records: Records, pace: Pace) -> None:
        self._job, self._records, self._pace = job, records, pace
        self._saved = job.state.progress.step

    def due(self) -> bool:
        """At the end of a checkpoint interval."""
        step, interval = self._job.state.progress.step, self._job.recipe.checkpoint
        epoch, within = divmod(step, self._job.training.steps)
        if within:
            ends = bool(interval.steps) and within % interval.steps == 0
        else:
            ends = epoch % interval.epochs == 0 or epoch == self._job.recipe.epochs
        return ends and step != self._saved

    def act(self) -> None:
        """Writes a checkpoint, unless the one of this step is there."""
        progress = self._job.state.progress
        if progress.step == self._saved:
            return
        _read(self._job)
        self._pace.pause()
        self._pace.count()
        snapshot = self._job.state.snapshot()
        if not snapshot.finite:
            raise Diverged(f"the weights are no longer numbers in epoch {_epoch(self._job)}, at step {progress.step}")
        self._records.save(snapshot)
        self._saved = progress.step
        self._pace.go()


class Evaluate:
    """Ends an epoch: evaluates, and completes its row."""

    def __init__(self, job: Job, records: Records, pace: Pace, log: Log, stop: StopRequest) -> None:
        self._job, self._records, self._pace, self._log, self._stop = job, records, pace, log, stop

    def due(self) -> bool:
        """After the last step of an epoch that has no row yet: it may have been saved and then killed."""
        progress = self._job.state.progress
        epoch, within = divmod(progress.step, self._job.training.steps)
        return not within and len(progress.history) < epoch

    def act(self) -> None:
        """Raises Interrupted at the next batch after a signal."""
        progress = self._job.state.progress
        means = trained(_read(self._job))
        self._pace.pause()
        row = self._row(means, self._test())
        progress.end_epoch(row)
        self._records.epoch(progress.history)
        self._log.epoch(row)
        self._pace.go()

    def _test(self) -> dict[str, float]:
        if self._job.state.progress.step == self._job.steps:
            self._job.settle()
        self._job.state.gather()  # what is evaluated is what is saved
        found = {f"test_{name}": value for name, value in self._job.evaluate(self._between)}
        if not math.isfinite(found["test_loss"]):
            raise Diverged(f"the test loss is no longer a number at step {self._job.state.progress.step}")
        return found

    def _between(self, batch: int) -> None:
        self._stop.check()
        self._log.evaluating(self._job.state.progress.step, batch, self._job.testing.steps)

    def _row(self, means: dict[str, float], test: dict[str, float]) -> Row:
        progress, steps = self._job.state.progress, self._job.training.steps
        self._pace.count()
        rate = float(LearningRate(self._job.recipe, steps)(progress.step - 1))
        return {"epoch": progress.step // steps, "step": progress.step, **means, **test, "learning_rate": rate,
                "seconds": round(progress.seconds, 2), "images_per_second": self._pace.rate,
                "data_wait": self._pace.waits, "images": self._job.training.split.size, "skipped": len(self._job.checked.train)}


def _read(job: Job) -> np.ndarray:
    """The sums of the epoch. Raises Diverged if one is no number."""
    sums = job.state.progress.read()
    if not np.isfinite(sums).all():
        raise Diverged(f"the loss is no longer a number in epoch {_epoch(job)}, at step {job.state.progress.step}")
    return sums


def _epoch(job: Job) -> int:
    return (job.state.progress.step - 1) // job.training.steps + 1
