"""`archspec train`: trains, evaluates, saves; the same command again resumes."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from archspec.cli import DONE, NO, outcome
from archspec.cli.completed import folders, nothing, specs
from archspec.cli.options import overrides, spec_of
from archspec.cli.screen import Screen, load_tensorflow
from archspec.cli.training import Training, run_training, try_out
from archspec.errors import InputError
from archspec.io.machine import refusal
from archspec.io.places import steady, user_path
from archspec.io.quiet import leave_out
from archspec.io.signals import INTERRUPTED
from archspec.network import lower
from archspec.spec.saving import Rollback

if TYPE_CHECKING:
    from archspec.spec.recipe import Recipe
    from archspec.train.devices.cluster import Cluster

    Work = Callable[[Training], int]

@click.command()
@click.argument("spec", shell_complete=specs)
@click.option("--run", "folder", metavar="DIR", shell_complete=folders, help="The run folder; runs/NAME if not given.")
@click.option("--strategy", type=click.Choice(["auto", "one", "mirrored", "multi_worker"]),
              help="Devices; the same as --set train.strategy=….")
@click.option("--workers", default="", metavar="HOST:PORT,…", shell_complete=nothing,
              help="Where all workers of this training listen, this one too; "
              "instead of TF_CONFIG or Slurm. `archspec launch` starts some on this machine.")
@click.option("--rank", type=int, metavar="N", help="Which of them this one is, counted from 0: that writes.")
@click.option("--wait", type=click.IntRange(1, 86_400), default=300, show_default=True, metavar="SECONDS",
              help="How long workers wait for one another at the beginning.")
@click.option("--launcher", type=int, hidden=True, help="The process that has started the workers: they stop when it is gone.")
@click.option("--dry-run", is_flag=True, help="Do each thing a little: look at the beginning and the end of every image "
                                              "file, train a few steps, evaluate a few batches, export; say what the run "
                                              "will take of time, memory and disk; keep nothing.")
@click.option("--until", type=click.IntRange(min=1), metavar="EPOCH",
              help="Pause after so many epochs; without it, or with more, the same command goes on.")
@click.option("--fresh", is_flag=True, help="Start over; a run that is there is moved aside, not removed.")
@click.option("--callback", "callbacks", multiple=True, metavar="MODULE:CLASS", shell_complete=nothing,
              help="A Keras callback that is told of the training, made without arguments; repeatable.")
@overrides
def train(spec: str, folder: str | None, strategy: str | None, workers: str, rank: int | None, wait: int,
          launcher: int | None, dry_run: bool, until: int | None, fresh: bool, callbacks: tuple[str, ...],
          overrides: tuple[str, ...]) -> int:
    """Train the network of SPEC (a file, or the name of one that ships with archspec), evaluate it, and save it.

    The same command again takes an interrupted run up where it was. A run folder belongs to one spec and recipe.
    """
    if dry_run and until is not None:
        raise InputError("--dry-run trains a few steps, --until whole epochs\n  hint: leave one of them out")
    chosen = [*overrides, *([f"train.strategy={strategy}"] if strategy else [])]
    path = steady(user_path(folder, "--run")) if folder is not None else None
    loaded = spec_of(spec, tuple(chosen))
    graph = lower(loaded)
    console = Screen(stderr=True)
    from archspec.data.sources import refuse_missing
    from archspec.export import packages
    from archspec.train.devices import cluster as clusters
    from archspec.train.run import RunFolder, refuse
    cluster = replace(clusters.read(os.environ, workers, rank), launcher=launcher)
    clusters.refuse(cluster, loaded.train.strategy)
    run = RunFolder(path or Path("runs", loaded.name))
    if cluster.chief:
        refuse(run, loaded, graph, fresh)
    if fresh or not run.result.exists():  # of a finished run the data may be gone
        refuse_missing(loaded.train.data)
        packages.refuse_missing(loaded.export.formats)
    asked = Training(loaded, graph, run, fresh, console, callbacks, until)
    work = partial(_guarded, try_out if dry_run else run_training, asked, cluster, wait)
    return _until_its_end(work) if cluster.several else work()


def _until_its_end(work: Callable[[], int]) -> NoReturn:
    """Does one worker's work and ends the process: with others gone, Python's own end may take long, or be aborted."""
    code = outcome(work, sys.argv[1:])
    for stream in (sys.stdout, sys.stderr):
        if stream is not None:
            stream.flush()
    os._exit(code)


def _guarded(work: Work, asked: Training, cluster: Cluster, wait: int) -> int:
    """Does the work; turns the ways in which it can end early into a message and an exit code."""
    run, trial = asked.run, work is try_out
    if asked.callbacks:
        leave_out()  # they may ask Keras for what no command does
    load_tensorflow(asked.console, devices=not cluster.several)
    from archspec.export.exporters import NotEqual
    from archspec.train.progress import Diverged, Interrupted, Paused
    try:
        if not cluster.several:
            return work(asked)
        return _joined(work, asked, cluster, wait)
    except Paused as pause:
        asked.say(f"{pause}; what was done is saved in {run.path}: the same command without --until goes on")
        return DONE
    except (Interrupted, KeyboardInterrupt):
        asked.say("interrupted; a dry run keeps nothing" if trial else
                  "interrupted; what was done is saved by worker 0" if not cluster.chief else
                  f"interrupted; what was done is saved in {run.path}: the same command again goes on" if run.path.exists() else
                  "interrupted; nothing was written yet")
        return INTERRUPTED
    except Diverged as error:
        asked.say(f"{error}\n  hint: {_calmer(asked.spec.train)}")
        return NO
    except NotEqual as error:
        asked.say(f"{error}")
        return NO
    except Exception as error:
        if isinstance(error, InputError) or not (refused := refusal(error)):
            raise
        raise InputError(f"{run.path}: {refused}\n  hint: the same command goes on when that is mended") from error


def _calmer(recipe: Recipe) -> str:
    """What to do where a training has diverged."""
    slower = (f"start over with --fresh and a lower train.schedule.learning_rate (now {recipe.schedule.learning_rate}) or a "
              "longer train.schedule.warmup")
    if isinstance(recipe.on_divergence, Rollback):
        return slower
    return (f"{slower}; or --set train.on_divergence=rollback: the run goes back to its last checkpoint and leaves these "
            "batches out")


def _joined(work: Work, asked: Training, cluster: Cluster, wait: int) -> int:
    """Does the work with all workers, when they have come."""
    from archspec.train.devices.team import gathered
    from archspec.train.devices.together import compare
    from archspec.train.progress import Diverged, Interrupted
    with asked.console.status(f"waiting for {cluster.size} workers"):
        team = gathered(asked.spec.train, cluster, wait)
    assert team.watch is not None
    compare(asked.spec, asked.graph, team)
    with team.watch.over():
        try:
            return work(replace(asked, team=team))
        except (Interrupted, Diverged):  # of all, after the same step: the chief has saved what is to be saved
            team.leave()
            raise


