"""Which shipped specs a file fits: those whose first layers it lacks are not lowered, and nothing else is left out."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from archspec.network import beginning, load, lower
from archspec.weights import fitting as looked_for
from archspec.weights.fitting import fitting
from archspec.weights.library import shipped_mappings
from archspec.weights.tensors import Stored, WeightsFile


@pytest.mark.parametrize("name", ["resnet50", "keras_densenet121", "keras_inception_v3", "keras_vgg16", "squeezenet1_1", "alexnet"])
def test_a_beginning_is_that_of_the_whole_graph(name: str) -> None:
    spec = load(name)
    first, whole = beginning(spec), lower(spec)
    assert first is not None
    assert first.nodes == whole.nodes[:len(first.nodes)]
    blocks = {(node.section, node.block) for node in first.nodes if node.block}
    assert blocks == ({(whole.sections[1], 1)} if spec.stages else set())


def file_of(name: str, family: str, layout: str, before: str) -> WeightsFile:
    graph = lower(load(name))
    names = shipped_mappings()[family, layout].names(graph)
    shapes = {(node.name, weight.name): weight.shape for node in graph.nodes for weight in node.weights}
    return WeightsFile(Path("a.h5"), "keras", {before + names[key]: Stored(shape, lambda: np.zeros(0)) for key, shape in shapes.items()})


@pytest.mark.parametrize(("name", "family", "before"), [("keras_resnet50", "resnet", ""), ("keras_densenet121", "densenet", "backbone/")])
def test_the_one_of_a_file_is_found_behind_a_prefix_too(name: str, family: str, before: str, monkeypatch: pytest.MonkeyPatch) -> None:
    tried = list[str]()
    monkeypatch.setattr(looked_for, "lower", lambda spec: (tried.append(spec.name), lower(spec))[1])
    assert fitting(file_of(name, family, "keras", before), shipped_mappings()[family, "keras"]) == [name]
    assert name in tried
    assert len(tried) < 40  # of well over a hundred whose blocks some mapping of Keras's knows
