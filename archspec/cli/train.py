"""`archspec train`: trains, evaluates, saves; the same command again resumes."""

from __future__ import annotations

import os
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click
from rich.console import Console
from rich.table import Table

from archspec.cli import DONE, NO, outcome
from archspec.cli.bars import ticking
from archspec.cli.options import needed, overrides, spec_of
from archspec.cli.screen import Screen
from archspec.errors import InputError
from archspec.io.machine import refusal
from archspec.io.places import steady, user_path
from archspec.io.signals import INTERRUPTED
from archspec.network import lower

if TYPE_CHECKING:
    from archspec.data.pipeline import Pipeline
    from archspec.export.run import Finished
    from archspec.graph.ir import Graph
    from archspec.spec.arch import Spec
    from archspec.train.cluster import Cluster
    from archspec.train.job import Job
    from archspec.train.progress import Row
    from archspec.train.run import RunFolder
    from archspec.train.team import Team

    Work = Callable[[Spec, Graph, RunFolder, bool, Console, Team | None], int]

DONE_ALREADY = b"done"
"""What the chief tells the others where there is nothing to train."""
PLACES = {
    "model.keras": "the Keras model; its input is normalised as artifact.json says, its output logits",
    "artifact.json": "what its outputs and its input mean: the classes in order, and what is done to an image",
    "saved_model": "for TensorFlow Serving: images (pixels from 0 to 255) to probabilities",
    "model.tflite": "the same for devices",
    "labels.txt": "the classes in the order of the outputs, one a line",
    "result.json": "the table above",
    "report.md": "the run on one page: result, protocol, recipe, the worst classes and images",
    "curves.png": "loss and error over the epochs",
    "augmented.png": "what the network was first trained on, beside the same images untouched",
    "metrics.jsonl": "the same in numbers",
    "tensorboard": "and for tensorboard --logdir",
}


@click.command()
@click.argument("spec")
@click.option("--run", "folder", metavar="DIR", help="The run folder; runs/NAME if not given.")
@click.option("--strategy", type=click.Choice(["auto", "one", "mirrored", "multi_worker"]),
              help="Devices; the same as --set train.strategy=….")
@click.option("--workers", default="", metavar="HOST:PORT,…", help="Where all workers of this training listen, this one too; "
              "instead of TF_CONFIG or Slurm. `archspec launch` starts some on this machine.")
@click.option("--rank", type=int, metavar="N", help="Which of them this one is, counted from 0: that writes.")
@click.option("--wait", type=click.IntRange(1, 86_400), default=300, show_default=True, metavar="SECONDS",
              help="How long workers wait for one another at the beginning.")
@click.option("--dry-run", is_flag=True, help="Do each thing a little: look at the beginning and the end of every image "
                                              "file, train a few steps, evaluate a few batches, export; say what the run "
                                              "will take of time, memory and disk; keep nothing.")
@click.option("--fresh", is_flag=True, help="Start over; a run that is there is moved aside, not removed.")
@overrides
def train(spec: str, folder: str | None, strategy: str | None, workers: str, rank: int | None, wait: int, dry_run: bool,
          fresh: bool, overrides: tuple[str, ...]) -> int:
    """Train the network of SPEC (a file, or the name of one that ships with archspec), evaluate it, and save it.

    The same command again takes an interrupted run up where it was. A run folder belongs to one spec and recipe.
    """
    chosen = [*overrides, *([f"train.strategy={strategy}"] if strategy else [])]
    path = steady(user_path(folder, "--run")) if folder is not None else None
    loaded = spec_of(spec, tuple(chosen))
    graph = lower(loaded)
    console = Screen(stderr=True)
    from archspec.data.sources import refuse_missing
    from archspec.train import cluster as clusters
    from archspec.train.run import RunFolder, refuse
    cluster = clusters.read(os.environ, workers, rank)
    clusters.refuse(cluster, loaded.train.strategy)
    run = RunFolder(path or Path("runs", loaded.name))
    if cluster.chief:
        refuse(run, loaded, graph, fresh)
    if fresh or not run.result.exists():  # of a finished run the data may be gone
        refuse_missing(loaded.train.data)
    work = partial(_guarded, try_out if dry_run else run_training, loaded, graph, run, fresh, console, cluster, wait)
    return _until_its_end(work) if cluster.several else work()


