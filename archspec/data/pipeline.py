"""Batches from a split. What an image becomes depends on the seed, the epoch and which image it is, and on nothing else.

So a run that is taken up again at any step sees the very images that it would have seen.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from archspec.data.augment.batches import Blend, Blender, blender
from archspec.data.augment.host import host
from archspec.data.cache import Cache
from archspec.data.order import ALL, Shard, order
from archspec.data.plan import Plan
from archspec.data.reading import Reader
from archspec.data.source import Split
from archspec.errors import InputError
from archspec.preprocess.rule import Preprocess
from archspec.spec.recipe import Recipe

AHEAD = 2
"""Batches that are ready before they are asked for."""
CALLS = 4
"""Images that are worked on at once, a core: while one waits for the disk, or for Python, another is decoded."""


class Batch(NamedTuple):
    """Images (b, h, w, c) uint8 or float32, 0 to 255, with labels (b,) int32: (b, classes) uint8 of several an image.

    Weights (b,) float32 are 0 for what only fills up the last batch; `blend` is what is blended on the device, if anything.
    """

    images: tf.Tensor
    labels: tf.Tensor
    weights: tf.Tensor
    blend: Blend | tuple[()]


@dataclass(frozen=True)
class Pipeline:
    """Turns a split into batches for one network and one recipe; of each batch the part that is `shard`'s."""

    split: Split
    rule: Preprocess
    recipe: Recipe
    class_weights: np.ndarray | None = None
    """(classes,) float32; all 1 if left out."""
    shard: Shard = ALL
    cache: Cache | None = None

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return self.plan.steps

    @cached_property
    def plan(self) -> Plan:
        """Which example stands where."""
        return Plan(self.split.labels, self.recipe, self.shard)

    @property
    def notes(self) -> list[str]:
        """What a person should know of the batches before they are used."""
        size, batch = self.split.size, self.recipe.batch
        return [] if size >= batch else [f"{size} {self.split.name} images are fewer than the batch of {batch}: it holds each "
                                         f"{batch / size:.3g} times, and batch normalization counts the copies"]

    def training(self, start: int = 0) -> tf.data.Dataset:
        """The whole training from step `start` on: shuffled anew each epoch, augmented."""
        def epoch(number: tf.Tensor) -> tf.data.Dataset:
            rows = tf.numpy_function(lambda number: self.plan.training(int(number), start), [number], tf.int64)
            return tf.data.Dataset.from_tensor_slices(tf.ensure_shape(rows, (None, 3)))
        epochs = tf.data.Dataset.range(start // self.steps, self.recipe.epochs)
        return self._batches(epochs.flat_map(epoch), start, training=True)

    def evaluation(self) -> tf.data.Dataset:
        """Every example once, in order, as evaluation sees it."""
        return self._batches(tf.data.Dataset.from_tensor_slices(self.plan.evaluation()), 0, training=False)

    def explain(self, step: int, *, training: bool) -> InputError | None:
        """The image that made a step's batch fail; None if all of them can be read, so that something else is wrong.

        Reads no other images than those of the batch. For training `step` counts from the beginning of the run.
        """
        rows = self.plan.training(step // self.steps, step) if training else self.plan.evaluation()[step * self.plan.own:]
        for number, index, _ in rows[:self.plan.own].tolist():
            try:
                self._reader.pixels(index, number if training else None)
            except InputError as error:
                return error
        return None

    def next(self, batches: Iterator[Any], step: int, *, training: bool) -> Any:
        """The next of the batches, which is that of `step`. Raises InputError with the name of an image that cannot be read."""
        try:
            return next(batches)
        except tf.errors.OpError as error:
            unreadable = self.explain(step, training=training)
            if unreadable is None:
                raise
            raise unreadable from error

    def sample(self, count: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
        """Up to `count` images drawn evenly over the classes: (n, h, w, c) float32 from 0 to 255, and their labels."""
        labels = self.split.labels if self.split.labels.ndim == 1 else self.split.labels.argmax(axis=1)
        drawn = order(seed, 0, self.split.size)
        by_class = drawn[np.argsort(labels[drawn], kind="stable")]
        turn = np.concatenate([np.arange(number) for number in np.unique(labels, return_counts=True)[1]])
        chosen = by_class[np.lexsort((drawn.argsort()[by_class], turn))][:count]
        images = np.stack([self._reader.pixels(int(index)) for index in chosen])
        return images.astype(np.float32), self.split.labels[chosen]

    @cached_property
    def _reader(self) -> Reader:
        return Reader(self.split, self.rule, host(self.recipe.augmentation, self.rule), self.recipe.seed, self.cache)

    @cached_property
    def _blender(self) -> Blender | None:
        return blender(self.recipe.augmentation, self.rule.shape, self.steps)

    def _batches(self, rows: tf.data.Dataset, start: int, *, training: bool) -> tf.data.Dataset:
        labels = tf.constant(self.split.labels)  # here, not in the function: there it would be copied into the graph
        reader = self._reader  # here, too: what it refuses is told as it is
        weights = None if self.class_weights is None or not training else tf.constant(self.class_weights)

        def example(row: tf.Tensor) -> tuple[tf.Tensor, ...]:
            number, index, counts = tf.unstack(row)
            image = reader.training(number, index) if training else reader.evaluation(index)
            label = tf.gather(labels, index)
            weight = tf.constant(1.0) if weights is None or label.shape.rank else tf.gather(weights, label)
            return image, label, tf.cast(counts, tf.float32) * weight, number

        examples = rows.map(example, num_parallel_calls=CALLS * (os.cpu_count() or 1))
        batches = examples.batch(self.plan.own, drop_remainder=True).enumerate(start)
        return batches.map(self._blended if training else self._plain).prefetch(AHEAD).with_options(_options())

    def _plain(self, step: tf.Tensor, example: tuple[tf.Tensor, ...]) -> Batch:
        images, labels, weights, _ = example
        return Batch(images, labels, weights, ())

    def _blended(self, step: tf.Tensor, example: tuple[tf.Tensor, ...]) -> Batch:
        images, labels, weights, numbers = example
        draw = self._blender
        if draw is None:
            return Batch(images, labels, weights, ())
        return Batch(images, labels, weights, draw.in_graph(self.recipe.seed, step, numbers))


def _options() -> tf.data.Options:
    options = tf.data.Options()
    # the strategy hands each device its part of a batch; it shall not share out files or elements
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return options
