"""Exports every shipped network in one format, at the smallest size that it takes, and holds each against its Keras model.

    python tools/export_zoo.py FORMAT [NAME...]    # exit code 1 where one is not equal

As `archspec export` does, on images of noise; norms have the statistics that these have in the network. Random kernels
magnify rounding from layer to layer (see fold.py), so the Keras model is first compared with itself in double precision:
what it is off there, no export can better.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import keras
import numpy as np
from fold import EQUAL, MAGNIFIED, calibrated, made, smallest

import archspec
from archspec.artifact.artifact import Artifact, shapes, versions
from archspec.export.exportable import Exportable
from archspec.export.exporters import export
from archspec.export.parity import Parity, compare
from archspec.export.predictor import reference
from archspec.graph.passes import Network
from archspec.model.values import values
from archspec.preprocess.rule import input_shape, preprocess_of
from archspec.spec.export import ExportSection
from archspec.spec.files import spec_names

IMAGES = 4
ANY = 0.99
"""A tolerance that keeps everything: what is equal is judged here."""


def trained(name: str) -> Artifact:
    """A shipped network, as small as can be, with first kernels and the statistics of noise."""
    graph = smallest(name)
    height, width, channels = input_shape(graph)
    spec = archspec.load(name, [f"input={height}x{width}x{channels}"])
    found = values(calibrated(graph))
    return Artifact(spec.to_yaml(expand=True), graph, {key: found[key] for key in shapes(graph)},
                    tuple(map(str, range(graph.output.type.channels))), preprocess_of(spec.train, input_shape(graph)), {},
                    versions(), "", several=False)


def pixels(artifact: Artifact) -> np.ndarray:
    """(IMAGES, h, w, c) float32 whose normalised values are standard normal, as those that gave norms their statistics."""
    rule = artifact.preprocess
    noise = np.random.default_rng(IMAGES).normal(size=(IMAGES, *rule.shape)) * rule.std + rule.mean
    return np.asarray(noise[..., ::-1] if rule.order == "bgr" else noise, np.float32)


def distances(name: str, form: str) -> tuple[Parity, Parity]:
    """How far a shipped network's export is from it, and it from itself in double precision."""
    keras.backend.clear_session()
    artifact = trained(name)
    seen = pixels(artifact)
    with tempfile.TemporaryDirectory() as folder:
        found = export(Exportable(artifact, ExportSection(tolerance=ANY)), [form], Path(folder), seen)[form]
    return found, compare(reference(artifact)(seen).numpy(), exact(artifact, seen))


def exact(artifact: Artifact, seen: np.ndarray) -> np.ndarray:
    """The probabilities of images, reckoned in double precision."""
    network = Network(artifact.graph, {key: array.astype("float64") for key, array in artifact.weights.items()})
    rule = artifact.preprocess
    ordered = np.float64(seen[..., ::-1] if rule.order == "bgr" else seen)
    # the means and factors are those of float32, as everywhere
    inputs = (ordered - np.float32(rule.mean)) * np.array([1 / std for std in rule.std], np.float32)
    return np.asarray(keras.ops.softmax(made(network, "float64")(inputs, training=False)))


def main() -> int:
    """Exit code 1 where a network is not equal."""
    form, *names = sys.argv[1:]
    wrong = []
    for name in names or spec_names():
        found, own = distances(name, form)
        equal = found.logits < max(EQUAL, MAGNIFIED * own.logits)
        wrong += [name] * (not equal)
        print(f"{name:<32} probabilities {found.probabilities:.1e}  logits {found.logits:.1e}  own rounding {own.logits:.1e}"
              f"{'' if equal else '  NOT EQUAL'}", flush=True)
    print(f"{form}: {len(names or spec_names())} networks; not equal: {', '.join(wrong) or 'none'}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
