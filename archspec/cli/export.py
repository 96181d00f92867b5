"""`archspec export`: what serves, published as the next version, with the proof that it is what was trained."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from rich.table import Table

from archspec.cli import DONE, NO
from archspec.cli.bars import ticking
from archspec.cli.completed import folders, layouts, listed, nothing, specs, weights
from archspec.cli.options import FILE, as_json, overrides, print_json, tell_hidden, told_of
from archspec.cli.screen import Screen, load_tensorflow, screen
from archspec.errors import InputError
from archspec.io.machine import advice, refusal
from archspec.io.places import refuse_no_folder, steady, user_path
from archspec.io.streams import aside
from archspec.views.numbers import mebibytes
from archspec.views.tables import grid
from archspec.weights.own import OWN

MOST_BATCH = 1024
"""Images of a batch."""

if TYPE_CHECKING:
    from archspec.data.looking import Tick
    from archspec.export.asked import Asked
    from archspec.export.parity import Parity
    from archspec.export.proof import Proof
    from archspec.export.release import Release, Wanted
    from archspec.export.subject import Subject


@click.command()
@click.argument("model", shell_complete=specs)
@click.option("--to", required=True, metavar="DIR", shell_complete=folders,
              help="Where models are published: DIR/NAME/VERSION, the next number.")
@click.option("--format", "formats", metavar="F,…", shell_complete=listed("savedmodel", "tflite", "keras", "onnx"),
              help="savedmodel, tflite, keras, onnx; if left out those of the spec's "
                                                         "export.formats.")
@click.option("--quantize", metavar="MODE,…", shell_complete=listed("float16", "dynamic", "int8", "int16x8"),
              help="TFLite files beside: float16, dynamic, int8, int16x8.")
@click.option("--accuracy-drop", metavar="SHARE", shell_complete=nothing,
              help="How much accuracy a quantised file may lose, such as 1%: layers stay "
                                                       "in float until it does not lose more.")
@click.option("--weights", metavar="W", shell_complete=weights,
              help="Of a run: raw, ema or best. Of a spec: the file of its weights.")
@click.option("--layout", default=OWN, show_default=True, shell_complete=layouts,
              help="Where a spec's weights are from; see archspec import --help.")
@click.option("--labels", type=FILE, metavar="FILE",
              help="The class names of a spec's weights, one a line, in their order.")
@click.option("--features", is_flag=True, help="Hand out the feature pyramid, too.")
@click.option("--name", metavar="NAME", shell_complete=nothing, help="The model's name for the server; the spec's if left out.")
@click.option("--keep", type=click.IntRange(1), metavar="N", help="How many versions are kept, the new one among them, beside "
                                                                  "those that model.config names; all if left out.")
@click.option("--batches", default="1,2,4,8", show_default=True, metavar="N,…", shell_complete=nothing,
              callback=lambda _, __, text: _sizes(text), help="Sizes of a batch that a server is warmed up for.")
@as_json
@overrides
def export(model: str, to: str, formats: str | None, quantize: str | None, accuracy_drop: str | None, weights: str | None,
           layout: str, labels: Path | None, features: bool, name: str | None, keep: int | None, batches: tuple[int, ...],
           as_json: bool, overrides: tuple[str, ...]) -> int:
    """Publish MODEL for serving: a run folder, the model.keras of one, or a spec with --weights.

    Each export is run in a process of its own on real images and compared with the Keras model. One that is not equal ends
    the command with 1; nothing is published then, and no old version is ever touched.
    """
    place, console = steady(user_path(to, "--to")), Screen(stderr=True)
    refuse_no_folder(place, "--to")
    said = {f"export.{key}={value}": (option, text) for key, option, text, value in (
        ("formats", "--format", formats, _listed(formats)), ("quantize", "--quantize", quantize, _listed(quantize)),
        ("accuracy_drop", "--accuracy-drop", accuracy_drop, accuracy_drop)) if text is not None}
    from archspec.export.asked import Asked
    asked = Asked(model, weights, layout, labels, (*overrides, *said))
    with told_of(said):
        _refuse(asked, name)
    load_tensorflow(console)
    from archspec.export.exportable import every_level
    from archspec.export.release import Wanted
    with ticking(console) as tick:
        found = _found(asked, tick)
        levels = every_level(found.artifact) if features else ()
        called = found.artifact.name if name is None else name
        wanted = Wanted(place, called, found.spec.export.artefacts, keep, levels, batches)
        released = _released(found, wanted, tick)
    return _told(released, found, as_json=as_json) if released else NO


def _refuse(asked: Asked, name: str | None) -> None:
    """Raises InputError for what can be told before TensorFlow is loaded."""
    from archspec.export import packages
    from archspec.export.versions import checked_name
    tell_hidden(asked.model)
    checked_name(asked.spec.name if name is None else name)
    packages.refuse_missing(asked.spec.export.artefacts)


def _sizes(text: str) -> tuple[int, ...]:
    """The sizes of a batch. Raises a usage error."""
    numbers = [int(part) if re.fullmatch(r" *[0-9]+ *", part) else 0 for part in text.split(",")]
    if not all(1 <= number <= MOST_BATCH for number in numbers):
        raise click.BadParameter(f"{text!r} is no list of sizes from 1 to {MOST_BATCH}, such as 1,8")
    return tuple(sorted(set(numbers)))


def _listed(text: str | None) -> str | None:
    """Words between commas as a list in YAML."""
    return text if text is None or (text.startswith("[") and text.endswith("]")) else f"[{text}]"


def _found(asked: Asked, tick: Tick) -> Subject:
    """What is exported; what a person should know of it is said on standard error."""
    from archspec.export.subject import subject
    found = subject(asked, tick)
    for note in found.notes:
        aside(f"{asked.model}: {note}")
    return found


def _released(found: Subject, wanted: Wanted, tick: Tick) -> Release | None:
    """What is published; None, with the reason on standard error, where an export is not equal."""
    from archspec.export.exporters import NotEqual
    from archspec.export.release import release
    try:
        released = release(found, wanted, tick, partial(_waits, wanted))
    except NotEqual as error:
        aside(f"{error}; nothing was published")
        return None
    except Exception as error:
        if isinstance(error, InputError) or not (refused := refusal(error)):
            raise
        raise InputError(f"{wanted.to / wanted.name}: nothing was published there: {refused}{advice(error)}") from error
    if released.note:
        aside(released.note)
    return released


def _waits(wanted: Wanted, seconds: float) -> None:
    """Says that another export works in the same place, and for how long this one has waited for it."""
    so_far = f"; it has waited {seconds:.0f} s" if seconds else ""
    aside(f"{wanted.to / wanted.name}: another export publishes there, and this one waits for its end{so_far}")


def _told(released: Release, found: Subject, *, as_json: bool) -> int:
    """The exit code, after standard output has what was published, and how equal it is."""
    document = _document(released, found)
    if as_json:
        print_json(document)
        return DONE
    for line in _places(released, document["artefacts"]):
        click.echo(line)
    screen(140).print(_table(released.proofs, document["artefacts"]))
    click.echo(_explained(released.proofs, found))
    return DONE


def _document(released: Release, found: Subject) -> dict[str, Any]:
    """parity.json, where it was published, and what a person should know of it."""
    from archspec.export import companions, report
    from archspec.io.files import read_json
    published = released.published
    place = published.served / companions.EXTRA if published.served else published.files
    assert place
    return {**read_json(place / report.PLACE), "version": published.version, "removed": list(map(str, published.removed)),
            "retired": list(published.retired), "pinned": list(published.pinned),
            "notes": [*found.notes, *filter(None, [released.note])]}


def _places(released: Release, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Where it lies, and what became of other versions."""
    from archspec.export.predecessor import FILES
    published = released.published
    if published.served:
        yield f"{published.served}  for TensorFlow Serving, which {published.served.parent / 'README.md'} starts"
    if published.files:
        there = [Path(row["path"]).name for row in rows if row["path"].startswith(f"{FILES}/")]
        yield f"{published.files}  for all else: {', '.join(there)}"
    for path in published.removed:
        yield f"{path} is removed"
    why = f"cannot be read ({published.unread})" if published.unread else "names it"
    for version in published.pinned:
        yield f"version {version} stays: model.config {why}"
    for path in released.kept:
        yield f"{path} stays as it was changed"


