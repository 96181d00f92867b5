"""A step in several parts: gradients are added up over micro-batches, so that memory holds one of them at a time."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import tensorflow as tf

from archspec.train.devices.strategy import Within
from archspec.train.devices.team import Team
from archspec.train.progress import TRAINED
from archspec.train.step.steps import TrainStep


@dataclass(frozen=True)
class Accumulation:
    """What each device adds up by itself over the parts of its share of a batch: gradients, and sums as in progress.TRAINED."""

    step: TrainStep
    parts: int
    gradients: list[tf.Variable]
    sums: tf.Variable

    def derive(self, inputs: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor, blend: Any, number: tf.Tensor) -> None:
        """Adds what the part of this number comes to."""
        whole = 2 if self.step.recipe.mixing else 1
        own = tf.nest.map_structure(lambda each: _part(each, self.parts, whole, number), (inputs, labels, weights, blend))
        gradients, sums = self.step.derive(*own)
        for total, found in zip((*self.gradients, self.sums), (*gradients, sums), strict=True):
            total.assign_add(found)

    def update(self) -> tf.Tensor:
        """Changes the weights by what has been added up, which is 0 then. Returns the sums."""
        found = tf.identity(self.sums)
        images = tf.cast(found[TRAINED.index("examples")], tf.float32)
        self.step.update([tf.identity(each) for each in self.gradients], images)
        for each in (*self.gradients, self.sums):
            each.assign(tf.zeros(each.shape, each.dtype))
        return found


def accumulated(team: Team, step: TrainStep, parts: int, within: Within) -> Callable[[Any], tf.Tensor]:
    """A step over a whole batch, each device's share of it in so many equal parts. Gradients are summed over devices once.

    It is the step of the whole batch in all but the statistics of batch norms, which are each part's.
    """
    with team.strategy.scope(), within():
        sums = Accumulation(step, parts, [_sum(each.shape, tf.float32) for each in step.model.trainable_variables],
                            _sum(len(TRAINED), tf.float64))
    derive, update = team.everywhere(sums.derive, within), team.summed(sums.update, within)

    def run(batch: Any) -> tf.Tensor:
        for number in range(parts):
            derive(*batch, tf.constant(number))
        return update(())
    return run


def _sum(shape: Any, kind: tf.DType) -> tf.Variable:
    """What each device adds up by itself."""
    return tf.Variable(tf.zeros(shape, kind), trainable=False, synchronization=tf.VariableSynchronization.ON_READ,
                       aggregation=tf.VariableAggregation.SUM)


def _part(values: tf.Tensor, parts: int, whole: int, number: tf.Tensor) -> tf.Tensor:
    """Of equal parts of a batch, of a size that is known, the one of this number; `whole` images in a row stay together.

    Every so-many-th image is in it: so it is of the same images on any number of devices, and has its share of what fills up
    a batch that is not full.
    """
    rest = values.shape[1:]
    dealt = tf.reshape(values, (-1, parts, whole, *rest))[:, number]
    return tf.reshape(dealt, (values.shape[0] // parts, *rest))
