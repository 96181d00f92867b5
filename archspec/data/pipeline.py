"""Batches from a split. What an image becomes depends on the seed, the epoch and which image it is, and on nothing else.

So a run that is taken up again at any step sees the very images that it would have seen.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from archspec.data.augment.batches import Blend, Blender, blender
from archspec.data.augment.host import Host, host
from archspec.data.cache import Cache
from archspec.data.order import ALL, Shard, order
from archspec.data.plan import Plan
from archspec.data.reading import TOGETHER, Reader
from archspec.data.source import Split
from archspec.errors import InputError
from archspec.preprocess.rule import Preprocess
from archspec.spec.recipe import Recipe

AHEAD = 2
"""Batches that are ready before they are asked for."""
CALLS = 4
"""Images that are worked on at once, a core: while one waits for the disk, or for Python, another is decoded. On two cores 1,
2 and 4 take the same CPU time; so do a pool of threads for each pipeline, and ops that do not share out their work."""

LOOKS = 2
"""Calls of Python's at once, each for reading.TOGETHER images; 1 and 2 are alike."""


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
    shard: Shard = ALL
    cache: Cache | None = None
    ratios: int = 0
    """See Reader."""

    @property
    def steps(self) -> int:
        """Batches an epoch."""
        return self.plan.steps

    @property
    def partial(self) -> bool:
        """Whether the last batch of an epoch is not full."""
        return self.split.size % self.recipe.batch != 0

    def is_partial(self, step: int) -> bool:
        """Whether the batch of the step that comes after so many is not full."""
        return self.partial and (step + 1) % self.steps == 0

    @cached_property
    def plan(self) -> Plan:
        """Which example stands where."""
        return Plan(self.split.labels, self.recipe, self.shard)

    @property
    def notes(self) -> list[str]:
        """What a person should know of the batches before they are used."""
        size, batch = self.split.size, self.recipe.batch
        return [] if size >= batch else [f"{size} {self.split.name} images are fewer than the batch of {batch}: it holds "
                                         f"each {batch / size:.3g} times, and the copies count for nothing"]

    def training(self, start: int = 0) -> tf.data.Dataset:
        """The whole training from step `start` on: shuffled anew each epoch, augmented."""
        def epoch(number: tf.Tensor) -> tf.data.Dataset:
            rows = tf.numpy_function(lambda number: self.plan.training(int(number), start), [number], tf.int64)
            return tf.data.Dataset.from_tensor_slices(tf.ensure_shape(rows, (None, 3)))
        epochs = tf.data.Dataset.range(start // self.steps, self.recipe.epochs)
        return self._batches(epochs.flat_map(_as_it_stands(epoch)), start, training=True)

    def evaluation(self) -> tf.data.Dataset:
        """Every example once, in order, as evaluation sees it. Made once: TensorFlow keeps something of each data set."""
        return self._evaluation

    @cached_property
    def _evaluation(self) -> tf.data.Dataset:
        return self._batches(tf.data.Dataset.from_tensor_slices(self.plan.evaluation()), 0, training=False)

    def explain(self, step: int, *, training: bool) -> InputError | None:
        """The image that made a step's batch fail; None if all of them are as they were, so that something else is wrong.

        Reads no other images than those of the batch. For training `step` counts from the beginning of the run.
        """
        rows = self.plan.training(step // self.steps, step) if training else self.plan.evaluation()[step * self.plan.own:]
        reader = self._reader(training)
        for number, index, _ in rows[:self.plan.own].tolist():
            try:
                reader.pixels(index, number)
            except InputError as error:
                return error
            if self.ratios and replace(reader, ratios=self.ratios).is_another(index, number):
                return InputError(f"{self.split.path(index)}: was written to while training read it\n"
                                  "  hint: put the data back as they were, then run the same command again")
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
        chosen, reader = self.drawn(count, seed), self._reader(training=False)
        images = np.stack([reader.pixels(int(index)) for index in chosen])
        return images.astype(np.float32), self.split.labels[chosen]

    def drawn(self, count: int, seed: int) -> np.ndarray:
        """The examples of a sample, (n,) int64."""
        labels = self.split.labels if self.split.labels.ndim == 1 else self.split.labels.argmax(axis=1)
        drawn = order(seed, 0, self.split.size)
        by_class = drawn[np.argsort(labels[drawn], kind="stable")]
        turn = np.concatenate([np.arange(number) for number in np.unique(labels, return_counts=True)[1]])
        return np.asarray(by_class[np.lexsort((drawn.argsort()[by_class], turn))][:count])

    def shown(self, step: int, count: int) -> Iterator[tuple[np.ndarray, Batch]]:
        """Up to `count` images of the training from a step on, to the end of its epoch, for a person to look at.

        Which examples, (b,) int64, and the batch of them as arrays; of the last batch a part. One image more where `count`
        would part two that are mixed with each other. Raises InputError with the name of an image that cannot be read.
        """
        own, rows = self.plan.own, self.plan.training(step // self.steps, step)
        reader = self._reader(training=True)
        for begin in range(0, min(count, len(rows)), own):
            left = count - begin
            numbers, examples, counts = rows[begin:begin + min(own, left + left % 2)].T
            pairs = zip(examples.tolist(), numbers.tolist(), strict=True)
            images = np.stack([reader.pixels(index, number) for index, number in pairs])
            blend = self._blender.draw(self.recipe.seed, step + begin // own, numbers) if self._blender else ()
            yield examples, Batch(images, self.split.labels[examples], counts.astype(np.float32), blend)

    def still(self, example: int) -> np.ndarray:
        """An image as evaluation sees it, (h, w, c) from 0 to 255. Raises InputError with its name if it cannot be read."""
        return self._reader(training=False).pixels(example)

    def _reader(self, training: bool) -> Reader:
        return Reader(self.split, self.rule, self._host, self.recipe.seed, training, self.cache)

    @cached_property
    def _host(self) -> Host:
        return host(self.recipe.augmentation, self.rule)

    @cached_property
    def _blender(self) -> Blender | None:
        return blender(self.recipe.augmentation, self.rule.shape, self.steps)

    def _batches(self, rows: tf.data.Dataset, start: int, *, training: bool) -> tf.data.Dataset:
        labels = tf.constant(self.split.labels)  # here, not in the function: there it would be copied into the graph
        reader = replace(self._reader(training), ratios=self.ratios)  # here, too: what it refuses is told as it is
        draw = self._blender if training else None

        def batch(step: tf.Tensor, example: tuple[tf.Tensor, tf.Tensor]) -> Batch:
            images, (numbers, indices, counts) = example[0], tf.unstack(example[1], axis=1)
            found = tf.gather(labels, indices)
            blend = () if draw is None else draw.in_graph(self.recipe.seed, step, numbers)
            return Batch(images, found, tf.cast(counts, tf.float32), blend)

        if reader.looks:
            looked = _as_it_stands(lambda rows: (rows, *reader.look(rows[:, :2])))
            rows = rows.batch(TOGETHER).map(looked, num_parallel_calls=LOOKS).unbatch()
        image = _as_it_stands(lambda row, *looked: (reader.image(row[:2], looked), row))
        examples = rows.map(image, num_parallel_calls=CALLS * (os.cpu_count() or 1))
        batches = examples.batch(self.plan.own, drop_remainder=True).enumerate(start)
        return batches.map(_as_it_stands(batch)).prefetch(AHEAD).with_options(_options())


def _as_it_stands(function: Callable[..., Any]) -> Callable[..., Any]:
    """A function that TensorFlow traces and does not rewrite first: nothing here is Python's `if` or `for` over a tensor.

    To rewrite all that it calls takes more than half of the time from the start of a command to its first step.
    """
    unchanged: Callable[..., Any] = tf.autograph.experimental.do_not_convert(function)
    return unchanged


def _options() -> tf.data.Options:
    options = tf.data.Options()
    # the strategy hands each device its part of a batch; it shall not share out files or elements
    options.experimental_distribute.auto_shard_policy = tf.data.experimental.AutoShardPolicy.OFF
    return options
