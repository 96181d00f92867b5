"""The formats a model can be saved in. A new one is a file here with PLACE and write, a row here and a row in runners.py."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archspec.errors import InputError, one_line
from archspec.export import kerasfile, labels, onnx, report, savedmodel, tflite, warmup
from archspec.export.exportable import Exportable
from archspec.export.packages import refuse_missing
from archspec.export.parity import Parity, compare, compare_maps
from archspec.export.parting import parting
from archspec.export.reference import reference
from archspec.export.runners import RUNNERS
from archspec.io.files import replacing, write_text
from archspec.io.machine import refusal
from archspec.io.quiet import quiet
from archspec.spec.export import QUANTIZED, ExportSection

BESIDE, ALONE = "beside", "alone"
"""How feature maps are handed out."""


@dataclass(frozen=True)
class Exporter:
    """Where in a folder the format lies, how it is written, which of RUNNERS runs it, and what a report says of one.

    One that is not `exact` has other numbers than the network; it is judged by the classes that it tells. `maps` says whether
    it hands out feature maps where levels are asked for, BESIDE the classes or ALONE, else ''; `refuse` raises InputError for
    what is asked and cannot be had.
    """

    place: str
    write: Callable[[Exportable, Path], None]
    kind: str
    told: Callable[[Path], Mapping[str, Any]] = lambda _: {}
    exact: bool = True
    maps: str = ""
    refuse: Callable[[Exportable], None] = lambda _: None

    def run(self, path: Path, images: np.ndarray) -> np.ndarray:
        """Probabilities, (n, classes), of an export read back from the disk. Images: (n, h, w, c), 0 to 255."""
        return RUNNERS[self.kind](path)(images)


EXPORTERS: dict[str, Exporter] = {
    "savedmodel": Exporter(savedmodel.PLACE, savedmodel.write, "savedmodel", maps=BESIDE, refuse=warmup.refuse_many),
    "tflite": Exporter(tflite.PLACE, tflite.write, "tflite", tflite.told),
    **{f"tflite_{mode}": Exporter(tflite.PLACES[mode], write, "tflite", tflite.told, exact=False)
       for mode, write in tflite.WRITERS.items()},
    "keras": Exporter(kerasfile.PLACE, kerasfile.write, "keras", maps=ALONE),
    "onnx": Exporter(onnx.PLACE, onnx.write, "onnx", maps=BESIDE),
}


class NotEqual(Exception):
    """An export computes something else than the model, or nothing, and was thrown away: exit code 1."""


def refuse(made: Exportable, formats: Sequence[str]) -> None:
    """Raises InputError, before anything is written, for what these formats cannot be made for."""
    refuse_missing(formats)
    for name in formats:
        EXPORTERS[name].refuse(made)
    if made.levels and formats and not any(EXPORTERS[name].maps for name in formats):
        having = ", ".join(name for name, exporter in EXPORTERS.items() if exporter.maps)
        raise InputError(f"feature maps are asked for, and {', '.join(formats)} has no place for them\n"
                         f"  hint: a format that has: {having}")


def export(made: Exportable, formats: Sequence[str], folder: Path, pixels: np.ndarray) -> dict[str, Parity]:
    """Writes these formats into a folder, runs each on (n, h, w, c) pixels, and keeps it only if it is equal.

    Beside them labels.txt, and parity.json with what was found. Raises NotEqual where one is not equal, or cannot be made of
    this network; InputError, see `refuse`, and before anything is written if one of them is there.
    """
    refuse(made, formats)
    for name in formats:
        if (folder / EXPORTERS[name].place).exists():
            raise InputError(f"{folder / EXPORTERS[name].place} exists\n"
                             "  hint: what is published is never changed; choose another folder")
    if not formats:
        return {}
    write_text(folder / labels.NAME, labels.text(made.artifact.classes))
    expected = reference(made.artifact)(pixels)
    found = {}
    for name in formats:
        try:
            found[name] = _export(name, made, folder, pixels, expected)
        except NotEqual as error:
            raise NotEqual(f"{error}. It was not kept") from None
        record(name, made, folder, found[name].to_json())
    return found


def _export(name: str, made: Exportable, folder: Path, pixels: np.ndarray, expected: np.ndarray) -> Parity:
    with replacing(folder / EXPORTERS[name].place) as partial, quiet(NotEqual):
        with _of_this_network(name):
            EXPORTERS[name].write(made, partial)
            given = EXPORTERS[name].run(partial, pixels)
        parity = compared(name, made, pixels, expected, given)
        refuse_unequal(name, made, parity, partial, pixels)
    return parity


def write(name: str, made: Exportable, folder: Path) -> None:
    """Writes an export into a folder, and nothing more. Raises NotEqual where it cannot be made of this network."""
    path = folder / EXPORTERS[name].place
    path.parent.mkdir(parents=True, exist_ok=True)
    with quiet(NotEqual), _of_this_network(name):
        EXPORTERS[name].write(made, path)


def record(name: str, made: Exportable, folder: Path, found: Mapping[str, Any]) -> None:
    """Adds an export that lies in a folder to its parity.json, with what was found out about it."""
    exporter = EXPORTERS[name]
    report.add(folder, made.artifact, made.options.tolerance, name, exporter.place,
               {**found, **exporter.told(folder / exporter.place)})


@contextmanager
def _of_this_network(name: str) -> Iterator[None]:
    """Raises NotEqual for whatever a converter or a runtime raises over a network that it does not take."""
    try:
        yield
    except InputError:
        raise
    except Exception as error:
        if refusal(error):
            raise
        raise NotEqual(f"{name} cannot be made of this network: {one_line(error)}{leaving_out(name)}") from None


def tells_classes(name: str, made: Exportable) -> bool:
    """Whether an export gives probabilities; else it gives feature maps alone."""
    return not (made.levels and EXPORTERS[name].maps == ALONE)


def compared(name: str, made: Exportable, pixels: np.ndarray, expected: np.ndarray, given: np.ndarray) -> Parity:
    """How equal what an export gives is to what the Keras model gives, whose probabilities are `expected`."""
    return compare(expected, given) if tells_classes(name, made) else compare_maps(kerasfile.maps(made, pixels), given)


def refuse_unequal(name: str, made: Exportable, parity: Parity, path: Path, pixels: np.ndarray) -> None:
    """Raises NotEqual for an export that may not be kept: with the node at which it parts from the model.

    One of rounder numbers does at once; of that no node is told.
    """
    if unequal := why_not(name, parity, made.options):
        exporter = EXPORTERS[name]
        raise NotEqual(f"{unequal}; {parting(made, exporter.kind, path, pixels)}" if exporter.exact else unequal)


def leaving_out(name: str) -> str:
    """What to do about a format that a network cannot have, as the end of a sentence; '' of what is no format."""
    if name not in EXPORTERS:
        return ""
    mode = name.removeprefix("tflite_")
    return f"; leave {mode} out of export.{'quantize' if mode in QUANTIZED else 'formats'}"


def why_not(name: str, parity: Parity, options: ExportSection) -> str:
    """Why an export may not be kept; '' if it may."""
    if EXPORTERS[name].exact:
        return "" if parity.holds(options.tolerance) else f"{name}: {parity}; export.tolerance is {options.tolerance:g}"
    return "" if parity.agrees(options.accuracy_drop) else (
        f"{name}: {parity}; export.accuracy_drop is {options.accuracy_drop:.3g}")
