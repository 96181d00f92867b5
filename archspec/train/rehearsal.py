"""What can be known before the first night: everything that a training does, once and in memory."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import numpy as np

from archspec.errors import InputError
from archspec.train.job import Job, Say
from archspec.train.progress import Row, trained


def rehearse(job: Job, say: Say) -> Row:
    """The evaluation of one batch and one step of training, as it will run: the row of metrics.jsonl that they give.

    Leaves the weights as they were at the beginning. Raises InputError for what the user has to mend.
    """
    job.initialize(say)
    test = dict(job.evaluator.results(next(job.tested())))
    before = job.state.snapshot()
    means = trained(job.train(job.next(job.batches(0))).numpy())
    for what, loss in (("first step", means["loss"]), ("evaluation", test["loss"])):
        if not np.isfinite(loss):
            raise InputError(f"the loss of the {what} is {loss}\n  hint: look at train.preprocess and train.init")
    job.restore(before)
    return {"epoch": 1, "step": 1, **means, **{f"test_{name}": value for name, value in test.items()}, "learning_rate": 0.0,
            "seconds": 0.0, "images_per_second": 0.0, "data_wait": 0.0, "images": job.recipe.batch,
            "skipped": len(job.checked.train)}


def refuse_little_space(job: Job, run: Path, finished: Path) -> None:
    """Raises InputError unless a run folder can be made, with room for the checkpoints and for what lies in `finished`."""
    keep = job.recipe.checkpoint.keep
    one = job.state.snapshot().size
    needed = (keep + 1) * one + sum(path.stat().st_size for path in finished.rglob("*") if path.is_file())
    place = next(parent for parent in (run.resolve(), *run.resolve().parents) if parent.exists())
    if not os.access(place, os.W_OK):
        raise InputError(f"{run}: nothing can be written in {place}\n  hint: name another folder with --run")
    free = shutil.disk_usage(place).free
    if free < needed:
        raise InputError(f"{run}: the run needs {_megabytes(needed)} ({keep + 1} checkpoints of {_megabytes(one)}, and what it "
                         f"exports), but only {_megabytes(free)} are free\n  hint: make room, or name another disk with --run")


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
