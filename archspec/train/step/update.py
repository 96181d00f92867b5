"""What happens to a gradient on its way to the weights: a list of small functions, each from gradients to gradients.

They see the gradient of the whole batch, summed over all devices, so that a rule that is not linear means what it says.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

import keras
import tensorflow as tf

from archspec.spec.recipe import Recipe
from archspec.train.step.clip import clipped
from archspec.train.step.treatment import Treatment, treatments

Gradients = list[tf.Tensor]
Rule = Callable[[Gradients, Sequence[keras.Variable]], Gradients]
"""Takes the gradients and the weights that they belong to, in one order."""


def rules(recipe: Recipe, model: keras.Model) -> tuple[Rule, ...]:
    """What a recipe asks for, in the order in which it is done."""
    return tuple(_rules(recipe, model))


def _rules(recipe: Recipe, model: keras.Model) -> Iterator[Rule]:
    if recipe.clip is not None:
        yield partial(clipped, recipe.clip, model)
    if not recipe.optimizer.decoupled:
        yield decay(treatments(recipe.optimizer, model))


def updated(gradients: Gradients, variables: Sequence[keras.Variable], rules: Sequence[Rule]) -> Gradients:
    """The gradients after all rules, one after the other."""
    for rule in rules:
        gradients = rule(gradients, variables)
    return gradients


def decay(treated: Mapping[str, Treatment]) -> Rule:
    """Adds the gradient of decay/2 · |w|², with each weight's coefficient.

    Coupled: it goes through momentum and learning rate like the loss's own gradient, as in Krizhevsky et al. 2012 and
    He et al. 2016. The decoupled kind (1711.05101) is the optimizer's.
    """
    def rule(gradients: Gradients, variables: Sequence[keras.Variable]) -> Gradients:
        found = [treated[variable.path].decay for variable in variables]
        return [gradient + rate * variable.value if rate else gradient
                for gradient, rate, variable in zip(gradients, found, variables, strict=True)]
    return rule
