"""An artifact as a Keras model, and the .keras file of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import keras

from archspec.artifact.artifact import Artifact
from archspec.artifact.facts import NAME, SPEC, facts_of
from archspec.graph.names import layer_name
from archspec.io.depth import deep
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


def features_model(artifact: Artifact, levels: Sequence[str], *, portable: bool = False) -> keras.Model:
    """`images`, normalised, to {level: feature map}, with no layer more than that takes. `portable` is as in build."""
    model = build(artifact.graph, initialize=False, portable=portable)
    assign(model, artifact.weights)
    values = {level: artifact.graph.features[level].value for level in levels}
    layers = {level: layer_name(artifact.graph.node(value.name)) for level, value in values.items()}
    outputs = {level: model.get_layer(layer).output for level, layer in layers.items()}
    with deep(len(model.layers)):
        return keras.Model(model.input, outputs, name=f"{artifact.name}_backbone")


def save_features(artifact: Artifact, levels: Sequence[str], path: Path) -> tuple[str, ...]:
    """Writes the .keras file of `features_model`, as `save` does. It is no artifact: it tells no classes apart."""
    graph = artifact.graph
    names = [graph.input.name, *(graph.features[level].value.name for level in levels)]
    part = replace(graph, nodes=graph.ancestors(names), auxiliary={})
    model = features_model(artifact, levels, portable=True)
    return saved.save(model, part, path, {NAME: json.dumps(facts_of(artifact))})
