"""Compares our networks with those of keras.applications in double precision, where rounding hides nothing: deep ones, too.

    python tools/keras_parity.py [APPLICATION ...]

In single precision a deep network of random weights grows differences of the last bit into 1e-3 and more, so that the tests
hold its blocks in a shallower member, and of the deep ones the place of each weight. Here all are computed. Weights and
statistics are numbers of single precision, which is what our files hold.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from archspec.graph.ops import BatchNorm
from archspec.model import operations
from archspec.weights.load import arrays

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "parity"))  # the models of the tests
from copying import as_file, randomise
from test_keras_applications import DEEPER, KERAS, QUICK, SLOW, Case, difference, matched

MOST = 1e-9
"""What may remain: the last bits of double precision, grown."""


def _batch_norm(call: operations.Call, op: BatchNorm) -> tf.Tensor:
    """With saved statistics; TensorFlow's own operation is of single precision alone."""
    scale = call.arrays.get("gamma", 1.0) / np.sqrt(call.arrays["moving_variance"] + op.epsilon)
    return call.x * scale + (call.arrays.get("beta", 0.0) - call.arrays["moving_mean"] * scale)


IN_DOUBLE = {**operations.OPERATIONS, BatchNorm: _batch_norm}


def differs(case: Case) -> float:
    """By how much the logits of two images differ, as a share of the largest."""
    rng = np.random.default_rng(0)
    theirs = case.theirs()
    pixels = case.pixels * rng.normal(size=(6, *case.size, 3))
    randomise(theirs, pixels[2:], rng)
    for weight in theirs.weights:
        weight.assign(weight.numpy().astype(np.float32))
    graph, blocks = case.graph()
    weights = {key: np.asarray(array, np.float64) for key, array in arrays(matched(graph, blocks, as_file(theirs)), KERAS)}
    images = pixels[:2] * np.float64(np.float32(1 / case.pixels))  # Keras's scale of pixels is a number of single precision
    ours = operations.compute(graph, weights, images, [graph.output.name], IN_DOUBLE)[graph.output.name]
    return difference(theirs(pixels[:2], training=False).numpy(), np.asarray(ours))


def main(wanted: list[str]) -> int:
    """Prints a line a network; 1 where one differs."""
    cases = {case.application: case for case in (*QUICK, *SLOW, *DEEPER)}
    if unknown := [name for name in wanted if name not in cases]:
        print(f"there is no {unknown[0]}: {' '.join(cases)}", file=sys.stderr)
        return 2
    keras.config.set_floatx("float64")
    keras.config.set_dtype_policy("float64")
    worst = 0.0
    for name in wanted or cases:
        keras.utils.set_random_seed(0)
        found = differs(cases[name])
        worst = max(worst, found)
        print(f"{name:24} {cases[name].spec:28} {found:.1e}", flush=True)
        keras.backend.clear_session()
    return int(not worst < MOST)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
