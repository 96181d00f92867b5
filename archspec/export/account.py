"""Writes report.md and its pictures into the folder of a trained run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from archspec.artifact.artifact import Artifact
from archspec.data.pipeline import Pipeline
from archspec.evaluate.judged import judge
from archspec.evaluate.outcome import Outcome
from archspec.export.confusion import CONFUSION, PAIRS, WORST_IMAGES, draw_confused, draw_worst
from archspec.export.page import LISTED, WORST, Told, page
from archspec.io.files import read_bytes, remove, write_text
from archspec.train.reporting.board import finish
from archspec.train.reporting.metrics import read_lines
from archspec.train.run import RunFolder
from archspec.train.saving import manifest as manifests

REPORT = "report.md"


def write_report(run: RunFolder, artifact: Artifact, result: dict[str, Any], testing: Pipeline | None) -> None:
    """`testing` are the images that the run was tested on; None where they are not there."""
    judged = judge(artifact, testing) if testing else None
    pictures = _draw(run.path, judged, artifact, testing) if judged and testing else frozenset[str]()
    images = [testing.split.keys[number] for number in judged.worst(LISTED)] if judged and testing else []
    manifest, history = manifests.read(run.manifest), read_lines(run.metrics)
    told = Told(artifact, manifest, history, result, _skipped(run), pictures, judged, images)
    write_text(run.path / REPORT, page(told) + "\n")
    finish(run.tensorboard, [run.path / name for name in sorted(pictures)], len(history))


def _draw(folder: Path, judged: Outcome, artifact: Artifact, testing: Pipeline) -> frozenset[str]:
    """Draws what there is to be drawn; what an earlier report had and this one has not is removed."""
    worst, drawn = judged.worst(WORST), set[str]()
    if confused := draw_confused(folder, judged, artifact.classes, artifact.name):
        drawn.add(confused)
    if worst:
        draw_worst(folder / WORST_IMAGES, judged, worst, artifact.classes, map(testing.still, worst))
        drawn.add(WORST_IMAGES)
    for name in {CONFUSION, PAIRS, WORST_IMAGES} - drawn:
        remove(folder / name)
    return frozenset(drawn)


def _skipped(run: RunFolder) -> int:
    try:
        return len(read_bytes(run.skipped).splitlines())
    except (OSError, ValueError):
        return 0
