"""What is exported: a run, a .keras file of archspec's, or a spec with a file of weights; each becomes an artifact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from archspec.artifact.artifact import Artifact, versions
from archspec.artifact.folder import is_run, read, runs_in, spec_of
from archspec.artifact.labels import read_labels
from archspec.data.looking import Tick
from archspec.errors import InputError, closest, nearest, some
from archspec.export import report
from archspec.export.images import Images, images
from archspec.io.places import beside, expanded
from archspec.network import load, lower, with_overrides
from archspec.preprocess.rule import Preprocess, input_shape, preprocess_of
from archspec.schema.tree import MappingTree
from archspec.spec.arch import Spec
from archspec.spec.files import like, spec_names
from archspec.train.recover import recovered
from archspec.train.run import RunFolder
from archspec.weights.library import stage_blocks
from archspec.weights.load import Wanted, arrays, planned, refuse, refuse_form
from archspec.weights.own import OWN

KINDS = ("raw", "ema", "best")
"""The weights that a run may have; see `export.weights`."""
KINDS_OF_MODEL = "a run folder, the model.keras of one, or a spec with --weights FILE"
EXPORTS = (".tflite", ".onnx", ".pb")
"""How files of exports are called."""
PLACE_OF_DATA = "train.data."
MOVED = f"\n  hint: --set {PLACE_OF_DATA}path=… says where they lie now"
MAY_CHANGE = ("export.", PLACE_OF_DATA)
"""Keys of a trained network's spec that may be changed: what its exports are, and where its images lie."""


@dataclass(frozen=True)
class Subject:
    """A trained network, its spec with what is asked of its exports, and its images, None where they are not there.

    `notes` are what a person should know of it.
    """

    artifact: Artifact
    spec: Spec
    images: Images | None
    notes: tuple[str, ...]


@dataclass(frozen=True)
class Asked:
    """MODEL as the command line names it. `weights` are raw, ema or best of a run, or the file of a spec's weights."""

    model: str
    weights: str | None = None
    layout: str = OWN
    labels: Path | None = None
    overrides: tuple[str, ...] = ()


def subject(asked: Asked, tick: Tick) -> Subject:
    """What is to be exported. Raises InputError where it is none, or is damaged."""
    place = expanded(asked.model)
    if place.suffix in EXPORTS:
        raise InputError(f"{asked.model} is an export already\n  hint: MODEL is {KINDS_OF_MODEL}")
    if place.is_dir() or place.suffix == ".keras":
        return _trained(asked, place, tick)
    if not place.exists() and asked.model not in spec_names():
        raise InputError(f"{asked.model}: there is no such run, .keras file or spec\n"
                         f"  hint: {_like(asked, place) or f'MODEL is {KINDS_OF_MODEL}'}")
    return _filled(asked, tick)


def _like(asked: Asked, place: Path) -> str:
    """'did you mean …?' with what can be exported, as it has to be typed; specs only where weights go with them."""
    there = place.parent.iterdir() if place.parent.is_dir() else ()
    found = closest(place.name, (each.name for each in there if each.suffix == ".keras" or (each.is_dir() and is_run(each))))
    if found:
        return f"did you mean '{beside(asked.model, found)}'?"
    return like(asked.model) if asked.weights and asked.weights not in KINDS else ""


def _trained(asked: Asked, place: Path, tick: Tick) -> Subject:
    """A run, or the model file of one."""
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
    artifact = read(place)
    spec = spec_of(artifact, asked.overrides)
    kind = asked.weights or next((spec.export.weights for each in asked.overrides if each.startswith("export.weights=")), None)
    if kind:
        moved = [each for each in asked.overrides if each.startswith(PLACE_OF_DATA)]
        artifact = _with_weights(kind, place, artifact, moved, tick)
    found, why = images(spec.train, artifact.preprocess, artifact.data, tick)
    return Subject(artifact, spec, found, () if found else (_made_ones(why, spec),))


def _refuse_other(folder: Path) -> None:
    """Raises InputError for a folder of exports, or of runs."""
    beside_files = (folder / report.PLACE).is_file() and not RunFolder(folder).manifest.exists()
    if beside_files or any(folder.glob("*/saved_model.pb")) or (folder / "saved_model.pb").is_file():
        raise InputError(f"{folder} holds exports already\n  hint: name the run that they are of")
    if runs := runs_in(folder):
        raise InputError(f"{folder} is no run, but holds some\n  hint: name one: {some(map(str, runs))}")


