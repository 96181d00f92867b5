"""What a network says of every test image."""

from __future__ import annotations

import tensorflow as tf

from archspec.artifact.artifact import Artifact
from archspec.artifact.keras_model import keras_model
from archspec.data.pipeline import Pipeline
from archspec.evaluate.outcome import Outcome, Outcomes
from archspec.preprocess.pixels import normalize


def judge(artifact: Artifact, testing: Pipeline) -> Outcome:
    """Evaluates all test images once more, on one device. Raises InputError for an image that cannot be read."""
    model = keras_model(artifact)

    def logits(images: tf.Tensor) -> tf.Tensor:
        return tf.cast(model(normalize(images, artifact.preprocess), training=False), tf.float32)
    compiled, batches, found = tf.function(logits, autograph=False), iter(testing.evaluation()), Outcomes()
    for step in range(testing.steps):
        batch = testing.next(batches, step, training=False)
        real = batch.weights.numpy() > 0
        found.add_logits(compiled(batch.images).numpy()[real], batch.labels.numpy()[real])
    return found.whole()
