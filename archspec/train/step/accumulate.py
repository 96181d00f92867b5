"""A step in several parts: gradients are added up over micro-batches, so that memory holds one of them at a time."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import tensorflow as tf

from archspec.train.devices.strategy import Within
from archspec.train.devices.team import Team
from archspec.train.progress import TRAINED
from archspec.train.step.steps import TrainStep


@dataclass(frozen=True)
class Accumulation:
    """What each device adds up by itself over the parts of its share of a batch: gradients, and sums as in progress.TRAINED."""

    parts: int
    gradients: list[tf.Variable]
    sums: tf.Variable

    def derive(self, step: TrainStep, inputs: tf.Tensor, labels: tf.Tensor, weights: tf.Tensor, blend: Any,
               number: tf.Tensor) -> None:
        """Adds what a step derives from the part of this number."""
        whole = 2 if step.recipe.mixing else 1
        own = tf.nest.map_structure(lambda each: _part(each, self.parts, whole, number), (inputs, labels, weights, blend))
        gradients, sums = step.derive(*own)
        for total, found in zip((*self.gradients, self.sums), (*gradients, sums), strict=True):
            total.assign_add(found)

    def update(self, step: TrainStep) -> tf.Tensor:
        """Changes the weights by what has been added up, which is 0 then. Returns the sums."""
        found = tf.identity(self.sums)
        images = tf.cast(found[TRAINED.index("examples")], tf.float32)
        step.update([tf.identity(each) for each in self.gradients], images)
        for each in (*self.gradients, self.sums):
            each.assign(tf.zeros(each.shape, each.dtype))
        return found


def accumulated(team: Team, steps: Sequence[TrainStep], parts: int, within: Within) -> list[Callable[[Any], tf.Tensor]]:
    """Steps over a whole batch, each device's share of it in so many equal parts. Gradients are summed over devices once.

    Each is the step of the whole batch in all but the statistics of batch norms, which are each part's. They are the steps of
    one model, and share what they add up in and their update, which is the last one's.
    """
    with team.strategy.scope(), within():
        sums = Accumulation(parts, [_sum(each.shape, tf.float32) for each in steps[-1].model.trainable_variables],
                            _sum(len(TRAINED), tf.float64))
    update = team.summed(partial(sums.update, steps[-1]), within)

    def whole(step: TrainStep) -> Callable[[Any], tf.Tensor]:
        derive = team.everywhere(partial(sums.derive, step), within)

        def run(batch: Any) -> tf.Tensor:
            for number in range(parts):
                derive(*batch, tf.constant(number))
            return update(())
        return run
    return list(map(whole, steps))


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
