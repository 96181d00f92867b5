"""The network alone: pixels in, probabilities out, with the training's own normalisation between."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import tensorflow as tf

from archspec.artifact.artifact import Artifact
from archspec.artifact.keras_model import keras_model
from archspec.export.exportable import Exportable
from archspec.graph.passes import Network
from archspec.graph.weights import Key
from archspec.model.operations import compute
from archspec.preprocess.pixels import normalize


class Predictor(tf.Module):
    """`images` (batch, h, w, c) float32, pixels from 0 to 255, to `probabilities` (batch, classes) float32.

    It is the network as it predicts, in TensorFlow's own operations, each weight once; Keras's own export writes it twice.
    The weights are variables: constants are as fast and take several times the memory. Where an image may have several
    classes each has a probability of its own.
    """

    def __init__(self, made: Exportable) -> None:
        super().__init__()
        network = made.network
        arrays = variables(network)
        self.weights = list(arrays.values())
        output = network.graph.output.name
        self.predict = _function(made.artifact, lambda inputs: compute(network.graph, arrays, inputs, [output])[output])


def variables(network: Network) -> dict[Key, tf.Variable]:
    """The numbers of a network as variables of these names."""
    return {key: tf.Variable(array, name="/".join(key), trainable=False) for key, array in network.weights.items()}


def reference(artifact: Artifact) -> Callable[[tf.Tensor], tf.Tensor]:
    """The same by the Keras model, as it was tested: pixels to probabilities. What is served is held against it."""
    model = keras_model(artifact)
    predict = _function(artifact, lambda inputs: model(inputs, training=False))
    return lambda pixels: predict(pixels)["probabilities"]


def _function(artifact: Artifact, logits: Callable[[tf.Tensor], tf.Tensor]) -> Any:
    """A tf.function; TensorFlow's types say nothing about it."""
    rule, probabilities = artifact.preprocess, tf.nn.sigmoid if artifact.several else tf.nn.softmax

    def predict(images: tf.Tensor) -> dict[str, tf.Tensor]:
        # neither the server nor the session checks shapes, and a wrong rank can end the server's process
        checked = tf.ensure_shape(images, (None, *rule.shape))
        return {"probabilities": probabilities(logits(normalize(checked, rule)))}
    return tf.function(predict, input_signature=[tf.TensorSpec((None, *rule.shape), tf.float32, name="images")],
                       autograph=False)
