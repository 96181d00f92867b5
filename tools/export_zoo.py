"""Exports every shipped network in one format, at the smallest size that it takes, and holds each against its Keras model.

    python tools/export_zoo.py FORMAT [NAME...]    # half an hour for all; exit code 1 where one is not equal

As a run's exports are: probabilities and logits, on images of noise. Numbers are drawn so that they neither grow nor vanish
on their way, and every norm differs from none: rounding then says as little as after a training.
"""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Collection
from pathlib import Path

import numpy as np

import archspec
from archspec.artifact.artifact import Artifact, versions
from archspec.errors import SpecError
from archspec.graph.ir import Graph, Node
from archspec.graph.ops import Depthwise, Merge
from archspec.graph.weights import Key
from archspec.preprocess.rule import input_shape, preprocess_of
from archspec.spec.files import spec_names

SIDES = (32, 64, 96, 128, 160, 224, 299)
"""Tried in turn: the smallest that a network takes."""
CLASSES, IMAGES = 10, 4
BEFORE_ADDITION = 0.2
"""How much smaller what is added to a residual stream is than the stream, whose numbers would grow from block to block."""
SPREAD = {"gamma": (1.0, 0.1), "moving_variance": (1.0, 0.1)}
"""Mean and standard deviation of arrays that are not near zero."""


def trained(name: str, overrides: Collection[str] = ()) -> Artifact:
    """A shipped network, as small as can be, with numbers that are drawn."""
    for side in SIDES:
        try:
            spec = archspec.load(name, [f"input={side}x{side}x3", f"classes={CLASSES}", *overrides])
            graph = archspec.lower(spec)
        except SpecError:
            continue
        classes = tuple(map(str, range(CLASSES)))
        return Artifact(spec.to_yaml(expand=True), graph, drawn(graph), classes, preprocess_of(spec.train, input_shape(graph)),
                        {}, versions(), "", several=False)
    raise AssertionError(f"{name} takes none of {SIDES}")


def drawn(graph: Graph) -> dict[Key, np.ndarray]:
    """Numbers for the nodes that predict, float32, the same each time."""
    draw, found = np.random.default_rng(0), {}
    for node in graph.predicting:
        added = any(isinstance(user.op, Merge) and user.op.how == "add" for user in graph.users[node.name])
        for weight in node.weights:
            mean, deviation = SPREAD.get(weight.name, (0.0, _deviation(node, weight.name, weight.shape)))
            factor = BEFORE_ADDITION if added and weight.name in ("kernel", "gamma") else 1.0
            numbers = np.float32(mean) + np.float32(deviation) * draw.standard_normal(weight.shape, np.float32)
            found[node.name, weight.name] = np.float32(factor) * numbers
    return found


def _deviation(node: Node, name: str, shape: tuple[int, ...]) -> float:
    """Of a kernel as He et al. 2015 (1502.01852) have it; a tenth for all else."""
    fan_in = np.prod(shape[:2] if isinstance(node.op, Depthwise) else shape[:-1])
    return float(np.sqrt(2 / fan_in)) if name == "kernel" else 0.1


def pixels(artifact: Artifact) -> np.ndarray:
    """(IMAGES, h, w, c) float32 that are standard normal when they are normalised."""
    rule = artifact.preprocess
    noise = np.random.default_rng(1).normal(size=(IMAGES, *rule.shape)) * rule.std + rule.mean
    return np.asarray(noise[..., ::-1] if rule.order == "bgr" else noise, np.float32)


def main() -> int:
    """Exit code 1 where a network is not equal."""
    import keras

    from archspec.export.exportable import Exportable
    from archspec.export.exporters import NotEqual, export
    form, *names = sys.argv[1:]
    wrong = []
    for name in names or spec_names():
        keras.backend.clear_session()
        artifact = trained(name)
        try:
            with tempfile.TemporaryDirectory() as folder:
                found = export(Exportable(artifact), [form], Path(folder), pixels(artifact))[form]
            size = str(artifact.graph.input.type)
            print(f"{name:<32} {size:<10} probabilities {found.probabilities:.1e}  logits {found.logits:.1e}", flush=True)
        except NotEqual as error:
            wrong.append(name)
            print(f"{name:<32} {error}", flush=True)
    print(f"{form}: {len(names or spec_names())} networks; not equal: {', '.join(wrong) or 'none'}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
