"""Where a network puts the true class among all: what top-1 and top-5 are counted by."""

from __future__ import annotations

import numpy as np
import tensorflow as tf


def rank(logits: tf.Tensor, labels: tf.Tensor) -> tf.Tensor:
    """(b,) int32: how many other classes (b, classes) score at least as high as the label (b,); 0 is the best.

    Of several labels, (b, classes) with 1 for each, how many classes that are none of them score at least as high as the
    best of them. Ties are no hits, so that a network which says nothing gets nothing; neither is a comparison that has no
    answer: another class that is not a number is not below. A label whose own score is not finite comes last of all, and
    so does an image without labels.
    """
    scores = tf.cast(logits, tf.float32)
    classes = scores.shape[1]
    mine = tf.one_hot(labels, classes, on_value=True, off_value=False) if len(labels.shape) == 1 else labels > 0
    own = tf.reduce_max(tf.where(mine, scores, -float("inf")), axis=1, keepdims=True)
    # what is below is counted, for TensorFlow makes `>=` of a negated `<` in a graph, and that is another thing of NaN
    below, others = (tf.reduce_sum(tf.cast(each, tf.int32), axis=1) for each in ((scores < own) & ~mine, ~mine))
    return tf.where(tf.math.is_finite(own[:, 0]), others - below, classes)


def hits(logits: tf.Tensor, labels: tf.Tensor, k: int) -> tf.Tensor:
    """(b,) bool: whether the label is among the `k` classes that score highest; see rank."""
    return rank(logits, labels) < k


def ranks(scores: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """(b,) int32: as `rank` of logits or of probabilities, in NumPy, where these are there already."""
    mine = np.arange(scores.shape[1]) == labels[:, None] if labels.ndim == 1 else labels > 0
    own = np.where(mine, scores, -np.inf).max(axis=1, keepdims=True)
    not_below = (~(scores < own) & ~mine).sum(axis=1)
    return np.asarray(np.where(np.isfinite(own[:, 0]), not_below, scores.shape[1]), np.int32)
