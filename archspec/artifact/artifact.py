"""Artifact: a trained network with all that its numbers mean."""

from __future__ import annotations

import platform
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from types import MappingProxyType

import numpy as np

from archspec.graph.ir import Graph
from archspec.graph.weights import Key, Weights
from archspec.preprocess.rule import Preprocess

Metrics = Mapping[str, str | int | float]
"""On what it was tested and with what result: data, split, examples, then loss, top1 and, from six classes on, top5."""


@dataclass(frozen=True)
class Artifact:
    """A trained network: what exports, evaluates and predicts takes this, and never a training.

    `spec` is the resolved spec as YAML, which stands on its own; `graph` is what it lowers to. `weights` are those of
    the predicting nodes, all there and all finite. The i-th output is the logit of the i-th of `classes`. `data` is
    the digest of the data that it learned from, `versions` says by what it was written. Where an image may have `several`
    classes each has a probability of its own, else they share one out.
    """

    spec: str
    graph: Graph
    weights: Weights
    classes: tuple[str, ...]
    preprocess: Preprocess
    metrics: Metrics
    versions: Mapping[str, str]
    data: str
    several: bool

    def __post_init__(self) -> None:
        """Raises ValueError unless the parts belong together."""
        for problem in (*_misfits(self), *_wrong_weights(self.graph, self.weights)):
            raise ValueError(problem)
        for array in self.weights.values():
            array.flags.writeable = False
        for name in ("weights", "metrics", "versions"):
            object.__setattr__(self, name, MappingProxyType(dict(getattr(self, name))))

    @property
    def name(self) -> str:
        """The network's."""
        return self.graph.name

    @property
    def fingerprint(self) -> str:
        """The graph's."""
        return self.graph.fingerprint


def shapes(graph: Graph) -> dict[Key, tuple[int, ...]]:
    """The arrays that a predicting network holds, with their shapes."""
    return {(node.name, weight.name): weight.shape for node in graph.predicting for weight in node.weights}


def versions() -> dict[str, str]:
    """Of Python and of the packages that the numbers depend on."""
    return {"python": platform.python_version(), **{name: version(name) for name in ("tensorflow", "keras", "numpy")}}


def _misfits(artifact: Artifact) -> Iterator[str]:
    outputs = artifact.graph.output.type.channels
    if len(artifact.classes) != outputs:
        yield f"there are {len(artifact.classes)} class names, the network has {outputs} outputs"
    for name in artifact.classes:
        if not name.strip() or not name.isprintable():
            yield f"the class name {name!r} is not one line of text"
    if artifact.preprocess.shape != artifact.graph.input.type.shape:
        size = "x".join(map(str, artifact.preprocess.shape))
        yield f"images are prepared as {size}, the network takes {artifact.graph.input.type}"


def _wrong_weights(graph: Graph, weights: Weights) -> Iterator[str]:
    """What is missing, of another shape, unknown or not a number."""
    wanted = shapes(graph)
    for node, name in weights.keys() - wanted.keys():
        yield f"{node}/{name}: the network has no such weight"
    for (node, name), shape in wanted.items():
        array = weights.get((node, name))
        if array is None:
            yield f"{node}/{name} is missing"
        elif array.shape != shape:
            yield f"{node}/{name} is {list(array.shape)}, the network needs {list(shape)}"
        elif not np.isfinite(array).all():
            yield f"{node}/{name} holds what is not a finite number"
