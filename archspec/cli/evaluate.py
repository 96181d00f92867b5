"""`archspec evaluate`: how good a trained network is on images, by a protocol, and what has to stand beside the number."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from archspec.cli import DONE
from archspec.cli.bars import ticking
from archspec.cli.completed import files, folders, nothing, protocols
from archspec.cli.options import FILE, as_json, print_json
from archspec.cli.screen import Screen, load_tensorflow, screen
from archspec.cli.seconds import seconds
from archspec.errors import InputError, visible
from archspec.io.lock import Taken, alone
from archspec.io.places import is_address, kind_of, refuse_no_folder, user_path
from archspec.spec.protocol import AVERAGES, CROPS, OWN, Protocol, load_protocol, sizes_of

if TYPE_CHECKING:
    from archspec.evaluate.result import Result
    from archspec.predict.described import Described
    from archspec.predict.local import Local

SECONDS = 30.0
"""As long as a server itself works on a request of its REST interface."""
LONG = 60
"""Of what is not understood, so much is repeated."""
RESULTS = "results.jsonl"
"""In a run folder: a line an evaluation."""


def _sizes(ctx: click.Context, parameter: click.Parameter, value: str | None) -> tuple[Any, ...] | None:
    """Sides: 224,256/224."""
    from archspec.schema.kinds import Unfit
    try:
        return None if value is None else sizes_of(value, "--sizes")
    except Unfit as unfit:
        hint = f"; {unfit.hint}" if unfit.hint else ""
        raise click.BadParameter(f"'{(value or '')[:LONG]}': {unfit} is expected{hint}") from None


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
                   "class, a table FILE.csv with the columns path and label, a FILE.npz, or what train.data of a spec says.")
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
@click.option("--labels", metavar="FILE", type=FILE,
              help="Call the MODELs' classes as FILE does, one name a line, so that they are those of the data.")
@click.option("--leave-out", metavar="FILE", shell_complete=files, type=FILE,
              help="Images to leave out, a name a line, or a number as in the list that comes with ILSVRC.")
@click.option("--real", metavar="FILE", shell_complete=files, type=FILE,
              help="Re-assessed labels of ImageNet's images to validate on (real.json): how often the likeliest class is "
                   "among them.")
@click.option("--like", metavar="MODEL", shell_complete=files,
              help="What the addresses among the MODELs serve: a run or an export, which says how images are prepared.")
@click.option("--timeout", type=seconds, default=SECONDS, show_default=True, metavar="SECONDS",
              help="How long each answer of a server may take.")
@click.option("-o", "--output", metavar="DIR", shell_complete=folders,
              help="A folder to write: report.md with pictures of confusion, calibration and the most wrong images, and "
                   "report.json.")
@click.option("-v", "--verbose", is_flag=True, help="Tell of each class.")
@as_json
def evaluate(models: tuple[str, ...], data: str | None, split: str, crops: str, sizes: tuple[Any, ...] | None,
             flip: bool | None, average: str | None, ensemble: bool, weights: tuple[float, ...] | None, gpus: int | None,
             labels: Path | None, leave_out: Path | None, real: Path | None, like: str | None, timeout: float,
             output: str | None, verbose: bool, as_json: bool) -> int:
    """Say how good each MODEL is: loss, accuracy, 95 % intervals, how well it knows what it does not know.

    MODEL is a run, its model.keras, a SavedModel folder, a .tflite or .onnx file, or with --like the address of a TensorFlow
    Serving: http://HOST:8501/v1/models/NAME or grpc://HOST:8500/NAME. The result is added to results.jsonl of a run, with the
    protocol and all that has to be known to compare it. Of two MODELs or more it is told whether they differ.
    """
    if weights is not None and (not ensemble or len(weights) != len(models)):
        raise click.UsageError("--weights are those of --ensemble, one a MODEL")
    if like is not None and not any(map(is_address, models)):
        raise click.UsageError("--like is of a MODEL that is an address")
    name, protocol = _protocol(crops, sizes, flip, average)
    with nullcontext() if output is None else _claimed(output) as folder:
        console = Screen(stderr=True)
        names = _names(labels)
        seen = [_seen(each, like, dense=protocol.dense) for each in models]
        _refuse_other_names(labels, names, seen)
        from archspec.evaluate.data import examples, meant
        from archspec.evaluate.lists import read_list, read_real
        wanted = meant(seen[0].found.spec, data)
        lists = read_list(leave_out) if leave_out else None, read_real(real) if real else None
        load_tensorflow(console)  # what can be told without it has been told
        asked = [_loaded(each, names, like, timeout, gpus) for each in seen]
        with ticking(console) as tick:
            from archspec.evaluate.result import difference, result
            found = examples(wanted, split, asked[0].rule, tick, *lists)
            groups = [asked] if ensemble else [[each] for each in asked]
            results = [result(protocol, name, group, weights, found, tick) for group in groups]
        if found.skipped:
            click.echo(found.skipped, err=True)
        differences = [difference(results[0], other) for other in results[1:]]
        if as_json:  # whatever cannot be written then, the numbers are told
            print_json({"evaluate": [each.to_json() for each in results], "differences": differences})
        else:
            _show(results, differences, verbose=verbose)
        for each in results:
            _keep(each)
        if folder is not None:
            from archspec.export.evaluated import write_figures
            write_figures(folder, results, differences)
            click.echo(visible(str(folder)), err=True)
    return DONE


@contextmanager
def _claimed(output: str) -> Iterator[Path]:
    """The folder to write, for this process alone: before an hour of evaluation, and not behind it.

    Raises InputError where it is there already, or another process is about to write it; OSError where it cannot be made.
    """
    folder = user_path(output, "-o")
    refuse_no_folder(folder, "-o")
    folder = folder.resolve() if folder.is_symlink() else folder
    if kind_of(folder) == "folder" and any(folder.iterdir()):
        raise InputError(f"{visible(str(folder))} is there already\n  hint: name another folder, or remove it")
    try:
        with alone(folder):
            yield folder
    except Taken:
        raise InputError(f"another archspec is about to write {visible(str(folder))}\n  hint: name another folder") from None


def _protocol(crops: str, sizes: tuple[Any, ...] | None, flip: bool | None, average: str | None) -> tuple[str, Protocol]:
    """What the options say together. Raises InputError where they clash."""
    name = CROPS.get(crops, crops)
    found = Protocol() if name == OWN else load_protocol(name)
    from archspec.evaluate import told
    asked: dict[str, Any] = {"sizes": sizes, "mirrored": flip, "average": average}
    said = {key: value for key, value in asked.items() if value is not None}
    changed = ", ".join(told.changed(key, value) for key, value in said.items() if value != getattr(found, key))
    found = replace(found, **said)
    for clash in found.clashes():
        raise InputError(f"--crops {crops}: {clash.message}\n  hint: {clash.hint}")
    return name + f" with {changed}" * bool(changed), found


def _names(labels: Path | None) -> tuple[str, ...] | None:
    """What --labels calls the classes."""
    from archspec.artifact.labels import read_labels
    return read_labels(labels) if labels else None


def _refuse_other_names(labels: Path | None, names: Sequence[str] | None, models: Sequence[_Model]) -> None:
    """Raises InputError where a model has not as many classes as --labels has names."""
    from archspec.artifact.labels import refuse_other_count
    for each in models if names is not None else ():
        refuse_other_count(visible(str(labels)), len(names or ()), len(each.found.classes))


@dataclass(frozen=True)
class _Model:
    """A MODEL that is not loaded: as it was named, where it lies if that is here, and what lies beside it."""

    text: str
    path: Path | None
    found: Described


def _seen(text: str, like: str | None, *, dense: bool) -> _Model:
    """Raises InputError where there is no such model, or it cannot be seen densely."""
    from archspec.predict.beside import has_blocks
    from archspec.predict.opened import seen, seen_like
    path, found = (None, seen_like(text, like)) if is_address(text) else seen(text)
    if dense and not (path and has_blocks(path)):
        raise InputError(f"{visible(text)}: only a run or its model.keras is evaluated densely: what is exported takes images "
                         "of one size\n  hint: name the run, or take crops")
    return _Model(text, path, found)


def _loaded(model: _Model, names: Sequence[str] | None, like: str | None, timeout: float, gpus: int | None) -> Local:
    """The model as it is asked, on the devices that are asked for."""
    if model.path is None:
        from archspec.predict.pixels import served_like
        found = served_like(model.text, timeout, str(like), model.found)
    else:
        from archspec.predict.opened import loaded
        found = loaded(model.path, model.found)
    return _placed(found if names is None else replace(found, classes=names), gpus)


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


def _show(results: Sequence[Result], differences: Sequence[Mapping[str, Any]], *, verbose: bool) -> None:
    from archspec.evaluate import told
    from archspec.evaluate.result import figures_of
    names = figures_of(results)
    _table(["", *map(told.head, names)], [
        [each.called, *(told.figure(name, each.figures.get(name), each.bounds.get(name)) for name in names)]
        for each in results])
    data, protocol = results[0].data, results[0].protocols[0]
    parts = f"{protocol['parts']} parts of each" if protocol["parts"] > 1 else "one part of each"
    click.echo(f"{data.split.size:,} images of {data.source}, {data.which}; {protocol['name']}: {parts}, "
               f"the mean of {protocol['average']}; in brackets 95 % intervals")
    if data.left_out is not None:
        click.echo(f"left out, as {visible(data.left_out.listed.file)} says: {len(data.left_out.numbers):,}")
    if data.real is not None:
        labelled = int(data.real.labelled.sum())
        click.echo(f"{labelled:,} images have labels in {data.real.listed.file}, {data.split.size - labelled:,} have none")
    for each in differences:
        click.echo(told.difference(each))
    for result in results if verbose else ():
        click.echo()
        _classes(result)


def _classes(result: Result) -> None:
    """Of each class, and the means over them."""
    from archspec.evaluate import told
    names = [name for name in result.by_class[0] if name != "class"]
    _table([result.called, *map(told.head, names)], [
        *([row["class"], *(told.figure(name, row[name]) for name in names)] for row in result.by_class),
        *([f"mean ({kind})", *(told.figure(name, found[name]) if name in found else "" for name in names)]
          for kind, found in result.outcome.averages.items())])


def _table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    from rich.table import Table
    from rich.text import Text
    table = Table(box=None, pad_edge=False)
    table.add_column(Text(visible(heads[0])), overflow="fold")  # two that are cut off may look alike
    for name in heads[1:]:
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(Text(visible(row[0])), *map(Text, row[1:]))
    screen(120).print(table)
