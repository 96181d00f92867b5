"""The formats a model can be saved in. A new one is a file here with PLACE, write and run, and a row in EXPORTERS."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archspec.errors import InputError
from archspec.export import savedmodel, tflite
from archspec.export.parity import Parity, compare
from archspec.export.predictor import Predictor
from archspec.io.files import replacing
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


class NotEqual(Exception):
    """An export computes something else than the model and was thrown away: exit code 1."""


def export(name: str, predictor: Predictor, images: np.ndarray, folder: Path, tolerance: float) -> Parity:
    """Writes one format into a folder, runs it on (n, h, w, c) images, and keeps it only if it is equal.

    Raises NotEqual if it is not, InputError if something of that name is there.
    """
    exporter = EXPORTERS[name]
    path = folder / exporter.place
    if path.exists():
        raise InputError(f"{path} exists\n  hint: what is published is never changed; choose another folder")
    expected = predictor.predict(images)["probabilities"].numpy()
    with quiet(), replacing(path) as partial:
        exporter.write(predictor, partial)
        parity = compare(expected, exporter.run(partial, images))
        if not parity.holds(tolerance):
            raise NotEqual(f"{name}: {parity}; export.tolerance is {tolerance:g}. It was not kept")
    return parity
