"""A network over the whole of an image of any size: its classifier as convolutions, their map of classes averaged."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from archspec.artifact.artifact import Artifact
from archspec.graph.passes import Network, for_inference
from archspec.graph.passes.convolutional import convolutional
from archspec.model import operations
from archspec.preprocess.pixels import normalize


def dense(artifact: Artifact) -> Callable[[np.ndarray], np.ndarray]:
    """From pixels (n, h, w, c), 0 to 255, of any one size, to probabilities (n, classes) float32.

    The logits of all places are averaged, and their softmax taken (1409.1556, section 3.2). Raises InputError for a network
    that has to have images of one size.
    """
    network = convolutional(for_inference(Network(artifact.graph, artifact.weights)))
    numbers = {key: tf.constant(array) for key, array in network.weights.items()}
    output, rule = network.graph.output.name, artifact.preprocess
    probabilities = tf.nn.sigmoid if artifact.several else tf.nn.softmax

    @tf.function(input_signature=[tf.TensorSpec((None, None, None, rule.channels), tf.float32)], autograph=False)
    def run(images: tf.Tensor) -> tf.Tensor:
        found = operations.compute(network.graph, numbers, normalize(images, rule), [output])[output]
        return probabilities(found)
    return lambda pixels: np.asarray(run(tf.constant(pixels, tf.float32)))
