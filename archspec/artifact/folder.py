"""The folder of an artifact, written and read: spec.yaml, model.keras, and artifact.json for all else.

A run folder is one, from the end of its training on. model.keras holds the other two as well, and is one by itself.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np

from archspec.artifact import facts as facts_file
from archspec.artifact.artifact import Artifact
from archspec.artifact.facts import RENEW, facts_of, with_model
from archspec.errors import InputError, SpecError
from archspec.graph.ir import Graph
from archspec.graph.weights import Key, Weights
from archspec.io.digest import digest
from archspec.io.files import read_json, remove, write_json, write_text
from archspec.network import load, lower
from archspec.preprocess.rule import Preprocess
from archspec.spec.arch import Spec
from archspec.weights import archives
from archspec.weights.keras_file import by_layer

SPEC, MODEL, FACTS = facts_file.SPEC, "model.keras", facts_file.NAME
_SOUND: set[str] = set()
"""The digests of the models that this process has written or read: a training reads what it has just written."""


def write(artifact: Artifact, folder: Path) -> None:
    """Writes an artifact into a folder, new or not; until all is written the folder holds none."""
    from archspec.artifact.keras_model import save
    remove(folder / FACTS)
    write_text(folder / SPEC, artifact.spec)
    ours = save(artifact, folder / MODEL)
    written = digest(folder / MODEL)
    write_json(folder / FACTS, with_model(facts_of(artifact), written, ours))
    _SOUND.add(written)


def read(place: Path) -> Artifact:
    """The artifact of a folder, or of the .keras file of one; nothing that stands in it is run.

    Raises InputError where it is none, is damaged, or its parts do not belong together.
    """
    if place.is_file():
        return _read_file(place)
    facts = read_facts(place)
    graph, found = _checked(place, facts), facts["model"]["sha256"]
    artifact = _made(place, (place / SPEC).read_text(encoding="utf-8"), graph, place / MODEL, facts, sound=found in _SOUND)
    _SOUND.add(found)
    return artifact


def _read_file(path: Path) -> Artifact:
    text, facts = said(path)
    try:
        graph = lower(spec_in(text))
    except SpecError as error:
        raise InputError(f"{path} holds a spec that cannot be read: {error.problems[0].message}\n  hint: {RENEW}") from None
    if graph.fingerprint != facts["fingerprint"]:
        raise InputError(f"{path}: {SPEC} in it is another network than {FACTS} speaks of\n  hint: {RENEW}")
    return _made(path, text, graph, path, facts)


def spec_of(artifact: Artifact, overrides: Sequence[str] = ()) -> Spec:
    """The spec of an artifact, with overrides. Raises SpecError."""
    return spec_in(artifact.spec, overrides)


def spec_at(place: Path, overrides: Sequence[str] = ()) -> Spec:
    """The spec of a folder, or of the .keras file of one, with overrides; the weights are not read.

    Raises InputError where there is no artifact; SpecError.
    """
    if place.is_file():
        return spec_in(said(place)[0], overrides)
    read_facts(place)
    return spec_in((place / SPEC).read_text(encoding="utf-8"), overrides)


def spec_in(text: str, overrides: Sequence[str] = ()) -> Spec:
    """The spec that a text is, with overrides. Raises SpecError."""
    with tempfile.TemporaryDirectory(prefix="archspec-") as folder:
        write_text(Path(folder) / SPEC, text)
        return load(str(Path(folder) / SPEC), list(overrides))


def said(path: Path) -> tuple[str, Mapping[str, Any]]:
    """The spec and the facts that a .keras file holds. Raises InputError where it is none, or is damaged."""
    found = {}
    with archives.opened(path) as archive:
        for name in (SPEC, FACTS):
            if name not in archive.namelist():
                _refuse_maps(path, archive.namelist())
                raise InputError(f"{path} does not say what its numbers mean: {name} is not in it\n"
                                 "  hint: a model that archspec import or an earlier archspec has written needs its spec: "
                                 "name that, and the file with --weights")
            text = BytesIO()
            archives.extract(path, archive, name, facts_file.MOST_BYTES, text)
            found[name] = text.getvalue().decode(errors="replace")
    try:
        facts = facts_file.checked(json.loads(found[FACTS]), path, facts_file.OF_ARTIFACT)
    except (ValueError, RecursionError):
        raise InputError(f"{path} is damaged: {FACTS} in it is no JSON\n  hint: {RENEW}") from None
    return found[SPEC], facts


def _refuse_maps(path: Path, names: Sequence[str]) -> None:
    """Raises InputError for a file of feature maps, which says what its numbers mean, but is no whole network."""
    if FACTS in names:
        raise InputError(f"{path} is a backbone: it gives feature maps, and tells no classes apart\n"
                         "  hint: keras.models.load_model reads it; name the run that it is of, or an export with classes")


def runs_in(folder: Path) -> list[Path]:
    """The finished runs in a folder."""
    return sorted(each for each in folder.iterdir() if each.is_dir() and is_run(each))


def is_run(folder: Path) -> bool:
    """Whether a folder looks like a finished run's, and not like that of an export's files: artifact.json is beside either."""
    if not all((folder / name).is_file() for name in (FACTS, MODEL)):
        return False
    try:
        small = (folder / FACTS).stat().st_size <= facts_file.MOST_BYTES
        facts = read_json(folder / FACTS) if small else None
    except (OSError, ValueError):
        return True  # a damaged one
    return not isinstance(facts, dict) or "protocol" not in facts


def _made(place: Path, spec: str, graph: Graph, model: Path, facts: Mapping[str, Any], *, sound: bool = False) -> Artifact:
    """Raises InputError where the parts do not belong together."""
    try:
        return Artifact(spec, graph, _weights(model, graph, sound=sound), tuple(facts["classes"]),
                        Preprocess.from_json(facts["preprocess"]), facts["metrics"], facts["versions"], facts["data"],
                        facts["several"])
    except ValueError as error:
        raise InputError(f"{place}: {error}\n  hint: {RENEW}") from None


def is_whole(folder: Path) -> bool:
    """Whether a folder holds an artifact whose files are as they were written; does not read the weights."""
    try:
        _checked(folder, read_facts(folder))
    except InputError:
        return False
    return True


def read_facts(folder: Path) -> Mapping[str, Any]:
    """What artifact.json says. Raises InputError where the folder holds no artifact."""
    for name in (FACTS, SPEC, MODEL):
        if not (folder / name).is_file():
            raise InputError(f"{folder} holds no trained network: {name} is not there\n"
                             "  hint: name the folder of a finished run; archspec train goes on with one that is not")
    return facts_file.read_facts(folder / FACTS)


def needs(folder: Path) -> tuple[str, ...]:
    """The layers of archspec's without which model.keras cannot be loaded, by name. Raises InputError."""
    return tuple(read_facts(folder)["model"]["needs"])


