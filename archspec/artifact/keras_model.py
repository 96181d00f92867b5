"""An artifact as a Keras model, and the .keras file of it."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import keras

from archspec.artifact.artifact import Artifact
from archspec.io.files import replacing
from archspec.model.emit import build, deep
from archspec.model.values import assign

OURS = re.compile(rb'"registered_name": "archspec>(\w+)"')


def keras_model(artifact: Artifact) -> keras.Model:
    """`images`, normalised, to logits."""
    model = build(artifact.graph, initialize=False)
    assign(model, artifact.weights)
    return model


def save(artifact: Artifact, path: Path) -> tuple[str, ...]:
    """Writes the .keras file, whole or not at all. Returns the layers of archspec's that it needs to be loaded, by name."""
    model = build(artifact.graph, initialize=False, portable=True)
    assign(model, artifact.weights)
    with replacing(path) as partial, deep(len(artifact.graph.nodes)):
        model.save(partial)
        return ours(partial)


def ours(path: Path) -> tuple[str, ...]:
    """The classes and functions of archspec's that a .keras file names."""
    with zipfile.ZipFile(path) as archive:
        return tuple(sorted({name.decode() for name in OURS.findall(archive.read("config.json"))}))
