"""Measures how far folding batch norms moves the logits of every shipped spec, on small images.

    python tools/fold.py [NAME...]    # an hour or more for all; exit code 1 where one is further off than allowed

Kernels are first values, batch norms have scales and shifts drawn around 1 and 0, and the statistics that images have in
the network itself, as training leaves them. Random kernels under batch norms magnify rounding from layer to layer (Yang et
al. 2019, 1902.08129), so a network is first compared with itself in double precision: what it is off there, no
pass can better. Training ends it: MobileNet-v2 on digits is off by 3.3e-5 before, and by 5.6e-6 after 25 steps of Adam.
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import keras
import numpy as np
from smallest import smallest

from archspec.graph.ir import Graph
from archspec.graph.ops import BatchNorm
from archspec.graph.passes import Network, fold_affine
from archspec.model.emit import build
from archspec.model.values import assign, values
from archspec.spec.files import spec_names

EQUAL = 1e-5
MAGNIFIED = 4
"""Times a network's own rounding: two such errors, each of which may by chance be larger than the one measured."""
IMAGES = 8


@dataclass(frozen=True, slots=True)
class Distance:
    """How far two networks are apart, each as a share of the largest logit."""

    folded: float
    """The folded network from the unfolded one, in float32."""
    own: float
    """The unfolded network in float32 from itself in float64."""
    exact: float
    """The folded network from the unfolded one, in float64."""

    @property
    def allowed(self) -> float:
        """In float32: 1e-5, or what the network makes of its own rounding."""
        return max(EQUAL, MAGNIFIED * self.own)

    @property
    def small(self) -> bool:
        """Whether the two are equal."""
        return self.exact < EQUAL and self.folded < self.allowed


def calibrated(graph: Graph) -> keras.Model:
    """The model with first kernels, whose norms have the statistics of noise in it."""
    keras.utils.set_random_seed(2)
    model, draw = build(graph, auxiliary=bool(graph.auxiliary)), np.random.default_rng(2)
    weights = values(model)
    for node in graph.nodes:
        if isinstance(node.op, BatchNorm):
            for weight in node.weights:
                made = {"gamma": draw.uniform(0.5, 1.5, weight.shape), "beta": draw.normal(0, 0.1, weight.shape)}
                weights[node.name, weight.name] = made.get(weight.name, weights[node.name, weight.name])
    assign(model, weights)
    calibrate(model, images(graph, IMAGES))
    return model


def calibrate(model: keras.Model, seen: np.ndarray) -> None:
    """Gives the norms of a model the statistics of images, and no more of what they had."""
    for layer in model.layers:
        if isinstance(layer, keras.layers.BatchNormalization):
            layer.momentum = 0.0
    model(seen, training=True)


def images(graph: Graph, count: int) -> np.ndarray:
    """(count, height, width, channels) of noise; other noise for another count."""
    return np.random.default_rng(count).normal(size=(count, *graph.input.type.shape)).astype("float32")


def distance(graph: Graph, model: keras.Model, seen: np.ndarray) -> Distance:
    """How far the folded network of a model is from it, and it from itself in double precision, on these images."""
    network, unfolded = Network(graph, values(model)), logits(model, seen)
    exact, exact_folded = exactly(network, seen)
    return Distance(apart(logits(made(fold_affine(network), "float32"), seen), unfolded), apart(unfolded, exact),
                    apart(exact_folded, exact))


def exactly(network: Network, seen: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Logits of a network in double precision, and of the folded one."""
    double = Network(network.graph, {key: array.astype("float64") for key, array in network.weights.items()})
    return logits(made(double, "float64"), seen), logits(made(fold_affine(double), "float64"), seen)


def made(network: Network, dtype: str) -> keras.Model:
    """The model of a network, auxiliary classifiers too."""
    model = build(network.graph, auxiliary=bool(network.graph.auxiliary), initialize=False, dtype=dtype)
    assign(model, network.weights)
    return model


def logits(model: keras.Model, seen: np.ndarray) -> list[np.ndarray]:
    """Of images, those of auxiliary classifiers too."""
    return [np.asarray(each) for each in keras.tree.flatten(model(seen, training=False))]


def apart(found: list[np.ndarray], expected: list[np.ndarray]) -> float:
    """The largest difference, as a share of the largest logit; infinite where numbers are none, or all the same."""
    if not all(np.isfinite(each).all() and np.std(each) > 0 for each in (*found, *expected)):
        return float("inf")
    return max(float(np.abs(a - b).max() / np.abs(b).max()) for a, b in zip(found, expected, strict=True))


def main() -> int:
    """Exit code 1 where a network is not equal."""
    wrong = []
    for name in sys.argv[1:] or spec_names():
        _, graph = smallest(name)
        if any(isinstance(node.op, BatchNorm) for node in graph.nodes):
            keras.backend.clear_session()
            found = distance(graph, calibrated(graph), images(graph, 2))
            wrong += [name] * (not found.small)
            print(f"{name:<32} {graph.input.type!s:<10} folded {found.folded:.1e}  own rounding {found.own:.1e}  "
                  f"float64 {found.exact:.1e}", flush=True)
        else:
            print(f"{name:<32} no batch norm", flush=True)
    print(f"not equal: {', '.join(wrong) or 'none'}")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
