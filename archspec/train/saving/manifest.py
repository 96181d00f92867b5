"""manifest.json: what a run is, and how it was begun and taken up."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field, fields
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Any

from archspec.artifact.artifact import versions
from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.io.files import read_json, write_json
from archspec.io.numbers import is_number
from archspec.preprocess.rule import Preprocess
from archspec.schema.keys import to_json
from archspec.spec.arch import Spec

FRESH = "--fresh starts over (the old run is moved aside)"
LATER = frozenset({"machine", "recipe"})
"""Keys that manifests of before have not."""
DEPTH = 20
"""Mappings and lists within one another in a recipe, at most."""
NOWHERE: Mapping[str, str] = MappingProxyType({})
"""No machine that is known."""


@dataclass(frozen=True)
class Manifest:
    """What a run is, and its starts.

    `command` and `versions` are those that began the run; `resumed` has time, step, command and versions of each later
    start. `input` is what holds for images, whether a spec or a preset says it. `fresh` says whether it was begun by --fresh.
    `machine` is where it began, in words; {} of older runs. `recipe` is the shipped one that `train` stands on; '' of none.
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
    recipe: str = ""

    def write(self, path: Path) -> None:
        """Writes it, whole or not at all."""
        write_json(path, asdict(self))


def typed(arguments: Sequence[str]) -> list[str]:
    """A command as a person types it: `python -m archspec` has the path of its __main__.py as the first word."""
    program = Path(arguments[0])
    return ["archspec" if program.name in ("archspec", "__main__.py") else arguments[0], *arguments[1:]]


def start(step: int, machine: Mapping[str, str]) -> dict[str, Any]:
    """One more start of a run, after so many steps."""
    return {"time": datetime.now(UTC).isoformat(timespec="seconds"), "step": step, "command": typed(sys.argv),
            "versions": versions(), "machine": dict(machine)}


def begun(spec: Spec, rule: Preprocess, graph: Graph, fresh: bool, machine: Mapping[str, str] = NOWHERE) -> Manifest:
    """The manifest of a run that this command begins."""
    return Manifest(spec.name, graph.fingerprint, spec.train.seed, typed(sys.argv), versions(),
                    {"images": "pixels from 0 to 255", **rule.to_json()}, to_json(spec.train), fresh, [], dict(machine),
                    spec.resolved.recipe)


def read(path: Path) -> Manifest:
    """Raises InputError if it is not as `write` wrote it."""
    try:
        document = read_json(path)
        known = {each.name for each in fields(Manifest)}
        if not isinstance(document, dict) or document.keys() | LATER != known:
            raise TypeError("it has not the keys of a manifest")
        found = Manifest(**document)
        if wrong := [key for key, holds in HOLDS.items() if not holds(getattr(found, key))]:
            raise TypeError(f"its {wrong[0]} is of another kind")
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} cannot be read ({error})\n"
                         f"  hint: put back the file as it was; {FRESH}") from None
    return found


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(map(_text, value))


def _said(value: Any) -> bool:
    return isinstance(value, dict) and all(map(_text, value.values()))


def _keys(value: Any) -> bool:
    return isinstance(value, dict) and _plain(value, DEPTH)


def _plain(value: Any, depth: int) -> bool:
    """Whether it is what keys of a spec hold, and nested no deeper than so."""
    if isinstance(value, dict | list):
        return depth > 0 and all(_plain(each, depth - 1) for each in (value.values() if isinstance(value, dict) else value))
    return value is None or isinstance(value, bool | str) or is_number(value)


def _recipe(value: Any) -> bool:
    """Keys, and those of them that are read again are of their kinds; an older archspec did not write all."""
    if not _keys(value):
        return False
    early, kept = value.get("stop_early"), value.get("checkpoint", {})
    return (type(value.get("epochs", 1)) is int and isinstance(kept, dict)
            and (early is None or (isinstance(early, dict) and {"metric", "patience"} <= early.keys())))


def _starts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, dict) and _said(each.get("machine", {})) for each in value)


HOLDS: Mapping[str, Callable[[Any], bool]] = MappingProxyType({
    "spec": _text, "fingerprint": _text, "seed": lambda value: type(value) is int, "command": _texts, "versions": _said,
    "input": _keys, "train": _recipe, "fresh": lambda value: isinstance(value, bool), "resumed": _starts, "machine": _said,
    "recipe": _text})
"""Of each key, whether a value is one that `write` writes: anyone may have written the file."""
