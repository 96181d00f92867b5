"""Stochastic gradient descent as in the papers, on Keras's SGD."""

from __future__ import annotations

from collections.abc import Sequence

import keras
import tensorflow as tf

from archspec.spec.recipe import Recipe
from archspec.train.schedule import LearningRate


def make(recipe: Recipe, steps_per_epoch: int, model: keras.Model) -> keras.optimizers.SGD:
    """The optimizer with its variables made, to be called inside the strategy's scope."""
    optimizer = keras.optimizers.SGD(LearningRate(recipe, steps_per_epoch), momentum=recipe.optimizer.momentum,
                                     nesterov=recipe.optimizer.nesterov)
    optimizer.build(model.trainable_variables)
    return optimizer


def decays(variable: keras.Variable) -> bool:
    """Whether weight decay acts on a weight: on kernels, not on biases nor on what normalisation learns."""
    return str(variable.name).endswith("kernel")


def decayed(gradients: Sequence[tf.Tensor], variables: Sequence[keras.Variable], decay: float) -> list[tf.Tensor]:
    """Adds the gradient of decay/2 · |w|² for kernels.

    Coupled: it goes through momentum and learning rate like the loss's own gradient, as in Krizhevsky et al. 2012 and
    He et al. 2016. Keras's `weight_decay` is the decoupled kind (1711.05101), another method.
    """
    return [gradient + decay * variable.value if decays(variable) else gradient
            for gradient, variable in zip(gradients, variables, strict=True)]
