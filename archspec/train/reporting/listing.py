"""The runs at hand: how far each has come, what it reached, and in which keys their specs differ. Loads no framework."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from archspec.artifact.folder import FACTS
from archspec.errors import InputError, SpecError
from archspec.io.files import read_json
from archspec.schema.tree import plain
from archspec.spec.inherit import NOT_INHERITED
from archspec.spec.source import read
from archspec.train.progress import Row
from archspec.train.reporting.metrics import read_lines
from archspec.train.run import INDIFFERENT, RunFolder
from archspec.train.saving import manifest as manifests
from archspec.train.saving.manifest import Manifest

RESULTS = ("test_top1", "test_top5", "test_loss", "loss")
"""Of a row of metrics: what is told of a run, if it is there."""
TRAINING = "train."
"""Begins the paths of keys that say how a network is trained."""


@dataclass(frozen=True)
class Entry:
    """A run: its folder, what it is, and a row an epoch. `keys` is what its resolved spec says, by path, as JSON has it."""

    path: Path
    manifest: Manifest
    rows: tuple[Row, ...]
    finished: bool
    keys: Mapping[str, Any]
    data: str | None
    """The digest of its data, if it can be told."""

    @property
    def epochs(self) -> int:
        """That it is to train."""
        return int(self.manifest.train.get("epochs", 0))

    @property
    def state(self) -> str:
        """How far it has come."""
        return "finished" if self.finished else f"epoch {len(self.rows)} of {self.epochs}"

    @property
    def results(self) -> dict[str, float]:
        """Of its last epoch."""
        return {name: self.rows[-1][name] for name in RESULTS if name in self.rows[-1]} if self.rows else {}

    def value(self, name: str) -> Any:
        """Of a key: what the spec says, else what holds in the recipe; None where neither has it."""
        return self.keys[name] if name in self.keys else self._recipe.get(name)

    @cached_property
    def _recipe(self) -> dict[str, Any]:
        return dict(_flat(self.manifest.train, TRAINING.rstrip(".")))


def find(places: Sequence[Path]) -> Iterator[Path]:
    """The run folders that are named, and those in a folder that is named. Raises InputError where there is none."""
    for place in places:
        inside = [place] if RunFolder(place).manifest.is_file() else sorted(
            each for each in (place.iterdir() if place.is_dir() else ()) if RunFolder(each).manifest.is_file())
        if not inside:
            raise InputError(f"{place} is no run folder, and holds none\n  hint: archspec train SPEC makes one, runs/NAME")
        yield from inside


def read_entry(path: Path) -> Entry:
    """Raises InputError where its manifest or its spec cannot be read."""
    run = RunFolder(path)
    manifest = manifests.read(run.manifest)
    if run.spec.exists() and not run.spec.is_file():  # of a pipe no end may ever come
        raise InputError(f"{run.spec} cannot be read (it is no file)")
    try:
        keys = dict(_flat(plain(read(run.spec))))
    except (SpecError, OSError) as error:
        raise InputError(f"{run.spec} cannot be read ({str(error).partition(chr(10))[0]})") from None
    try:
        rows = tuple(read_lines(run.metrics))
    except InputError:  # of a run that has not finished an epoch there are none
        rows = ()
    return Entry(path, manifest, rows, run.read_result() is not None, keys, _data(run))


def _data(run: RunFolder) -> str | None:
    """The digest of a run's data, from the smaller file that tells it."""
    for path, name in ((run.path / FACTS, "data"), (run.index, "digest")):
        with suppress(OSError, ValueError, KeyError, TypeError):
            return str(read_json(path)[name])
    return None


def _flat(value: object, path: str = "") -> Iterator[tuple[str, Any]]:
    if isinstance(value, Mapping):
        for key, inner in value.items():
            if path or key not in (*NOT_INHERITED, "export"):
                yield from _flat(inner, f"{path}.{key}" if path else str(key))
    else:
        yield path, value


def differing(entries: Sequence[Entry]) -> list[str]:
    """The keys in which the runs' specs differ: of the training first, then of the network, then what changes no result."""
    names = dict.fromkeys(name for entry in entries for name in entry.keys)
    found = [name for name in names if len({json.dumps(entry.value(name)) for entry in entries}) > 1]
    return sorted(found, key=lambda name: (name.startswith(INDIFFERENT), not name.startswith(TRAINING)))


def best_first(entries: Sequence[Entry]) -> list[Entry]:
    """By what they reached on the test images, those that have no result last."""
    return sorted(entries, key=lambda entry: (-entry.results.get("test_top1", -1.0), str(entry.path)))


def document(entries: Sequence[Entry], keys: Sequence[str]) -> list[dict[str, Any]]:
    """As JSON: a mapping a run, with the values of some keys."""
    return [{"run": str(entry.path), "spec": entry.manifest.spec, "fingerprint": entry.manifest.fingerprint,
             "state": entry.state, "epoch": len(entry.rows), "epochs": entry.epochs, **entry.results,
             "seconds": entry.rows[-1]["seconds"] if entry.rows else 0.0,
             "data": entry.data,
             "set": {name: entry.value(name) for name in keys}} for entry in entries]
