"""On a processor that oneDNN does not know, a grouped convolution trains and is served, and norms have the same statistics."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

TRAINED = """
import tensorflow as tf
from archspec.model.grouped import Conv2D
layer, x = Conv2D(4, 3, groups=2), tf.ones((1, 5, 5, 4))
with tf.GradientTape() as tape:
    y = tf.function(layer)(x)
assert tape.gradient(y, layer.kernel.value).shape == (3, 3, 2, 4)
"""
SERVED = """
import numpy as np, tensorflow as tf, archspec
from archspec.model.emit import build
from archspec.model.operations import compute, variables
from archspec.model.values import values
layers = [{"conv": "3x3 8 groups=2"}, {"depthwise": {"kernel": 3, "stride": [2, 1]}}, "global_avg_pool"]
spec = archspec.load("vgg11", {"input": "8x8x4", "defaults.unit": "conv-act", "stem": layers, "stages": [],
                               "head": [{"dense": "$classes"}]})
graph = archspec.lower(spec)
arrays, images = variables(values(build(graph))), tf.random.normal((2, 8, 8, 4))
logits = lambda x: compute(graph, arrays, x, [graph.output.name])[graph.output.name]
np.testing.assert_allclose(tf.function(logits)(images), logits(images), rtol=1e-5, atol=1e-6)
"""
STATISTICS = """
import keras, numpy as np
from archspec.model.norm import BatchNormalization
x = np.random.default_rng(0).normal(2, 3, (1, 2, 3, 4)).astype("float32")
layer = BatchNormalization(momentum=0.0)
layer(x, training=True)
np.testing.assert_allclose(layer.moving_variance, x.var((0, 1, 2)), rtol=1e-6)
"""


@pytest.mark.slow
def test_a_cpu_without_onednn_does_the_same() -> None:
    """In a process of its own, for TensorFlow asks for oneDNN once. Served as compiled is served as called at once."""
    done = subprocess.run([sys.executable, "-c", TRAINED + SERVED + STATISTICS], env={**os.environ, "TF_ENABLE_ONEDNN_OPTS": "0"},
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
