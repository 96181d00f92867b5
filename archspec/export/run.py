"""From a trained run to everything that its folder promises. Takes what lies in the folder, and no training."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from archspec.artifact.artifact import Artifact
from archspec.artifact.facts import RENEW
from archspec.artifact.folder import SPEC, is_whole, read, read_facts
from archspec.data.pipeline import Pipeline
from archspec.data.sources import load_data
from archspec.errors import InputError
from archspec.export import report, sample
from archspec.export.exporters import EXPORTERS, LABELS, export, labels
from archspec.export.parity import Parity
from archspec.io.files import read_bytes, remove, write_json, write_text
from archspec.network import load
from archspec.spec.export import ExportSection
from archspec.train.metrics import draw_curves, read_lines
from archspec.train.run import RunFolder

TESTED = ("data", "split", "examples", "loss", "top1", "top5")
"""The metrics of an artifact that result.json always tells."""
SEVERAL = ("precision", "recall", "f1")
"""Those that it tells where an image may have several labels."""
END_OF_PNG = b"IEND\xaeB`\x82"


@dataclass(frozen=True)
class Finished:
    """What result.json says, how equal the exports are that were made just now, and a word on them, if there is one."""

    result: dict[str, Any]
    parity: dict[str, Parity]
    note: str = ""


def missing(run: RunFolder, wanted: ExportSection) -> list[str]:
    """What a finished run has and this one has not, or not as it was written."""
    checks: dict[str, Callable[[], object]] = {
        **_from_training(run), "result.json": lambda: run.read_result() == summarize(run),
        "curves.png": lambda: read_bytes(run.curves).endswith(END_OF_PNG)}
    if wanted.formats:
        checks[LABELS] = lambda: read_bytes(run.path / LABELS).decode("utf-8") == labels(read_facts(run.path)["classes"])
    return [*(name for name, check in checks.items() if not _holds(check)),
            *(EXPORTERS[name].place for name in wanted.formats if not report.is_whole(run.path, name, EXPORTERS[name].place))]


def is_trained(run: RunFolder) -> bool:
    """Whether all that only a training can give is there: `complete` makes the rest."""
    return all(map(_holds, _from_training(run).values()))


def _from_training(run: RunFolder) -> dict[str, Callable[[], object]]:
    return {"model.keras": lambda: is_whole(run.path), "metrics.jsonl": lambda: read_lines(run.metrics)}


def _holds(check: Callable[[], object]) -> bool:
    try:
        return bool(check())
    except (OSError, ValueError, InputError):
        return False


def complete(folder: Path, wanted: ExportSection, pixels: np.ndarray | None = None) -> Finished:
    """Makes what is missing or damaged in the folder of a trained run; done in part and interrupted, it may be called again.

    Exports are compared on `pixels`, or on those of `pixels_for`. Raises NotEqual, see export; InputError where the
    trained network itself is not there, or is damaged.
    """
    run, artifact = RunFolder(folder), read(folder)
    result, lost = summarize(run), missing(run, wanted)
    if "result.json" in lost:
        write_json(run.result, result)
    if "curves.png" in lost:
        draw_curves(run.curves, read_lines(run.metrics), artifact.name)
    if LABELS in lost:
        write_text(folder / LABELS, labels(artifact.classes))
    formats = [name for name in wanted.formats if EXPORTERS[name].place in lost]
    for name in formats:
        remove(folder / EXPORTERS[name].place)
    if not formats:
        return Finished(result, {})
    compared, note = pixels_for(folder, artifact) if pixels is None else (pixels, "")
    return Finished(result, export(artifact, formats, folder, compared, wanted.tolerance), note)


def export_run(folder: Path, to: Path, formats: Sequence[str]) -> dict[str, Parity]:
    """Exports the network of a trained run into the folder `to`. Raises InputError and NotEqual as export does."""
    artifact = read(folder)
    pixels, _ = pixels_for(folder, artifact)
    return export(artifact, formats, to, pixels, load(str(folder / SPEC)).export.tolerance)


def pixels_for(folder: Path, artifact: Artifact) -> tuple[np.ndarray, str]:
    """Test images of the run's data, a sample over its classes; made ones, and a word on it, where the data is not there."""
    recipe = load(str(folder / SPEC)).train
    try:
        split = load_data(recipe.data).test
        return Pipeline(split, artifact.preprocess, recipe).sample(sample.IMAGES, sample.SEED)[0], ""
    except InputError as error:
        why = str(error).partition("\n")[0]
        return sample.made(artifact.preprocess), f"exports were compared on made images, for there is no data ({why})"


def summarize(run: RunFolder) -> dict[str, Any]:
    """result.json, from artifact.json and metrics.jsonl. Raises InputError where one of them is not there or is damaged.

    The last epoch's test, not the best one's, for the test images choose nothing. The keys are always there, but for those
    of several labels; top5 is null below six classes, where it says nothing.
    """
    facts, history = read_facts(run.path), read_lines(run.metrics)
    if not facts["metrics"]:
        raise InputError(f"{run.path} holds a network that was not tested\n  hint: {RENEW}")
    metrics = {"top5": None, **facts["metrics"]}
    told = [*TESTED, *(name for name in SEVERAL if name in metrics)]
    return {"spec": facts["name"], "fingerprint": facts["fingerprint"], **{name: metrics[name] for name in told},
            "epochs": len(history), "seconds": round(history[-1]["seconds"]),
            "images_per_second": round(statistics.median(row["images_per_second"] for row in history)),
            "classes": facts["classes"]}
