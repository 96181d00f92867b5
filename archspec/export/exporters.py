"""The formats a model can be saved in. A new one is a file here with PLACE, write and run, and a row in EXPORTERS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archspec.artifact.artifact import Artifact
from archspec.errors import InputError
from archspec.export import report, savedmodel, tflite
from archspec.export.parity import Parity, compare
from archspec.export.predictor import Predictor, reference
from archspec.io.files import replacing, write_text
from archspec.io.quiet import quiet


@dataclass(frozen=True)
class Exporter:
    """Where in a folder the format lies, how it is written, and how it is run to see what it computes."""

    place: str
    write: Callable[[Predictor, Path], None]
    run: Callable[[Path, np.ndarray], np.ndarray]


EXPORTERS: dict[str, Exporter] = {
    "savedmodel": Exporter(savedmodel.PLACE, savedmodel.write, savedmodel.run),
    "tflite": Exporter(tflite.PLACE, tflite.write, tflite.run),
}
LABELS = "labels.txt"
"""The class names, one a line, in the order of the outputs."""


class NotEqual(Exception):
    """An export computes something else than the model and was thrown away: exit code 1."""


def export(artifact: Artifact, formats: Sequence[str], folder: Path, pixels: np.ndarray,
           tolerance: float) -> dict[str, Parity]:
    """Writes these formats into a folder, runs each on (n, h, w, c) pixels, and keeps it only if it is equal.

    Beside them labels.txt, and parity.json with what was found. Raises NotEqual where one is not equal, InputError
    before anything is written if one of them is there.
    """
    for name in formats:
        if (folder / EXPORTERS[name].place).exists():
            raise InputError(f"{folder / EXPORTERS[name].place} exists\n"
                             "  hint: what is published is never changed; choose another folder")
    if not formats:
        return {}
    write_text(folder / LABELS, labels(artifact.classes))
    predictor, expected = Predictor(artifact, folder / LABELS), reference(artifact)(pixels).numpy()
    found = {}
    for name in formats:
        found[name] = _export(name, predictor, folder, pixels, expected, tolerance)
        report.add(folder, artifact, tolerance, name, EXPORTERS[name].place, found[name])
    return found


def labels(classes: Sequence[str]) -> str:
    """The text of labels.txt."""
    return "".join(f"{name}\n" for name in classes)


def _export(name: str, predictor: Predictor, folder: Path, pixels: np.ndarray, expected: np.ndarray,
            tolerance: float) -> Parity:
    with replacing(folder / EXPORTERS[name].place) as partial:
        with quiet():
            EXPORTERS[name].write(predictor, partial)
            parity = compare(expected, EXPORTERS[name].run(partial, pixels))
        if not parity.holds(tolerance):
            raise NotEqual(f"{name}: {parity}; export.tolerance is {tolerance:g}. It was not kept")
    return parity
