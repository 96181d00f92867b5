"""An artifact as a Keras model, and the .keras file of it."""

from __future__ import annotations

import json
from pathlib import Path

import keras

from archspec.artifact.artifact import Artifact
from archspec.artifact.facts import NAME, SPEC, facts_of
from archspec.model import saved
from archspec.model.emit import build
from archspec.model.values import assign


def keras_model(artifact: Artifact) -> keras.Model:
    """`images`, normalised, to logits."""
    model = build(artifact.graph, initialize=False)
    assign(model, artifact.weights)
    return model


def save(artifact: Artifact, path: Path) -> tuple[str, ...]:
    """Writes the .keras file, whole or not at all. Returns the layers of archspec's that it needs to be loaded, by name.

    It holds all of the artifact: `folder.read` makes one of it again, without the files beside it.
    """
    model = build(artifact.graph, initialize=False, portable=True)
    assign(model, artifact.weights)
    return saved.save(model, artifact.graph, path, {SPEC: artifact.spec, NAME: json.dumps(facts_of(artifact))})
