"""The run folder: what lies where in it, who may work in it, and whether it belongs to this spec."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archspec.artifact.folder import SPEC
from archspec.errors import FEW, InputError, SpecError, shorten, some
from archspec.graph.ir import Graph
from archspec.io.files import read_json
from archspec.io.lock import Taken, alone
from archspec.schema.keys import REQUIRED, Section, to_json
from archspec.schema.tree import plain
from archspec.spec.arch import Spec
from archspec.spec.inherit import NOT_INHERITED
from archspec.spec.recipe import Recipe
from archspec.spec.source import document, read
from archspec.train.saving import manifest as manifests
from archspec.train.saving.manifest import FRESH, Manifest

SPARE = ".lock" + ".old999"
"""What names beside the run folder's have more than it."""
WAYS_OUT = f"{FRESH}, --run DIR keeps both"


@dataclass(frozen=True)
class RunFolder:
    """The places in a run folder."""

    path: Path

    @property
    def spec(self) -> Path:
        return self.path / SPEC

    @property
    def manifest(self) -> Path:
        return self.path / "manifest.json"

    @property
    def index(self) -> Path:
        return self.path / "data.json"

    @property
    def skipped(self) -> Path:
        return self.path / "skipped.txt"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def steps(self) -> Path:
        return self.path / "steps.jsonl"

    @property
    def augmented(self) -> Path:
        return self.path / "augmented.png"

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

    def read_result(self) -> dict[str, Any] | None:
        """What result.json says; None while the training is not done, or if no one can read it: it is made anew then."""
        try:
            found = read_json(self.result)
        except (FileNotFoundError, NotADirectoryError, ValueError):
            return None
        return found if isinstance(found, dict) else None


def refuse(run: RunFolder, spec: Spec, graph: Graph, fresh: bool) -> None:
    """Raises InputError if the folder is something else, or another spec's and not to be begun afresh. Writes nothing."""
    if run.path.exists() and not run.path.is_dir():
        raise InputError(f"{run.path} is a file; --run names a folder")
    _refuse_place(run.path)
    if run.manifest.is_file():
        differing = [] if fresh else list(differences(run, manifests.read(run.manifest), spec, graph))
        if differing:
            raise InputError(f"{run.path} holds {'; '.join(differing)}\n  hint: {WAYS_OUT}")
    elif foreign := _visible(run.path):
        raise InputError(f"{run.path} holds {foreign[0]} and is no run folder\n  hint: name another one with --run")


def _refuse_place(path: Path) -> None:
    """Raises InputError where no folder of that name can be made."""
    above = next(each for each in path.resolve().parents if each.exists())
    if not above.is_dir():
        raise InputError(f"{path} cannot be made: {above} is a file\n  hint: name another folder with --run")
    longest = os.pathconf(above, "PC_NAME_MAX") - len(SPARE) if hasattr(os, "pathconf") else 200
    if len(os.fsencode(path.resolve().name)) > longest:
        raise InputError(f"the name of {path} is too long for its disk\n  hint: name another folder with --run, of at most "
                         f"{longest} letters")


@contextmanager
def claimed(run: RunFolder) -> Iterator[None]:
    """The run folder, there or not yet, for this process alone. Raises InputError if another one works in it."""
    try:
        with alone(run.path):
            yield
    except Taken:
        raise InputError(f"another archspec works in {run.path}\n  hint: wait for it, or name another folder with --run"
                         ) from None


def differences(run: RunFolder, written: Manifest, spec: Spec, graph: Graph) -> Iterator[str]:
    """In what the run's network and recipe are not those of a spec."""
    if written.fingerprint != graph.fingerprint:
        lines = _of_the_network(run, spec)
        said = f": {'; '.join(lines[:FEW])}" + "; …" * (len(lines) > FEW) if lines else ""
        yield (f"a run of another network ({written.spec}, fingerprint {written.fingerprint}; this one's is "
               f"{graph.fingerprint}){said}")
    else:
        before = _whole(written.train, spec.train)
        longer = type(before["epochs"]) is int and before["epochs"] < spec.train.epochs
        more = {"epochs": spec.train.epochs} if longer and _goes_on(spec.train) else {}
        differing = list(changes({**before, **more}, to_json(spec.train), "train"))
        if longer and not more:
            differing.append(_another(spec.train))
        if differing:
            yield f"a run with another recipe: {'; '.join(differing)}"


INDIFFERENT = ("train.strategy", "train.gpus", "train.communication", "train.checkpoint", "train.log", "train.stop_early",
               "train.on_divergence",
               *(f"train.data.{name}" for name in ("path", "root", "test", "cache", "on_error", "skip_at_most")))
