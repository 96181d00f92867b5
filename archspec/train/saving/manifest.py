"""manifest.json: what a run is, and how it was begun and taken up."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from archspec.artifact.artifact import versions
from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.io.files import read_json, write_json
from archspec.preprocess.rule import Preprocess
from archspec.schema.keys import to_json
from archspec.spec.recipe import Recipe

FRESH = "--fresh starts over (the old run is moved aside)"
NOWHERE: Mapping[str, str] = MappingProxyType({})
"""No machine that is known."""


@dataclass(frozen=True)
class Manifest:
    """What a run is, and its starts.

    `command` and `versions` are those that began the run; `resumed` has time, step, command and versions of each later
    start. `input` is what holds for images, whether a spec or a preset says it. `fresh` says whether it was begun by --fresh.
    `machine` is where it began, in words; {} of older runs.
    """

    spec: str
    fingerprint: str
    seed: int
    command: list[str]
    versions: dict[str, str]
    input: dict[str, Any]
    train: dict[str, Any]
    fresh: bool
    resumed: list[dict[str, Any]]
    machine: dict[str, str] = field(default_factory=dict)

    def write(self, path: Path) -> None:
        """Writes it, whole or not at all."""
        write_json(path, asdict(self))


def start(step: int, machine: Mapping[str, str]) -> dict[str, Any]:
    """One more start of a run, after so many steps."""
    return {"time": datetime.now(UTC).isoformat(timespec="seconds"), "step": step, "command": sys.argv, "versions": versions(),
            "machine": dict(machine)}


def begun(name: str, train: Recipe, rule: Preprocess, graph: Graph, fresh: bool,
          machine: Mapping[str, str] = NOWHERE) -> Manifest:
    """The manifest of a run that this command begins."""
    return Manifest(name, graph.fingerprint, train.seed, sys.argv, versions(),
                    {"images": "pixels from 0 to 255", **rule.to_json()}, to_json(train), fresh, [], dict(machine))


def read(path: Path) -> Manifest:
    """Raises InputError if it is not as `write` wrote it."""
    try:
        document = read_json(path)
        if not isinstance(document, dict) or document.keys() | {"machine"} != {each.name for each in fields(Manifest)}:
            raise TypeError("it has not the keys of a manifest")
        found = Manifest(**document)
        kinds = {"fingerprint": str, "train": dict, "resumed": list, "machine": dict}
        if wrong := [key for key, kind in kinds.items() if not isinstance(getattr(found, key), kind)]:
            raise TypeError(f"its {wrong[0]} is of another kind")
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} cannot be read ({error})\n"
                         f"  hint: put back the file as it was; {FRESH}") from None
    return found
