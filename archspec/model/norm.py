"""Batch normalisation by TensorFlow's fused operation: one pass over the maps where Keras's own takes many.

Keras 3 writes it out as means, differences, squares and products, a quarter of the time of a training step on a CPU, and
on a GPU not the operation that cuDNN has (keras issues 18648 and 18669). tools/bench_training.py measures the difference.
"""
# Keras has no type stubs: its classes and decorators are Any to mypy.
# mypy: allow-subclassing-any, allow-untyped-decorators

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import keras
import numpy as np
import tensorflow as tf

FUSED = frozenset({"float32", "float16", "bfloat16"})
"""The types of maps that TensorFlow's operation takes, with statistics in float32."""
_there: ContextVar[Any] = ContextVar("there", default=None)
"""See `only`. Each thread has its own: devices that are mirrored are traced in threads that take turns within a layer."""


class BatchNormalization(keras.layers.BatchNormalization):
    """keras.layers.BatchNormalization in all but speed: same arguments, weights, names and results (Ioffe and Szegedy 2015).

    Only the statistics of a batch are fused. With moving ones it is a product and a sum, which TensorFlow fuses by itself, and
    whose gradient is quicker that way.
    """

    fused = True
    """False: by Keras's operations throughout; see by_keras."""

    __class__: Any = property(lambda self: keras.layers.BatchNormalization)
    """Keras's own, by which a saved model names it: it loads without archspec, as right and less quick."""

    def build(self, input_shape: Any) -> None:
        """Keras's fit compiles a model with XLA where all layers support that.

        XLA takes this operation apart, into E[x²] - E[x]², which loses digits that Keras's does not; Keras's LSTM on cuDNN
        says no for the same reason.
        """
        keras.layers.BatchNormalization.build(self, input_shape)
        self.supports_jit = keras.backend.backend() != "tensorflow"

    def call(self, inputs: Any, training: bool | None = None, mask: Any = None) -> Any:
        """(batch, height, width, channels) normalised; by Keras where the operation does not say what the layer means."""
        there = _there.get()
        if training and self.trainable and there is not None:
            return keras.ops.cast(self._by_those(inputs, there), self.compute_dtype)
        if not (training and self.trainable and mask is None and self._fuses(inputs)):
            return keras.layers.BatchNormalization.call(self, inputs, training=training, mask=mask)
        return keras.ops.cast(self._by_batch(inputs), self.compute_dtype)

    def _fuses(self, inputs: Any) -> bool:
        """Maps with channels last, of more than a pixel: what cuDNN says of the variance of one value is nothing."""
        if keras.backend.backend() != "tensorflow" or not self.fused or self.renorm or self.synchronized:
            return False
        shape, kind = inputs.shape, keras.backend.standardize_dtype(inputs.dtype)
        return len(shape) == 4 and self.axis in (-1, 3) and kind in FUSED and tuple(shape[1:3]) != (1, 1)

    def _by_batch(self, inputs: tf.Tensor) -> tf.Tensor:
        channels, empty = inputs.shape[-1], tf.constant((), tf.float32)
        scale = _tensor(self.gamma) if self.scale else tf.ones(channels)
        offset = _tensor(self.beta) if self.center else tf.zeros(channels)
        maps, mean, variance, *_ = tf.raw_ops.FusedBatchNormV3(
            x=inputs, scale=scale, offset=offset, mean=empty, variance=empty, epsilon=self.epsilon, is_training=True)
        size = inputs.shape.num_elements()  # known as a rule, which spares a third of the operations that are traced here
        count = (tf.cast(tf.size(inputs), tf.float32) if size is None else np.float32(size)) / channels
        new = 1 - self.momentum
        _move(self.moving_mean, mean, self.momentum, new)
        _move(self.moving_variance, variance, self.momentum, new * (1 - 1 / count))  # divided by n - 1; Keras divides by n
        return maps

    def _by_those(self, inputs: Any, there: tf.Tensor) -> Any:
        """By the statistics of the images that are there, (b,) of 1 and 0; of none, by the moving ones, which stay then."""
        maps = keras.ops.cast(inputs, "float32")
        counts = tf.reshape(there, (-1, *[1] * (len(maps.shape) - 1)))
        share = self._mean(counts)
        mean = tf.where(share > 0, tf.math.divide_no_nan(self._mean(counts * maps), share), _tensor(self.moving_mean))
        squares = self._mean(counts * tf.square(maps - mean))
        variance = tf.where(share > 0, tf.math.divide_no_nan(squares, share), _tensor(self.moving_variance))
        new = tf.where(share > 0, 1 - self.momentum, 0.0)
        _move(self.moving_mean, mean, 1 - new, new)
        _move(self.moving_variance, variance, 1 - new, new)
        return keras.ops.batch_normalization(maps, mean, variance, -1, self.beta if self.center else None,
                                             self.gamma if self.scale else None, self.epsilon)

    def _mean(self, values: tf.Tensor) -> tf.Tensor:
        """Of each channel, the last axis, (c,); over all devices where it is synchronized."""
        return keras.ops.moments(values, list(range(len(values.shape) - 1)), synchronized=self.synchronized)[0]


def _move(moving: keras.Variable, value: tf.Tensor, kept: Any, taken: Any) -> None:
    moving.assign(_tensor(moving) * kept + value * taken)


def _tensor(variable: keras.Variable) -> tf.Tensor:
    """Its value, or the one that it has within one of Keras's stateless scopes."""
    return tf.convert_to_tensor(variable.value)


@contextmanager
def by_keras(layers: Sequence[keras.layers.Layer]) -> Iterator[None]:
    """While it lasts, those of the layers that would be fused go by Keras's operations: for what XLA is to compile."""
    changed = [layer for layer in layers if isinstance(layer, BatchNormalization)]
    for layer in changed:
        layer.fused = False
    try:
        yield
    finally:
        for layer in changed:
            layer.fused = True


@contextmanager
def only(there: tf.Tensor) -> Iterator[None]:
    """While it lasts, the statistics of a batch are those of the images for which `there`, (b,) float32, is 1 and not 0.

    For a batch that is filled up. It takes more memory and time than the fused operation.
    """
    before = _there.set(there)
    try:
        yield
    finally:
        _there.reset(before)
