"""What happens to one batch: a step of training, a step of evaluation. Both return sums over the batch's examples."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import tensorflow as tf

from archspec.evaluate.evaluator import Evaluator, weighted
from archspec.evaluate.loss import cross_entropy
from archspec.evaluate.ranks import hits
from archspec.spec.recipe import Recipe
from archspec.train.optimizer import Sgd
from archspec.train.strategy import over_devices
from archspec.train.update import Rule, updated

TRAINED = ("loss", "correct", "examples")
"""What the sums of a training step are sums of."""


@dataclass(frozen=True)
class TrainStep:
    """Loss, gradient and update on one device, with the gradient of all of them."""

    model: keras.Model
    optimizer: Sgd
    recipe: Recipe
    rules: tuple[Rule, ...]

    def __call__(self, images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """Sums as in TRAINED, (3,) float64."""
        with tf.GradientTape() as tape:
            logits, auxiliary = split_outputs(self.model(images, training=True))
            losses = self._cross_entropy(labels, logits)
            total = losses + self.recipe.auxiliary_weight * sum(self._cross_entropy(labels, each) for each in auxiliary)
            # over the global batch: gradients are summed over devices, not averaged
            loss = tf.reduce_sum(total * weights) / self.recipe.batch
        variables = self.model.trainable_variables
        gradients = over_devices(tape.gradient(loss, [variable.value for variable in variables]))
        self.optimizer.apply(updated(gradients, variables, self.rules), variables)
        return weighted(weights, losses, hits(logits, labels, 1))

    def _cross_entropy(self, labels: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        return cross_entropy(labels, logits, self.recipe.label_smoothing)


@dataclass(frozen=True)
class EvaluateStep:
    """The sums of an evaluator on one device, without changing anything."""

    model: keras.Model
    evaluator: Evaluator

    def __call__(self, images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        """See Evaluator.sums."""
        logits, _ = split_outputs(self.model(images, training=False))
        return self.evaluator.sums(logits, labels, weights)


def split_outputs(outputs: Any) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """The main logits, and those of the auxiliary classifiers."""
    if not isinstance(outputs, dict):
        return outputs, []
    return outputs["logits"], [value for name, value in outputs.items() if name != "logits"]
