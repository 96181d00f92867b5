"""The layers for the axes of a map that Keras lacks: see model/custom.py, of which these are the rest."""
# Keras has no type stubs: its classes and decorators are Any to mypy.
# mypy: allow-subclassing-any, allow-untyped-decorators

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np
from keras import ops

from archspec.model.custom import LAYOUT, Shape, four, pair, register
from archspec.model.resize import resize
from archspec.model.windows import added, around, blur, cut


@register
class Padding2D(keras.layers.Layer):
    """Pixels around maps, zeros or reflected ones; a negative number crops. What is added is added first."""

    def __init__(self, padding: Sequence[int], mode: Literal["zero", "reflect"], **layer: Any) -> None:
        super().__init__(**layer)
        self.padding, self.mode = four(padding), mode

    def call(self, inputs: Any) -> Any:
        """(batch, height, width, channels) to more or fewer pixels."""
        more = around(added(self.padding))
        padded = ops.pad(inputs, more, "constant" if self.mode == "zero" else "reflect") if np.any(more) else inputs
        return cut(padded, self.padding)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        top, bottom, left, right = self.padding
        batch, height, width, channels = input_shape
        return (batch, None if height is None else height + top + bottom, None if width is None else width + left + right,
                channels)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "padding": self.padding, "mode": self.mode}


@register
class ReduceChannels(keras.layers.Layer):
    """Mean or maximum over the channels of each place."""

    def __init__(self, how: Literal["mean", "max"], **layer: Any) -> None:
        super().__init__(**layer)
        self.how = how

    def call(self, inputs: Any) -> Any:
        """(batch, height, width, channels) to (batch, height, width, 1). The sum of a mean is in float32 always."""
        if self.how == "max":
            return ops.max(inputs, axis=-1, keepdims=True)
        return ops.cast(ops.mean(ops.cast(inputs, "float32"), axis=-1, keepdims=True), inputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], 1)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "how": self.how}


@register
class BlurPooling2D(keras.layers.Layer):
    """A binomial filter on each channel, over maps that are reflected at their borders (Zhang 2019, 1904.11486)."""

    def __init__(self, pool_size: Sequence[int], strides: Sequence[int], **layer: Any) -> None:
        super().__init__(**layer)
        self.pool_size, self.strides = pair(pool_size), pair(strides)

    def call(self, inputs: Any) -> Any:
        """(batch, height, width, channels) to sizes / stride, rounded up."""
        tall, wide = self.pool_size
        padded = ops.pad(inputs, around(((tall - 1) // 2, tall // 2, (wide - 1) // 2, wide // 2)), "reflect")
        window = ops.cast(np.repeat(blur(self.pool_size)[:, :, None, None], inputs.shape[-1], 2), inputs.dtype)
        high, step = self.strides
        if high == step:
            return ops.depthwise_conv(padded, window, self.strides, "valid", LAYOUT)
        # TensorFlow has one stride for both sides
        return ops.depthwise_conv(padded, window, (1, 1), "valid", LAYOUT)[:, ::high, ::step]

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, *sides, channels = input_shape
        return (batch, *(None if side is None else -(-side // step) for side, step in zip(sides, self.strides, strict=True)),
                channels)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "pool_size": self.pool_size, "strides": self.strides}


@register
class Coordinates(keras.layers.Layer):
    """Two channels more, the row and the column of each place, from -1 to 1; 0 where there is one (Liu et al. 2018)."""

    def call(self, inputs: Any) -> Any:
        """(batch, height, width, channels) to (batch, height, width, channels + 2). In float32 until the end."""
        _, height, width, _ = ops.shape(inputs)
        rows, columns = _line(height)[None, :, None, None], _line(width)[None, None, :, None]
        one = ops.zeros_like(inputs[..., :1])
        added = [one + ops.cast(line, inputs.dtype) for line in (rows, columns)]
        return ops.concatenate([inputs, *added], axis=-1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        batch, height, width, channels = input_shape
        return (batch, height, width, None if channels is None else channels + 2)


def _line(count: Any) -> Any:
    """So many numbers from -1 to 1; a 0 where it is one."""
    places = ops.cast(ops.arange(count), "float32")
    last = ops.cast(ops.maximum(count - 1, 1), "float32")
    return places * 2 / last - ops.cast(ops.minimum(count - 1, 1), "float32")


@register
class Position(keras.layers.Layer):
    """Adds a learned value to each place and channel (Dosovitskiy et al. 2020, 2010.11929, section 3.1)."""

    def __init__(self, position_initializer: Any, **layer: Any) -> None:
        super().__init__(**layer)
        self.position_initializer = keras.initializers.get(position_initializer)

    def build(self, input_shape: Shape) -> None:
        self.position = self.add_weight(name="position", shape=input_shape[1:], initializer=self.position_initializer)

    def call(self, inputs: Any) -> Any:
        """(batch, height, width, channels), kept."""
        return inputs + ops.cast(self.position, inputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "position_initializer": keras.initializers.serialize(self.position_initializer)}


@register
class Resize(keras.layers.Layer):
    """A map enlarged to the height and width of another, of [map, other]; method is nearest or bilinear."""

    def __init__(self, method: str, **layer: Any) -> None:
        super().__init__(**layer)
        self.method = method

    def call(self, inputs: list[Any]) -> Any:
        """(batch, height, width, channels) and a larger map to the first in the size of the second."""
        x, like = inputs
        return resize(x, like, self.method)

    def compute_output_shape(self, input_shape: list[Shape]) -> Shape:
        first, second = input_shape
        return (*second[:3], first[3])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "method": self.method}
