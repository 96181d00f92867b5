"""From a trained run to everything that its folder promises. Takes what lies in the folder, and no training."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archspec.artifact.artifact import Artifact
from archspec.artifact.facts import RENEW
from archspec.artifact.folder import FACTS, MODEL, SPEC, is_whole, read, read_facts
from archspec.data.pipeline import Pipeline
from archspec.errors import InputError
from archspec.export import labels, report
from archspec.export.account import REPORT, write_report
from archspec.export.exportable import Exportable
from archspec.export.exporters import EXPORTERS, export
from archspec.export.images import Sought, to_calibrate, to_compare
from archspec.export.parity import Parity
from archspec.io.files import read_bytes, remove, write_json, write_text
from archspec.network import load
from archspec.spec.arch import Spec
from archspec.spec.export import ExportSection
from archspec.train.ending import ended
from archspec.train.reporting.metrics import draw_curves, read_lines
from archspec.train.run import RunFolder

TESTED = ("data", "split", "examples", "loss", "top1", "top5")
"""The metrics of an artifact that result.json always tells."""
SEVERAL = ("precision", "recall", "f1")
"""Those that it tells where an image may have several labels."""
CHOSEN = ("weights", "epoch")
"""Those of an artifact that has not the weights of its last epoch."""
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
        "curves.png": lambda: read_bytes(run.curves).endswith(END_OF_PNG),
        REPORT: lambda: read_bytes(run.path / REPORT).startswith(b"# ")}
    if wanted.artefacts:
        names = run.path / labels.NAME
        checks[labels.NAME] = lambda: read_bytes(names).decode("utf-8") == labels.text(read_facts(run.path)["classes"])
    return [*(name for name, check in checks.items() if not _holds(check)),
            *(EXPORTERS[name].place for name in _made(wanted) if not report.is_whole(run.path, name, EXPORTERS[name].place))]


def _made(wanted: ExportSection) -> list[str]:
    """The formats that are made of a run; its own model.keras is one already, and is its weights."""
    return [name for name in wanted.artefacts if EXPORTERS[name].place != MODEL]


def is_trained(run: RunFolder) -> bool:
    """Whether all that only a training can give is there: `complete` makes the rest."""
    return all(map(_holds, _from_training(run).values()))


def is_current(run: RunFolder, spec: Spec) -> bool:
    """Whether it is trained, to the end that the spec has now, with the weights that it asks for now."""
    wanted = spec.export.chosen(averaged=spec.train.ema is not None)
    return (is_trained(run) and ended(spec.train, read_lines(run.metrics))
            and read_facts(run.path)["metrics"].get("weights", "raw") == wanted)


def outdate(run: RunFolder) -> None:
    """Takes from a run that is trained further what says that it is finished. What it exported stays until it is made anew."""
    for path in (run.path / FACTS, run.result, run.curves, run.path / REPORT, run.path / report.PLACE):
        path.unlink(missing_ok=True)


def _from_training(run: RunFolder) -> dict[str, Callable[[], object]]:
    return {"model.keras": lambda: is_whole(run.path), "metrics.jsonl": lambda: read_lines(run.metrics)}


def _holds(check: Callable[[], object]) -> bool:
    try:
        return bool(check())
    except (OSError, ValueError, InputError):
        return False


def complete(folder: Path, wanted: ExportSection, testing: Pipeline | None = None) -> Finished:
    """Makes what is missing or damaged in the folder of a trained run; done in part and interrupted, it may be called again.

    `testing` are the run's test images, for the report and to compare exports on; left out, they are looked for. Raises
    NotEqual, see export; InputError where the trained network itself is not there, or is damaged.
    """
    run, artifact = RunFolder(folder), read(folder)
    result, lost = summarize(run), missing(run, wanted)
    if "result.json" in lost:
        write_json(run.result, result)
    if "curves.png" in lost:
        draw_curves(run.curves, read_lines(run.metrics), artifact.name, _objective(folder, artifact))
    if labels.NAME in lost:
        write_text(folder / labels.NAME, labels.text(artifact.classes))
    sought = Sought(folder, artifact)
    if REPORT in lost:
        write_report(run, artifact, result, testing or sought.testing)
    formats = [name for name in _made(wanted) if EXPORTERS[name].place in lost]
    for name in formats:
        remove(folder / EXPORTERS[name].place)
    if not formats:
        return Finished(result, {})
    made = Exportable(artifact, wanted, calibration=lambda: to_calibrate(sought.images, wanted.calibration))
    compared = export(made, formats, folder, to_compare(testing or sought.testing, artifact.preprocess))
    return Finished(result, compared, "" if testing else sought.note)


def _objective(folder: Path, artifact: Artifact) -> str:
    """The loss that was trained with, where it is not the cross entropy that is tested; else ''."""
    loss = load(str(folder / SPEC)).train.loss
    return "" if loss is None or loss.kind == ("sigmoid" if artifact.several else "softmax") else loss.kind


def summarize(run: RunFolder) -> dict[str, Any]:
    """result.json, from artifact.json and metrics.jsonl. Raises InputError where one of them is not there or is damaged.

    The last epoch's test, for the test images choose nothing, unless the best epoch was asked for, which `weights` and
    `epoch` then tell. The other keys are always there, but for those of several labels and `skipped_steps`; top5 is null
    below six classes, where it says nothing.
    """
    facts, history = read_facts(run.path), read_lines(run.metrics)
    if not facts["metrics"]:
        raise InputError(f"{run.path} holds a network that was not tested\n  hint: {RENEW}")
    skipped = [int(row.get("skipped_steps", 0)) for row in history]
    metrics = {"top5": None, **facts["metrics"]}
    told = [*TESTED, *(name for name in SEVERAL if name in metrics)]
    return {"spec": facts["name"], "fingerprint": facts["fingerprint"], **{name: metrics[name] for name in told},
            "epochs": len(history), "seconds": round(history[-1]["seconds"]),
            "images_per_second": round(statistics.median(row["images_per_second"] for row in history)),
            "classes": facts["classes"], **{key: metrics[key] for key in CHOSEN if key in metrics},
            **({"skipped_steps": sum(skipped)} if any(skipped) else {})}
