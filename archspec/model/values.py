"""The numbers of a Keras model as `Weights`, and back."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np

from archspec.graph.weights import Key, Weights, array_name


def values(model: keras.Model) -> dict[Key, np.ndarray]:
    """A copy of every array of a model that `build` made: weights and moving statistics, no random seeds."""
    return {key: keras.ops.convert_to_numpy(variable).copy() for key, variable in _variables(model).items()}


def assign(model: keras.Model, weights: Weights) -> None:
    """Puts the numbers into the model. Raises ValueError, before any is changed, unless keys and shapes are the model's."""
    variables = _variables(model)
    for key in (*variables, *weights):
        if key not in weights or key not in variables:
            raise ValueError(f"{key[0]}/{key[1]} is only in the {'weights' if key in weights else 'model'}")
        if tuple(variables[key].shape) != weights[key].shape:
            raise ValueError(f"{key[0]}/{key[1]} is {weights[key].shape}, the model has {tuple(variables[key].shape)}")
    for key, variable in variables.items():
        variable.assign(weights[key])


def _variables(model: keras.Model) -> dict[Key, Any]:
    return {(layer.name, array_name(layer.name, variable.path)): variable
            for layer in model.layers for variable in layer.weights}
