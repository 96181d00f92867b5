"""Grouped convolution on TensorFlow's own operation, as fast on a CPU as its multiply-adds let it be.

Keras sends each grouped convolution through an XLA compilation of that layer alone, since TensorFlow's operation once
had none for groups on the CPU. It has had one, with gradients, for years; tools/bench_models.py measures the difference.
"""
# Keras has no type stubs: its classes and decorators are Any to mypy.
# mypy: allow-subclassing-any, allow-untyped-decorators

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf
from keras import ops


@keras.saving.register_keras_serializable(package="archspec")
class Conv2D(keras.layers.Conv2D):
    """keras.layers.Conv2D in all but speed: same arguments, weights, names and results.

    The same class name, too: a .weights.h5 file finds layers by it, and has to fit both.
    """

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Keras's hook for the bare convolution."""
        if self.data_format == "channels_first":  # which the native operation has on a GPU alone
            return super().convolution_op(inputs, kernel)
        return convolve(inputs, kernel, self.strides, self.padding, self.dilation_rate)


def convolve(x: Any, kernel: Any, strides: Sequence[int], padding: str, dilation: Sequence[int]) -> Any:
    """(batch, height, width, in) with a kernel (height, width, in / groups, out) to (batch, fewer, fewer, out).

    Inside an outer `jit_compile` TensorFlow's operation and Keras's way are the same XLA convolution, and as slow.
    """
    if keras.backend.backend() != "tensorflow":
        return ops.conv(x, kernel, tuple(strides), padding, "channels_last", tuple(dilation))
    narrow = x.dtype
    if narrow == tf.float16 and not tf.config.list_logical_devices("GPU"):
        # the one type for which a CPU has no gradient; it has no arithmetic for it either, so nothing is lost
        x, kernel = tf.cast(x, tf.float32), tf.cast(kernel, tf.float32)
    return tf.cast(tf.nn.convolution(x, kernel, strides, padding.upper(), dilations=dilation), narrow)
