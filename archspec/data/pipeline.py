"""Batches from a split. What an image becomes depends on the seed, the epoch and its place in it, and on nothing else.

So a run that is taken up again at any step sees the very images that it would have seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from archspec.data.augment import random_crop, random_flip, random_place
from archspec.data.order import ALL, Shard, order, places
from archspec.data.reading import Reader
from archspec.data.source import Split
from archspec.errors import InputError
from archspec.preprocess.pixels import fit, normalize, scale
from archspec.preprocess.rule import Preprocess
from archspec.spec.recipe import Recipe

Batch = tuple[tf.Tensor, tf.Tensor, tf.Tensor]
"""Images (b, h, w, c) float32, labels (b,) int32, and weights (b,) float32: 0 for what only fills up the last batch."""

_Example = Callable[[tf.Tensor, tf.Tensor], tf.Tensor]


@dataclass(frozen=True)
class Pipeline:
    """Turns a split into batches for one network and one recipe; of each batch the part that is `shard`'s."""

    split: Split
    rule: Preprocess
    recipe: Recipe
    shard: Shard = ALL

    @property
    def steps(self) -> int:
        """Batches an epoch; the last is filled up, so that all have the same shape and no example is left out."""
        return -(-self.split.size // self.recipe.batch)

    @property
    def notes(self) -> list[str]:
        """What a person should know of the batches before they are used."""
        size, batch = self.split.size, self.recipe.batch
        return [] if size >= batch else [f"{size} {self.split.name} images are fewer than the batch of {batch}: it holds each "
                                         f"{batch / size:.3g} times, and batch normalization counts the copies"]

    def training(self, start: int = 0) -> tf.data.Dataset:
        """The whole training from step `start` on: shuffled anew each epoch, augmented."""
        def epoch(number: tf.Tensor) -> tf.data.Dataset:
            rows = tf.numpy_function(lambda number: self._training_places(int(number), start), [number], tf.int64)
            return tf.data.Dataset.from_tensor_slices(tf.ensure_shape(rows, (None, 2)))
        epochs = tf.data.Dataset.range(start // self.steps, self.recipe.epochs)
        return self._batches(epochs.flat_map(epoch), self._training_example)

    def evaluation(self) -> tf.data.Dataset:
        """Every example once, in order, cropped from the middle."""
        return self._batches(tf.data.Dataset.from_tensor_slices(self._evaluation_places()), self._evaluation_example)

    def explain(self, step: int, *, training: bool) -> InputError | None:
        """The image that made a step's batch fail; None if all of them can be read, so that something else is wrong.

        Decodes no other images than those of the batch. For training `step` counts from the beginning of the run.
        """
        found = self._training_places(step // self.steps, step) if training else self._evaluation_places()[step * self._own:]
        for index in found[:self._own, 1]:
            try:
                self._reader.pixels(int(index))
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
        """Up to `count` images drawn evenly over the classes: (n, h, w, c) float32 from 0 to 255, and labels (n,) int32."""
        labels = self.split.labels
        drawn = order(seed, 0, self.split.size)
        by_class = drawn[np.argsort(labels[drawn], kind="stable")]
        turn = np.concatenate([np.arange(number) for number in np.unique(labels, return_counts=True)[1]])
        chosen = by_class[np.lexsort((drawn.argsort()[by_class], turn))][:count]
        return np.stack([self._reader.pixels(int(index)) for index in chosen]), labels[chosen]

    @property
    def _reader(self) -> Reader:
        return Reader(self.split, self.rule)

    @property
    def _own(self) -> int:
        return self.recipe.batch // self.shard.of

    def _rows(self, examples: np.ndarray, first: int) -> np.ndarray:
        """(n, 2) int64: for each place that is this shard's its number, and which image stands there."""
        within = places(self.split.size, self.recipe.batch)
        numbers = first + np.arange(within.size).reshape(within.shape)
        part = self.shard.part(self.recipe.batch)
        return np.stack([numbers[:, part].ravel(), examples[within[:, part].ravel()]], axis=1)

    def _training_places(self, epoch: int, start: int) -> np.ndarray:
        """Those of an epoch from step `start` of the run on."""
        rows = self._rows(order(self.recipe.seed, epoch, self.split.size), epoch * self.steps * self.recipe.batch)
        return rows[max(0, start - epoch * self.steps) * self._own:]

    def _evaluation_places(self) -> np.ndarray:
        return self._rows(np.arange(self.split.size), 0)

    def _batches(self, rows: tf.data.Dataset, example: _Example) -> tf.data.Dataset:
        options = tf.data.Options()
        options.autotune.enabled = True
        # the strategy hands each device its part of a batch; it shall not share out files or elements
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
        labels = tf.constant(self.split.labels)  # here, not in the function: there it would be copied into the graph
        examples = rows.map(lambda row: self._labelled(row, example, labels), num_parallel_calls=tf.data.AUTOTUNE)
        batches = examples.batch(self._own, drop_remainder=True)
        return batches.map(self._normalized).prefetch(tf.data.AUTOTUNE).with_options(options)

    def _labelled(self, row: tf.Tensor, example: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], labels: tf.Tensor) -> Batch:
        place, index = row[0], row[1]
        image = tf.ensure_shape(self._reader.levels(example(place, self._reader.image(index))), self.rule.shape)
        present = place % (self.steps * self.recipe.batch) < self.split.size
        return image, tf.gather(labels, index), tf.cast(present, tf.float32)

    def _training_example(self, place: tf.Tensor, image: tf.Tensor) -> tf.Tensor:
        seed = tf.stack([tf.constant(self.recipe.seed, tf.int64), place])
        scaled = scale(image, self.rule, random_place(seed))
        image = random_crop(scaled, self.rule.shape, self.recipe.augment.crop_padding, seed)
        return random_flip(image, seed) if self.recipe.flips else image

    def _evaluation_example(self, _: tf.Tensor, image: tf.Tensor) -> tf.Tensor:
        return fit(image, self.rule)

    def _normalized(self, images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> Batch:
        return normalize(images, self.rule), labels, weights
