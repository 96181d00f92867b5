"""What is exported: a run, a .keras file of archspec's, or a spec with a file of weights; each becomes an artifact."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from archspec.artifact.artifact import Artifact, versions
from archspec.artifact.folder import read, spec_of
from archspec.artifact.labels import read_labels
from archspec.data.looking import Tick
from archspec.errors import InputError
from archspec.export.asked import PLACE_OF_DATA, Asked, is_trained
from archspec.export.images import Images, images
from archspec.io.places import expanded
from archspec.network import lower, with_overrides
from archspec.preprocess.rule import Preprocess, input_shape, preprocess_of
from archspec.schema.tree import MappingTree
from archspec.spec.arch import Spec
from archspec.train.recover import recovered
from archspec.train.run import RunFolder
from archspec.weights.library import stage_blocks
from archspec.weights.load import Wanted, arrays, planned, refuse, refuse_form

MOVED = f"\n  hint: --set {PLACE_OF_DATA}path=… says where they lie now"


@dataclass(frozen=True)
class Subject:
    """A trained network, its spec with what is asked of its exports, and its images, None where they are not there.

    `notes` are what a person should know of it.
    """

    artifact: Artifact
    spec: Spec
    images: Images | None
    notes: tuple[str, ...]


def subject(asked: Asked, tick: Tick) -> Subject:
    """What is to be exported. Raises InputError where it is none, or is damaged."""
    spec, place = asked.spec, expanded(asked.model)
    return _trained(asked, spec, place, tick) if is_trained(place) else _filled(asked, spec, tick)


def _trained(asked: Asked, spec: Spec, place: Path, tick: Tick) -> Subject:
    """A run, or the model file of one."""
    artifact = read(place)
    kind = asked.weights or next((spec.export.weights for each in asked.overrides if each.startswith("export.weights=")), None)
    if kind:
        moved = [each for each in asked.overrides if each.startswith(PLACE_OF_DATA)]
        artifact = _with_weights(kind, place, artifact, moved, tick)
    found, why = images(spec.train, artifact.preprocess, artifact.data, tick)
    return Subject(artifact, spec, found, () if found else (_made_ones(why, spec),))


def _with_weights(kind: str, place: Path, artifact: Artifact, moved: Sequence[str], tick: Tick) -> Artifact:
    """The artifact with these weights of its run, whose images lie where `moved` overrides say."""
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


def _filled(asked: Asked, spec: Spec, tick: Tick) -> Subject:
    """A spec with a file of weights."""
    assert asked.weights
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
