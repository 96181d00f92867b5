"""What happens between two steps: each event says when it is due, and does it."""

from __future__ import annotations

import time
from typing import Protocol

import numpy as np

from archspec.io.numbers import is_number
from archspec.train.devices.strategy import device_memory
from archspec.train.job import Job
from archspec.train.progress import Diverged, Row, trained
from archspec.train.reporting.log import Log, Now
from archspec.train.reporting.pace import Pace
from archspec.train.reporting.records import Records
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


class Agree:
    """Several workers look after each step whether the loss is a number: what Look finds, each finds at a time of its own."""

    def __init__(self, job: Job) -> None:
        self._job = job

    def due(self) -> bool:
        """After a step."""
        return bool(self._job.state.progress.recent)

    def act(self) -> None:
        """Costs nothing: for the votes, which come with the loss, it was waited."""
        _read(self._job)


class Look:
    """Shows loss and accuracy of the epoch so far."""

    def __init__(self, job: Job, log: Log, pace: Pace) -> None:
        self._job, self._log, self._pace = job, log, pace
        self._looked = time.monotonic()

    def due(self) -> bool:
        """Some time after the last look."""
        return time.monotonic() - self._looked >= LOOK_SECONDS and self._job.state.progress.images > 0

    def act(self) -> None:
        """A line, or the bar moves."""
        means = trained(_read(self._job))
        step = self._job.state.progress.step
        now = Now(means["loss"], means["accuracy"], float(self._job.rate(step - 1)), self._pace.waits_now,
                  device_memory(self._job.strategy))
        self._log.step(step, now)
        self._looked = time.monotonic()


class Save:
    """Saves the state, once after a step: the step waits for a copy of it, and not for the disk."""

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

    def anew(self) -> None:
        """As `act` does, also where another state of this step was saved before."""
        self._saved = -1
        self.act()

    def act(self) -> None:
        """Begins a checkpoint, unless the one of this step is. Raises what went wrong with the one before."""
        progress = self._job.state.progress
        if progress.step == self._saved:
            return
        _read(self._job)
        self._pace.pause()
        self._pace.count()
        copy = self._job.state.copy()
        if not copy.finite:
            raise _diverged(self._job, "the weights are no longer numbers", progress.step)
        self._records.save(copy)
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
        if not is_number(means["loss"]):
            raise _diverged(self._job, "the loss is no longer a number", progress.step)
        row = self._row(means, self.test())
        self._job.end_epoch(row)
        self._records.epoch(progress.history)
        self._log.epoch(row)
        self._pace.go()

    def test(self) -> dict[str, float]:
        """What the test says now, by the names of a row. Raises as `act` does."""
        self._job.state.gather()  # what is evaluated is what is saved
        self._log.evaluating(self._job.state.progress.step, 0, self._job.testing.steps)
        found = {f"test_{name}": value for name, value in self._job.evaluate(self._between)}
        if not is_number(found["test_loss"]):
            raise _diverged(self._job, "the test loss is no longer a number", self._job.state.progress.step)
        return found

    def _between(self, batch: int) -> None:
        self._stop.check()
        self._log.evaluating(self._job.state.progress.step, batch, self._job.testing.steps)

    def _row(self, means: dict[str, float], test: dict[str, float]) -> Row:
        progress, steps = self._job.state.progress, self._job.training.steps
        self._pace.count()
        rate = float(self._job.rate(progress.step - 1))
        skipped = {"skipped_steps": progress.skipped(progress.step - steps, progress.step)}
        return {"epoch": progress.step // steps, "step": progress.step, **means, **test, "learning_rate": rate,
                **progress.norms, "seconds": round(progress.seconds, 2), "images_per_second": self._pace.rate,
                "data_wait": self._pace.waits, "images": self._job.training.split.size, "skipped": len(self._job.checked.train),
                **({"device_memory": memory} if (memory := device_memory(self._job.strategy)) else {}),
                **({"averaged": int(self._job.averaged)} if self._job.average else {}),
                **(skipped if progress.rolled_back else {})}


def _read(job: Job) -> np.ndarray:
    """The sums of the epoch. Raises Diverged if one is no number."""
    step = job.state.progress.first_bad()
    if step is not None:
        raise _diverged(job, "the loss is no longer a number", step)
    return job.state.progress.read()


def _diverged(job: Job, what: str, step: int) -> Diverged:
    epoch, before = divmod(step - 1, job.training.steps)
    return Diverged(f"{what} in epoch {epoch + 1}, at step {step} (batch {before + 1} of {job.training.steps})", step)
