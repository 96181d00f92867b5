"""The best epochs of a training: kept beside the newest states, and found again at its end."""

from __future__ import annotations

from archspec.errors import InputError
from archspec.train.ending import best
from archspec.train.job import Job, Say
from archspec.train.progress import Row
from archspec.train.reporting.records import Records
from archspec.train.saving.checkpoint import Checkpoints, Snapshot, Unusable, read

OTHERWISE = "--set export.weights=raw, or ema of a training with one, takes the weights at the end"


class KeepBest:
    """Keeps the state of an epoch that is among the best, once it is tested."""

    def __init__(self, job: Job, checkpoints: Checkpoints, records: Records) -> None:
        self._job, self._checkpoints, self._records = job, checkpoints, records
        self._seen = -1

    def due(self) -> bool:
        """At the end of an epoch that has its row, once; also of one whose run was killed then and taken up."""
        progress = self._job.state.progress
        epoch, within = divmod(progress.step, self._job.training.steps)
        return (self._job.recipe.checkpoint.best > 0 and not within and len(progress.history) == epoch > 0
                and self._seen != progress.step)

    def act(self) -> None:
        """Begins to keep it where it is better than one of those that are kept, or they are too few.

        An epoch that was not kept when it ended cannot be one of the best later.
        """
        progress, chosen = self._job.state.progress, self._job.recipe.checkpoint
        self._seen = progress.step
        copy = self._job.state.copy()  # whether it is kept or not: what devices counted apart all of them bring together
        self._records.wait()
        held = {*self._checkpoints.best(), progress.step}
        first = best([row for row in self._job.shown_in(progress.history) if row["step"] in held], chosen.metric)[:chosen.best]
        steps = [int(row["step"]) for row in first]
        if progress.step in steps:
            self._records.keep(copy, steps)


def take_best(job: Job, checkpoints: Checkpoints, say: Say) -> Row:
    """Gives the job the best state that is kept. Returns the row of its epoch. Raises InputError where there is none."""
    snapshot, row = best_state(checkpoints, job.shown_in(job.state.progress.history), job.recipe.checkpoint.metric, say)
    with job.strategy.scope():
        job.state.restore(snapshot)
    return row


def best_state(checkpoints: Checkpoints, history: list[Row], metric: str, say: Say) -> tuple[Snapshot, Row]:
    """The best state that is kept, and the row of its epoch. Raises InputError where there is none."""
    held = checkpoints.best()
    for row in best([row for row in history if row["step"] in held], metric):
        path = held[int(row["step"])]
        try:
            return read(path), dict(row)
        except Unusable as error:
            say(f"{path} is passed over ({error})")
    raise InputError(f"{checkpoints.folder} holds no best epoch that can be used: train.checkpoint.best keeps those that end "
                     f"from now on\n  hint: {OTHERWISE}")
