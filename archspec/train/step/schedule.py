"""The learning rate at each step. One formula, computed inside the training step and shown in the log."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import keras
import tensorflow as tf

from archspec.schema.quantities import Span
from archspec.spec.recipe import Recipe
from archspec.spec.schedules import Constant, Cosine, Exponential, Linear, OneCycle, Plateau, Polynomial, Step
from archspec.train.ending import Rows, fallen

FINEST = 10**6
"""A point in epochs is taken for the fraction that it is to within this denominator: 2.4 is 12/5, 81.8414… is 32000/391."""


class LearningRate(keras.optimizers.schedules.LearningRateSchedule):
    """A recipe's schedule over steps counted from 0. Where it falls at once, it does so at a whole step, exactly.

    Where it depends on what the epochs came to, it is the rate after those that it was told of, see `follow`. To be made
    inside the strategy's scope.
    """

    def __init__(self, recipe: Recipe, steps_per_epoch: int) -> None:
        super().__init__()
        self._schedule = recipe.schedule
        self._peak = recipe.learning_rate
        self._epochs = recipe.epochs
        self._steps = steps_per_epoch
        self._warmup = recipe.schedule.epoch(recipe.schedule.warmup, recipe.epochs)
        self._fallen: Any = None
        if isinstance(recipe.schedule, Plateau):
            self._fallen = keras.Variable(1.0, trainable=False, dtype="float32", name="fallen")

    def follow(self, history: Rows) -> None:
        """Becomes the schedule after these epochs, of which it knows nothing else: so it need not be saved."""
        if isinstance(self._schedule, Plateau):
            self._fallen.assign(fallen(self._schedule, history, self._warmup))

    def __call__(self, step: Any) -> tf.Tensor:
        """The learning rate, () float32, of the step with this number."""
        step = tf.cast(step, tf.int64)
        rising = round(self._warmup * self._steps)
        share = tf.where(step < rising, self._rise(step, max(1, rising)), self._fall(step)) if rising else self._fall(step)
        return self._peak * share

    def _rise(self, step: tf.Tensor, steps: int) -> tf.Tensor:
        """1/n, 2/n, …, 1 of the way up over the n steps of the warm-up (Goyal et al. 2017, 1706.02677, section 2.2)."""
        done = tf.minimum(1.0, (tf.cast(step, tf.float32) + 1) / steps)
        start = self._schedule.warmup_from
        return start + (1 - start) * (1 - self._curve(done) if isinstance(self._schedule, OneCycle) else done)

    def _fall(self, step: tf.Tensor) -> tf.Tensor:
        """The share of the highest rate behind the warm-up."""
        match self._schedule:
            case Constant():
                return tf.constant(1.0)
            case Plateau():
                return self._fallen.value
            case Step(milestones=milestones, factor=factor):
                first = tf.constant([math.ceil(self._step(each)) for each in milestones], tf.int64)
                return tf.pow(factor, tf.reduce_sum(tf.cast(step >= first, tf.float32)))
            case Exponential(factor=factor):
                return tf.exp(self._intervals(step) * math.log(factor))
            case Cosine(final=final) | OneCycle(final=final) | Polynomial(final=final) | Linear(final=final):
                return final + (1 - final) * self._curve(self._done(step))

    def _curve(self, done: tf.Tensor) -> tf.Tensor:
        """From 1 down to 0, while `done` goes from 0 to 1."""
        match self._schedule:
            case Polynomial(power=power):
                return tf.pow(1 - done, power)
            case Linear() | OneCycle(anneal="linear"):
                return 1 - done
        return 0.5 * (1 + tf.cos(math.pi * done))

    def _done(self, step: tf.Tensor) -> tf.Tensor:
        """The share of the training behind the warm-up that is done, from 0 to 1."""
        epoch = tf.cast(step, tf.float32) / self._steps
        return tf.minimum(1.0, tf.maximum(0.0, epoch - self._warmup) / (self._epochs - self._warmup))

    def _intervals(self, step: tf.Tensor) -> tf.Tensor:
        """How many intervals of an exponential schedule are over; whole ones, if it is a staircase."""
        assert isinstance(self._schedule, Exponential)
        every = max(self._step(self._schedule.every), Fraction(1, FINEST))  # what is finer counts as nothing, and divides
        if self._schedule.staircase:
            return tf.cast(step * every.denominator // every.numerator, tf.float32)
        return tf.cast(step, tf.float32) / float(every)

    def _step(self, span: Span) -> Fraction:
        """Where a span ends, in steps."""
        return Fraction(self._schedule.epoch(span, self._epochs)).limit_denominator(FINEST) * self._steps
