"""The learning rate at each step. One formula, computed inside the training step and shown in the log."""

from __future__ import annotations

import math
from typing import Any

import keras
import tensorflow as tf

from archspec.spec.recipe import Recipe
from archspec.spec.schedules import Cosine, Step


class LearningRate(keras.optimizers.schedules.LearningRateSchedule):
    """A recipe's schedule over steps counted from 0."""

    def __init__(self, recipe: Recipe, steps_per_epoch: int) -> None:
        super().__init__()
        self._schedule = recipe.schedule
        self._epochs = recipe.epochs
        self._steps = steps_per_epoch

    def __call__(self, step: Any) -> tf.Tensor:
        """The learning rate, () float32, of the step with this number."""
        epoch = tf.cast(step, tf.float32) / self._steps
        return self._schedule.learning_rate * self._warmup(step) * self._factor(epoch)

    def get_config(self) -> dict[str, Any]:
        """Not saved: the recipe is, in the run's spec.yaml."""
        raise NotImplementedError("the schedule is saved as the recipe in spec.yaml")

    def _warmup(self, step: Any) -> tf.Tensor:
        """1/n, 2/n, …, 1 over the n steps of the warm-up (Goyal et al. 2017, 1706.02677, section 2.2)."""
        steps = max(1, round(self._schedule.warmup * self._steps))
        return tf.minimum(1.0, (tf.cast(step, tf.float32) + 1) / steps)

    def _factor(self, epoch: tf.Tensor) -> tf.Tensor:
        schedule = self._schedule
        if isinstance(schedule, Step):
            passed = tf.reduce_sum(tf.cast(epoch >= tf.constant(schedule.milestones, tf.float32), tf.float32))
            return tf.pow(schedule.factor, passed)
        if isinstance(schedule, Cosine):
            done = tf.maximum(0.0, epoch - schedule.warmup) / (self._epochs - schedule.warmup)
            return 0.5 * (1 + tf.cos(math.pi * tf.minimum(1.0, done)))
        return tf.constant(1.0)
