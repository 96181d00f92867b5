"""What happens to one batch: a step of training, a step of evaluation. Both return sums over the batch's examples."""

from __future__ import annotations

from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from archspec.data.augment.batches import Blend
from archspec.evaluate.evaluator import Evaluator, weighted
from archspec.evaluate.loss import truth
from archspec.evaluate.ranks import hits
from archspec.model.norm import only
from archspec.preprocess.pixels import normalize
from archspec.preprocess.rule import Preprocess
from archspec.spec.recipe import Recipe
from archspec.train.devices.strategy import over_devices
from archspec.train.step.blend import blended
from archspec.train.step.norms import Norms
from archspec.train.step.objective import objective
from archspec.train.step.scale import UNSCALED, Scale
from archspec.train.step.update import Gradients, Rule, updated


@dataclass(frozen=True)
class TrainStep:
    """Loss, gradient and update on one device, with the gradient of all of them."""

    model: keras.Model
    optimizer: keras.optimizers.Optimizer
    recipe: Recipe
    rule: Preprocess
    rules: tuple[Rule, ...]
    classes: int
    class_weights: np.ndarray | None = None
    """(classes,) float32; 1 for all if left out."""
    scale: Scale = UNSCALED
    norms: Norms | None = None
    """What looks at the gradient, if anything does."""
    partial: bool = False
    """Whether its batches may not be full: each weighs what it holds, and norms look at the images alone that are there."""

    def __call__(self, images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor, blend: Blend | tuple[()]) -> tf.Tensor:
        """Sums as in progress.TRAINED, (3,) float64."""
        gradients, sums = self.derive(images, labels, weights, blend)
        self.update(gradients, tf.reduce_sum(weights))
        return sums

    def derive(self, images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor, blend: Blend | tuple[()]
               ) -> tuple[Gradients, tf.Tensor]:
        """The gradient of this device's part of the loss of a whole batch, scaled, and sums as in progress.TRAINED.

        Of images that are blended the accuracy is by the class that has most of them; of several labels by those that are
        true by half at least.
        """
        one_each = len(labels.shape) == 1
        inputs, truths, weighed = self._blended(images, labels, blend)
        if blend:
            labels = tf.argmax(truths, axis=1, output_type=tf.int32) if one_each else tf.cast(truths >= 0.5, tf.uint8)
        distance = partial(objective(self.recipe.loss, one_each, self.class_weights is not None), truths, weighed)
        with only(weights) if self.partial else nullcontext():
            with tf.GradientTape() as tape:
                logits, auxiliary = split_outputs(self.model(inputs, training=True))
                losses = distance(logits)
                total = losses + self.recipe.auxiliary_weight * sum(distance(each) for each in auxiliary)
                # over the global batch: gradients are summed over devices, not averaged
                loss = self.scale.loss(tf.reduce_sum(total * weights) / self.recipe.batch)
            # here, for it may compute layers again
            gradients = tape.gradient(loss, [variable.value for variable in self.model.trainable_variables])
        return gradients, weighted(weights, losses, hits(logits, labels, 1))

    def update(self, gradients: Gradients, images: tf.Tensor) -> None:
        """Changes the weights by what all devices have derived, each of so many images, () float32.

        The gradient is the mean over the images that are there: a batch that is not full weighs what it holds.
        """
        variables = self.model.trainable_variables
        own = self._mean(gradients, images)
        if self.norms:
            self.norms.see(own)
        held = [*variables, *(each for each in self.optimizer.variables if each is not self.optimizer.iterations)]
        self.scale.step(own, held, partial(self.optimizer.apply, updated(own, variables, self.rules), variables))

    def _mean(self, gradients: Gradients, images: tf.Tensor) -> Gradients:
        """The loss's own gradient over all devices, by each image that is there."""
        if not self.partial:
            return self.scale.gradients(over_devices(gradients))
        *summed, count = over_devices([*gradients, images])
        more = tf.math.divide_no_nan(float(self.recipe.batch), count)  # 1 of a full batch, which changes no bit
        return [more * each for each in self.scale.gradients(summed)]

    def _blended(self, images: tf.Tensor, labels: tf.Tensor, blend: Blend | tuple[()]) -> tuple[tf.Tensor, ...]:
        """The network's input, what is true of it, and the same with each label's part times the weight of its class."""
        inputs = normalize(images, self.rule)
        truths = truth(labels, self.classes, self.recipe.label_smoothing)
        if self.class_weights is None:
            inputs, truths = blended(inputs, truths, blend)
            return inputs, truths, truths
        weighed = truths * tf.gather(tf.constant(self.class_weights), labels)[:, None]
        inputs, both = blended(inputs, tf.concat([truths, weighed], axis=1), blend)
        return inputs, *tf.split(both, 2, axis=1)


@dataclass(frozen=True)
class EvaluateStep:
    """The sums of an evaluator on one device, without changing anything."""

    model: keras.Model
    rule: Preprocess
    evaluator: Evaluator

    def __call__(self, images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor, blend: tuple[()]) -> tf.Tensor:
        """See Evaluator.sums."""
        logits, _ = split_outputs(self.model(normalize(images, self.rule), training=False))
        return self.evaluator.sums(logits, labels, weights)


def split_outputs(outputs: Any) -> tuple[tf.Tensor, list[tf.Tensor]]:
    """The main logits, and those of the auxiliary classifiers."""
    if not isinstance(outputs, dict):
        return outputs, []
    return outputs["logits"], [value for name, value in outputs.items() if name != "logits"]
