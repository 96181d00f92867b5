"""`archspec train`: trains, evaluates, saves; the same command again resumes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from archspec.export.run import Finished
    from archspec.graph.ir import Graph
    from archspec.spec.arch import Spec
    from archspec.train.run import RunFolder


@click.command()
@click.argument("spec")
@click.option("--run", "folder", metavar="DIR", help="The run folder; runs/NAME if not given.")
@click.option("--strategy", type=click.Choice(["auto", "one", "mirrored"]),
              help="Devices; the same as --set train.strategy=….")
@click.option("--dry-run", is_flag=True, help="Find the data, build the model, do one step of training and one of "
                                              "evaluation, write nothing.")
@click.option("--fresh", is_flag=True, help="Start over; a run that is there is moved aside, not removed.")
@click.option("--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change the spec: train.epochs=2.")
def train(spec: str, folder: str | None, strategy: str | None, dry_run: bool, fresh: bool,
          overrides: Sequence[str]) -> int:
    """Train the network of SPEC (a file, or the name of one that ships with archspec), evaluate it, and save it.

    The same command again takes an interrupted run up where it was. A run folder belongs to one spec and recipe.
    """
    from archspec.lower import lower
    from archspec.spec import load
    chosen = [*overrides, *([f"train.strategy={strategy}"] if strategy else [])]
    loaded = load(spec, chosen)
    graph = lower(loaded)
    console = Console(stderr=True)
    if dry_run:
        return _try(loaded, graph, console)
    return _train(loaded, graph, Path(folder or f"runs/{loaded.name}"), fresh, console)


def _train(spec: Spec, graph: Graph, path: Path, fresh: bool, console: Console) -> int:
    from archspec.train.quiet import import_tensorflow
    from archspec.train.run import opened
    with opened(path, spec, graph, fresh) as run:
        with console.status("loading TensorFlow"):
            import_tensorflow()
        from archspec.export.exporters import NotEqual
        from archspec.export.run import missing
        from archspec.train.progress import Diverged, Interrupted
        result = run.read_result()
        if result and not missing(run, spec):
            console.print(f"{path} is finished; --fresh starts over", highlight=False)
            _print_result(result, run)
            return 0
        try:
            _print_finished(_work(spec, graph, run, console), run)
        except (Interrupted, KeyboardInterrupt):
            console.print(f"interrupted; what was done is saved in {path}: the same command again goes on",
                          highlight=False)
            return 130
        except Diverged as error:
            console.print(f"{error}\n  hint: --set train.schedule.learning_rate=… (now "
                          f"{spec.train.schedule.learning_rate:g}), or a longer train.schedule.warmup, with --fresh",
                          highlight=False)
            return 1
        except NotEqual as error:
            console.print(str(error), highlight=False)
            return 1
    return 0


def _work(spec: Spec, graph: Graph, run: RunFolder, console: Console) -> Finished:
    from archspec.export.run import finish
    from archspec.train.job import prepare
    from archspec.train.loop import train
    from archspec.train.report import describe
    job = prepare(spec.train, graph)
    console.print(describe(spec.name, job), highlight=False)
    history = train(job, run, console)
    with console.status("saving and comparing"):
        return finish(run, spec, graph, job, history)


def _try(spec: Spec, graph: Graph, console: Console) -> int:
    from archspec.train.quiet import import_tensorflow
    with console.status("loading TensorFlow"):
        import_tensorflow()
    from archspec.train.job import prepare
    from archspec.train.report import describe, first_steps
    job = prepare(spec.train, graph)
    console.print(describe(spec.name, job), highlight=False)
    click.echo(first_steps(job))
    return 0


def _print_finished(finished: Finished, run: RunFolder) -> None:
    _print_result(finished.result, run)
    for name, parity in finished.parity.items():
        click.echo(f"{name} against Keras: {parity}")


def _print_result(result: dict[str, float], run: RunFolder) -> None:
    table = Table(title=f"{result['spec']} on {result['data']}, {result['examples']} {result['split']} images")
    for name in ("top1", "top5", "loss", "epochs", "seconds", "images/s"):
        table.add_column(name, justify="right")
    table.add_row(f"{result['top1']:.2%}", f"{result['top5']:.2%}", f"{result['loss']:.4f}", str(result["epochs"]),
                  str(result["seconds"]), str(result["images_per_second"]))
    console = Console()
    console.print(table)
    for path in sorted(child for child in run.path.iterdir() if not child.name.startswith(".")):
        console.print(str(path), highlight=False, soft_wrap=True)
