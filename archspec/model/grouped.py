"""Grouped convolution on TensorFlow's own operation, as fast on a CPU as its multiply-adds let it be.

Keras sends each grouped convolution through an XLA compilation of that layer alone, since TensorFlow's operation once
had no groups on the CPU. It has had them for years; tools/bench_models.py measures the difference.
"""
# Keras has no type stubs: its classes and decorators are Any to mypy.
# mypy: allow-subclassing-any, allow-untyped-decorators

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from typing import Any

import keras
import tensorflow as tf
from keras import ops


class Conv2D(keras.layers.Conv2D):
    """keras.layers.Conv2D, channels last, in all but speed: same arguments, weights, names and results."""

    __class__: Any = property(lambda self: keras.layers.Conv2D)
    """Keras's own, by which a saved model names it: it loads without archspec, as right and less quick."""

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Keras's hook for the bare convolution."""
        return convolve(inputs, kernel, self.strides, self.padding, self.dilation_rate)


def convolve(x: Any, kernel: Any, strides: Sequence[int], padding: str, dilation: Sequence[int]) -> Any:
    """(batch, height, width, in) with a kernel (height, width, in / groups, out) to (batch, fewer, fewer, out).

    Inside an outer `jit_compile` TensorFlow's operation and Keras's way are the same XLA convolution, and as slow.
    """
    if keras.backend.backend() != "tensorflow":
        return ops.conv(x, kernel, tuple(strides), padding, "channels_last", tuple(dilation))
    if trains_natively(x.dtype.name):
        return tf.nn.convolution(x, kernel, strides, padding.upper(), dilations=dilation)
    if x.dtype == tf.float16:  # a CPU has no arithmetic for it either, so nothing is lost
        wide = convolve(tf.cast(x, tf.float32), tf.cast(kernel, tf.float32), strides, padding, dilation)
        return tf.cast(wide, tf.float16)
    return ops.conv(x, kernel, tuple(strides), padding, "channels_last", tuple(dilation))


@cache
def trains_natively(dtype: str) -> bool:
    """Whether TensorFlow's operation has a gradient here, found by taking one.

    GPUs have it; CPUs by oneDNN, that is on x86, in float32 and bfloat16, and unless TF_ENABLE_ONEDNN_OPTS is 0.
    """
    try:
        with tf.init_scope():  # a step may be in the middle of being traced
            tf.raw_ops.Conv2DBackpropInput(input_sizes=(1, 3, 3, 4), filter=tf.ones((3, 3, 2, 4), dtype), padding="SAME",
                                           out_backprop=tf.ones((1, 3, 3, 4), dtype), strides=[1, 1, 1, 1])
    except tf.errors.OpError:
        return False
    return True
