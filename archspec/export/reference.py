"""The Keras model as it was tested: what is exported is held against it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import tensorflow as tf

from archspec.artifact.artifact import Artifact
from archspec.artifact.keras_model import keras_model
from archspec.preprocess.pixels import normalize


def reference(artifact: Artifact) -> Callable[[np.ndarray], np.ndarray]:
    """From pixels (n, h, w, c) float32, 0 to 255, to probabilities (n, classes) float32.

    Where an image may have several classes each has a probability of its own.
    """
    model, rule = keras_model(artifact), artifact.preprocess
    probabilities = tf.nn.sigmoid if artifact.several else tf.nn.softmax
    spec = tf.TensorSpec((None, *rule.shape), tf.float32)
    predict = tf.function(lambda images: probabilities(model(normalize(images, rule), training=False)), input_signature=[spec],
                          autograph=False)
    return lambda pixels: np.asarray(predict(pixels))
