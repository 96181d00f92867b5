"""The layers that the vocabulary has and Keras lacks.

All are channels-last, keep no state but what their configuration says, and use operations that TFLite has built in.
The `**layer` of each constructor is Keras's own contract: name, dtype and trainable, handed on unread.
"""
# Keras has no type stubs: its classes and decorators are Any to mypy.
# mypy: allow-subclassing-any, allow-untyped-decorators

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, Literal

import keras
import tensorflow as tf
from keras import ops

from archspec.graph.ops import reach
from archspec.graph.types import VALID, Pads, Pair
from archspec.model.grouped import convolve
from archspec.model.windows import around, extended, joined

Shape = tuple[int | None, ...]
Counted = Literal["same"] | Pads

LAYOUT = "channels_last"
"""Stated wherever Keras would else ask the user's settings."""

register = keras.saving.register_keras_serializable(package="archspec")


@register
def approximate_gelu(x: Any) -> Any:
    """GELU by its tanh formula (Hendrycks and Gimpel 2016, 1606.08415, section 2)."""
    return keras.activations.gelu(x, approximate=True)


def pair(sides: Sequence[int]) -> Pair:
    """Two sides as a tuple: a saved model gives lists."""
    height, width = sides
    return height, width


def four(pads: Sequence[int]) -> Pads:
    """Four sides as a tuple."""
    top, bottom, left, right = pads
    return top, bottom, left, right


def _windows(shape: Shape, kernel: Pair, stride: Pair, pads: Counted) -> Shape:
    """Shape of a batch of maps after a window has passed over it."""
    sides: list[int | None] = []
    for axis, size in enumerate(shape[1:3]):
        if size is None:
            sides.append(None)
        elif pads == "same":
            sides.append(-(-size // stride[axis]))
        else:
            sides.append((size + pads[2 * axis] + pads[2 * axis + 1] - kernel[axis]) // stride[axis] + 1)
    return (shape[0], *sides, shape[3])


@register
class PaddedMaxPooling2D(keras.layers.Layer):
    """Maximum over a window, with so many pixels of -inf on each side (PyTorch, Caffe)."""

    def __init__(self, pool_size: Sequence[int], strides: Sequence[int], padding: Sequence[int], **layer: Any) -> None:
        super().__init__(**layer)
        self.pool_size, self.strides, self.padding = pair(pool_size), pair(strides), four(padding)

    def call(self, inputs: Any) -> Any:
        """(batch, height, width, channels) to the same with fewer pixels."""
        return ops.max_pool(extended(ops.concatenate, inputs, self.padding), self.pool_size, self.strides, "valid", LAYOUT)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return _windows(input_shape, self.pool_size, self.strides, self.padding)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(),
                "pool_size": self.pool_size, "strides": self.strides, "padding": self.padding}


@register
class PaddedAveragePooling2D(keras.layers.Layer):
    """Mean over a window with zeros around the map: `counted` ones are in the mean, `left_out` ones beyond are not.

    PyTorch counts padding (count_include_pad), never the rows that ceil_mode adds.
    """

    def __init__(self, pool_size: Sequence[int], strides: Sequence[int], counted: Counted = VALID,
                 left_out: Sequence[int] = VALID, **layer: Any) -> None:
        super().__init__(**layer)
        self.pool_size, self.strides = pair(pool_size), pair(strides)
        self.counted: Counted = "same" if counted == "same" else four(counted)
        self.left_out = four(left_out)

    def call(self, inputs: Any) -> Any:
        """(batch, height, width, channels) to the same with fewer pixels."""
        if self.counted == "same":
            return self._mean(inputs, "same") * self._share_inside(inputs)
        inside = ops.pad(inputs, around(self.counted))
        seen = ops.ones((1, *ops.shape(inside)[1:3], 1), dtype=inside.dtype)
        outside = around(self.left_out)
        return self._mean(ops.pad(inside, outside), "valid") / self._mean(ops.pad(seen, outside), "valid")

    def _mean(self, x: Any, padding: str) -> Any:
        return ops.average_pool(x, self.pool_size, self.strides, padding, LAYOUT)

    def _share_inside(self, x: Any) -> Any:
        """Part of each window that lies in the map: Keras's `same` mean leaves the rest out."""
        window = ops.ones((*self.pool_size, 1, 1), dtype=x.dtype) / (self.pool_size[0] * self.pool_size[1])
        return ops.conv(ops.ones((1, *ops.shape(x)[1:3], 1), dtype=x.dtype), window, self.strides, "same", LAYOUT)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        if self.counted == "same":
            return _windows(input_shape, self.pool_size, self.strides, "same")
        top, bottom, left, right = (a + b for a, b in zip(self.counted, self.left_out, strict=True))
        return _windows(input_shape, self.pool_size, self.strides, (top, bottom, left, right))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "pool_size": self.pool_size, "strides": self.strides,
                "counted": self.counted, "left_out": self.left_out}


@register
class DilatedPooling2D(keras.layers.Layer):
    """Maximum or mean over a window with gaps, which Keras lacks: the counterpart of a dilated convolution.

    Around the map lie zeros that count in a mean (`counted`), and pixels beyond that are in no window (`left_out`).
    """

    def __init__(self, mode: Literal["max", "avg"], pool_size: Sequence[int], strides: Sequence[int],
                 dilation_rate: Sequence[int], counted: Sequence[int] = VALID, left_out: Sequence[int] = VALID,
                 **layer: Any) -> None:
        super().__init__(**layer)
        self.mode: Literal["max", "avg"] = mode
        self.pool_size, self.strides, self.dilation_rate = pair(pool_size), pair(strides), pair(dilation_rate)
        self.counted, self.left_out = four(counted), four(left_out)

    def call(self, inputs: Any) -> Any:
        """(batch, height, width, channels) to the same with fewer pixels, or as many."""
        if self.mode == "max":
            return self._slide(ops.maximum, ops.pad(inputs, around(self.left_out), constant_values=-math.inf))
        inside = ops.pad(inputs, around(self.counted))
        total = self._slide(ops.add, ops.pad(inside, around(self.left_out)))
        if not any(self.left_out):
            return total / math.prod(self.pool_size)
        seen = ops.ones((1, *ops.shape(inside)[1:3], 1), dtype=inside.dtype)
        return total / self._slide(ops.add, ops.pad(seen, around(self.left_out)))

    def _slide(self, join: Callable[[Any, Any], Any], x: Any) -> Any:
        return joined(join, x, self.pool_size, self.strides, self.dilation_rate)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        top, bottom, left, right = (a + b for a, b in zip(self.counted, self.left_out, strict=True))
        return _windows(input_shape, reach(self.pool_size, self.dilation_rate), self.strides, (top, bottom, left, right))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mode": self.mode, "pool_size": self.pool_size, "strides": self.strides,
                "dilation_rate": self.dilation_rate, "counted": self.counted, "left_out": self.left_out}


