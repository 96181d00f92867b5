"""Stochastic gradient descent as in the papers, on Keras's SGD."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras

from archspec.spec.recipe import Recipe
from archspec.train.schedule import LearningRate


class Sgd(keras.optimizers.SGD):
    """Keras's, for gradients that are summed over the devices before they come here.

    Keras sums in `apply`, after all that could be done to a gradient: to clip there means to clip each device's part.
    """

    def _all_reduce_sum_gradients(self, grads_and_vars: Iterable[Any]) -> list[Any]:
        return list(grads_and_vars)


def make_optimizer(recipe: Recipe, steps_per_epoch: int, model: keras.Model) -> Sgd:
    """The optimizer with its variables made, to be called inside the strategy's scope."""
    optimizer = Sgd(LearningRate(recipe, steps_per_epoch), momentum=recipe.optimizer.momentum,
                    nesterov=recipe.optimizer.nesterov)
    optimizer.build(model.trainable_variables)
    return optimizer
