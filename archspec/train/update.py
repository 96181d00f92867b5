"""What happens to a gradient on its way to the weights: a list of small functions, each from gradients to gradients.

They see the gradient of the whole batch, summed over all devices, so that a rule that is not linear means what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import tensorflow as tf

from archspec.spec.recipe import Recipe

Gradients = list[tf.Tensor]
Rule = Callable[[Gradients, Sequence[keras.Variable]], Gradients]
"""Takes the gradients and the weights that they belong to, in one order."""


def rules(recipe: Recipe) -> tuple[Rule, ...]:
    """What a recipe asks for, in the order in which it is done."""
    return (decay(recipe.optimizer.weight_decay),)


def updated(gradients: Gradients, variables: Sequence[keras.Variable], rules: Sequence[Rule]) -> Gradients:
    """The gradients after all rules, one after the other."""
    for rule in rules:
        gradients = rule(gradients, variables)
    return gradients


def decay(rate: float) -> Rule:
    """Adds the gradient of rate/2 · |w|² for kernels.

    Coupled: it goes through momentum and learning rate like the loss's own gradient, as in Krizhevsky et al. 2012 and
    He et al. 2016. Keras's `weight_decay` is the decoupled kind (1711.05101), another method.
    """
    def rule(gradients: Gradients, variables: Sequence[keras.Variable]) -> Gradients:
        return [gradient + rate * variable.value if decays(variable) else gradient
                for gradient, variable in zip(gradients, variables, strict=True)]
    return rule


def decays(variable: keras.Variable) -> bool:
    """Whether weight decay acts on a weight: on kernels, not on biases nor on what normalisation learns."""
    return str(variable.name).endswith("kernel")
