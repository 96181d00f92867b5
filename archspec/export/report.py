"""parity.json: what was exported into a folder, how equal it is to the model, and the digest of each."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from archspec.artifact.artifact import Artifact
from archspec.io.digest import digest
from archspec.io.files import read_json, write_json
from archspec.io.places import kind_of

PLACE = "parity.json"


def add(folder: Path, artifact: Artifact, tolerance: float, name: str, place: str, found: Mapping[str, Any]) -> None:
    """Writes the report anew, with a row for what has just been exported and what was found out about it."""
    row = {"format": name, "path": place, "bytes": _size(folder / place), "sha256": digest(folder / place), **found}
    kept = [each for each in rows(folder) if each["format"] != name]
    write_json(folder / PLACE, {"model": artifact.name, "fingerprint": artifact.fingerprint, "tolerance": tolerance,
                                "artefacts": [*kept, row]})


def move(folder: Path, places: Mapping[str, str]) -> None:
    """Lets the report of a folder say for each path where that will lie."""
    document = read_json(folder / PLACE)
    moved = [{**row, "path": places[row["path"]]} for row in document["artefacts"]]
    write_json(folder / PLACE, {**document, "artefacts": moved})


def rows(folder: Path) -> list[dict[str, Any]]:
    """The rows of the report of a folder; none where there is no report, or none that can be read."""
    try:
        found = read_json(folder / PLACE)["artefacts"]
        return [each for each in found if isinstance(each["format"], str) and isinstance(each["sha256"], str)]
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return []


def is_whole(folder: Path, name: str, place: str) -> bool:
    """Whether an export is there as it was when it was compared."""
    kept = {row["format"]: row["sha256"] for row in rows(folder)}
    return kind_of(folder / place) in ("file", "folder") and digest(folder / place) == kept.get(name)


def _size(path: Path) -> int:
    return sum(each.stat().st_size for each in (path, *path.rglob("*")) if each.is_file())
