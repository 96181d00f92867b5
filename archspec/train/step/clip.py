"""Rules that bound a gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

import keras
import tensorflow as tf

from archspec.spec.updates import Clip

LEAST = 1e-3
"""The length that a unit's weights count for at least: else one that starts at 0 would stay there."""
Axes = Mapping[str, tuple[int, ...] | None]
"""By a weight's path, over which of its axes a unit's numbers lie; None for one that is not clipped."""


def clipped(clip: Clip, model: keras.Model, gradients: list[tf.Tensor], variables: Sequence[keras.Variable]) -> list[tf.Tensor]:
    """The gradients within the bound."""
    return KINDS[clip.kind](clip.at, model, gradients, variables)


def _norm(at: float, model: keras.Model, gradients: list[tf.Tensor], variables: Sequence[keras.Variable]) -> list[tf.Tensor]:
    """All by one factor, so that their length together is at most `at` (1211.5063)."""
    found: list[tf.Tensor] = tf.clip_by_global_norm(gradients, at)[0]
    return found


def _value(at: float, model: keras.Model, gradients: list[tf.Tensor], variables: Sequence[keras.Variable]) -> list[tf.Tensor]:
    return [tf.clip_by_value(gradient, -at, at) for gradient in gradients]


def _adaptive(at: float, model: keras.Model, gradients: list[tf.Tensor], variables: Sequence[keras.Variable]
              ) -> list[tf.Tensor]:
    """Equation 3 of 2102.06171, unit by unit."""
    axes = units(model)
    return [_by_unit(at, gradient, variable.value, axes[variable.path])
            for gradient, variable in zip(gradients, variables, strict=True)]


def _by_unit(at: float, gradient: tf.Tensor, weight: tf.Tensor, axes: tuple[int, ...] | None) -> tf.Tensor:
    if axes is None:
        return gradient
    length = partial(tf.math.reduce_euclidean_norm, axis=axes or None, keepdims=True)
    most, long = at * tf.maximum(length(weight), LEAST), length(gradient)
    return tf.where(long > most, gradient * tf.math.divide_no_nan(most, long), gradient)


KINDS = {"norm": _norm, "value": _value, "adaptive": _adaptive}


def units(model: keras.Model) -> Axes:
    """The axes of every weight that learns: what goes into one output is a unit, and a vector is one as a whole.

    The classifiers' are not clipped, as in the authors' code.
    """
    last = {layer.name for layer in classifiers(model)}
    return {variable.path: None if layer.name in last else _axes(layer, len(variable.shape))
            for layer in model.layers for variable in layer.trainable_variables}


def _axes(layer: keras.layers.Layer, rank: int) -> tuple[int, ...]:
    if rank < 2:
        return ()
    return (0, 1) if isinstance(layer, keras.layers.DepthwiseConv2D) else tuple(range(rank - 1))


def classifiers(model: keras.Model) -> list[keras.layers.Layer]:
    """The last layer with a kernel on the way to each output."""
    return [_weighted(output._keras_history.operation) for output in model.outputs]


def _weighted(layer: keras.layers.Layer) -> keras.layers.Layer:
    while not hasattr(layer, "kernel") and not isinstance(layer, keras.layers.InputLayer):
        layer = keras.tree.flatten(layer.input)[0]._keras_history.operation
    return layer
