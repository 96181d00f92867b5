"""What can be known before the first night: everything that a training does, a few times and in memory."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np

from archspec.data.pipeline import AHEAD
from archspec.errors import InputError
from archspec.train.devices.strategy import peak
from archspec.train.job import Job, Say
from archspec.train.progress import Row, trained
from archspec.train.reporting.speed import duration

MOST_STEPS, MOST_SECONDS = 30, 10.0
"""Steps that are timed end with the first of these; but two are, however long they take."""
TOGETHER_STEPS = 10
"""So many are timed of several workers, whose clocks may not agree on when it is enough."""


@dataclass(frozen=True)
class Measured:
    """The row of metrics.jsonl that one step and one batch of the test give, and what steps cost.

    Seconds of a step and of a batch that is evaluated, over how many steps they were measured, and bytes of memory at the
    most, with whose they are.
    """

    row: Row
    step: float
    evaluation: float
    steps: int
    memory: tuple[int, str]


def rehearse(job: Job, say: Say) -> Measured:
    """The evaluation of a few batches and a few steps of training, as they will run.

    Leaves the weights as they were at the beginning. Raises InputError for what the user has to mend.
    """
    job.initialize(say)
    test = dict(job.evaluator.results(next(job.tested())))
    _refuse_no_number("evaluation", test["loss"])
    before = job.state.snapshot()
    rows, stamps = _train(job)
    begin = time.monotonic()
    batches = sum(1 for _ in islice(job.tested(), MOST_STEPS))
    evaluation = (time.monotonic() - begin) / batches
    job.restore(before)
    row = {"epoch": 1, "step": 1, **rows[0], **{f"test_{name}": value for name, value in test.items()}, "learning_rate": 0.0,
           "seconds": 0.0, "images_per_second": 0.0, "data_wait": 0.0, "images": job.recipe.batch,
           "skipped": len(job.checked.train)}
    return Measured(row, each_took(stamps), evaluation, len(rows), peak(job.strategy))


def _train(job: Job) -> tuple[list[dict[str, float]], list[float]]:
    """A few steps: loss and accuracy of each, and when it was done."""
    rows, stamps = list[dict[str, float]](), list[float]()
    for batch in _batches(job):
        rows.append(trained(job.train(batch).numpy()))
        stamps.append(time.monotonic())
        _refuse_no_number("first step" if len(rows) == 1 else f"step {len(rows)}", rows[-1]["loss"])
        if not job.cluster.several and len(rows) > 2 and stamps[-1] - stamps[0] > MOST_SECONDS:
            break
    # the last step of all may be another one, with all layers learning and a batch that is not full: it has to compile, too
    job.state.progress.step = job.steps - 1
    job.train(batch)
    return rows, stamps


def _batches(job: Job) -> Iterator[Any]:
    """Those of the first steps, two at least: the first one compiles the network."""
    batches = job.batches(0)
    first = job.next(batches)
    yield first
    if job.steps == 1:
        yield first
    for _ in range(1, min(TOGETHER_STEPS if job.cluster.several else MOST_STEPS, job.steps)):
        yield job.next(batches)


def each_took(stamps: list[float]) -> float:
    """Seconds a step, from when each was done: two at least.

    Without the first one, which compiles the network, and if there are more without those whose images were read meanwhile.
    """
    first = min(AHEAD, len(stamps) - 2)
    return (stamps[-1] - stamps[first]) / (len(stamps) - 1 - first)


def _refuse_no_number(what: str, loss: float) -> None:
    if not np.isfinite(loss):
        raise InputError(f"the loss of the {what} is {loss}\n  hint: look at train.preprocess and train.init" +
                         ", and at the learning rate" * what.startswith("step"))


@dataclass(frozen=True)
class Room:
    """Bytes on the disk: of how many checkpoints, of one, of what is exported, and how many are free."""

    checkpoints: int
    each: int
    exports: int
    free: int

    @property
    def needed(self) -> int:
        """Of all together."""
        return self.checkpoints * self.each + self.exports


def refuse_little_space(job: Job, run: Path, finished: Path) -> Room:
    """Raises InputError unless a run folder can be made, with room for the checkpoints and for what lies in `finished`.

    Checkpoints are those that are kept, and one that is being written.
    """
    kept = job.recipe.checkpoint
    exports = sum(path.stat().st_size for path in finished.rglob("*") if path.is_file())
    place = next(parent for parent in (run.resolve(), *run.resolve().parents) if parent.exists())
    if not os.access(place, os.W_OK):
        raise InputError(f"{run}: nothing can be written in {place}\n  hint: name another folder with --run")
    room = Room(kept.keep + kept.best + 1, job.state.size, exports, shutil.disk_usage(place).free)
    if room.free < room.needed:
        raise InputError(f"{run}: the run needs {_megabytes(room.needed)} ({room.checkpoints} checkpoints of "
                         f"{_megabytes(room.each)}, and what it exports), but only {_megabytes(room.free)} are free\n"
                         "  hint: make room, or name another disk with --run")
    return room


def forecast(job: Job, found: Measured, room: Room) -> list[tuple[str, str]]:
    """What the run will take, as (what, how much)."""
    recipe, (height, width, channels) = job.recipe, job.rule.shape
    images, tested = (each.split.size / each.steps for each in (job.training, job.testing))
    epoch = job.training.steps * found.step + job.testing.steps * found.evaluation
    return [("a step", f"{recipe.batch} images of {height}x{width}x{channels}, {1000 * found.step:.3g} ms: "
                       f"{images / found.step:.4g} images/s (over {found.steps} steps)"),
            ("evaluation", f"{tested / found.evaluation:.4g} images/s"),
            ("an epoch", f"{job.training.steps} steps and {job.testing.split.size} test images: {duration(epoch)}"),
            ("the run", f"{recipe.epochs} epochs: {duration(recipe.epochs * epoch)}"),
            ("memory", f"{_megabytes(found.memory[0])} of {found.memory[1]}, at the most"),
            ("disk", f"{_megabytes(room.needed)} of {_megabytes(room.free)} free: {room.checkpoints} checkpoints of "
                     f"{_megabytes(room.each)}, {_megabytes(room.exports)} of exports")]


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
