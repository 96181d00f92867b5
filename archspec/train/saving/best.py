"""The best epochs of a training: kept beside the newest states, and found again at its end."""

from __future__ import annotations

from archspec.errors import InputError
from archspec.train.ending import best, ended
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
        step = self._seen = self._job.state.progress.step
        copy = self._job.state.copy()  # whether it is kept or not: what devices counted apart all of them bring together
        self._records.wait()
        steps = _first(self._job, self._checkpoints)
        if step in steps:
            self._records.keep(copy, steps)


def _first(job: Job, checkpoints: Checkpoints) -> list[int]:
    """The steps of the best epochs among those that are kept and the one that has ended, as many as are to be kept."""
    progress, chosen = job.state.progress, job.recipe.checkpoint
    held = {*checkpoints.best(), progress.step}
    rows = best([row for row in job.shown_in(progress.history) if row["step"] in held], chosen.metric)
    return [int(row["step"]) for row in rows[:chosen.best]]


def refuse_none(job: Job, checkpoints: Checkpoints) -> None:
    """Raises InputError where `take_best` is going to, of a training that has nothing more to do: before anything is lost."""
    progress = job.state.progress
    if ended(job.recipe, progress.history) and progress.step not in _first(job, checkpoints):
        best_state(checkpoints, job.shown_in(progress.history), job.recipe.checkpoint.metric, lambda _: None)


def take_best(job: Job, checkpoints: Checkpoints, say: Say) -> Row:
    """Gives the job the best state that is kept. Returns the row of its epoch. Raises InputError where there is none."""
    snapshot, row = best_state(checkpoints, job.shown_in(job.state.progress.history), job.recipe.checkpoint.metric, say)
    with job.strategy.scope():
        job.state.restore(snapshot)
    return row


def best_state(checkpoints: Checkpoints, history: list[Row], metric: str, say: Say) -> tuple[Snapshot, Row]:
    """The best state that is kept, and the row of its epoch; says so where an epoch was better that is not kept.

    Raises InputError where there is none.
    """
    held, ranked = checkpoints.best(), best(history, metric)
    for row in (row for row in ranked if row["step"] in held):
        path = held[int(row["step"])]
        try:
            found = read(path)
        except Unusable as error:
            say(f"{path} is passed over ({error})")
            continue
        if ranked[0]["step"] not in held and ranked[0][metric] != row[metric]:
            say(f"epoch {ranked[0]['epoch']:.0f} was better by {metric}, {ranked[0][metric]:.4g}, and is not kept: "
                "train.checkpoint.best keeps those that end from now on")
        return found, dict(row)
    raise InputError(f"{checkpoints.folder} holds no best epoch that can be used: train.checkpoint.best keeps those that end "
                     f"from now on\n  hint: {OTHERWISE}")
