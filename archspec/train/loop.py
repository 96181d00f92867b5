"""The training, from top to bottom in the order in which things happen."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress

import keras
from rich.console import Console

from archspec.errors import InputError
from archspec.spec.saving import Rollback
from archspec.train.ending import no_better, stopped
from archspec.train.events import Agree, Evaluate, Event, Look, Save
from archspec.train.job import Job
from archspec.train.progress import Diverged, Interrupted, Paused, Row
from archspec.train.reporting import log as logs
from archspec.train.reporting.callbacks import Callbacks
from archspec.train.reporting.marks import Mark, Shown, Spread
from archspec.train.reporting.pace import Pace
from archspec.train.reporting.records import Records
from archspec.train.reporting.report import remedy
from archspec.train.reporting.speed import Extent, Speed
from archspec.train.run import RunFolder
from archspec.train.saving.best import KeepBest
from archspec.train.saving.checkpoint import Checkpoints
from archspec.train.saving.rollback import roll_back
from archspec.train.signals import StopRequest


def train(job: Job, run: RunFolder, console: Console, callbacks: Sequence[keras.callbacks.Callback] = (),
          until: int | None = None) -> list[Row]:
    """Trains to the end, from wherever the job's state stands. Returns a row for each epoch.

    `callbacks` are told of it as Model.fit would. Raises Interrupted after a signal, Paused when `until` epochs are done and
    more are to come, Diverged when loss or weights are no longer numbers.
    """
    progress = job.state.progress
    extent = Extent(job.recipe.epochs, job.training.steps, job.training.split.size)
    log = logs.make_log(console, extent, remedy(job.recipe))
    checkpoints = Checkpoints(run.checkpoints, job.recipe.checkpoint.keep)
    records = Records(run, checkpoints, job.cluster, progress.history, progress.step)
    told = Callbacks(job, callbacks, log.say) if callbacks else None
    with log, StopRequest(job.vote) as stop, records, told or nullcontext():
        pace = Pace(progress, extent.each)
        save, evaluate = Save(job, records, pace), Evaluate(job, records, pace, log, stop)
        # to save comes first: an image that cannot be read in the evaluation must not cost the epoch
        events: list[Event] = [Mark(job, records), *([Agree(job)] if job.cluster.several else []), Look(job, log, pace), save,
                               evaluate, KeepBest(job, checkpoints, records), Spread(job, records, job.recipe.log.histograms),
                               Shown(job, records, job.recipe.log.images), *([told] if told else [])]
        steps = Steps(job, pace, log.speed, told)

        def rescue(error: Diverged) -> None:
            roll_back(job, run, records, error, log.say)
            steps.restart()
            save.anew()
        with _one_way_out(job, steps, save, records):
            _run(job, steps, events, stop, records, rescue, until)
            save.act()
            if progress.step < job.steps:
                log.say(f"stopped early, after epoch {len(progress.history)}: {no_better(job.recipe)}")
            return _rows(job, evaluate, stop)


def _rows(job: Job, evaluate: Evaluate, stop: StopRequest) -> list[Row]:
    """Those of a training; the last one is of the weights and statistics that are wanted at the end.

    Of a run that was done `export.weights` may ask for others now, and statistics are recomputed only now. In the rows that
    are kept it stays as it was: with more epochs, or more patience, the training goes on by them as if it had not ended.
    """
    history = job.state.progress.history
    *before, last = history
    if not job.restate and job.shown_in([last]):
        return history
    job.settle(stop.check)
    return [*before, {**last, **evaluate.test()}]


def _run(job: Job, steps: Steps, events: Sequence[Event], stop: StopRequest, records: Records,
         rescue: Callable[[Diverged], None], until: int | None) -> None:
    """Before each step, and after the last: all events that are due, in order."""
    while True:
        try:
            for event in events:
                if event.due():
                    event.act()
        except Diverged as error:
            rescue(error)
            continue
        stop.check()
        records.check()
        if _over(job):
            return
        if until is not None and job.state.progress.step >= until * job.training.steps:
            raise Paused(f"paused after {until} of {job.recipe.epochs} epochs")
        steps.next()


def _over(job: Job) -> bool:
    progress = job.state.progress
    within = progress.step % job.training.steps
    return progress.step == job.steps or (not within and stopped(job.recipe.stop_early, progress.history))


class Steps:
    """The steps that are left, one after the other."""

    def __init__(self, job: Job, pace: Pace, speed: Speed, told: Callbacks | None) -> None:
        self.whole = True
        """False within a step: if it fails there, no one knows which weights it has changed."""
        self._job, self._pace, self._speed, self._told = job, pace, speed, told
        self._batches = job.batches(job.state.progress.step)
        self._compiled = set[tuple[bool, bool]]()
        """The forms of the steps that have been done; see Job.form."""

    def next(self) -> None:
        """One step. Raises InputError for an image that cannot be read, too little memory, or a callback that fails."""
        with self._told.step(self._job.state.progress.step % self._job.training.steps) if self._told else nullcontext():
            self._step()

    def _step(self) -> None:
        progress, form = self._job.state.progress, self._job.form
        compiles = form not in self._compiled
        if compiles:
            self._pace.pause()
        with self._pace.waiting():
            batch = self._job.next(self._batches)
        self.whole = False
        progress.add(self._job.train(batch))
        self._pace.follow(progress.sums)
        self.whole = True
        if compiles:
            self._speed.resume()
            self._compiled.add(form)
            if progress.step % self._job.training.steps or progress.timed[0]:
                self._pace.go()  # an epoch's pace leaves out a step that compiles, if there is another one

    def restart(self) -> None:
        """Goes on from where the state stands now."""
        self._pace.go()
        self._batches = self._job.batches(self._job.state.progress.step)


@contextmanager
def _one_way_out(job: Job, steps: Steps, save: Save, records: Records) -> Iterator[None]:
    """Whatever ends a training early, what was done is saved, if the state is whole and all numbers.

    Among several workers only where all end it together: else the others are no longer there to bring what they counted.
    """
    rolls_back = isinstance(job.recipe.on_divergence, Rollback)
    try:
        yield
    except Interrupted:
        with suppress(Diverged) if rolls_back else nullcontext():  # what it goes back to is saved
            save.act()
        records.wait()  # it is said that all is saved
        raise
    except Diverged:  # such a state is not saved, and what was saved of it is put aside
        raise
    except BaseException:  # the end of the process, too
        if steps.whole and not job.cluster.several:
            with suppress(OSError, InputError, Diverged):  # what went wrong first is what counts
                save.act()
        raise