def _with_weights(kind: str, place: Path, artifact: Artifact, moved: Sequence[str], tick: Tick) -> Artifact:
    """The artifact with these weights of its run, whose images lie where `moved` overrides say."""
    if kind not in KINDS:
        raise InputError(f"--weights {kind}: of a run there are {', '.join(KINDS)}\n"
                         f"  hint: {nearest(kind, KINDS) or 'a file of weights goes with a spec'}")
    if kind == artifact.metrics.get("weights", "raw"):
        return artifact
    if place.is_file():
        raise InputError(f"--weights {kind}: {place} has its {artifact.metrics.get('weights', 'raw')} weights alone\n"
                         "  hint: name the folder of its run")
    recipe = spec_of(artifact).train
    if kind == "ema" and recipe.ema is None:
        raise InputError(f"{place} has no average of its weights: its recipe has no train.ema\n  hint: --weights raw")
    best = max(recipe.checkpoint.best, int(kind == "best"))
    spec = spec_of(artifact, (*moved, f"export.weights={kind}", f"train.checkpoint.best={best}"))
    return recovered(RunFolder(place), spec, tick)


def _filled(asked: Asked, tick: Tick) -> Subject:
    """A spec with a file of weights."""
    spec = load(asked.model, list(asked.overrides))
    if not asked.weights:
        raise InputError(f"{asked.model} is a spec: it has no numbers\n  hint: name a run folder or its model.keras, or the "
                         "file of its weights with --weights FILE (and --layout, see archspec import --help)")
    graph, wanted = lower(spec), Wanted(asked.layout)
    with planned(graph, stage_blocks(spec), Path(asked.weights), wanted) as plan:
        refuse(plan, graph, wanted)
        refuse_form(plan, graph, lambda more: lower(with_overrides(spec, more)))
        if plan.fresh:
            raise InputError(f"{asked.weights} tells other classes apart than the {graph.output.type.channels} of {spec.name}\n"
                             "  hint: --set classes=N, as many as there are in the file")
        weights = dict(arrays(plan, wanted))
    rule, count = preprocess_of(spec.train, input_shape(graph)), graph.output.type.channels
    found, why = _own_images(spec, rule, count, tick)
    several = found.testing.split.labels.ndim > 1 if found else _of_several(spec)
    classes, told = _classes(asked, count, found)
    artifact = Artifact(spec.to_yaml(expand=True), graph, weights, classes, rule, {}, versions(), "", several)
    return Subject(artifact, spec, found, (*([] if found else [_made_ones(why, spec)]), *told))


def _own_images(spec: Spec, rule: Preprocess, count: int, tick: Tick) -> tuple[Images | None, str]:
    """The images of a spec whose network tells so many classes apart; None, and why, where there are none."""
    if not _says_data(spec):
        return None, "the spec says no train.data"
    found, why = images(spec.train, rule, "", tick)
    if found and len(found.source.classes) != count:
        return None, (f"the data '{found.source.name}' have {len(found.source.classes)} classes, the network tells {count} "
                      "apart")
    return found, why


def _made_ones(why: str, spec: Spec) -> str:
    """What is said where a network's images are not there, with what to do where they may have moved."""
    has_place = _says_data(spec) and hasattr(spec.train.data, "path")
    return f"{why}: made images are taken{MOVED if has_place else ''}"


def _says_data(spec: Spec) -> bool:
    """Whether its images are the network's own, and not those that stand in where a spec says none."""
    train = spec.resolved.tree.entries.get("train")
    return isinstance(train, MappingTree) and "data" in train.entries


def _of_several(spec: Spec) -> bool:
    """Whether an image may have several classes, of a network without its data: where its spec's loss is said to be of each.

    Raises InputError where the loss alone does not tell, since one class among all may be trained with it, too.
    """
    kind = spec.train.loss.kind if spec.train.loss else "softmax"
    if kind != "softmax":
        raise InputError(f"{spec.name} is trained with the loss {kind}, and its data are not there: nobody can tell whether an "
                         "image may have several classes\n  hint: put the data in their place, or name the run")
    return False


def _classes(asked: Asked, count: int, found: Images | None) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The names of the classes, and what is to be said of where they are from."""
    if asked.labels:
        return read_labels(asked.labels, count), ()
    if found:
        return found.source.classes, (f"the names of the classes are those of the data '{found.source.name}'",)
    return tuple(map(str, range(count))), ("the classes are numbers: --labels FILE gives them names, one a line",)
