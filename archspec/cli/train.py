"""`archspec train`: trains, evaluates, saves; the same command again resumes."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from archspec.cli import DONE, NO
from archspec.cli.bars import ticking
from archspec.cli.options import needed, overrides, spec_of
from archspec.cli.screen import Screen
from archspec.errors import InputError
from archspec.io.machine import refusal
from archspec.io.places import steady, user_path
from archspec.io.signals import INTERRUPTED
from archspec.network import lower

if TYPE_CHECKING:
    from archspec.export.run import Finished
    from archspec.graph.ir import Graph
    from archspec.spec.arch import Spec
    from archspec.train.job import Job
    from archspec.train.progress import Row
    from archspec.train.run import RunFolder

    Work = Callable[[Spec, Graph, RunFolder, bool, Console], int]

PLACES = {
    "model.keras": "the Keras model; its input is normalised as artifact.json says, its output logits",
    "artifact.json": "what its outputs and its input mean: the classes in order, and what is done to an image",
    "saved_model": "for TensorFlow Serving: images (pixels from 0 to 255) to probabilities",
    "model.tflite": "the same for devices",
    "labels.txt": "the classes in the order of the outputs, one a line",
    "result.json": "the table above",
    "curves.png": "loss and error over the epochs",
    "augmented.png": "what the network was first trained on, beside the same images untouched",
    "metrics.jsonl": "the same in numbers",
    "tensorboard": "and for tensorboard --logdir",
}


@click.command()
@click.argument("spec")
@click.option("--run", "folder", metavar="DIR", help="The run folder; runs/NAME if not given.")
@click.option("--strategy", type=click.Choice(["auto", "one", "mirrored"]),
              help="Devices; the same as --set train.strategy=….")
@click.option("--dry-run", is_flag=True, help="Do each thing once: look at the beginning and the end of every image file, "
                                              "train a step, evaluate a batch, export, see that the disk has room; keep "
                                              "nothing.")
@click.option("--fresh", is_flag=True, help="Start over; a run that is there is moved aside, not removed.")
@overrides
def train(spec: str, folder: str | None, strategy: str | None, dry_run: bool, fresh: bool,
          overrides: tuple[str, ...]) -> int:
    """Train the network of SPEC (a file, or the name of one that ships with archspec), evaluate it, and save it.

    The same command again takes an interrupted run up where it was. A run folder belongs to one spec and recipe.
    """
    chosen = [*overrides, *([f"train.strategy={strategy}"] if strategy else [])]
    path = steady(user_path(folder, "--run")) if folder is not None else None
    loaded = spec_of(spec, tuple(chosen))
    graph = lower(loaded)
    console = Screen(stderr=True)
    from archspec.data.sources import refuse_missing
    from archspec.train.run import RunFolder, refuse
    run = RunFolder(path or Path("runs", loaded.name))
    refuse(run, loaded, graph, fresh)
    if fresh or not run.result.exists():  # of a finished run the data may be gone
        refuse_missing(loaded.train.data)
    if dry_run:
        return _guarded(try_out, loaded, graph, run, fresh, console)
    return _guarded(run_training, loaded, graph, run, fresh, console)


def _guarded(work: Work, spec: Spec, graph: Graph, run: RunFolder, fresh: bool, console: Console) -> int:
    """Does the work; turns the ways in which it can end early into a message and an exit code."""
    _load_tensorflow(console)
    from archspec.export.exporters import NotEqual
    from archspec.train.progress import Diverged, Interrupted
    try:
        return work(spec, graph, run, fresh, console)
    except (Interrupted, KeyboardInterrupt):
        _say(console, "interrupted; a dry run keeps nothing" if work is try_out else
             f"interrupted; what was done is saved in {run.path}: the same command again goes on" if run.path.exists() else
             "interrupted; nothing was written yet")
        return INTERRUPTED
    except Diverged as error:
        _say(console, f"{error}\n  hint: start over with --fresh and a lower train.schedule.learning_rate (now "
                      f"{spec.train.schedule.learning_rate}) or a longer train.schedule.warmup")
        return NO
    except NotEqual as error:
        _say(console, f"{error}")
        return NO
    except Exception as error:
        if isinstance(error, InputError) or not (refused := refusal(error)):
            raise
        raise InputError(f"{run.path}: {refused}\n  hint: the same command goes on when that is mended") from error


def run_training(spec: Spec, graph: Graph, run: RunFolder, fresh: bool, console: Console) -> int:
    """Takes a run from where it stands to its end. Returns the exit code."""
    from archspec.export.run import missing
    from archspec.train.run import claimed
    if not fresh and not missing(run, spec.export):  # without the lock: its disk may be one that is only read
        _refuse_other_data(spec, graph, run, console)
        _say(console, f"{run.path} is finished; --fresh starts over")
        _print_result(run.read_result() or {}, run)
        return DONE
    with claimed(run):
        _print_finished(_work(spec, graph, run, fresh, console), run)
    return DONE


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


def _work(spec: Spec, graph: Graph, run: RunFolder, fresh: bool, console: Console) -> Finished:
    from archspec.export.run import complete, is_trained
    from archspec.train.begin import begin
    from archspec.train.loop import train
    from archspec.train.picture.draw import draw_first
    from archspec.train.report import headline, learning
    if not fresh and is_trained(run):
        with console.status("completing"):
            return complete(run.path, spec.export)
    job = _job(spec, graph, run, fresh, console, trial=False)
    begin(run, spec, graph, job, fresh, partial(_say, console))
    _say(console, headline(graph, job))
    _say(console, learning(job))
    draw_first(run.augmented, spec.name, job)
    history = train(job, run, console)
    with console.status("saving and comparing"):
        return _finish(run, spec, graph, job, history[-1])


def try_out(spec: Spec, graph: Graph, run: RunFolder, fresh: bool, console: Console) -> int:
    """Does each thing once; what is exported lies in a temporary folder for so long. Returns the exit code."""
    from archspec.export.run import is_trained
    from archspec.train.begin import has_saved, refuse_other_data, to_go_on_from
    from archspec.train.metrics import write_lines
    from archspec.train.rehearsal import refuse_little_space, rehearse
    from archspec.train.report import headline, learning
    from archspec.train.run import RunFolder
    job = _job(spec, graph, run, fresh, console, trial=True)
    if not fresh and has_saved(run):
        if is_trained(run):
            refuse_other_data(run, job.index)
        else:
            to_go_on_from(run, spec, job.index)
    _say(console, headline(graph, job))
    _say(console, learning(job))
    row = rehearse(job, partial(_say, console))
    with tempfile.TemporaryDirectory(prefix="archspec-") as folder, console.status("saving and comparing"):
        trial = RunFolder(Path(folder))
        write_lines(trial.metrics, [row])
        _finish(trial, spec, graph, job, row)
        refuse_little_space(job, run.path, trial.path)
    if not job.checked.decoded:
        _say(console, f"of {job.data.train.size + job.data.test.size} image files the beginning and the end were read: "
                      "damage between them is found when they are trained on")
    click.echo(f"the first step works (loss {row['loss']:.4f}), and so do evaluation and export; nothing was written")
    return DONE


def _job(spec: Spec, graph: Graph, run: RunFolder, fresh: bool, console: Console, *, trial: bool) -> Job:
    """The job of a run, made ready. Raises InputError where something does not fit."""
    from archspec.data.sources import load_data
    from archspec.train.begin import check_classes
    from archspec.train.job import prepare
    data = load_data(spec.train.data)
    with ticking(console) as tick:
        check_classes(run, spec, graph, data, fresh, tick)
        return prepare(spec, graph, data, tick, trial=trial)


def _finish(run: RunFolder, spec: Spec, graph: Graph, job: Job, last: Row) -> Finished:
    """From the end of a training to all that its folder promises."""
    from archspec.artifact.folder import write
    from archspec.export.run import complete
    from archspec.export.sample import IMAGES, SEED
    from archspec.train.trained import artifact_of
    write(artifact_of(spec, graph, job, last), run.path)
    return complete(run.path, spec.export, job.testing.sample(IMAGES, SEED)[0])


def _load_tensorflow(console: Console) -> None:
    from archspec.io.quiet import import_tensorflow
    with console.status("loading TensorFlow"):
        import_tensorflow()


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
             "epochs": str(result["epochs"]), "seconds": str(result["seconds"]), "images/s": str(result["images_per_second"])}
    for name in shown:
        table.add_column(name, justify="right")
    table.add_row(*shown.values())
    console = Screen()
    console.print(table)
    for name, what in PLACES.items():
        if (run.path / name).exists():
            _say(console, f"{run.path / name}  {what}{_needed(run) if name == 'model.keras' else ''}")


def _needed(run: RunFolder) -> str:
    from archspec.artifact.folder import needs
    return needed(needs(run.path))
