"""A trained network with other weights of its run than those that lie in its folder."""

from __future__ import annotations

from archspec.artifact.artifact import Artifact
from archspec.data.looking import Tick
from archspec.data.sources import load_data
from archspec.errors import InputError, some
from archspec.io.signals import heed
from archspec.network import lower
from archspec.spec.arch import Spec
from archspec.train.begin import complete, refuse_other_data
from archspec.train.devices.together import newest
from archspec.train.prepare import prepare
from archspec.train.reporting.metrics import read_lines
from archspec.train.run import RunFolder
from archspec.train.saving.best import take_best
from archspec.train.saving.checkpoint import Checkpoints, Misfit
from archspec.train.trained import artifact_of

TAKE = "  hint: where no weights are named the network is exported that lies in the run's folder"


HINT = "  hint: "


def recovered(run: RunFolder, spec: Spec, tick: Tick) -> Artifact:
    """The network with the weights that `export.weights` of the spec names, tested; nothing is written.

    Raises InputError where the run's images are not there or are others, or where no state has these weights.
    """
    wanted, graph = spec.export.chosen(averaged=spec.train.ema is not None), lower(spec)
    job = prepare(spec, graph, load_data(spec.train.data), tick, trial=True)
    refuse_other_data(run, job.index)
    snapshot = newest(job, run)
    if snapshot is None:
        raise InputError(f"{_no_state(run)}\n{TAKE}")
    try:
        job.restore(snapshot)
    except Misfit as error:
        raise InputError(f"{run.checkpoints} holds the state of another training ({error})\n{TAKE}") from None
    complete(job, read_lines(run.metrics))
    if wanted == "best":
        try:
            row = take_best(job, Checkpoints(run.checkpoints, spec.train.checkpoint.keep), lambda _: None)
        except InputError as error:  # whose hint is for who trains
            raise InputError(f"{str(error).partition(HINT)[0]}{TAKE}") from None
        return artifact_of(spec, graph, job, row)
    job.settle(heed)
    tested = job.evaluate(lambda done: tick("testing", done, job.testing.steps))
    row = {**job.state.progress.history[-1], **{f"test_{name}": value for name, value in tested}}
    return artifact_of(spec, graph, job, row)


def _no_state(run: RunFolder) -> str:
    """Why there is nothing to be recovered."""
    _, refused = Checkpoints(run.checkpoints, 1).newest()
    if not refused:
        return f"{run.checkpoints} holds no state of the training any more"
    damaged = some(f"{path.name} ({why})" for path, why in refused.items())
    return f"{run.checkpoints} holds no state of the training that can be used: {damaged}"
