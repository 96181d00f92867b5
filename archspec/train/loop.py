"""The training, from top to bottom in the order in which things happen."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress

from rich.console import Console

from archspec.errors import InputError
from archspec.train import log as logs
from archspec.train.checkpoint import Checkpoints
from archspec.train.events import Evaluate, Event, Look, Save
from archspec.train.job import Job
from archspec.train.pace import Pace
from archspec.train.progress import Diverged, Interrupted, Row
from archspec.train.records import Records
from archspec.train.report import remedy
from archspec.train.run import RunFolder
from archspec.train.signals import StopRequest
from archspec.train.speed import Extent


def train(job: Job, run: RunFolder, console: Console) -> list[Row]:
    """Trains to the end, from wherever the job's state stands. Returns a row for each epoch.

    Raises Interrupted after a signal, Diverged when loss or weights are no longer numbers.
    """
    progress = job.state.progress
    extent = Extent(job.recipe.epochs, job.training.steps, job.training.split.size)
    log = logs.make_log(console, extent, remedy(job.recipe))
    checkpoints = Checkpoints(run.checkpoints, job.recipe.checkpoint.keep)
    with log, StopRequest() as stop, Records(run, checkpoints, job.cluster, progress.history) as records:
        pace = Pace(progress, extent.each)
        save = Save(job, records, pace)
        # to save comes first: an image that cannot be read in the evaluation must not cost the epoch
        events = (Look(job, log), save, Evaluate(job, records, pace, log, stop))
        steps = Steps(job, pace)
        with _one_way_out(steps, save):
            _run(job, steps, events, stop)
            job.settle()  # of a run that was stopped behind its last test
    return progress.history


def _run(job: Job, steps: Steps, events: Sequence[Event], stop: StopRequest) -> None:
    """Before each step, and after the last: all events that are due, in order."""
    while True:
        for event in events:
            if event.due():
                event.act()
        stop.check()
        if job.state.progress.step == job.steps:
            return
        steps.next()


class Steps:
    """The steps that are left, one after the other."""

    def __init__(self, job: Job, pace: Pace) -> None:
        self.whole = True
        """False within a step: if it fails there, no one knows which weights it has changed."""
        self._job, self._pace = job, pace
        self._batches = job.batches(job.state.progress.step)
        self._compiled = False

    def next(self) -> None:
        """One step. Raises InputError for an image that cannot be read, or too little memory."""
        progress = self._job.state.progress
        with self._pace.waiting():
            batch = self._job.next(self._batches)
        self.whole = False
        progress.sums = progress.sums + self._job.train(batch)
        self._pace.follow(progress.sums)
        progress.step += 1
        self.whole = True
        if not self._compiled and progress.step % self._job.training.steps:
            self._pace.go()  # an epoch's pace leaves out the step that compiles, if there is another one
        self._compiled = True


@contextmanager
def _one_way_out(steps: Steps, save: Save) -> Iterator[None]:
    """Whatever ends a training early, what was done is saved, if the state is whole and all numbers."""
    try:
        yield
    except Interrupted:
        save.act()
        raise
    except BaseException:  # the end of the process, too
        if steps.whole:
            with suppress(OSError, InputError, Diverged):  # what went wrong first is what counts
                save.act()
        raise
