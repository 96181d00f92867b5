"""What is done where loss or weights are no longer numbers: the end, or back to the last checkpoint and past these batches."""

from __future__ import annotations

from archspec.spec.saving import Rollback
from archspec.train.begin import complete
from archspec.train.devices.together import newest
from archspec.train.job import Job, Say
from archspec.train.progress import Diverged
from archspec.train.reporting.records import Records
from archspec.train.run import RunFolder
from archspec.train.saving.checkpoint import Checkpoints, Snapshot, set_aside


def roll_back(job: Job, run: RunFolder, records: Records, error: Diverged, say: Say) -> None:
    """Takes the job to behind the batches that made it diverge, with the state before them.

    Where it diverged is told by the first step whose loss is no number, so that the same training goes back to the same
    state and leaves out the same batches, however often it was stopped. Several workers go back together, to what the chief
    has. A state that was saved and then tested as no number is put aside: no one goes on from it. Raises `error` where the
    recipe asks for no more, or where nothing is gained: no checkpoint, none within the epoch, or no batch of it that would
    be left.
    """
    chosen, progress = job.recipe.on_divergence, job.state.progress
    records.wait()
    if job.cluster.chief:
        set_aside(Checkpoints(run.checkpoints, 1).since(progress.unchanged_since(error.step)))
    if not isinstance(chosen, Rollback):
        raise error
    rows, gone = list(progress.history), list(progress.rolled_back)
    snapshot, last = _way(newest(job, run), chosen, len(gone), error, job.training.steps)
    first = snapshot.progress["step"]
    job.restore(snapshot)
    progress.rolled_back = gone  # a state of before them knows nothing of them, and they count
    complete(job, rows)
    records.back(progress.history, first)
    job.skip(last - first)
    say(f"{error}: back to the checkpoint of step {first}; steps {first + 1} to {last} are left out "
        f"({len(progress.rolled_back)} of {chosen.most} times)")


def _way(snapshot: Snapshot | None, chosen: Rollback, times: int, error: Diverged, steps: int) -> tuple[Snapshot, int]:
    """The state to go back to, and the last step that is left out then. Raises Diverged where nothing is gained."""
    if snapshot is None or snapshot.progress["step"] // steps != (error.step - 1) // steps:
        raise Diverged(f"{error}; there is no checkpoint of this epoch to go back to", error.step) from error
    if times >= chosen.most:
        raise Diverged(f"{error}; it was gone back {times} times before", error.step) from error
    last = min(error.step + chosen.skip, -(-error.step // steps) * steps)
    if last - snapshot.progress["step"] >= steps:
        raise Diverged(f"{error}; no batch of this epoch would be left", error.step) from error
    return snapshot, last
