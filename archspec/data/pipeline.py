"""Batches from a split. What an image becomes depends on the seed, the epoch and its place in it, and on nothing else.

So a run that is taken up again at any step sees the very images that it would have seen.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import tensorflow as tf

from archspec.data.augment import center_crop, random_crop, random_flip
from archspec.data.dataset import Shape, Split
from archspec.data.normalize import normalize
from archspec.spec.recipe import Recipe

Batch = tuple[tf.Tensor, tf.Tensor, tf.Tensor]
"""Images (b, h, w, c) float32, labels (b,) int32, and weights (b,) float32: 0 for what only fills up the last batch."""


@dataclass(frozen=True)
class Pipeline:
    """Turns a split into batches for one network and one recipe."""

    split: Split
    shape: Shape
    recipe: Recipe

    @property
    def steps(self) -> int:
        """Batches an epoch; the last is filled up, so that all have the same shape and no example is left out."""
        return -(-self.split.size // self.recipe.batch)

    def training(self, start: int = 0) -> tf.data.Dataset:
        """The whole training from step `start` on: shuffled anew each epoch, augmented."""
        places = tf.data.Dataset.range(start * self.recipe.batch, self.recipe.epochs * self.steps * self.recipe.batch)
        return self._batches(places, self._training_example)

    def evaluation(self) -> tf.data.Dataset:
        """Every example once, in order, cropped from the middle."""
        return self._batches(tf.data.Dataset.range(self.steps * self.recipe.batch), self._evaluation_example)

    def pixels(self, index: int | tf.Tensor) -> tf.Tensor:
        """The i-th image as evaluation and serving see it: (h, w, c) float32, 0 to 255, not yet normalised."""
        return center_crop(self.split.read(index), self.shape)

    def _batches(self, places: tf.data.Dataset, example: Callable[[tf.Tensor], Batch]) -> tf.data.Dataset:
        options = tf.data.Options()
        options.autotune.enabled = True
        # the strategy hands each device its part of a batch; it shall not share out files or elements
        options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
        batches = places.map(example, num_parallel_calls=tf.data.AUTOTUNE).batch(self.recipe.batch, drop_remainder=True)
        return batches.map(self._normalized).prefetch(tf.data.AUTOTUNE).with_options(options)

    def _training_example(self, place: tf.Tensor) -> Batch:
        epoch, position = place // (self.steps * self.recipe.batch), place % (self.steps * self.recipe.batch)
        key = tf.stack([tf.constant(self.recipe.seed, tf.int64), epoch])
        index = tf.random.experimental.index_shuffle(position % self.split.size, tf.cast(key, tf.uint32),
                                                     tf.constant(self.split.size - 1, tf.int64))
        seed = tf.stack([tf.constant(self.recipe.seed, tf.int64), place])
        image = random_crop(self.split.read(index), self.shape, self.recipe.augment.crop_padding, seed)
        return self._labelled(random_flip(image, seed) if self.recipe.flips else image, index, position)

    def _evaluation_example(self, place: tf.Tensor) -> Batch:
        index = place % self.split.size
        return self._labelled(self.pixels(index), index, place)

    def _labelled(self, image: tf.Tensor, index: tf.Tensor, position: tf.Tensor) -> Batch:
        label = tf.gather(tf.constant(self.split.labels), index)
        return tf.ensure_shape(image, self.shape), label, tf.cast(position < self.split.size, tf.float32)

    def _normalized(self, images: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor) -> Batch:
        return normalize(images, self.recipe.normalize), labels, weights