def _table(proofs: Mapping[str, Proof], rows: Sequence[Mapping[str, Any]]) -> Table:
    """How large, how fast, how equal and how exact each is."""
    sizes = {row["format"]: mebibytes(row["bytes"]) for row in rows}
    first = next(iter(proofs.values()))
    tops = any(each.parity and each.parity.agreement is not None for each in proofs.values())
    fives = any(each.parity and each.parity.best_five is not None for each in proofs.values())
    found = grid("", "size", "loads in", "memory", *(f"ms for {batch}" for batch in first.milliseconds), "differs by",
                 *(["same top-1"] * tops), *(["same top-5"] * fives), *first.scores)
    for name, proof in proofs.items():
        found.add_row(name, sizes.get(name, ""), f"{proof.loaded.seconds:.1f} s", mebibytes(proof.loaded.memory),
                      *(f"{each:.1f}" for each in proof.milliseconds.values()), *_compared(proof.parity, tops + fives),
                      *(f"{each:.2%}" for each in proof.scores.values()))
    return found


def _compared(parity: Parity | None, shares: int) -> Sequence[str]:
    """How equal an export is, with so many shares of images; nothing of the model that it is held against."""
    if parity is None:
        return [""] * (1 + shares)
    same = ["" if each is None else f"{each:.1%}" for each in (parity.agreement, parity.best_five)[:shares]]
    return [f"{parity.probabilities:.1e}", *same]


def _explained(proofs: Mapping[str, Proof], found: Subject) -> str:
    """What the table is of."""
    images = next(each.parity.images for each in proofs.values() if each.parity)
    classes = any(each.parity and each.parity.agreement is not None for each in proofs.values())
    kind = "test images, a sample over the classes" if found.images else "made images"
    tested = f"; accuracy on all {found.images.testing.split.size} test images" if found.images else ""
    against = "probabilities against the Keras model's, at most, and its classes" if classes else (
        "feature maps against the Keras model's, at most, as a share of an image's largest number")
    return f"each in a process of its own; {against}, on {images} {kind}{tested}"
