"""What a network said of every test image, and what follows: which classes and which images it gets wrong."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import tensorflow as tf
from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

from archspec.artifact.artifact import Artifact
from archspec.artifact.keras_model import keras_model
from archspec.data.pipeline import Pipeline
from archspec.evaluate.loss import binary_cross_entropy, cross_entropy, truth
from archspec.preprocess.pixels import normalize


@dataclass(frozen=True)
class ClassRow:
    """How a class fares. Precision, recall and F1 are 0 where there is nothing to divide by."""

    number: int
    images: int
    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Judged:
    """Of n test images in their order: labels, what was said, its probability, and the loss.

    `labels` and `said` are (n,) int32, or (n, classes) bool where an image may have several: then `said` is what has a
    probability above one half, and `surest` (n,) the probability of the class that has most, as of one label.
    """

    classes: int
    labels: np.ndarray
    said: np.ndarray
    surest: np.ndarray
    losses: np.ndarray

    @property
    def several(self) -> bool:
        """Whether an image may have several labels."""
        return self.labels.ndim == 2

    @property
    def right(self) -> np.ndarray:
        """(n,) bool: whether all that is true of an image was said, and no more."""
        return np.asarray((self.labels == self.said).all(axis=1) if self.several else self.labels == self.said)

    @cached_property
    def by_class(self) -> tuple[ClassRow, ...]:
        """In the order of the classes."""
        which = list(range(self.classes))
        found = precision_recall_fscore_support(self.labels, self.said, labels=which, zero_division=0.0)
        return tuple(ClassRow(number, int(count), float(precision), float(recall), float(f1))
                     for number, (precision, recall, f1, count) in enumerate(zip(*found, strict=True)))

    @property
    def confusion(self) -> np.ndarray:
        """(classes, classes) int64: images of the class of the row of which the class of the column was said. One label."""
        return np.asarray(confusion_matrix(self.labels, self.said, labels=list(range(self.classes))))

    def confused(self, count: int) -> list[tuple[int, int, int]]:
        """Up to `count` pairs, the most frequent first: class, what was said instead, how often. One label."""
        wrong = ~self.right
        pairs, times = np.unique(np.stack([self.labels[wrong], self.said[wrong]], axis=1), axis=0, return_counts=True)
        chosen = np.argsort(-times, kind="stable")[:count]
        return [(*pair, each) for pair, each in zip(pairs[chosen].tolist(), times[chosen].tolist(), strict=True)]

    def worst(self, count: int) -> list[int]:
        """The numbers of up to `count` images that are wrong, the greatest loss first."""
        wrong = np.flatnonzero(~self.right)
        order = np.argsort(-np.nan_to_num(self.losses[wrong], nan=np.inf), kind="stable")
        return [int(each) for each in wrong[order][:count]]


def judge(artifact: Artifact, testing: Pipeline) -> Judged:
    """Evaluates all test images once more, on one device. Raises InputError for an image that cannot be read."""
    model, classes, several = keras_model(artifact), len(artifact.classes), testing.split.labels.ndim == 2

    def outcome(images: tf.Tensor, labels: tf.Tensor) -> tuple[tf.Tensor, ...]:
        logits = tf.cast(model(normalize(images, artifact.preprocess), training=False), tf.float32)
        losses = (binary_cross_entropy if several else cross_entropy)(truth(labels, classes, 0.0), logits)
        probabilities = tf.sigmoid(logits) if several else tf.nn.softmax(logits)
        said = logits > 0 if several else tf.argmax(logits, axis=1, output_type=tf.int32)
        return said, tf.reduce_max(probabilities, axis=1), losses
    compiled, batches, found = tf.function(outcome, autograph=False), iter(testing.evaluation()), list[list[np.ndarray]]()
    for step in range(testing.steps):
        batch = testing.next(batches, step, training=False)
        real = batch.weights.numpy() > 0
        found.append([each.numpy()[real] for each in compiled(batch.images, batch.labels)])
    said, surest, losses = (np.concatenate(parts) for parts in zip(*found, strict=True))
    labels = testing.split.labels
    return Judged(classes, labels.astype(bool) if several else labels, said, surest, losses)
