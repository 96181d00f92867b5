"""The work of `archspec train`, from a spec to a finished run: begun, taken up, tried out."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console

from archspec.cli import DONE
from archspec.cli.bars import ticking
from archspec.cli.screen import Screen
from archspec.cli.train_tables import print_finished, print_result, print_rows, say
from archspec.errors import InputError

if TYPE_CHECKING:
    from archspec.data.pipeline import Pipeline
    from archspec.export.run import Finished
    from archspec.graph.ir import Graph
    from archspec.spec.arch import Spec
    from archspec.train.devices.team import Team
    from archspec.train.job import Job
    from archspec.train.progress import Row
    from archspec.train.rehearsal import Room
    from archspec.train.run import RunFolder

DONE_ALREADY = b"done"
"""What the chief tells the others where there is nothing to train."""


@dataclass(frozen=True)
class Training:
    """What a command asks for: to train a network in a run folder, afresh or from where it stands.

    `team` are the workers that do it together; None where this process is alone. `callbacks` are written module:Class.
    """

    spec: Spec
    graph: Graph
    run: RunFolder
    fresh: bool
    console: Console
    callbacks: tuple[str, ...] = ()
    until: int | None = None
    """The epochs after which it pauses; None for no pause."""
    team: Team | None = None

    def say(self, text: str) -> None:
        """A line beside the work."""
        say(self.console, text)


def run_training(asked: Training) -> int:
    """Takes a run from where it stands to its end; the chief of several workers knows where. Returns the exit code."""
    from archspec.export.run import is_current, missing
    from archspec.train.run import claimed
    run, spec, team = asked.run, asked.spec, asked.team
    if team and not team.cluster.chief:
        return _help(asked, team)
    # without the lock: its disk may be one that is only read
    if not asked.fresh and is_current(run, spec) and not missing(run, spec.export):
        _tell(team, DONE_ALREADY)
        _refuse_other_data(asked)
        asked.say(f"{run.path} is finished; --fresh starts over")
        print_result(run.read_result() or {}, run)
        return DONE
    with claimed(run):
        print_finished(_work(asked), run)
    return DONE


def _help(asked: Training, team: Team) -> int:
    """What a worker does that is not the chief: it trains, if the chief says that there is something to train."""
    from archspec.train.devices.together import share
    from archspec.train.loop import train
    from archspec.train.reporting.report import headline
    if team.tell(b"") == DONE_ALREADY:
        return DONE
    job = _job(replace(asked, fresh=False), trial=False)
    share(job, team)
    asked.say(headline(asked.graph, job))
    train(job, asked.run, Screen(stderr=True, quiet=True), until=asked.until)
    team.leave()
    return DONE


def _tell(team: Team | None, text: bytes) -> None:
    if team:
        team.tell(text)


def _refuse_other_data(asked: Training) -> None:
    """Of a finished run: raises InputError where its data lie there and are others. They may be gone by now."""
    from archspec.data.sources import load_data
    from archspec.train.begin import refuse_other_data
    from archspec.train.prepare import look
    try:
        with ticking(asked.console) as tick:
            index = look(asked.spec, asked.graph, load_data(asked.spec.train.data), tick)[1].index
    except InputError:
        return
    refuse_other_data(asked.run, index)


def _work(asked: Training) -> Finished:
    """What is missing of a run: trained, if it is not, then completed."""
    from archspec.export.run import complete, is_current, outdate
    run, spec = asked.run, asked.spec
    if not asked.fresh and is_current(run, spec):
        _tell(asked.team, DONE_ALREADY)
        with asked.console.status("completing"):
            return complete(run.path, spec.export)
    _tell(asked.team, b"train")
    job, row = _trained(asked)
    outdate(run)  # not before there is what comes in its place
    with asked.console.status("saving and comparing"):
        return _finish(asked, run, job, row)


def _trained(asked: Training) -> tuple[Job, Row]:
    """The job at the end of its training, and the row of the epoch whose weights it has."""
    from archspec.export.run import outdate
    from archspec.train.begin import begin
    from archspec.train.devices.together import share
    from archspec.train.ending import ended
    from archspec.train.loop import train
    from archspec.train.reporting.callbacks import load_callbacks
    from archspec.train.reporting.picture.draw import draw_first
    from archspec.train.saving.best import take_best
    from archspec.train.saving.checkpoint import Checkpoints
    run, spec, team = asked.run, asked.spec, asked.team
    callbacks = load_callbacks(asked.callbacks)
    job = _job(asked, trial=False)
    begin(run, spec, asked.graph, job, asked.fresh, asked.say)
    if not ended(spec.train, job.state.progress.history):
        outdate(run)
    if team:
        share(job, team)
    _introduce(asked, job)
    draw_first(run.augmented, spec.name, job)
    row = train(job, run, asked.console, callbacks, asked.until)[-1]
    if team:
        team.leave()
    if spec.export.weights == "best":
        row = take_best(job, Checkpoints(run.checkpoints, spec.train.checkpoint.keep), asked.say)
    return job, row


def try_out(asked: Training) -> int:
    """Does each thing once; what is exported lies in a temporary folder for so long. Returns the exit code."""
    from archspec.train.rehearsal import forecast, rehearse
    from archspec.train.reporting.callbacks import load_callbacks
    team = asked.team
    load_callbacks(asked.callbacks)
    job = _job(asked, trial=True)
    if job.cluster.chief:
        _refuse_to_go_on(asked, job)
    _introduce(asked, job)
    found = rehearse(job, asked.say)
    if team:
        team.leave()
        if not team.cluster.chief:
            return DONE
    exported, room = _export_on_trial(asked, job, found.row)
    if not job.checked.decoded:
        asked.say(f"of {job.data.train.size + job.data.test.size} image files the beginning and the end were read: "
                  "damage between them is found when they are trained on")
    equal = [(name, f"against Keras: {parity}") for name, parity in exported.parity.items()]
    print_rows(f"{asked.spec.name}, as it would be trained here", [*forecast(job, found, room), *equal])
    click.echo(f"the first step works (loss {found.row['loss']:.4f}), and so do evaluation and export; nothing was written")
    return DONE


def _refuse_to_go_on(asked: Training, job: Job) -> None:
    """Raises InputError where the run that is there is to be gone on with, and cannot be, or has other data."""
    from archspec.export.run import is_current
    from archspec.train.begin import has_saved, refuse_other_data, to_go_on_from
    if asked.fresh or not has_saved(asked.run):
        return
    if is_current(asked.run, asked.spec):
        refuse_other_data(asked.run, job.index)
    else:
        to_go_on_from(asked.run, asked.spec, job.index)


def _export_on_trial(asked: Training, job: Job, row: Row) -> tuple[Finished, Room]:
    """What a run comes to whose only epoch has this row, made in a folder that is gone then; and the room that it takes."""
    from archspec.train.rehearsal import refuse_little_space
    from archspec.train.reporting.metrics import write_lines
    from archspec.train.run import RunFolder
    from archspec.train.saving.manifest import begun
    with tempfile.TemporaryDirectory(prefix="archspec-") as folder, asked.console.status("saving and comparing"):
        trial = RunFolder(Path(folder))
        write_lines(trial.metrics, [row])
        begun(asked.spec, job.rule, asked.graph, asked.fresh).write(trial.manifest)
        return _finish(asked, trial, job, row), refuse_little_space(job, asked.run.path, trial.path)


def _introduce(asked: Training, job: Job) -> None:
    """What is trained, on what, and how its weights learn."""
    from archspec.train.reporting.report import headline, learning
    asked.say(headline(asked.graph, job))
    asked.say(learning(job))


def _job(asked: Training, *, trial: bool) -> Job:
    """The job of a run, made ready. Raises InputError where something does not fit."""
    from archspec.data.sources import load_data
    from archspec.train.begin import check_classes
    from archspec.train.prepare import prepare
    data = load_data(asked.spec.train.data)
    with ticking(asked.console) as tick:
        check_classes(asked.run, asked.spec, asked.graph, data, asked.fresh, tick)
        return prepare(asked.spec, asked.graph, data, tick, trial=trial, team=asked.team)


def _finish(asked: Training, run: RunFolder, job: Job, row: Row) -> Finished:
    """From the end of a training to all that its folder promises; `row` is that of the epoch whose weights the job has."""
    from archspec.artifact.folder import write
    from archspec.export.run import complete
    from archspec.train.trained import artifact_of
    write(artifact_of(asked.spec, asked.graph, job, row), run.path)
    return complete(run.path, asked.spec.export, _whole(job))


def _whole(job: Job) -> Pipeline:
    """The test images in batches that fit one device, whatever the training's are shared out over."""
    from archspec.data.order import ALL
    if job.strategy.num_replicas_in_sync == 1:
        return job.testing  # whose batches are made already
    share = -(-job.recipe.batch // job.strategy.num_replicas_in_sync)
    return replace(job.testing, shard=ALL, recipe=replace(job.recipe, batch=share))
