"""What a training makes small: the loss that the recipe names, and how it takes the weights of classes."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

from archspec.errors import InputError
from archspec.evaluate.loss import Distance, binary_cross_entropy, cross_entropy, focal
from archspec.spec.losses import Focal, Loss, Sigmoid, Softmax

Objective = Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]
"""(b,) float32 from truths, the same with each label's part times the weight of its class, and logits: (b, classes) each."""


def loss_of(said: Loss | None, one_each: bool) -> Loss:
    """The loss that holds: what is said, else softmax, and sigmoid where an image may have several labels."""
    return said or (Softmax() if one_each else Sigmoid())


def refuse_unfit(said: Loss | None, one_each: bool) -> None:
    """Raises InputError for softmax where an image may have several labels."""
    if isinstance(said, Softmax) and not one_each:
        raise InputError("train.loss: softmax is for one label an image, and these may have several\n"
                         "  hint: loss: sigmoid, or focal")


def objective(said: Loss | None, one_each: bool, weighs: bool) -> Objective:
    """The loss of a recipe; `weighs` where it weighs classes."""
    loss = loss_of(said, one_each)
    distance, threshold = distance_of(loss), loss.threshold if isinstance(loss, Sigmoid) else None

    def plain(truths: tf.Tensor, weighed: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        return distance(truths if threshold is None else _above(threshold, truths), logits)

    def weighing(truths: tf.Tensor, weighed: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        total = tf.reduce_sum(weighed, axis=1)
        # a distance is linear in the truths, so that each label of a mixed image counts with its own weight
        share = tf.math.divide_no_nan(weighed, total[:, None]) if threshold is None else _above(threshold, truths)
        return total * distance(share, logits)
    return weighing if weighs else plain


def distance_of(loss: Loss) -> Distance:
    """What the loss's word means."""
    match loss:
        case Softmax():
            return cross_entropy
        case Sigmoid():
            return binary_cross_entropy
        case Focal():
            return focal(loss.gamma, loss.alpha)


def _above(threshold: float, truths: tf.Tensor) -> tf.Tensor:
    return tf.cast(truths > threshold, tf.float32)
