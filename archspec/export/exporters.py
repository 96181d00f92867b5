"""The formats a model can be saved in. A new one is a file here with PLACE and write, and a row here and in RUNNERS."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archspec.errors import InputError
from archspec.export import kerasfile, labels, onnx, report, savedmodel, tflite
from archspec.export.exportable import Exportable
from archspec.export.packages import refuse_missing
from archspec.export.parity import Parity, compare, compare_maps
from archspec.export.predictor import reference
from archspec.export.runners import RUNNERS
from archspec.io.files import replacing, write_text
from archspec.io.quiet import quiet


@dataclass(frozen=True)
class Exporter:
    """Where in a folder the format lies, how it is written, and which of RUNNERS runs it."""

    place: str
    write: Callable[[Exportable, Path], None]
    kind: str

    def run(self, path: Path, images: np.ndarray) -> np.ndarray:
        """Probabilities, (n, classes), of an export read back from the disk. Images: (n, h, w, c), 0 to 255."""
        return RUNNERS[self.kind](path)(images)


EXPORTERS: dict[str, Exporter] = {
    "savedmodel": Exporter(savedmodel.PLACE, savedmodel.write, "savedmodel"),
    "tflite": Exporter(tflite.PLACE, tflite.write, "tflite"),
    "keras": Exporter(kerasfile.PLACE, kerasfile.write, "keras"),
    "onnx": Exporter(onnx.PLACE, onnx.write, "onnx"),
}


class NotEqual(Exception):
    """An export computes something else than the model and was thrown away: exit code 1."""


def export(made: Exportable, formats: Sequence[str], folder: Path, pixels: np.ndarray) -> dict[str, Parity]:
    """Writes these formats into a folder, runs each on (n, h, w, c) pixels, and keeps it only if it is equal.

    Beside them labels.txt, and parity.json with what was found. Raises NotEqual where one is not equal, InputError
    before anything is written if one of them is there.
    """
    refuse_missing(formats)
    for name in formats:
        if (folder / EXPORTERS[name].place).exists():
            raise InputError(f"{folder / EXPORTERS[name].place} exists\n"
                             "  hint: what is published is never changed; choose another folder")
    if not formats:
        return {}
    write_text(folder / labels.NAME, labels.text(made.artifact.classes))
    expected = reference(made.artifact)(pixels).numpy()
    found = {}
    for name in formats:
        found[name] = _export(name, made, folder, pixels, expected)
        report.add(folder, made.artifact, made.options.tolerance, name, EXPORTERS[name].place, found[name])
    return found


def _export(name: str, made: Exportable, folder: Path, pixels: np.ndarray, expected: np.ndarray) -> Parity:
    with replacing(folder / EXPORTERS[name].place) as partial:
        with quiet():
            EXPORTERS[name].write(made, partial)
            given = EXPORTERS[name].run(partial, pixels)
            only_maps = name == "keras" and made.levels
            parity = compare_maps(kerasfile.maps(made, pixels), given) if only_maps else compare(expected, given)
        if not parity.holds(made.options.tolerance):
            raise NotEqual(f"{name}: {parity}; export.tolerance is {made.options.tolerance:g}. It was not kept")
    return parity
