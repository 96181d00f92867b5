"""What happens to one batch: a step of training, a step of evaluation. Both return sums over the batch's examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from archspec.spec.recipe import Recipe
from archspec.train.optimizer import decayed

TRAINED = ("loss", "correct", "examples")
EVALUATED = ("loss", "top1", "top5", "examples")
"""What the sums are sums of."""


@dataclass(frozen=True)
class TrainStep:
    """Loss, gradient and update on one device. `share` is one over the number of devices."""

    model: keras.Model
    optimizer: keras.optimizers.Optimizer
    recipe: Recipe
    share: float

    def __call__(self, images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """Sums as in TRAINED, (3,) float64."""
        with tf.GradientTape() as tape:
            logits, auxiliary = split_outputs(self.model(images, training=True))
            losses = self._cross_entropy(labels, logits)
            total = losses + self.recipe.auxiliary_weight * sum(self._cross_entropy(labels, each) for each in auxiliary)
            # over the global batch: gradients are summed over devices, not averaged
            loss = tf.reduce_sum(total * weights) / self.recipe.batch
        variables = self.model.trainable_variables
        gradients = tape.gradient(loss, [variable.value for variable in variables])
        decay = self.recipe.optimizer.weight_decay * self.share
        self.optimizer.apply(decayed(gradients, variables, decay), variables)
        return _sums(weights, losses, tf.math.in_top_k(labels, logits, 1))

    def _cross_entropy(self, labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        return cross_entropy(labels, logits, self.recipe.label_smoothing)


@dataclass(frozen=True)
class EvaluateStep:
    """Loss and accuracies on one device, without changing anything."""

    model: keras.Model

    def __call__(self, images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """Sums as in EVALUATED, (4,) float64."""
        logits, _ = split_outputs(self.model(images, training=False))
        return _sums(weights, cross_entropy(labels, logits, 0.0), tf.math.in_top_k(labels, logits, 1),
                     tf.math.in_top_k(labels, logits, 5))


def split_outputs(outputs: Any) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """The main logits, and those of the auxiliary classifiers."""
    if not isinstance(outputs, dict):
        return outputs, []
    return outputs["logits"], [value for name, value in outputs.items() if name != "logits"]


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor, smoothing: float) -> tf.Tensor:
    """(b,) float32. Smoothing gives each class its part of that share of the truth (1512.00567, section 7)."""
    classes = logits.shape[-1]
    truth = tf.one_hot(labels, classes) * (1 - smoothing) + smoothing / classes
    return tf.nn.softmax_cross_entropy_with_logits(truth, tf.cast(logits, tf.float32))


def _sums(weights: tf.Tensor, *values: tf.Tensor) -> tf.Tensor:
    rows = [tf.cast(value, tf.float64) for value in (*values, tf.ones_like(weights))]
    return tf.reduce_sum(tf.stack(rows) * tf.cast(weights, tf.float64), axis=1)
