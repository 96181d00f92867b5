"""A trained network with other weights of its run than those that lie in its folder."""

from __future__ import annotations

from archspec.artifact.artifact import Artifact
from archspec.data.looking import Tick
from archspec.data.sources import load_data
from archspec.errors import InputError
from archspec.io.signals import heed
from archspec.network import lower
from archspec.spec.arch import Spec
from archspec.train.begin import refuse_other_data
from archspec.train.devices.together import newest
from archspec.train.prepare import prepare
from archspec.train.run import RunFolder
from archspec.train.saving.best import take_best
from archspec.train.saving.checkpoint import Checkpoints, Misfit
from archspec.train.trained import artifact_of

TAKE = "  hint: without --weights the network is exported that lies in the run's folder"


def recovered(run: RunFolder, spec: Spec, tick: Tick) -> Artifact:
    """The network with the weights that `export.weights` of the spec names, tested; nothing is written.

    Raises InputError where the run's images are not there or are others, or where no state has these weights.
    """
    wanted, graph = spec.export.chosen(averaged=spec.train.ema is not None), lower(spec)
    if wanted == "ema" and spec.train.ema is None:
        raise InputError(f"{run.path} has no average of its weights: its recipe has no train.ema\n  hint: --weights raw")
    job = prepare(spec, graph, load_data(spec.train.data), tick, trial=True)
    refuse_other_data(run, job.index)
    snapshot = newest(job, run)
    if snapshot is None:
        raise InputError(f"{run.checkpoints} holds no state of the training any more\n{TAKE}")
    try:
        job.restore(snapshot)
    except Misfit as error:
        raise InputError(f"{run.checkpoints} holds the state of another training ({error})\n{TAKE}") from None
    if wanted == "best":
        row = take_best(job, Checkpoints(run.checkpoints, spec.train.checkpoint.keep), lambda _: None)
        return artifact_of(spec, graph, job, row)
    job.settle(heed)
    tested = job.evaluate(lambda done: tick("testing", done, job.testing.steps))
    row = {**job.state.progress.history[-1], **{f"test_{name}": value for name, value in tested}}
    return artifact_of(spec, graph, job, row)
