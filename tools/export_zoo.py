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
from smallest import drawn, smallest

from archspec.artifact.artifact import Artifact, shapes, versions
from archspec.preprocess.rule import input_shape, preprocess_of
from archspec.spec.files import spec_names

CLASSES, IMAGES = 10, 4


def trained(name: str, overrides: Collection[str] = ()) -> Artifact:
    """A shipped network, as small as can be, with numbers that are drawn."""
    spec, graph = smallest(name, f"classes={CLASSES}", *overrides)
    classes, numbers = tuple(map(str, range(CLASSES))), drawn(graph)
    held = {key: numbers[key] for key in shapes(graph)}
    rule = preprocess_of(spec.train, input_shape(graph))
    return Artifact(spec.to_yaml(expand=True), graph, held, classes, rule, {}, versions(), "", several=False)


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
