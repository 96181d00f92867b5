"""The function that is served: pixels in, probabilities out, with the training's own normalisation between."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import keras
import tensorflow as tf

from archspec.artifact.artifact import Artifact
from archspec.preprocess.pixels import normalize
from archspec.preprocess.rule import Preprocess


class Predictor(tf.Module):
    """`images` (batch, h, w, c) float32, pixels from 0 to 255, to `probabilities` (batch, classes) float32.

    Holds the model's variables and not the model itself: Keras's own export writes every weight twice. `labels` is
    written beside them, as a file of that name. Where an image may have several classes each has a probability of its own.
    """

    def __init__(self, model: keras.Model, artifact: Artifact, labels: Path) -> None:
        super().__init__()
        self.weights = [variable.value for variable in model.variables]
        self.labels = tf.saved_model.Asset(str(labels))
        self.predict = _function(model, artifact.preprocess, artifact.several)


def _function(model: keras.Model, rule: Preprocess, several: bool) -> Any:
    """A tf.function; TensorFlow's types say nothing about it."""
    probabilities = tf.nn.sigmoid if several else tf.nn.softmax

    def predict(images: tf.Tensor) -> dict[str, tf.Tensor]:
        # neither the server nor the session checks shapes, and a wrong rank can end the server's process
        checked = tf.ensure_shape(images, (None, *rule.shape))
        logits = model(normalize(checked, rule), training=False)
        return {"probabilities": probabilities(tf.cast(logits, tf.float32))}
    return tf.function(predict, input_signature=[tf.TensorSpec((None, *rule.shape), tf.float32, name="images")],
                       autograph=False)
