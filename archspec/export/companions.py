"""What lies beside an export, so that it explains itself: labels.txt, spec.yaml, artifact.json."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from archspec.artifact.artifact import Artifact
from archspec.artifact.facts import NAME as FACTS
from archspec.artifact.facts import facts_of
from archspec.artifact.folder import SPEC
from archspec.export import labels
from archspec.io.files import write_json, write_text
from archspec.preprocess.rule import Preprocess

NO_MODEL = ""
"""The digest of model.keras where there is none."""


def write(artifact: Artifact, folder: Path) -> None:
    """Writes the three files. artifact.json is that of a run folder, with the protocol by which the metrics were measured."""
    folder.mkdir(parents=True, exist_ok=True)
    write_text(folder / labels.NAME, labels.text(artifact.classes))
    write_text(folder / SPEC, artifact.spec)
    write_json(folder / FACTS, {**facts_of(artifact, NO_MODEL, ()), "protocol": protocol(artifact.preprocess)})


def protocol(rule: Preprocess) -> dict[str, Any]:
    """How an image is looked at when it is tested, and when it is served: once, its middle."""
    return {"crops": "1", "resize": rule.to_json()["resize"]}
