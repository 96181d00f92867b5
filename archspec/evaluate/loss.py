"""Cross entropy, for training and for evaluation."""

from __future__ import annotations

import tensorflow as tf


def cross_entropy(labels: tf.Tensor, logits: tf.Tensor, smoothing: float) -> tf.Tensor:
    """(b,) float32. Smoothing gives each class its part of that share of the truth (1512.00567, section 7)."""
    classes = logits.shape[-1]
    truth = tf.one_hot(labels, classes) * (1 - smoothing) + smoothing / classes
    return tf.nn.softmax_cross_entropy_with_logits(truth, tf.cast(logits, tf.float32))
