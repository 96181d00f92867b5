"""`archspec evaluate`: how good a trained network is on images, by a protocol, and what has to stand beside the number."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archspec.cli import DONE
from archspec.cli.bars import ticking
from archspec.cli.completed import files, nothing, protocols
from archspec.cli.options import as_json, print_json
from archspec.cli.screen import Screen, load_tensorflow, screen
from archspec.errors import InputError
from archspec.spec.protocol import AVERAGES, CROPS, OWN, Protocol, SideKind, load_protocol

if TYPE_CHECKING:
    from archspec.evaluate.intervals import Interval
    from archspec.evaluate.result import Result
    from archspec.predict.local import Local

RESULTS = "results.jsonl"
"""In a run folder: a line an evaluation."""


def _sizes(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[Any, ...] | None:
    """Sides: 224,256/224."""
    from archspec.schema.kinds import Unfit
    if value is None:
        return None
    try:
        return tuple(SideKind().take(int(each) if each.strip().isdecimal() else each) for each in value.split(","))
    except Unfit as unfit:
        raise click.BadParameter(f"'{value}': {unfit} is expected, or several, with commas between them") from None


def _weights(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[float, ...] | None:
    """Numbers above 0: 1,2,0.5."""
    if value is None:
        return None
    try:
        found = tuple(float(each) for each in value.split(","))
    except ValueError:
        found = ()
    if not found or not all(0 < each < 1e9 for each in found):
        raise click.BadParameter(f"'{value}': numbers above 0 are expected, one a model, with commas between them")
    return found


@click.command()
@click.argument("models", nargs=-1, required=True, metavar="MODEL...", shell_complete=files)
@click.option("--data", metavar="DATA", shell_complete=files,
              help="Images to evaluate on, instead of those that the first MODEL was tested on: a folder with a folder a "
                   "class, a table FILE.csv, or what train.data of a spec says.")
@click.option("--split", type=click.Choice(["test", "train"]), default="test", show_default=True,
              help="Which of the data: those to test on, or those to train on.")
@click.option("--crops", default="1", show_default=True, metavar="1|10|12|144|dense|PROTOCOL",
              shell_complete=protocols,
              help="Which parts of an image are seen: one, as in training's tests; those of a protocol, or of a file.")
@click.option("--sizes", callback=_sizes, metavar="SIZES", shell_complete=nothing,
              help="The shorter sides to which images are scaled, in place of the protocol's: 224,256,384 or 256/224.")
@click.option("--flip/--no-flip", default=None,
              help="Whether each part is seen mirrored, too, in place of what the protocol says.")
@click.option("--average", type=click.Choice(AVERAGES), help="Of what the mean over parts and models is taken.")
@click.option("--ensemble", is_flag=True, help="The mean of what all MODELs say, instead of each by itself.")
@click.option("--weights", callback=_weights, metavar="WEIGHTS", shell_complete=nothing,
              help="With --ensemble: how much each MODEL counts, 2,1,1.")
@click.option("--gpus", type=click.IntRange(0, 1024), help="Evaluate on so many GPUs, instead of on all there are; 0: on the "
              "processors. Of runs and model.keras.")
@click.option("--labels", metavar="FILE", type=click.Path(path_type=Path),
              help="Call the MODELs' classes as FILE does, one name a line, so that they are those of the data.")
@as_json
def evaluate(models: tuple[str, ...], data: str | None, split: str, crops: str, sizes: tuple[Any, ...] | None,
             flip: bool | None, average: str | None, ensemble: bool, weights: tuple[float, ...] | None, gpus: int | None,
             labels: Path | None, as_json: bool) -> int:
    """Say how good each MODEL is: loss, accuracy, 95 % intervals, how well it knows what it does not know.

    MODEL is a run, its model.keras, a SavedModel folder, or a .tflite or .onnx file. The result is added to results.jsonl of a
    run, with the protocol and all that has to be known to compare it. Of two MODELs or more it is told whether they differ.
    """
    if weights is not None and (not ensemble or len(weights) != len(models)):
        raise click.UsageError("--weights are those of --ensemble, one a MODEL")
    name, protocol = _protocol(crops, sizes, flip, average)
    console = Screen(stderr=True)
    load_tensorflow(console)
    asked = [_model(each, labels, gpus) for each in models]
    with ticking(console) as tick:
        from archspec.evaluate.data import examples
        from archspec.evaluate.result import difference, result
        found = examples(asked[0].spec, data, split, asked[0].rule, tick)
        groups = [asked] if ensemble else [[each] for each in asked]
        results = [result(protocol, name, group, weights, found, tick) for group in groups]
    if found.skipped:
        click.echo(found.skipped, err=True)
    for each in results:
        _keep(each)
    differences = [difference(results[0], other) for other in results[1:]]
    if as_json:
        print_json({"evaluate": [each.to_json() for each in results], "differences": differences})
    else:
        _show(results, differences)
    return DONE


def _protocol(crops: str, sizes: tuple[Any, ...] | None, flip: bool | None, average: str | None) -> tuple[str, Protocol]:
    """What the options say together. Raises InputError where they clash."""
    name = CROPS.get(crops, crops)
    found = Protocol() if name == OWN else load_protocol(name)
    said: dict[str, Any] = {"sizes": sizes, "mirrored": flip, "average": average}
    found = replace(found, **{key: value for key, value in said.items() if value is not None})
    for clash in found.clashes():
        raise InputError(f"--crops {crops}: {clash.message}\n  hint: {clash.hint}")
    return name, found


def _model(text: str, labels: Path | None, gpus: int | None) -> Local:
    from archspec.artifact.labels import read_labels
    from archspec.io.places import is_address
    from archspec.predict.local import Local
    from archspec.predict.opened import opened
    if is_address(text):
        raise InputError(f"{text}: a server prepares images itself, so that no protocol can be said to it\n"
                         "  hint: evaluate the SavedModel that it serves: models/NAME")
    found = opened(text, 0)
    assert isinstance(found, Local)
    if labels is not None:
        found = replace(found, classes=read_labels(labels, len(found.classes)))
    return _placed(found, gpus)


def _placed(model: Local, gpus: int | None) -> Local:
    """The model on the devices that are asked for. Raises InputError where that cannot be."""
    from archspec.evaluate.replicas import ANYWHERE, devices, replicated
    from archspec.export.reference import reference
    found, artifact = devices(gpus), model.artifact
    if artifact is None and gpus is not None:
        raise InputError(f"{model.called}: --gpus is of runs and model.keras: what is exported runs where its runtime does\n"
                         "  hint: CUDA_VISIBLE_DEVICES says which GPUs it sees")
    if artifact is None or found == (ANYWHERE,) or (len(found) == 1 and gpus is None):
        return model
    return replace(model, run=replicated(lambda: reference(artifact), found), devices=found)


def _keep(result: Result) -> None:
    """Adds a result to results.jsonl of the run that was evaluated by itself."""
    from archspec.artifact.folder import is_run
    from archspec.io.files import append_line
    if len(result.models) == 1 and is_run(Path(result.called)):
        append_line(Path(result.called) / RESULTS, json.dumps(result.to_json(), ensure_ascii=False))


def _show(results: Sequence[Result], differences: Sequence[Mapping[str, Any]]) -> None:
    from rich.table import Table
    from rich.text import Text
    table = Table(box=None, pad_edge=False)
    names = list(results[0].figures)
    table.add_column("")
    for name in names:
        table.add_column(name.replace("_", " ") + ", %" * (name != "loss"), justify="right", no_wrap=True)
    for result in results:
        bounds = result.bounds
        table.add_row(Text(result.called), *(Text(_told(name, value, bounds.get(name)))
                                             for name, value in result.figures.items()))
    screen(120).print(table)
    first, protocol = results[0], results[0].protocols[0]
    parts = f"{protocol['parts']} parts of each" if protocol["parts"] > 1 else "one part of each"
    click.echo(f"{first.data.split.size:,} images of {first.data.source}, {first.data.which}; {protocol['name']}: {parts}, "
               f"the mean of {protocol['average']}; in brackets 95 % intervals")
    for each in differences:
        a, b = each["models"]
        click.echo(f"{a} alone is right about {each['only_first']}, {b} alone about {each['only_second']}: "
                   f"p = {each['p']:.2g} (McNemar's test)")


def _told(name: str, value: float | None, bounds: Interval | None) -> str:
    if value is None:
        return "-"
    numbers = [value, *([bounds.low, bounds.high] if bounds else [])]
    said = [f"{each:.4f}" if name == "loss" else f"{100 * each:.2f}" for each in numbers]
    return said[0] if bounds is None else f"{said[0]} [{said[1]}, {said[2]}]"
