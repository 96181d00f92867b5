"""A step in several parts: gradients are added up over micro-batches, so that memory holds one of them at a time."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import tensorflow as tf

from archspec.train.devices.strategy import everywhere, summed
from archspec.train.step.steps import TrainStep


def accumulated(strategy: tf.distribute.Strategy, step: TrainStep, parts: int,
                within: Callable[[], AbstractContextManager[None]]) -> Callable[[Any], tf.Tensor]:
    """A step over a whole batch, each device's share of it in so many equal parts. Gradients are summed over devices once.

    It is the step of the whole batch in all but the statistics of batch norms, which are each part's.
    """
    with strategy.scope(), within():
        sums = [_sum(variable.shape) for variable in step.model.trainable_variables]
        images = _sum(())

    def derive(inputs: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor, blend: Any, number: tf.Tensor) -> tf.Tensor:
        own = tf.nest.map_structure(lambda each: _part(each, parts, number), (inputs, labels, weights, blend))
        gradients, found = step.derive(*own)
        for total, gradient in zip(sums, gradients, strict=True):
            total.assign_add(gradient)
        images.assign_add(tf.reduce_sum(own[2]))
        return found

    def update() -> None:
        step.update([tf.identity(each) for each in sums], tf.identity(images))
        for each in (*sums, images):
            each.assign(tf.zeros(each.shape))

    derived, updating = summed(strategy, derive, within), everywhere(strategy, update, within)

    def run(batch: Any) -> tf.Tensor:
        found = sum(derived(batch, tf.constant(number)) for number in range(parts))
        updating()
        return found
    return run


def _sum(shape: Any) -> tf.Variable:
    """What each device adds up by itself."""
    return tf.Variable(tf.zeros(shape), trainable=False, synchronization=tf.VariableSynchronization.ON_READ,
                       aggregation=tf.VariableAggregation.SUM)


def _part(values: tf.Tensor, parts: int, number: tf.Tensor) -> tf.Tensor:
    """Of equal parts of a batch, of a size that is known, the one of this number."""
    return tf.reshape(values, (parts, values.shape[0] // parts, *values.shape[1:]))[number]
