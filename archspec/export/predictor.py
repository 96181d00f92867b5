"""The function that is served: pixels in, probabilities out, with the training's own normalisation between."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from archspec.data.dataset import Shape
from archspec.data.normalize import normalize
from archspec.spec.recipe import Normalize


class Predictor(tf.Module):
    """`images` (batch, h, w, c) float32, pixels from 0 to 255, to `probabilities` (batch, classes) float32.

    Holds the model's variables and not the model itself: Keras's own export writes every weight twice.
    """

    def __init__(self, model: keras.Model, how: Normalize) -> None:
        super().__init__()
        self.weights = [variable.value for variable in model.variables]
        self.predict = _function(model, how)


def _function(model: keras.Model, how: Normalize) -> Any:
    """A tf.function; TensorFlow's types say nothing about it."""
    shape: Shape = model.input_shape[1:]

    def predict(images: tf.Tensor) -> dict[str, tf.Tensor]:
        # neither the server nor the session checks shapes, and a wrong rank can end the server's process
        checked = tf.ensure_shape(images, (None, *shape))
        logits = model(normalize(checked, how), training=False)
        return {"probabilities": tf.nn.softmax(tf.cast(logits, tf.float32))}
    return tf.function(predict, input_signature=[tf.TensorSpec((None, *shape), tf.float32, name="images")], autograph=False)
