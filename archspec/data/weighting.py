"""The weight of each class in the loss, as a recipe names them."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from archspec.data.source import Source
from archspec.errors import InputError, nearest, some
from archspec.spec.recipe import Recipe


def class_weights(recipe: Recipe, data: Source) -> np.ndarray | None:
    """(classes,) float32, 1 for those that are not named; None where none is.

    Raises InputError for a class that the data do not have, where no image is left that has a weight, and for what cannot be
    done where an image has several labels.
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
    return found if named else None
