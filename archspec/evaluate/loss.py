"""What a network is told is true, and how far it is from it; for training and for evaluation."""

from __future__ import annotations

from collections.abc import Callable

import tensorflow as tf

Distance = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]
"""(b,) float32 from truths and logits, (b, classes) each."""


def truth(labels: tf.Tensor, classes: int, smoothing: float) -> tf.Tensor:
    """(b, classes) float32 of labels (b,), one each, or (b, classes), 1 for each class of several that an image has.

    Smoothing gives each class its part of that share of the truth (1512.00567, section 7); of several labels each goes
    that far towards one half.
    """
    if len(labels.shape) == 1:
        return tf.one_hot(labels, classes) * (1 - smoothing) + smoothing / classes
    return tf.cast(labels, tf.float32) * (1 - smoothing) + smoothing / 2


def cross_entropy(truths: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """(b,) float32 from (b, classes) each: of one class among all."""
    # the operation itself: TensorFlow's function for it brings other shapes to this one, by twenty operations around it
    return tf.raw_ops.SoftmaxCrossEntropyWithLogits(features=tf.cast(logits, tf.float32), labels=truths)[0]


def binary_cross_entropy(truths: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """(b,) float32 from (b, classes) each: of every class by itself, the mean over classes."""
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(truths, tf.cast(logits, tf.float32)), axis=1)


def focal(gamma: float, alpha: float | None) -> Distance:
    """Equation 5 of 1708.02002, the mean over classes; of a truth that is neither 0 nor 1 the mean of both, by its share."""
    true, false = (1.0, 1.0) if alpha is None else (alpha, 1 - alpha)

    def distance(truths: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
        logits = tf.cast(logits, tf.float32)
        logs, others = tf.math.log_sigmoid(logits), tf.math.log_sigmoid(-logits)  # of p and of 1 - p
        of_true = true * tf.exp(gamma * others) * logs
        of_false = false * tf.exp(gamma * logs) * others
        return -tf.reduce_mean(truths * of_true + (1 - truths) * of_false, axis=1)
    return distance
