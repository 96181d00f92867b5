"""From a trained network to a published version, proved."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from archspec.data.looking import Tick
from archspec.export import report, sample
from archspec.export.exportable import BATCHES, Exportable
from archspec.export.proof import Proof, prove
from archspec.export.release import Release, release
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


def deliver(subject: Subject, wanted: Wanted, tick: Tick) -> tuple[Release, dict[str, Proof]]:
    """Publishes the exports of a trained network if each is what it has to be; else nothing is published.

    Raises NotEqual, and InputError where the place cannot be published to.
    """
    artifact, options, images = subject.artifact, subject.spec.export, subject.images
    calibration = (lambda: images.training.sample(options.calibration, sample.SEED)[0]) if images else None
    made = Exportable(artifact, options, wanted.levels, calibration, wanted.batches)
    pixels = images.testing.sample(sample.IMAGES, sample.SEED)[0] if images else sample.made(artifact.preprocess)
    proofs = dict[str, Proof]()

    def check(folder: Path) -> None:
        proofs.update(prove(made, folder, wanted.formats, pixels, images.testing if images else None, tick))
        report.measure(folder, {name: proof.to_json() for name, proof in proofs.items()})
    tick("writing the exports", 0, len(wanted.formats))
    return release(made, wanted.formats, wanted.to, pixels, wanted.keep, wanted.name, check), proofs