def _same_start(size: Any, side: int, stride: int) -> Any:
    """Where, in a `same` convolution with stride 1, the first window of the one with this stride lies."""
    padding = tf.maximum((-(-size // stride) - 1) * stride + side - size, 0)  # Keras's would be of floatx's width
    return (side - 1) // 2 - padding // 2


def _subsample(full: Any, x: Any, layer: Any) -> Any:
    """The windows at the layer's strides, of a convolution of x with stride 1."""
    starts: list[Any] = [0, 0]
    if layer.padding == "same":
        sides = reach(layer.kernel_size, layer.dilation_rate)
        starts = [_same_start(ops.shape(x)[axis + 1], sides[axis], layer.strides[axis]) for axis in (0, 1)]
    return full[:, starts[0]::layer.strides[0], starts[1]::layer.strides[1]]


@register
class StridedDilatedConv2D(keras.layers.Conv2D):
    """Convolution with a stride and a dilation, which Keras and TensorFlow do not do together."""

    def __init__(self, filters: int, kernel_size: Sequence[int], strides: Sequence[int],
                 dilation_rate: Sequence[int], **layer: Any) -> None:
        super().__init__(filters, kernel_size, dilation_rate=pair(dilation_rate), **layer)
        self.strides = pair(strides)

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Keras's hook for the bare convolution."""
        full = convolve(inputs, kernel, (1, 1), self.padding, self.dilation_rate)
        return _subsample(full, inputs, self)


@register
class UnevenDepthwiseConv2D(keras.layers.DepthwiseConv2D):
    """Depthwise convolution with strides that differ between height and width, which TensorFlow lacks."""

    def call(self, inputs: Any) -> Any:
        """(batch, height, width, channels) to (batch, fewer, fewer, channels · multiplier)."""
        outputs = self.convolved(inputs, self.kernel)
        return outputs if self.bias is None else outputs + self.bias

    def convolved(self, inputs: Any, kernel: Any) -> Any:
        """The same without the bias."""
        full = ops.depthwise_conv(inputs, kernel, 1, self.padding, LAYOUT, self.dilation_rate)
        return _subsample(full, inputs, self)


@register
class PadChannels(keras.layers.Layer):
    """Zero channels behind the ones there are, up to `channels` (ResNet's shortcut of option A)."""

    def __init__(self, channels: int, **layer: Any) -> None:
        super().__init__(**layer)
        self.channels = channels

    def call(self, inputs: Any) -> Any:
        """(..., fewer channels) to (..., channels)."""
        missing = self.channels - inputs.shape[-1]
        return ops.pad(inputs, [(0, 0)] * (len(inputs.shape) - 1) + [(0, missing)])

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.channels)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "channels": self.channels}


@register
class SliceChannels(keras.layers.Layer):
    """Channels start to start + size."""

    def __init__(self, start: int, size: int, **layer: Any) -> None:
        super().__init__(**layer)
        self.start, self.size = start, size

    def call(self, inputs: Any) -> Any:
        """(..., channels) to (..., size)."""
        return inputs[..., self.start:self.start + self.size]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], self.size)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "start": self.start, "size": self.size}


