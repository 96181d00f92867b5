"""From a trained network to a version of a model that a server loads, proved."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from archspec.data.looking import Tick
from archspec.errors import InputError
from archspec.export import companions, configs
from archspec.export.exportable import BATCHES, Exportable
from archspec.export.exporters import record, refuse, write
from archspec.export.images import to_calibrate, to_compare
from archspec.export.predecessor import other_classes
from archspec.export.proof import Proof, prove
from archspec.export.publish import Published, publish
from archspec.export.subject import Subject


@dataclass(frozen=True)
class Wanted:
    """Where a model is published, under which name, in which formats, and how many versions are kept; None: all.

    `levels` of the feature pyramid are handed out, too; `batches` are the sizes of a batch that a server is warmed up for.
    """

    to: Path
    name: str
    formats: Sequence[str]
    keep: int | None = None
    levels: tuple[str, ...] = ()
    batches: tuple[int, ...] = BATCHES


@dataclass(frozen=True)
class Release:
    """The version that stands, the proof of its exports, and the files beside it that stay as their user changed them.

    `note` is what a person should know of the version before, '' if nothing.
    """

    published: Published
    proofs: dict[str, Proof]
    kept: tuple[Path, ...]
    note: str = ""


def release(subject: Subject, wanted: Wanted, tick: Tick, waiting: Callable[[float], object] = lambda seconds: None) -> Release:
    """Publishes the exports of a trained network as the next version, if each is what it has to be; else nothing.

    `waiting` is told for how many seconds it has waited for another process that publishes the same model. Raises
    NotEqual as write and prove do, and InputError as they, `refuse` and publish.
    """
    made, testing = _made(subject, wanted), subject.images.testing if subject.images else None
    if not wanted.formats:
        raise InputError(f"no format is asked for: there is nothing of {wanted.name} to publish\n"
                         "  hint: --format savedmodel,tflite")
    refuse(made, wanted.formats)
    proofs: dict[str, Proof] = {}
    kept: list[Path] = []
    notes: list[str] = []
    base = wanted.to / wanted.name

    def fill(folder: Path) -> None:
        notes.append(other_classes(base, subject.artifact))
        companions.write(subject.artifact, folder)
        for done, name in enumerate(wanted.formats):
            tick("writing exports", done, len(wanted.formats))
            write(name, made, folder)
        pixels = to_compare(testing, subject.artifact.preprocess)
        proofs.update(prove(made, folder, wanted.formats, pixels, testing, tick))
        for name in wanted.formats:
            record(name, made, folder, proofs[name].to_json())
        tick("publishing", 0, 1)

    def beside(folder: Path, version: int) -> None:
        kept.extend(configs.write(folder, base, made, version))
    published = publish(wanted.to, wanted.name, fill, wanted.keep, beside, waiting)
    return Release(published, proofs, tuple(kept), *notes)


def _made(subject: Subject, wanted: Wanted) -> Exportable:
    options = subject.spec.export
    return Exportable(subject.artifact, options, wanted.levels, lambda: to_calibrate(subject.images, options.calibration),
                      wanted.batches)
