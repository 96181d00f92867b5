"""The run folder: what lies where in it, who may work in it, and whether it belongs to this spec."""

from __future__ import annotations

import fcntl
import json
import platform
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import IO, Any, Protocol

from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.io.files import PARTIAL, remove, write_json, write_text
from archspec.schema.keys import to_json
from archspec.spec.export import ExportSection
from archspec.spec.recipe import Recipe

INDIFFERENT = ("strategy", "checkpoint")
"""Keys of the recipe that do not change what is learned: a run may be taken up with others."""


class SpecLike(Protocol):
    """What a run needs to know of a spec."""

    @property
    def name(self) -> str: ...
    @property
    def train(self) -> Recipe: ...
    @property
    def export(self) -> ExportSection: ...
    def to_yaml(self) -> str: ...


@dataclass(frozen=True)
class RunFolder:
    """The places in a run folder."""

    path: Path

    @property
    def spec(self) -> Path:
        return self.path / "spec.yaml"

    @property
    def manifest(self) -> Path:
        return self.path / "manifest.json"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def result(self) -> Path:
        return self.path / "result.json"

    @property
    def curves(self) -> Path:
        return self.path / "curves.png"

    @property
    def tensorboard(self) -> Path:
        return self.path / "tensorboard"

    @property
    def checkpoints(self) -> Path:
        return self.path / "checkpoints"

    @property
    def model(self) -> Path:
        return self.path / "model.keras"

    def read_result(self) -> dict[str, Any] | None:
        """What result.json says; None while the training is not done."""
        return json.loads(self.result.read_text()) if self.result.is_file() else None


@contextmanager
def opened(path: Path, spec: SpecLike, graph: Graph, fresh: bool) -> Iterator[RunFolder]:
    """The run folder for this spec, there or not yet, for this process alone. Writes nothing into it; `begin` does.

    Raises InputError if the folder is something else, in use, or another spec's and not to be begun afresh.
    """
    run = RunFolder(path)
    _refuse_other_folder(run)
    with _locked(path):
        if run.manifest.is_file() and not fresh:
            _refuse_other_spec(run, spec, graph)
        yield run


def begin(run: RunFolder, spec: SpecLike, graph: Graph, fresh: bool) -> None:
    """Makes the folder ready to be worked in. `fresh` moves an old run aside."""
    if fresh and run.manifest.is_file():
        run.path.rename(_aside(run.path.resolve()))
    run.path.mkdir(exist_ok=True)
    for rest in list(run.path.rglob(f"{PARTIAL}*")):
        remove(rest)
    # the manifest first: by it a folder is known for a run
    write_json(run.manifest, _manifest(spec, graph))
    write_text(run.spec, spec.to_yaml())


def _refuse_other_folder(run: RunFolder) -> None:
    if run.path.exists() and not run.path.is_dir():
        raise InputError(f"{run.path} is a file; --run names a folder")
    foreign = [] if run.manifest.is_file() or not run.path.exists() else _visible(run.path)
    if foreign:
        raise InputError(f"{run.path} holds {foreign[0]} and is no run folder\n  hint: name another one with --run")


def _visible(path: Path) -> list[str]:
    return sorted(child.name for child in path.iterdir() if not child.name.startswith("."))


def _manifest(spec: SpecLike, graph: Graph) -> dict[str, Any]:
    packages = ("tensorflow", "keras", "numpy")
    return {"spec": spec.name, "fingerprint": graph.fingerprint, "seed": spec.train.seed, "command": sys.argv,
            "versions": {"python": platform.python_version(), **{name: version(name) for name in packages}},
            "input": {"images": "float32 pixels from 0 to 255", **to_json(spec.train.normalize)},
            "train": to_json(spec.train)}


def _refuse_other_spec(run: RunFolder, spec: SpecLike, graph: Graph) -> None:
    written = json.loads(run.manifest.read_text())
    ways_out = "--fresh starts over (the old run is moved aside), --run NAME keeps both"
    if written["fingerprint"] != graph.fingerprint:
        raise InputError(f"{run.path} holds a run of another network ({written['spec']}, fingerprint "
                         f"{written['fingerprint']}; this one's is {graph.fingerprint})\n  hint: {ways_out}")
    now = {key: value for key, value in to_json(spec.train).items() if key not in INDIFFERENT}
    before = {key: value for key, value in written["train"].items() if key not in INDIFFERENT}
    differing = list(_differences(before, now, "train"))
    if differing:
        raise InputError(f"{run.path} holds a run with another recipe: {'; '.join(differing)}\n  hint: {ways_out}")


def _differences(before: Any, now: Any, path: str) -> Iterator[str]:
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys([*before, *now]):
            yield from _differences(before.get(key), now.get(key), f"{path}.{key}")
    elif before != now:
        yield f"{path} was {before}, is {now}"


def _aside(path: Path) -> Path:
    """The first free of NAME.old1, NAME.old2, …"""
    count = 1
    while (found := path.with_name(f"{path.name}.old{count}")).exists():
        count += 1
    return found


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Keeps a second process out; the system lets go of the lock however the process ends."""
    whole = path.resolve()
    lock = whole.with_name(f".{whole.name}.lock")
    with _created(lock) as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise InputError(f"another archspec works in {path}\n  hint: wait for it, or name another folder with --run"
                             ) from None
        try:
            yield
        finally:
            lock.unlink(missing_ok=True)


def _created(path: Path) -> IO[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("w")
    except OSError as error:
        raise InputError(f"cannot write in {path.parent}: {error.strerror}\n  hint: name another folder with --run") from None