def _checked(folder: Path, facts: Mapping[str, Any]) -> Graph:
    """The network of spec.yaml. Raises InputError where it, or model.keras, is not the one that was written."""
    graph = lower(load(str(folder / SPEC)))
    if graph.fingerprint != facts["fingerprint"]:
        raise InputError(f"{folder / SPEC} is another network than {FACTS} speaks of (fingerprint {graph.fingerprint}, "
                         f"not {facts['fingerprint']})\n  hint: {RENEW}")
    if digest(folder / MODEL) != facts["model"]["sha256"]:
        raise InputError(f"{folder / MODEL} is not the file that {FACTS} speaks of: it was changed or is damaged\n"
                         f"  hint: {RENEW}")
    return graph


def _weights(path: Path, graph: Graph, *, sound: bool) -> Weights:
    """The numbers in the order of the nodes. Raises ValueError where one is missing or of another shape."""
    weights: dict[Key, np.ndarray] = {}
    with by_layer(path, sound=sound) as layers:
        for node in graph.predicting:
            stored = layers.get(node.name, ())
            if [each.shape for each in stored] != [weight.shape for weight in node.weights]:
                raise ValueError(f"{MODEL} holds other arrays for {node.name} than the network does")
            weights |= {(node.name, weight.name): each.read() for weight, each in zip(node.weights, stored, strict=True)}
    return weights