@register
class ChannelShuffle(keras.layers.Layer):
    """Deals the channels of each group out over all groups (Zhang et al. 2017, 1707.01083, Figure 1)."""

    def __init__(self, groups: int, **layer: Any) -> None:
        super().__init__(**layer)
        self.groups = groups

    def call(self, inputs: Any) -> Any:
        """(batch, height, width, channels), kept."""
        # The positions are one axis while the channels are two: open heights and widths need no more than that.
        grouped = ops.reshape(inputs, (-1, self.groups, inputs.shape[-1] // self.groups))
        return ops.reshape(ops.transpose(grouped, (0, 2, 1)), ops.shape(inputs))

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "groups": self.groups}


@register
class LayerScale(keras.layers.Layer):
    """Multiplies each channel by a learned factor (Touvron et al. 2021, 2103.17239)."""

    def __init__(self, gamma_initializer: Any, **layer: Any) -> None:
        super().__init__(**layer)
        self.gamma_initializer = keras.initializers.get(gamma_initializer)

    def build(self, input_shape: Shape) -> None:
        self.gamma = self.add_weight(name="gamma", shape=(input_shape[-1],), initializer=self.gamma_initializer)

    def call(self, inputs: Any) -> Any:
        """(..., channels), kept."""
        return inputs * ops.cast(self.gamma, inputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gamma_initializer": keras.initializers.serialize(self.gamma_initializer)}


@register
class LocalResponseNormalization(keras.layers.Layer):
    """x / (k + alpha / size * sum of squares over `size` channels) ** beta (Krizhevsky et al. 2012, section 3.3)."""

    def __init__(self, size: int, alpha: float, beta: float, k: float, **layer: Any) -> None:
        super().__init__(**layer)
        self.size, self.alpha, self.beta, self.k = size, alpha, beta, k

    def call(self, inputs: Any) -> Any:
        """(batch, height, width, channels), kept. In float32 always: squares leave the range of float16."""
        normal = tf.nn.local_response_normalization(
            ops.cast(inputs, "float32"), depth_radius=self.size // 2, bias=self.k, alpha=self.alpha / self.size,
            beta=self.beta)
        return ops.cast(normal, inputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "size": self.size, "alpha": self.alpha, "beta": self.beta, "k": self.k}


@register
class Blend(keras.layers.Layer):
    """t · a + (1 − t) · b, of [t, a, b] (Srivastava et al. 2015, 1505.00387, equation 3)."""

    def call(self, inputs: list[Any]) -> Any:
        """Three values of one shape to one."""
        gate, transformed, carried = inputs
        return gate * transformed + (1 - gate) * carried

    def compute_output_shape(self, input_shape: list[Shape]) -> Shape:
        return input_shape[2]