def _until_its_end(work: Callable[[], int]) -> NoReturn:
    """Does one worker's work and ends the process: with others gone, Python's own end may take long, or be aborted."""
    code = outcome(work, sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(code)


def _guarded(work: Work, spec: Spec, graph: Graph, run: RunFolder, fresh: bool, console: Console, cluster: Cluster,
             wait: int) -> int:
    """Does the work; turns the ways in which it can end early into a message and an exit code."""
    _load_tensorflow(console, cluster)
    from archspec.export.exporters import NotEqual
    from archspec.train.progress import Diverged, Interrupted
    try:
        if not cluster.several:
            return work(spec, graph, run, fresh, console, None)
        return _joined(work, spec, graph, run, fresh, console, cluster, wait)
    except (Interrupted, KeyboardInterrupt):
        _say(console, "interrupted; a dry run keeps nothing" if work is try_out else
             "interrupted; what was done is saved by worker 0" if not cluster.chief else
             f"interrupted; what was done is saved in {run.path}: the same command again goes on" if run.path.exists() else
             "interrupted; nothing was written yet")
        return INTERRUPTED
    except Diverged as error:
        _say(console, f"{error}\n  hint: start over with --fresh and a lower train.schedule.learning_rate (now "
                      f"{spec.train.schedule.learning_rate}) or a longer train.schedule.warmup; or --set "
                      "train.on_divergence=rollback: the run goes back to its last checkpoint and leaves these batches out")
        return NO
    except NotEqual as error:
        _say(console, f"{error}")
        return NO
    except Exception as error:
        if isinstance(error, InputError) or not (refused := refusal(error)):
            raise
        raise InputError(f"{run.path}: {refused}\n  hint: the same command goes on when that is mended") from error


def _joined(work: Work, spec: Spec, graph: Graph, run: RunFolder, fresh: bool, console: Console, cluster: Cluster,
            wait: int) -> int:
    """Does the work with all workers, when they have come."""
    from archspec.train.progress import Interrupted
    from archspec.train.team import gathered
    from archspec.train.together import compare
    with console.status(f"waiting for {cluster.size} workers"):
        team = gathered(spec.train, cluster, wait)
    assert team.watch is not None
    compare(spec, graph, team)
    with team.watch.over():
        try:
            return work(spec, graph, run, fresh, console, team)
        except Interrupted:  # of all, after the same step: the chief has saved it
            team.leave()
            raise


def run_training(spec: Spec, graph: Graph, run: RunFolder, fresh: bool, console: Console, team: Team | None) -> int:
    """Takes a run from where it stands to its end; the chief of several workers knows where. Returns the exit code."""
    from archspec.export.run import is_current, missing
    from archspec.train.run import claimed
    if team and not team.cluster.chief:
        return _help(spec, graph, run, console, team)
    # without the lock: its disk may be one that is only read
    if not fresh and is_current(run, spec) and not missing(run, spec.export):
        _tell(team, DONE_ALREADY)
        _refuse_other_data(spec, graph, run, console)
        _say(console, f"{run.path} is finished; --fresh starts over")
        _print_result(run.read_result() or {}, run)
        return DONE
    with claimed(run):
        _print_finished(_work(spec, graph, run, fresh, console, team), run)
    return DONE


def _help(spec: Spec, graph: Graph, run: RunFolder, console: Console, team: Team) -> int:
    """What a worker does that is not the chief: it trains, if the chief says that there is something to train."""
    from archspec.train.loop import train
    from archspec.train.report import headline
    from archspec.train.together import share
    if team.tell(b"") == DONE_ALREADY:
        return DONE
    job = _job(spec, graph, run, False, console, trial=False, team=team)
    share(job, team)
    _say(console, headline(graph, job))
    train(job, run, Screen(stderr=True, quiet=True))
    team.leave()
    return DONE


def _tell(team: Team | None, text: bytes) -> None:
    if team:
        team.tell(text)


def _refuse_other_data(spec: Spec, graph: Graph, run: RunFolder, console: Console) -> None:
    """Of a finished run: raises InputError where its data lie there and are others. They may be gone by now."""
    from archspec.data.sources import load_data
    from archspec.train.begin import refuse_other_data
    from archspec.train.job import look
    try:
        with ticking(console) as tick:
            index = look(spec, graph, load_data(spec.train.data), tick)[1].index
    except InputError:
        return
    refuse_other_data(run, index)


def _work(spec: Spec, graph: Graph, run: RunFolder, fresh: bool, console: Console, team: Team | None) -> Finished:
    from archspec.export.run import complete, is_current, outdate
    from archspec.train.begin import begin
    from archspec.train.best import take_best
    from archspec.train.checkpoint import Checkpoints
    from archspec.train.loop import train
    from archspec.train.picture.draw import draw_first
    from archspec.train.report import headline
    from archspec.train.together import share
    if not fresh and is_current(run, spec):
        _tell(team, DONE_ALREADY)
        with console.status("completing"):
            return complete(run.path, spec.export)
    _tell(team, b"train")
    job = _job(spec, graph, run, fresh, console, trial=False, team=team)
    begin(run, spec, graph, job, fresh, partial(_say, console))
    outdate(run)
    if team:
        share(job, team)
    _say(console, headline(graph, job))
    draw_first(run.augmented, spec.name, job)
    row = train(job, run, console)[-1]
    if team:
        team.leave()
    if spec.export.weights == "best":
        row = take_best(job, Checkpoints(run.checkpoints, spec.train.checkpoint.keep), partial(_say, console))
    with console.status("saving and comparing"):
        return _finish(run, spec, graph, job, row)


def try_out(spec: Spec, graph: Graph, run: RunFolder, fresh: bool, console: Console, team: Team | None) -> int:
    """Does each thing once; what is exported lies in a temporary folder for so long. Returns the exit code."""
    from archspec.export.run import is_current
    from archspec.train.begin import has_saved, refuse_other_data, to_go_on_from
    from archspec.train.metrics import write_lines
    from archspec.train.rehearsal import forecast, refuse_little_space, rehearse
    from archspec.train.report import headline
    from archspec.train.run import RunFolder
    job = _job(spec, graph, run, fresh, console, trial=True, team=team)
    if job.cluster.chief and not fresh and has_saved(run):
        if is_current(run, spec):
            refuse_other_data(run, job.index)
        else:
            to_go_on_from(run, spec, job.index)
    _say(console, headline(graph, job))
    found = rehearse(job, partial(_say, console))
    if team:
        team.leave()
        if not team.cluster.chief:
            return DONE
    with tempfile.TemporaryDirectory(prefix="archspec-") as folder, console.status("saving and comparing"):
        trial = RunFolder(Path(folder))
        write_lines(trial.metrics, [found.row])
        exported = _finish(trial, spec, graph, job, found.row)
        room = refuse_little_space(job, run.path, trial.path)
    if not job.checked.decoded:
        _say(console, f"of {job.data.train.size + job.data.test.size} image files the beginning and the end were read: "
                      "damage between them is found when they are trained on")
    equal = [(name, f"against Keras: {parity}") for name, parity in exported.parity.items()]
    _print_rows(f"{spec.name}, as it would be trained here", [*forecast(job, found, room), *equal])
    click.echo(f"the first step works (loss {found.row['loss']:.4f}), and so do evaluation and export; nothing was written")
    return DONE


def _job(spec: Spec, graph: Graph, run: RunFolder, fresh: bool, console: Console, *, trial: bool, team: Team | None) -> Job:
    """The job of a run, made ready. Raises InputError where something does not fit."""
    from archspec.data.sources import load_data
    from archspec.train.begin import check_classes
    from archspec.train.job import prepare
    data = load_data(spec.train.data)
    with ticking(console) as tick:
        check_classes(run, spec, graph, data, fresh, tick)
        return prepare(spec, graph, data, tick, trial=trial, team=team)


def _finish(run: RunFolder, spec: Spec, graph: Graph, job: Job, row: Row) -> Finished:
    """From the end of a training to all that its folder promises; `row` is that of the epoch whose weights the job has."""
    from archspec.artifact.folder import write
    from archspec.export.run import complete
    from archspec.train.trained import artifact_of
    write(artifact_of(spec, graph, job, row), run.path)
    return complete(run.path, spec.export, _whole(job))


def _whole(job: Job) -> Pipeline:
    """The test images in batches that fit one device, whatever the training's are shared out over."""
    from dataclasses import replace

    from archspec.data.order import ALL
    share = -(-job.recipe.batch // job.strategy.num_replicas_in_sync)
    return replace(job.testing, shard=ALL, recipe=replace(job.recipe, batch=share))


def _load_tensorflow(console: Console, cluster: Cluster) -> None:
    from archspec.io.quiet import import_tensorflow
    with console.status("loading TensorFlow"):
        import_tensorflow(devices=not cluster.several)


def _say(console: Console, text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def _print_finished(finished: Finished, run: RunFolder) -> None:
    _print_result(finished.result, run)
    for name, parity in finished.parity.items():
        click.echo(f"{name} against Keras: {parity}")
    if finished.note:
        click.echo(finished.note)


def _print_result(result: dict[str, Any], run: RunFolder) -> None:
    table = Table(title=f"{result['spec']} on {result['data']}, {result['examples']} {result['split']} images")
    shares = [name for name in ("top1", "top5", "precision", "recall", "f1") if result.get(name) is not None]
    shown = {**{name: f"{result[name]:.2%}" for name in shares}, "loss": f"{result['loss']:.4f}",
             "epochs": str(result["epochs"]), "seconds": str(result["seconds"]), "images/s": str(result["images_per_second"]),
             **({"weights of epoch": f"{result['epoch']}, the best"} if "epoch" in result else {}),
             **({"steps left out": str(result["skipped_steps"])} if "skipped_steps" in result else {})}
    for name in shown:
        table.add_column(name, justify="right")
    table.add_row(*shown.values())
    console = Screen()
    console.print(table)
    for name, what in PLACES.items():
        if (run.path / name).exists():
            _say(console, f"{run.path / name}  {what}{_needed(run) if name == 'model.keras' else ''}")


def _print_rows(title: str, rows: list[tuple[str, str]]) -> None:
    table = Table(title=title, show_header=False)
    for row in rows:
        table.add_row(*row)
    Screen().print(table)


def _needed(run: RunFolder) -> str:
    from archspec.artifact.folder import needs
    return needed(needs(run.path))
