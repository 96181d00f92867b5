"""Names of layers in the `train` section: they have to be some of the network's."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase

from archspec.errors import Problem, nearest, some
from archspec.graph.ir import Graph
from archspec.graph.parts import parts
from archspec.schema.read import place
from archspec.spec.arch import Spec


def misnamed(spec: Spec, graph: Graph) -> Iterator[Problem]:
    """Layers that are to stay as they are, and patterns of those that learn in another way, of which there are none."""
    if not spec.train.freeze and not spec.train.optimizer.layers:
        return
    tree, known = spec.resolved.tree, parts(graph)
    stages = [section for section in dict.fromkeys(node.section for node in graph.nodes) if section]
    for number, name in enumerate(spec.train.freeze.layers if spec.train.freeze else ()):
        if name not in known:
            yield Problem("layers", place(tree, f"train.freeze.layers.{number}"), f"train.freeze.layers: there is no stage, "
                          f"block or layer '{name}'", nearest(name, known) or f"stages: {some(stages)}")
        elif not any(graph.node(layer).weights for layer in known[name]):
            yield Problem("layers", place(tree, f"train.freeze.layers.{number}"), f"train.freeze.layers: nothing in '{name}' "
                          "learns, so there is nothing to freeze", "leave it out")
    names = [node.name for node in graph.nodes if any(weight.trainable for weight in node.weights)]
    patterns = [*(f"{name}*" for name, layers in known.items() if {name} != layers), *names]
    for number, entry in enumerate(spec.train.optimizer.layers):
        if not any(fnmatchcase(name, entry.match) for name in names):
            yield Problem("layers", place(tree, f"train.optimizer.layers.{number}.match"), "train.optimizer.layers.match: no "
                          f"layer that learns is called '{entry.match}'",
                          nearest(entry.match, patterns) or f"{some(names)}; * stands for any part of a name")
