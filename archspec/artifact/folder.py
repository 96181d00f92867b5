"""The folder of an artifact, written and read: spec.yaml, model.keras, and artifact.json for all else.

A run folder is one, from the end of its training on.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from archspec.artifact import facts as facts_file
from archspec.artifact.artifact import Artifact
from archspec.artifact.facts import RENEW, facts_of
from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.graph.weights import Key, Weights
from archspec.io.digest import digest
from archspec.io.files import remove, write_json, write_text
from archspec.network import load, lower
from archspec.preprocess.rule import Preprocess
from archspec.weights.keras_file import by_layer

SPEC, MODEL, FACTS = "spec.yaml", "model.keras", facts_file.NAME


def write(artifact: Artifact, folder: Path) -> None:
    """Writes an artifact into a folder, new or not; until all is written the folder holds none."""
    from archspec.artifact.keras_model import save
    remove(folder / FACTS)
    write_text(folder / SPEC, artifact.spec)
    ours = save(artifact, folder / MODEL)
    write_json(folder / FACTS, facts_of(artifact, digest(folder / MODEL), ours))


def read(folder: Path) -> Artifact:
    """The artifact of a folder; nothing that stands in it is run.

    Raises InputError where it is none, is damaged, or its parts do not belong together.
    """
    facts = read_facts(folder)
    graph = _checked(folder, facts)
    try:
        return Artifact((folder / SPEC).read_text(encoding="utf-8"), graph, _weights(folder / MODEL, graph),
                        tuple(facts["classes"]), Preprocess.from_json(facts["preprocess"]), facts["metrics"],
                        facts["versions"], facts["data"], facts["several"])
    except ValueError as error:
        raise InputError(f"{folder}: {error}\n  hint: {RENEW}") from None


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
