"""Where a network puts the true class among all: what top-1 and top-5 are counted by."""

from __future__ import annotations

import tensorflow as tf


def rank(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """(b,) int32: how many other classes (b, classes) score at least as high as the label (b,); 0 is the best.

    Ties are no hits, so that a network which says nothing gets nothing; neither is a comparison that has no answer:
    another class that is not a number is not below. A label whose own score is not finite comes last of all.
    """
    scores = tf.cast(logits, tf.float32)
    own = tf.gather(scores, labels[:, None], batch_dims=1)
    not_below = tf.reduce_sum(tf.cast(~(scores < own), tf.int32), axis=1)  # the label itself among them
    return tf.where(tf.math.is_finite(own[:, 0]), not_below - 1, tf.shape(scores)[1])


def hits(logits: tf.Tensor, labels: tf.Tensor, k: int) -> tf.Tensor:
    """(b,) bool: whether the label is among the `k` classes that score highest; see rank."""
    return rank(logits, labels) < k
