"""A small SavedModel that keeps to every rule."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import tensorflow as tf

LABELS = ("cat", "dög", "owl")
EXAMPLE = {"image/encoded": tf.io.FixedLenFeature((), tf.string)}


class Small(tf.Module):
    """Signatures serving_default, image_bytes and classify over one dense layer."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = tf.Variable(tf.random.stateless_normal((8 * 8, 3), (1, 2)), trainable=False)

    @tf.function(input_signature=[tf.TensorSpec((None, 8, 8, 1), tf.float32, "images")])
    def default(self, images: tf.Tensor) -> dict[str, tf.Tensor]:
        flat = tf.reshape(tf.ensure_shape(images, (None, 8, 8, 1)), (-1, 64)) / 255
        probabilities = tf.nn.softmax(flat @ self.weight)
        scores, classes = tf.math.top_k(probabilities, 2)
        return {"probabilities": probabilities, "classes": classes, "labels": tf.gather(tf.constant(LABELS), classes), "scores": scores}

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, "image_bytes")])
    def image_bytes(self, image_bytes: tf.Tensor) -> dict[str, tf.Tensor]:
        def decode(data: tf.Tensor) -> tf.Tensor:
            return tf.image.resize(tf.io.decode_image(data, channels=1, expand_animations=False), (8, 8))
        images = tf.map_fn(decode, tf.ensure_shape(image_bytes, (None,)), fn_output_signature=tf.TensorSpec((8, 8, 1)))
        return self.default(images)

    @tf.function(input_signature=[tf.TensorSpec((None,), tf.string, "inputs")])
    def classify(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        found = self.image_bytes(tf.io.parse_example(tf.ensure_shape(inputs, (None,)), EXAMPLE)["image/encoded"])
        return {"classes": found["labels"], "scores": found["scores"]}


def saved(module: tf.Module, signatures: dict[str, Any], version: Path) -> Path:
    """Writes a version."""
    tf.saved_model.save(module, str(version), signatures=signatures)
    return version
