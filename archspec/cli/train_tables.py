"""What `archspec train` says: lines beside the work, and the result with what lies where."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click
from rich.console import Console
from rich.table import Table

from archspec.cli.options import needed
from archspec.cli.screen import Screen

if TYPE_CHECKING:
    from archspec.export.run import Finished
    from archspec.train.run import RunFolder

PLACES = {
    "model.keras": "the Keras model; its input is normalised as artifact.json says, its output logits",
    "artifact.json": "what its outputs and its input mean: the classes in order, and what is done to an image",
    "saved_model": "for TensorFlow Serving: images (pixels from 0 to 255) to probabilities",
    "model.tflite": "the same for devices",
    "model.onnx": "the same for onnxruntime and all that reads ONNX",
    "labels.txt": "the classes in the order of the outputs, one a line",
    "result.json": "the table above",
    "report.md": "the run on one page: result, protocol, recipe, the worst classes and images",
    "curves.png": "loss and error over the epochs",
    "augmented.png": "what the network was first trained on, beside the same images untouched",
    "metrics.jsonl": "the same in numbers",
    "tensorboard": "and for tensorboard --logdir",
}


def say(console: Console, text: str) -> None:
    """A line as it is."""
    console.print(text, highlight=False, markup=False, soft_wrap=True)


def print_finished(finished: Finished, run: RunFolder) -> None:
    """The result, and how equal the exports are."""
    print_result(finished.result, run)
    for name, parity in finished.parity.items():
        click.echo(f"{name} against Keras: {parity}")
    if finished.note:
        click.echo(finished.note)


def print_result(result: dict[str, Any], run: RunFolder) -> None:
    """What result.json tells, and what lies in the run folder."""
    table = Table(title=f"{result['spec']} on {result['data']}, {result['examples']} {result['split']} images")
    shares = [name for name in ("top1", "top5", "precision", "recall", "f1") if result.get(name) is not None]
    shown = {**{name: f"{result[name]:.2%}" for name in shares}, "loss": f"{result['loss']:.4f}",
             "epochs": str(result["epochs"]), "seconds": str(result["seconds"]), "images/s": str(result["images_per_second"]),
             **({"weights of epoch": f"{result['epoch']}, the best kept"} if "epoch" in result else {}),
             **({"steps left out": str(result["skipped_steps"])} if "skipped_steps" in result else {})}
    for name in shown:
        table.add_column(name, justify="right")
    table.add_row(*shown.values())
    console = Screen()
    console.print(table)
    for name, what in PLACES.items():
        if (run.path / name).exists():
            say(console, f"{run.path / name}  {what}{_needed(run) if name == 'model.keras' else ''}")


def print_rows(title: str, rows: list[tuple[str, str]]) -> None:
    """A table of words and what they come to."""
    table = Table(title=title, show_header=False)
    for row in rows:
        table.add_row(*row)
    Screen().print(table)


def _needed(run: RunFolder) -> str:
    from archspec.artifact.folder import needs
    return needed(needs(run.path))
