"""The formats a model can be saved in. A new one is a file here with PLACE and write, and a row here and in RUNNERS."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

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
from archspec.spec.export import ExportSection


@dataclass(frozen=True)
class Exporter:
    """Where in a folder the format lies, how it is written, which of RUNNERS runs it, and what a report says of one.

    One that is not `exact` has other numbers than the network; it is judged by the classes that it tells.
    """

    place: str
    write: Callable[[Exportable, Path], None]
    kind: str
    told: Callable[[Path], Mapping[str, Any]] = lambda _: {}
    exact: bool = True

    def run(self, path: Path, images: np.ndarray) -> np.ndarray:
        """Probabilities, (n, classes), of an export read back from the disk. Images: (n, h, w, c), 0 to 255."""
        return RUNNERS[self.kind](path)(images)


EXPORTERS: dict[str, Exporter] = {
    "savedmodel": Exporter(savedmodel.PLACE, savedmodel.write, "savedmodel"),
    "tflite": Exporter(tflite.PLACE, tflite.write, "tflite", tflite.told),
    **{f"tflite_{mode}": Exporter(tflite.PLACES[mode], write, "tflite", tflite.told, exact=False)
       for mode, write in tflite.WRITERS.items()},
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
        exporter = EXPORTERS[name]
        report.add(folder, made.artifact, made.options.tolerance, name, exporter.place, found[name],
                   exporter.told(folder / exporter.place))
    return found


def _export(name: str, made: Exportable, folder: Path, pixels: np.ndarray, expected: np.ndarray) -> Parity:
    with replacing(folder / EXPORTERS[name].place) as partial:
        with quiet():
            EXPORTERS[name].write(made, partial)
            given = EXPORTERS[name].run(partial, pixels)
            only_maps = name == "keras" and made.levels
            parity = compare_maps(kerasfile.maps(made, pixels), given) if only_maps else compare(expected, given)
        if unequal := why_not(name, parity, made.options):
            raise NotEqual(f"{unequal}. It was not kept")
    return parity


def why_not(name: str, parity: Parity, options: ExportSection) -> str:
    """Why an export may not be kept; '' if it may."""
    if EXPORTERS[name].exact:
        return "" if parity.holds(options.tolerance) else f"{name}: {parity}; export.tolerance is {options.tolerance:g}"
    return "" if parity.agrees(options.accuracy_drop) else (
        f"{name}: {parity}; export.accuracy_drop is {options.accuracy_drop:.3g}")
