"""What a network is told is true, and how far it is from it; for training and for evaluation."""

from __future__ import annotations

import tensorflow as tf


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
    return tf.nn.softmax_cross_entropy_with_logits(truths, tf.cast(logits, tf.float32))


def weighed_cross_entropy(truths: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """The same of truths that do not sum to 1, of which TensorFlow's gradient would be another."""
    total = tf.reduce_sum(truths, axis=1)
    return total * cross_entropy(tf.math.divide_no_nan(truths, total[:, None]), logits)


def binary_cross_entropy(truths: tf.Tensor, logits: tf.Tensor) -> tf.Tensor:
    """(b,) float32 from (b, classes) each: of every class by itself, the mean over classes."""
    return tf.reduce_mean(tf.nn.sigmoid_cross_entropy_with_logits(truths, tf.cast(logits, tf.float32)), axis=1)
