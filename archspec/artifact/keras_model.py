"""An artifact as a Keras model, and the .keras file of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

import keras

from archspec.artifact.artifact import Artifact
from archspec.artifact.facts import NAME, SPEC, facts_of
from archspec.graph.passes import reaching
from archspec.io.depth import deep
from archspec.model import saved
from archspec.model.emit import backbone, build
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


def features_model(artifact: Artifact, levels: Sequence[str]) -> keras.Model:
    """`images`, normalised, to {level: feature map}, with no layer more than that takes."""
    model = backbone(artifact.graph, levels, initialize=False, portable=True)
    held = {layer.name for layer in model.layers}
    assign(model, {key: array for key, array in artifact.weights.items() if key[0] in held})
    return model


def save_features(artifact: Artifact, levels: Sequence[str], path: Path) -> tuple[str, ...]:
    """Writes the .keras file of `features_model`, as `save` does. It is no artifact: it tells no classes apart."""
    model, part = features_model(artifact, levels), reaching(artifact.graph, levels)
    return saved.save(model, part, path, {NAME: json.dumps(facts_of(artifact))})


def maps_model(artifact: Artifact, names: Sequence[str]) -> keras.Model:
    """`images`, normalised, to the logits and a list of the results of the nodes of these names, none of them the input."""
    model = keras_model(artifact)
    layers = {layer.name: layer for layer in model.layers}
    with deep(len(layers)):
        return keras.Model(model.inputs[0], [model.outputs[0], [layers[name].output for name in names]], name=artifact.name)
