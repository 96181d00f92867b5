"""MODEL of `archspec export` as a command line names it; what is wrong with it that can be told before TensorFlow is loaded."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from archspec.artifact.folder import is_run, runs_in, spec_at
from archspec.errors import InputError, closest, nearest, some
from archspec.export import report
from archspec.io.places import beside, expanded
from archspec.network import load
from archspec.spec.arch import Spec
from archspec.spec.files import like, spec_names
from archspec.train.run import RunFolder
from archspec.weights.own import OWN

KINDS = ("raw", "ema", "best")
"""The weights that a run may have; see `export.weights`."""
KINDS_OF_MODEL = "a run folder, the model.keras of one, or a spec with --weights FILE"
EXPORTS = (".tflite", ".onnx", ".pb")
"""How files of exports are called."""
PLACE_OF_DATA = "train.data."
MAY_CHANGE = ("export.", PLACE_OF_DATA)
"""Keys of a trained network's spec that may be changed: what its exports are, and where its images lie."""


@dataclass(frozen=True)
class Asked:
    """MODEL as the command line names it. `weights` are raw, ema or best of a run, or the file of a spec's weights."""

    model: str
    weights: str | None = None
    layout: str = OWN
    labels: Path | None = None
    overrides: tuple[str, ...] = ()


    @cached_property
    def spec(self) -> Spec:
        """The spec of what is to be exported, with what is asked of its exports; no weights are read.

        Raises InputError where it is none, or it cannot be exported so; SpecError.
        """
        return _spec(self)


def is_trained(place: Path) -> bool:
    """Whether a run or a .keras file is meant, and no spec."""
    return place.is_dir() or place.suffix == ".keras"


def _spec(asked: Asked) -> Spec:
    place = expanded(asked.model)
    if place.suffix in EXPORTS:
        raise InputError(f"{asked.model} is an export already\n  hint: MODEL is {KINDS_OF_MODEL}")
    if is_trained(place):
        _refuse_untrained(asked, place)
        return spec_at(place, asked.overrides)
    if not place.exists() and asked.model not in spec_names():
        raise InputError(f"{asked.model}: there is no such run, .keras file or spec\n"
                         f"  hint: {_like(asked, place) or f'MODEL is {KINDS_OF_MODEL}'}")
    spec = load(asked.model, list(asked.overrides))
    if not asked.weights:
        raise InputError(f"{asked.model} is a spec: it has no numbers\n  hint: name a run folder or its model.keras, or the "
                         "file of its weights with --weights FILE (and --layout, see archspec import --help)")
    return spec


def _like(asked: Asked, place: Path) -> str:
    """'did you mean …?' with what can be exported, as it has to be typed; specs only where weights go with them."""
    there = place.parent.iterdir() if place.parent.is_dir() else ()
    found = closest(place.name, (each.name for each in there if each.suffix == ".keras" or (each.is_dir() and is_run(each))))
    if found:
        return f"did you mean '{beside(asked.model, found)}'?"
    return like(asked.model) if asked.weights and asked.weights not in KINDS else ""


def _refuse_untrained(asked: Asked, place: Path) -> None:
    """Raises InputError for what is no run nor the model file of one, and for what it cannot be exported with."""
    for override in asked.overrides:
        if not override.startswith(MAY_CHANGE):
            raise InputError(f"--set {override}: {place} is exported as it was trained; what may be set begins with "
                             f"{' or '.join(MAY_CHANGE)}\n  hint: for another network: archspec train SPEC --set {override}")
    if asked.labels:
        raise InputError(f"--labels {asked.labels}: {place} has its class names, in the order in which it was trained\n"
                         "  hint: leave --labels out")
    if asked.layout != OWN:
        raise InputError(f"--layout {asked.layout}: {place} has its own weights\n  hint: leave --layout out")
    if not place.exists():
        raise InputError(f"{place}: there is no such file\n  hint: name a run folder, or the model.keras of one")
    if place.is_dir() and not is_run(place):
        _refuse_other(place)
    if asked.weights is not None and asked.weights not in KINDS:
        raise InputError(f"--weights {asked.weights}: of a run there are {', '.join(KINDS)}\n"
                         f"  hint: {nearest(asked.weights, KINDS) or 'a file of weights goes with a spec'}")


def _refuse_other(folder: Path) -> None:
    """Raises InputError for a folder of exports, or of runs."""
    beside_files = (folder / report.PLACE).is_file() and not RunFolder(folder).manifest.exists()
    if beside_files or any(folder.glob("*/saved_model.pb")) or (folder / "saved_model.pb").is_file():
        raise InputError(f"{folder} holds exports already\n  hint: name the run that they are of")
    if runs := runs_in(folder):
        raise InputError(f"{folder} is no run, but holds some\n  hint: name one: {some(map(str, runs))}")