"""Keys of the recipe that do not change what is learned: a run may be taken up with others. Data may lie elsewhere, or some
be skipped now; whether they are the same is not told by these keys, but by the index. How long it trains, and what it does
where it diverges, changes nothing of what was learned before."""
NAMES = ("data", "init", "class_weights")
"""Keys of the recipe with names in them that anyone may choose; in others a % says a share of the training."""
GOES_ON = ("constant", "step", "exponential", "plateau")
"""The schedules whose rates at an epoch are the same however many epochs there are."""


def _whole(before: Mapping[str, Any], now: Section) -> dict[str, Any]:
    """A section as an earlier archspec wrote it, with the defaults of the keys that it did not know."""
    found = {name: before.get(name, to_json(key.default)) for name, key in now.declared.items() if key.default != REQUIRED}
    inner = {name: _inner(found[name], each) for name in found if isinstance(each := getattr(now, name), Section)}
    return {**before, **found, **inner}


def _inner(before: Any, now: Section) -> Any:
    """A section within one, which is written as its keys, or below the word that it is named by."""
    if not now.word:
        return _whole(before, now) if _same_kind(before, to_json(now)) else before
    same = isinstance(before, Mapping) and isinstance(before.get(now.word), Mapping)
    return {now.word: _whole(before[now.word], now)} if same else before


def _same_kind(before: object, now: Mapping[str, Any]) -> bool:
    """Whether both are sections of the one kind, as far as one says its kind."""
    return isinstance(before, Mapping) and all(before.get(tag, now.get(tag)) == now.get(tag) for tag in ("kind", "source"))


def _goes_on(recipe: Recipe) -> bool:
    """Whether with more epochs a training begins as it does with fewer."""
    return recipe.schedule.kind in GOES_ON and not recipe.schedule.stretch and not _relative(recipe)


def _relative(recipe: Recipe) -> list[str]:
    """The keys that are percents of the training, or hold some."""
    return [name for name, value in to_json(recipe).items() if name not in NAMES and "%" in str(value)]


def _another(recipe: Recipe) -> str:
    """Why with more epochs a training is another one from its first step on."""
    if recipe.schedule.kind not in GOES_ON:
        return (f"a {recipe.schedule.kind} schedule is drawn over all epochs: with more of them it is another one from the "
                f"first step on, where {some(GOES_ON)} would go on")
    if recipe.schedule.stretch:
        return "train.schedule is stretched over all epochs: with more of them it is another one from the first step on"
    named = " and ".join(f"train.{name}" for name in _relative(recipe))
    return f"percents in {named} are of all epochs: with more of them they are other points from the first step on"


def _of_the_network(run: RunFolder, spec: Spec) -> list[str]:
    """Which keys of the resolved specs differ; none where the run's own cannot be read."""
    try:
        before, now = (plain(tree) for tree in (read(run.spec), document(spec.to_yaml(expand=True), "spec")))
    except SpecError:
        return []
    assert isinstance(before, dict)
    assert isinstance(now, dict)
    keys = dict.fromkeys(key for key in (*before, *now) if key not in ("train", "export", *NOT_INHERITED))
    return [line for key in keys for line in changes(before.get(key), now.get(key), key)]


def changes(before: Any, now: Any, path: str) -> Iterator[str]:
    """In what two values of a key differ, but for keys of the recipe that change no result."""
    if path in INDIFFERENT:
        return
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for key in dict.fromkeys([*before, *now]):
            yield from changes(before.get(key), now.get(key), f"{path}.{key}")
    elif (named := _named(before)) and named == _named(now):
        for name, old, new in zip(named, before, now, strict=True):
            yield from changes(old[name], new[name], f"{path}.{name}")
    elif before != now:
        yield f"{path} was {_short(before)}, is {_short(now)}"


def _named(value: Any) -> list[str]:
    """The names in a list of entries with one name each, such as operations; none of another value."""
    alike = isinstance(value, list) and all(isinstance(entry, Mapping) and len(entry) == 1 for entry in value)
    return [next(iter(entry)) for entry in value] if alike else []


def _short(value: Any) -> str:
    """A value for a message; of a list of operations their names."""
    names = _named(value)
    return "not there" if value is None else shorten(f"[{', '.join(names)}]" if names else str(value))


def _visible(path: Path) -> list[str]:
    return sorted(child.name for child in path.iterdir() if not child.name.startswith(".")) if path.is_dir() else []
