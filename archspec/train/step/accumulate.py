"""A step in several parts: gradients are added up over micro-batches, so that memory holds one of them at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from archspec.train.devices.strategy import Within, everywhere, summed
from archspec.train.step.steps import TrainStep


@dataclass(frozen=True)
class Accumulation:
    """What each device adds up by itself over the parts of its share of a batch: gradients, and how many images there are."""

    step: TrainStep
    parts: int
    gradients: list[tf.Variable]
    images: tf.Variable

    def derive(self, inputs: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor, blend: Any, number: tf.Tensor) -> tf.Tensor:
        """Adds the gradient of the part of this number. Returns its sums as in progress.TRAINED."""
        own = tf.nest.map_structure(lambda each: _part(each, self.parts, number), (inputs, labels, weights, blend))
        gradients, found = self.step.derive(*own)
        for total, gradient in zip(self.gradients, gradients, strict=True):
            total.assign_add(gradient)
        self.images.assign_add(tf.reduce_sum(own[2]))
        return found

    def update(self) -> None:
        """Changes the weights by what has been added up, which is 0 then."""
        self.step.update([tf.identity(each) for each in self.gradients], tf.identity(self.images))
        for each in (*self.gradients, self.images):
            each.assign(tf.zeros(each.shape))


def accumulated(strategy: tf.distribute.Strategy, step: TrainStep, parts: int, within: Within) -> Callable[[Any], tf.Tensor]:
    """A step over a whole batch, each device's share of it in so many equal parts. Gradients are summed over devices once.

    It is the step of the whole batch in all but the statistics of batch norms, which are each part's.
    """
    with strategy.scope(), within():
        sums = Accumulation(step, parts, [_sum(variable.shape) for variable in step.model.trainable_variables], _sum(()))
    derive, update = summed(strategy, sums.derive, within), everywhere(strategy, sums.update, within)

    def run(batch: Any) -> tf.Tensor:
        found = sum(derive(batch, tf.constant(number)) for number in range(parts))
        update()
        return found
    return run


def _sum(shape: Any) -> tf.Variable:
    """What each device adds up by itself."""
    return tf.Variable(tf.zeros(shape), trainable=False, synchronization=tf.VariableSynchronization.ON_READ,
                       aggregation=tf.VariableAggregation.SUM)


def _part(values: tf.Tensor, parts: int, number: tf.Tensor) -> tf.Tensor:
    """Of equal parts of a batch, of a size that is known, the one of this number."""
    return tf.reshape(values, (parts, values.shape[0] // parts, *values.shape[1:]))[number]
