"""The weight of each class in the loss, as a recipe names them, and what becomes of it where images are mixed."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import tensorflow as tf

from archspec.data.augment.batches import Blend
from archspec.data.augment.mixing import Mixed, partners
from archspec.data.source import Source
from archspec.errors import InputError, nearest, some
from archspec.spec.recipe import Recipe


def class_weights(recipe: Recipe, data: Source) -> np.ndarray:
    """(classes,) float32; 1 for those that are not named. Raises InputError for a class that the data do not have.

    Raises it, too, where no image is left that has a weight, and for what cannot be done where one has several labels.
    """
    several = data.train.labels.ndim > 1
    named = recipe.class_weights if isinstance(recipe.class_weights, Mapping) else {}
    for key, asked in (("class_weights", bool(named)), ("sampling: balanced", recipe.sampling == "balanced")):
        if several and asked:
            raise InputError(f"train.{key} is for images of one label each, and those of data '{data.name}' have several\n"
                             "  hint: leave it out")
    found = np.ones(len(data.classes), np.float32)
    for name, weight in named.items():
        if name not in data.classes:
            raise InputError(f"train.class_weights: the data have no class '{name}'\n"
                             f"  hint: {nearest(name, data.classes) or 'classes: ' + some(data.classes)}")
        found[data.classes.index(name)] = weight
    if named and not found[data.train.labels].any():
        raise InputError("train.class_weights: all training images are of classes with the weight 0: nothing is learnt\n"
                         "  hint: a weight above 0 for one of them at least")
    return found


def blended_weights(weights: tf.Tensor, blend: Blend | tuple[()]) -> tuple[tf.Tensor, Blend | tuple[()]]:
    """Of images with the weights (b,) of their classes: their weights as they are mixed, and how their labels are mixed then.

    The loss of a mixed image is the sum of both labels' losses, each times its share and the weight of its own class: that of
    shares which count these weights, times the mean weight.
    """
    for place, part in enumerate(blend):
        if isinstance(part, Mixed):
            own = part.label * weights
            weights = own + (1 - part.label) * partners(weights)
            blend = (*blend[:place], part._replace(label=tf.math.divide_no_nan(own, weights)), *blend[place + 1:])
    return weights, blend
