"""`archspec bench`: images a second and memory of training and inference, by batch size."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click
from rich.console import Console

from archspec.cli import DONE
from archspec.cli.completed import specs
from archspec.cli.options import as_json, overrides, print_json, spec_of
from archspec.cli.screen import Screen, screen
from archspec.network import lower
from archspec.views.numbers import mebibytes, short
from archspec.views.tables import grid

if TYPE_CHECKING:
    from archspec.train.bench import Found

MOST = 512


@click.command()
@click.argument("spec", shell_complete=specs)
@overrides
@as_json
@click.option("--most", type=click.IntRange(1, 2**16), default=MOST, show_default=True,
              help="No batch of more images; before that it ends where memory does.")
@click.option("--images", type=click.IntRange(1), metavar="N",
              help="Say how long the recipe's epochs of N images each would take at the best rate that is found.")
def bench(spec: str, overrides: tuple[str, ...], as_json: bool, most: int, images: int | None) -> int:
    """Measure how many images a second SPEC trains on and answers here, in how much memory, at which share of the peak.

    Batches of 1, 2, 4, … images of noise, in the precision of the recipe, on one device.
    """
    loaded = spec_of(spec, overrides)
    graph = lower(loaded)
    console = Screen(stderr=True)
    from archspec.io.quiet import import_tensorflow
    with console.status("loading TensorFlow") as status:
        import_tensorflow()
        from archspec.train.bench import bench as measure
        found = measure(graph, loaded.train, most, status.update)
    whole = None if images is None else _whole(found, loaded.train.epochs, images)
    if as_json:
        print_json({"spec": loaded.name, **asdict(found), "whole": whole})
        return DONE
    _show(loaded.name, found, screen(100))
    if whole is not None:
        click.echo(f"{whole['epochs']} epochs of {images:,} images take {_duration(whole['hours'])} at "
                   f"{whole['images_per_second']:.1f} images/s, where they come as fast and tests are left out"
                   if whole["hours"] is not None else "no batch could be trained on, so that nothing is known of epochs")
    return DONE


def _whole(found: Found, epochs: int, images: int) -> dict[str, Any]:
    """How long a training takes at the best rate; null where none was found."""
    rate = max((row.images_per_second for row in found.rows if row.mode == "training"), default=None)
    return {"epochs": epochs, "images": images, "images_per_second": rate,
            "hours": None if rate is None else epochs * images / rate / 3600}


def _duration(hours: float) -> str:
    return f"{60 * hours:.1f} minutes" if hours < 1 else f"{hours:.1f} hours" if hours < 48 else f"{hours / 24:.1f} days"


def _show(name: str, found: Found, console: Console) -> None:
    compiled = ", compiled by XLA" * (found.jit == "on")
    table = grid("", "batch", "images/s", "ms a step", "memory", "of the peak",
                 title=f"{name} on {found.device}, {found.precision}{compiled}")
    for row in found.rows:
        table.add_row(row.mode, str(row.batch), f"{row.images_per_second:.1f}", f"{1000 * row.seconds:.1f}",
                      mebibytes(row.memory), f"{row.share:.0%}")
    console.print(table)
    lines = [f"the peak: {short(round(found.peak))} multiply-adds a second, of a matrix product; memory: {found.memory_of}",
             *(f"{mode} ends there: {why}" for mode, why in found.ended.items())]
    console.print("\n".join(lines), soft_wrap=True)
