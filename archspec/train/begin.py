"""How a training begins: taken up where it was, from weights of elsewhere, or from the seed's."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from archspec.artifact.folder import FACTS, MODEL
from archspec.data.index import Index, difference
from archspec.data.looking import Tick
from archspec.data.source import Source
from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.io.files import PARTIAL, read_json, remove, write_json, write_text
from archspec.io.machine import refusal
from archspec.schema.keys import to_json
from archspec.spec.arch import Spec
from archspec.train.ending import ended
from archspec.train.job import Job, Say
from archspec.train.prepare import look
from archspec.train.progress import Row
from archspec.train.reporting.machine import machine
from archspec.train.reporting.metrics import read_lines
from archspec.train.run import WAYS_OUT, RunFolder, differences
from archspec.train.saving import manifest as manifests
from archspec.train.saving.best import refuse_none
from archspec.train.saving.checkpoint import Checkpoints, Misfit, Snapshot, set_aside
from archspec.train.saving.manifest import FRESH


def begin(run: RunFolder, spec: Spec, graph: Graph, job: Job, fresh: bool, say: Say) -> None:
    """Makes the run folder and the job's state ready for the next step. The order is important:

    1. --fresh: the old run is moved aside, unless --fresh began it and it can be gone on with
    2. no run there, or one that has saved nothing: begun, with the weights that `init` names, else the seed's
    3. other data than the run's: refused
    4. a checkpoint that is whole and finite: taken up, from the newest one
    5. nothing to go on from: refused, for no run starts from zero in silence

    Raises InputError where it is refused, before anything is changed.
    """
    index = job.index
    aside = fresh and run.manifest.is_file() and not _left_by_fresh(run, spec, graph, index, say)
    if aside or not has_saved(run):
        job.initialize(say)  # not after: a file that does not fit shall not cost an old run its place
        if aside:
            say(f"the run that was there is now {_move_aside(run)}")
        _create(run, spec, graph, job, fresh)
        if job.checked.reasons:
            write_text(run.skipped, "".join(f"{reason}\n" for reason in job.checked.reasons))
        return
    snapshot, refused = to_go_on_from(run, spec, index)
    _take_up(run, job, snapshot, refused, say)
    if spec.export.weights == "best":
        refuse_none(job, Checkpoints(run.checkpoints, spec.train.checkpoint.keep))
    manifest = manifests.read(run.manifest)
    again = manifests.start(job.state.progress.step, machine(job))
    replace(manifest, train=to_json(spec.train), recipe=spec.resolved.recipe or manifest.recipe,
            resumed=[*manifest.resumed, again]).write(run.manifest)
    write_text(run.spec, spec.to_yaml(expand=True))
    _sweep(run)


def has_saved(run: RunFolder) -> bool:
    """Whether something is there that was trained and saved: it is gone on with, and never begun anew in silence.

    Before the first checkpoint is due there are rows that no state belongs to.
    """
    if not run.manifest.is_file():
        return False
    trained = any((run.path / name).exists() for name in (MODEL, FACTS, run.result.name))
    return trained or bool(Checkpoints(run.checkpoints, 1).found()) or len(_rows(run)) >= _first_due(run)


def _first_due(run: RunFolder) -> int:
    """The epochs after which a run has saved, at the latest; 1 where no one can read it."""
    try:
        return int(manifests.read(run.manifest).train["checkpoint"]["epochs"])
    except (InputError, KeyError, TypeError, ValueError):
        return 1


def to_go_on_from(run: RunFolder, spec: Spec, index: Index) -> tuple[Snapshot, dict[Path, str]]:
    """The newest checkpoint that can be used, and why newer ones cannot. Raises InputError for other data, or without one."""
    refuse_other_data(run, index)
    snapshot, refused = Checkpoints(run.checkpoints, spec.train.checkpoint.keep).newest()
    if snapshot is None:
        raise InputError(_nothing_to_go_on_from(run, refused))
    return snapshot, refused


def check_classes(run: RunFolder, spec: Spec, graph: Graph, data: Source, fresh: bool, tick: Tick) -> None:
    """Raises InputError unless data and network have the same number of classes, two at least.

    Of a run that was trained on other data it says how these differ: another network would not take it up either.
    """
    try:
        data.check(graph.output.type.channels)
    except InputError:
        if not fresh and has_saved(run):
            refuse_other_data(run, look(spec, graph, data, tick)[1].index)
        raise


def _rows(run: RunFolder) -> list[Row]:
    """What metrics.jsonl says; nothing if it is not there, or no one can read it: it is written anew then."""
    try:
        return read_lines(run.metrics)
    except InputError:
        return []


def _create(run: RunFolder, spec: Spec, graph: Graph, job: Job, fresh: bool) -> None:
    run.path.resolve().mkdir(parents=True, exist_ok=True)
    _sweep(run)
    # the manifest first: by it a folder is known for a run
    manifests.begun(spec, job.rule, graph, fresh, machine(job)).write(run.manifest)
    write_json(run.index, job.index.to_json())
    write_text(run.spec, spec.to_yaml(expand=True))


def _left_by_fresh(run: RunFolder, spec: Spec, graph: Graph, index: Index, say: Say) -> bool:
    """Whether --fresh began this very run and was interrupted, so that the same command means to go on with it.

    To start it over would come to the same end, later.
    """
    try:
        written = manifests.read(run.manifest)
        same = written.fresh and not run.result.exists() and not list(differences(run, written, spec, graph))
        if not same or not has_saved(run):
            return same
        refuse_other_data(run, index)
    except InputError:
        return False
    if Checkpoints(run.checkpoints, 1).newest()[0] is None:
        return False
    say(f"--fresh began this run and it is not finished: going on with it\n"
        f"  hint: to begin it once more, remove {run.path}")
    return True


def _move_aside(run: RunFolder) -> Path:
    """Returns where it is then."""
    whole = run.path.resolve()  # of a link, what it leads to, for a folder is renamed on its own disk only
    count = 1
    while os.path.lexists(free := whole.with_name(f"{whole.name}.old{count}")):
        count += 1
    try:
        whole.rename(free)
    except OSError as error:
        raise InputError(f"{run.path} cannot be moved aside to {free}: {refusal(error) or error}\n"
                         "  hint: name another folder with --run") from error
    return free


def refuse_other_data(run: RunFolder, index: Index) -> None:
    """Raises InputError with the difference unless the data are those that the run was trained on."""
    differing = difference(_read_index(run.index), index)
    if differing:
        raise InputError(f"{run.path} was trained on other data: {'; '.join(differing)}\n"
                         f"  hint: put the data back as they were; or {WAYS_OUT}")


def _read_index(path: Path) -> Index:
    try:
        return Index.from_json(read_json(path))
    except (FileNotFoundError, ValueError, InputError):
        raise InputError(f"{path} is not there or damaged; it says what the run was trained on\n"
                         f"  hint: put back the file as it was; {FRESH}") from None


def _nothing_to_go_on_from(run: RunFolder, refused: dict[Path, str]) -> str:
    if refused:
        listed = "".join(f"\n  {path}: {reason}" for path, reason in refused.items())
        return f"{run.path} has no checkpoint that can be used{listed}\n  hint: {FRESH}"
    return f"{run.path} has trained, but no checkpoint is left to go on from\n  hint: {FRESH}"


def _take_up(run: RunFolder, job: Job, snapshot: Snapshot, refused: dict[Path, str], say: Say) -> None:
    for path, reason in refused.items():
        say(f"{path} is passed over ({reason}); going back to an earlier one")
    try:
        job.restore(snapshot)
    except Misfit as error:
        raise InputError(f"{run.checkpoints}: not a checkpoint of this network; {error}\n  hint: {FRESH}") from None
    set_aside(refused)
    complete(job, _rows(run))
    progress, steps = job.state.progress, job.training.steps
    if not ended(job.recipe, progress.history):
        epoch, step = divmod(progress.step, steps)
        say(f"resuming at epoch {epoch + 1}, step {step + 1} of {steps}")


def complete(job: Job, rows: Sequence[Row]) -> None:
    """A state is saved before it is evaluated; if the evaluation was done after that, its row is among these."""
    progress = job.state.progress
    epoch, within = divmod(progress.step, job.training.steps)
    rows = rows[:epoch]
    if not within and len(progress.history) == epoch - 1 == len(rows) - 1 and rows[-1].get("step") == progress.step:
        progress.seconds = max(progress.seconds, rows[-1]["seconds"])
        job.end_epoch(rows[-1])


def _sweep(run: RunFolder) -> None:
    """Removes what a kill left half written."""
    for rest in list(run.path.rglob(f"{PARTIAL}*")):
        remove(rest)
