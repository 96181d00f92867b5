"""Evaluators: what is summed over a batch, and what the sums over all batches say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import tensorflow as tf

from archspec.errors import InputError
from archspec.evaluate.loss import binary_cross_entropy, cross_entropy, truth
from archspec.evaluate.ranks import rank

Scored = tuple[tf.Tensor, tf.Tensor, tf.Tensor]
"""Logits (b, classes), labels (b,) int32 or (b, classes), and weights (b,) float32: 0 for what only fills up a batch."""
TOP5_FROM = 6
"""Among five classes or fewer each is one of the five best: below so many classes top5 says nothing and is left out."""


@dataclass(frozen=True)
class Evaluator:
    """`sums` of a Scored batch is float64, of one shape for all batches: it may be added over batches and over devices.

    `results` yields (name, value) of each of `names` from the sum over all batches. Raises InputError where there were no
    examples.
    """

    names: tuple[str, ...]

    sums: Callable[[tf.Tensor, tf.Tensor, tf.Tensor], tf.Tensor]
    results: Callable[[np.ndarray], Iterator[tuple[str, float]]]


def classification(classes: int) -> Evaluator:
    """The mean loss, and the shares top1 and top5 of examples whose class is among so many that score highest."""
    hit = {"top1": 1} | ({"top5": 5} if classes >= TOP5_FROM else {})

    def sums(logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        place = rank(logits, labels)
        return weighted(weights, cross_entropy(truth(labels, classes, 0.0), logits), *(place < k for k in hit.values()))

    def results(total: np.ndarray) -> Iterator[tuple[str, float]]:
        *values, examples = total.tolist()
        if not examples:
            raise InputError("there are no images to evaluate on")
        yield from ((name, value / examples) for name, value in zip(("loss", *hit), values, strict=True))
    return Evaluator(("loss", *hit), sums, results)


def multi_label(classes: int) -> Evaluator:
    """The mean loss; top1, the share of examples whose best class is one of theirs; precision, recall and F1.

    These three count a class as said where its probability is above one half, over all examples and classes together;
    0 where there is nothing to divide by.
    """
    def sums(logits: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> tf.Tensor:
        said, true = logits > 0, labels > 0
        counted = (tf.reduce_sum(tf.cast(each, tf.float32), axis=1) for each in (said & true, said, true))
        return weighted(weights, binary_cross_entropy(truth(labels, classes, 0.0), logits), rank(logits, labels) < 1, *counted)

    def results(total: np.ndarray) -> Iterator[tuple[str, float]]:
        loss, top1, both, said, true, examples = total.tolist()
        if not examples:
            raise InputError("there are no images to evaluate on")
        yield from (("loss", loss / examples), ("top1", top1 / examples), ("precision", both / max(said, 1)),
                    ("recall", both / max(true, 1)), ("f1", 2 * both / max(said + true, 1)))
    return Evaluator(("loss", "top1", "precision", "recall", "f1"), sums, results)


def weighted(weights: tf.Tensor, *rows: tf.Tensor) -> tf.Tensor:
    """(rows + 1,) float64: the sum of each row (b,) times the weights, and the sum of the weights."""
    stacked = tf.stack([tf.cast(row, tf.float64) for row in (*rows, tf.ones_like(weights))])
    # what only fills up a batch counts for nothing even where it is not a number
    return tf.reduce_sum(tf.math.multiply_no_nan(stacked, tf.cast(weights, tf.float64)), axis=1)


def evaluate(batches: Iterable[Scored], evaluator: Evaluator) -> Iterator[tuple[str, float]]:
    """The results of an evaluator over all batches. Raises InputError where there are none."""
    total: np.ndarray | None = None
    for logits, labels, weights in batches:
        sums = evaluator.sums(logits, labels, weights).numpy()
        total = sums if total is None else total + sums
    if total is None:
        raise InputError("there are no images to evaluate on")
    yield from evaluator.results(total)
