"""The folder of an artifact, written and read: spec.yaml, model.keras, and artifact.json for all else.

A run folder is one, from the end of its training on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from archspec.artifact.artifact import Artifact
from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.graph.weights import Key, Weights
from archspec.io.digest import digest
from archspec.io.files import remove, write_json, write_text
from archspec.lower import load, lower
from archspec.preprocess.rule import Preprocess
from archspec.weights.keras_file import by_layer

SPEC, MODEL, FACTS = "spec.yaml", "model.keras", "artifact.json"
FORMAT = 1
MOST_BYTES = 1 << 26
"""Of artifact.json: room for the names of a million classes."""


def write(artifact: Artifact, folder: Path) -> None:
    """Writes an artifact into a folder, new or not; until all is written the folder holds none."""
    from archspec.artifact.keras_model import save
    remove(folder / FACTS)
    write_text(folder / SPEC, artifact.spec)
    ours = save(artifact, folder / MODEL)
    write_json(folder / FACTS, {
        "format": FORMAT, "name": artifact.name, "fingerprint": artifact.fingerprint, "classes": list(artifact.classes),
        "preprocess": artifact.preprocess.to_json(), "metrics": dict(artifact.metrics), "data": artifact.data,
        "versions": dict(artifact.versions), "model": {"sha256": digest(folder / MODEL), "needs": list(ours)}})


def read(folder: Path) -> Artifact:
    """The artifact of a folder; nothing that stands in it is run.

    Raises InputError where it is none, is damaged, or its parts do not belong together.
    """
    facts = read_facts(folder)
    graph = _graph(folder, facts)
    if digest(folder / MODEL) != facts["model"]["sha256"]:
        raise InputError(f"{folder / MODEL} is not the file that {FACTS} speaks of: it was changed or is damaged\n"
                         f"  hint: {RENEW}")
    try:
        return Artifact((folder / SPEC).read_text(encoding="utf-8"), graph, _weights(folder / MODEL, graph),
                        tuple(facts["classes"]), Preprocess.from_json(facts["preprocess"]), facts["metrics"],
                        facts["versions"], facts["data"])
    except ValueError as error:
        raise InputError(f"{folder}: {error}\n  hint: {RENEW}") from None


def is_whole(folder: Path) -> bool:
    """Whether a folder holds an artifact whose files are as they were written; does not read the weights."""
    try:
        facts = read_facts(folder)
        _graph(folder, facts)
        return bool(digest(folder / MODEL) == facts["model"]["sha256"])
    except InputError:
        return False


def needs(folder: Path) -> tuple[str, ...]:
    """The layers of archspec's without which model.keras cannot be loaded, by name. Raises InputError."""
    return tuple(read_facts(folder)["model"]["needs"])


RENEW = "take the folder as it was when its training ended, or train again"


def read_facts(folder: Path) -> Mapping[str, Any]:
    """What artifact.json says, every key there and of its type. Raises InputError."""
    path = folder / FACTS
    for name in (FACTS, SPEC, MODEL):
        if not (folder / name).is_file():
            raise InputError(f"{folder} holds no trained network: {name} is not there\n"
                             "  hint: name the folder of a finished run; archspec train goes on with one that is not")
    if path.stat().st_size > MOST_BYTES:
        raise InputError(f"{path} is larger than {MOST_BYTES >> 20} MiB\n  hint: {RENEW}")
    try:
        facts: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (ValueError, RecursionError):
        raise InputError(f"{path} is damaged: it is no JSON\n  hint: {RENEW}") from None
    for key, (what, holds) in KEYS.items():
        if not isinstance(facts, dict) or not holds(facts.get(key)):
            raise InputError(f"{path}: {key} has to be {what}\n  hint: {RENEW}")
    return facts


def _texts(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)


def _mapping(*types: type) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, dict) and all(isinstance(each, types) for each in value.values())


def _text(value: Any) -> bool:
    return isinstance(value, str)


KEYS: Mapping[str, tuple[str, Callable[[Any], bool]]] = {
    "format": (f"{FORMAT}: this version of archspec reads no other", lambda value: value == FORMAT),
    "name": ("a text", _text),
    "fingerprint": ("a text", _text),
    "classes": ("a list of texts", _texts),
    "preprocess": ("a mapping", _mapping(object)),
    "metrics": ("a mapping to numbers and texts", _mapping(str, int, float)),
    "data": ("a text", _text),
    "versions": ("a mapping to texts", _mapping(str)),
    "model": ("a mapping with sha256 and needs",
              lambda value: isinstance(value, dict) and _text(value.get("sha256")) and _texts(value.get("needs"))),
}
"""The keys of artifact.json: what each has to be, and whether a value is that."""


def _graph(folder: Path, facts: Mapping[str, Any]) -> Graph:
    graph = lower(load(str(folder / SPEC)))
    if graph.fingerprint != facts["fingerprint"]:
        raise InputError(f"{folder / SPEC} is another network than {FACTS} speaks of (fingerprint {graph.fingerprint}, "
                         f"not {facts['fingerprint']})\n  hint: {RENEW}")
    return graph


def _weights(path: Path, graph: Graph) -> Weights:
    """The numbers in the order of the nodes. Raises ValueError where one is missing or of another shape."""
    weights: dict[Key, np.ndarray] = {}
    with by_layer(path) as layers:
        for node in graph.predicting:
            stored = layers.get(node.name, ())
            if [each.shape for each in stored] != [weight.shape for weight in node.weights]:
                raise ValueError(f"{MODEL} holds other arrays for {node.name} than the network does")
            weights |= {(node.name, weight.name): each.read() for weight, each in zip(node.weights, stored, strict=True)}
    return weights
