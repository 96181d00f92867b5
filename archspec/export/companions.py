"""What lies beside an export, so that it explains itself: labels.txt, spec.yaml, artifact.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from archspec.artifact.artifact import Artifact
from archspec.artifact.facts import NAME, SPEC, facts_of
from archspec.export import labels
from archspec.io.files import write_json, write_text
from archspec.preprocess.rule import Preprocess

EXTRA = "assets.extra"
"""The folder of a SavedModel for what no server reads, but for the requests of its warm-up."""


def write(artifact: Artifact, folder: Path) -> None:
    """Writes the three files. artifact.json is a run folder's, but for model.keras, and with the protocol of the metrics."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / labels.NAME, labels.text(artifact.classes))
    write_text(folder / SPEC, artifact.spec)
    write_json(folder / NAME, {**facts_of(artifact), "protocol": protocol(artifact.preprocess)})


def protocol(rule: Preprocess) -> dict[str, Any]:
    """How an image is looked at when it is tested, and when it is served: once, its middle."""
    return {"crops": "1", "resize": rule.to_json()["resize"]}
