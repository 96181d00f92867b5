"""Layers that Keras lacks and that learn, or make of a kernel what it is used as.

As those of custom.py: channels-last, no state but what their configuration says. Statistics are float32 whatever the policy.
"""
# Keras has no type stubs: its classes and decorators are Any to mypy.
# mypy: allow-subclassing-any, allow-untyped-decorators

from __future__ import annotations

from typing import Any

import keras
from keras import ops

from archspec.graph.learned import LEAST
from archspec.graph.ops import EPSILON
from archspec.model.custom import LAYOUT, Shape, StridedDilatedConv2D, UnevenDepthwiseConv2D, register
from archspec.model.grouped import convolve


def _standardized(kernel: Any, axes: tuple[int, ...], epsilon: float, dtype: Any) -> Any:
    """The kernel of each filter less its mean and over its deviation (Qiao et al. 2019, 1903.10520, equation 2)."""
    mean, variance = ops.moments(kernel, axes, keepdims=True)
    return ops.cast((kernel - mean) * ops.rsqrt(variance + epsilon), dtype)


class _Standardized:
    """A layer whose kernel is standardised; it is not rounded before its statistics are taken, where the policy mixes.

    `epsilon` is added to the variance.
    """

    def __init__(self, *arguments: Any, epsilon: float = EPSILON, **others: Any) -> None:
        super().__init__(*arguments, **others)
        self.epsilon = epsilon

    def get_config(self) -> dict[str, Any]:
        """Keras's hook for saving."""
        layer: Any = super()
        return {**layer.get_config(), "epsilon": self.epsilon}

    def add_weight(self, *arguments: Any, name: str | None = None, autocast: bool = True, **others: Any) -> Any:
        """Keras's hook for each weight."""
        layer: Any = super()
        return layer.add_weight(*arguments, name=name, autocast=autocast and name != "kernel", **others)


@register
class StandardizedConv2D(_Standardized, StridedDilatedConv2D):
    """Convolution, grouped or with any stride and dilation, with a standardised kernel."""

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Keras's hook for the bare convolution."""
        used = _standardized(kernel, (0, 1, 2), self.epsilon, inputs.dtype)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            return super().convolution_op(inputs, used)
        return convolve(inputs, used, self.strides, self.padding, self.dilation_rate)


@register
class StandardizedDepthwiseConv2D(_Standardized, UnevenDepthwiseConv2D):
    """Depthwise convolution, with any strides, with a standardised kernel."""

    def convolved(self, inputs: Any, kernel: Any) -> Any:
        """(batch, height, width, channels) to (batch, fewer, fewer, channels · multiplier), without the bias."""
        used = _standardized(kernel, (0, 1), self.epsilon, inputs.dtype)
        if self.strides[0] == self.strides[1]:
            return ops.depthwise_conv(inputs, used, self.strides, self.padding, LAYOUT, self.dilation_rate)
        return super().convolved(inputs, used)


@register
class GlobalResponseNormalization(keras.layers.Layer):
    """x + gamma · x · n + beta (Woo et al. 2023, 2301.00808, section 3.2); its gradient where a channel is 0 is 0."""

    def __init__(self, epsilon: float, gamma_initializer: Any, beta_initializer: Any, **layer: Any) -> None:
        super().__init__(**layer)
        self.epsilon = epsilon
        self.gamma_initializer = keras.initializers.get(gamma_initializer)
        self.beta_initializer = keras.initializers.get(beta_initializer)

    def build(self, input_shape: Shape) -> None:
        self.gamma, self.beta = (
            self.add_weight(name=name, shape=(input_shape[-1],), initializer=first, autocast=False)
            for name, first in (("gamma", self.gamma_initializer), ("beta", self.beta_initializer)))

    def call(self, inputs: Any) -> Any:
        """(batch, height, width, channels), kept. In float32 always, as norms are."""
        x = ops.cast(inputs, "float32")
        squares = ops.sum(ops.square(x), (1, 2), keepdims=True)
        there = squares > 0
        norms = ops.where(there, ops.sqrt(ops.where(there, squares, 1.0)), 0.0)  # a root's gradient at 0 is no number
        share = norms / (ops.mean(norms, -1, keepdims=True) + self.epsilon)
        gamma, beta = ops.cast(self.gamma, "float32"), ops.cast(self.beta, "float32")
        return ops.cast(x + gamma * (x * share) + beta, inputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        firsts = {f"{name}_initializer": keras.initializers.serialize(first)
                  for name, first in (("gamma", self.gamma_initializer), ("beta", self.beta_initializer))}
        return {**super().get_config(), "epsilon": self.epsilon, **firsts}


@register
class LearnedScale(keras.layers.Layer):
    """Multiplies by one learned number (Bachlechner et al. 2020, 2003.04887, equation 2)."""

    def __init__(self, factor_initializer: Any, **layer: Any) -> None:
        super().__init__(**layer)
        self.factor_initializer = keras.initializers.get(factor_initializer)

    def build(self, input_shape: Shape) -> None:
        self.factor = self.add_weight(name="factor", shape=(1,), initializer=self.factor_initializer)

    def call(self, inputs: Any) -> Any:
        """Any shape, kept."""
        return inputs * ops.cast(self.factor, inputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "factor_initializer": keras.initializers.serialize(self.factor_initializer)}


@register
class LearnedShift(keras.layers.Layer):
    """Adds one learned number."""

    def __init__(self, bias_initializer: Any, **layer: Any) -> None:
        super().__init__(**layer)
        self.bias_initializer = keras.initializers.get(bias_initializer)

    def build(self, input_shape: Shape) -> None:
        self.bias = self.add_weight(name="bias", shape=(1,), initializer=self.bias_initializer)

    def call(self, inputs: Any) -> Any:
        """Any shape, kept."""
        return inputs + ops.cast(self.bias, inputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "bias_initializer": keras.initializers.serialize(self.bias_initializer)}


class _OfSeveral(keras.layers.Layer):
    """What makes one value of several of one shape."""

    def compute_output_shape(self, input_shape: list[Shape]) -> Shape:
        return input_shape[0]


@register
class WeightedSum(_OfSeveral):
    """The sum of relu(w) / (sum of relu(w) + 1e-4) · x (Tan et al. 2020, 1911.09070, section 3.3)."""

    def __init__(self, weight_initializer: Any, **layer: Any) -> None:
        super().__init__(**layer)
        self.weight_initializer = keras.initializers.get(weight_initializer)

    def build(self, input_shape: list[Shape]) -> None:
        self.weight = self.add_weight(name="weight", shape=(len(input_shape),), initializer=self.weight_initializer,
                                      autocast=False)

    def call(self, inputs: list[Any]) -> Any:
        """Any number of values of one shape to one."""
        weight = ops.relu(ops.convert_to_tensor(self.weight))
        share = ops.cast(weight / (ops.sum(weight) + LEAST), inputs[0].dtype)
        return sum(share[index] * x for index, x in enumerate(inputs))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "weight_initializer": keras.initializers.serialize(self.weight_initializer)}


@register
class Select(_OfSeveral):
    """Values weighted, channel by channel, by the softmax over them of the last input (Li et al. 2019, 1903.06586)."""

    def call(self, inputs: list[Any]) -> Any:
        """n values (batch, …, channels) and (batch, n · channels), or that as 1x1 maps, to one value."""
        *values, gate = inputs
        first = values[0]
        scores = ops.reshape(ops.cast(gate, "float32"), (-1, len(values), *[1] * (len(first.shape) - 2), first.shape[-1]))
        share = ops.cast(ops.softmax(scores, axis=1), first.dtype)
        return sum(share[:, index] * x for index, x in enumerate(values))


@register
class DropPaths(_OfSeveral):
    """The mean of the paths that stay: in training each is dropped at this rate, one stays at least (1605.07648, 2.1)."""

    def __init__(self, rate: float, seed: int | None = None, **layer: Any) -> None:
        super().__init__(**layer)
        self.rate, self.seed = rate, seed
        self.seed_generator = keras.random.SeedGenerator(seed)

    def call(self, inputs: list[Any], training: bool = False) -> Any:
        """Any number of values of one shape to one."""
        if not training:
            return sum(inputs) / len(inputs)
        share = ops.cast(self._shares(ops.shape(inputs[0])[0], len(inputs)), inputs[0].dtype)
        whole = (-1, len(inputs), *[1] * (len(inputs[0].shape) - 1))
        spread = ops.reshape(share, whole)
        return sum(spread[:, index] * x for index, x in enumerate(inputs))

    def _shares(self, batch: Any, paths: int) -> Any:
        """(batch, paths) float32: what each counts for. Where all would go the one with the largest number drawn stays."""
        drawn = keras.random.uniform((batch, paths), seed=self.seed_generator, dtype="float32")
        least = ops.minimum(self.rate, ops.max(drawn, axis=1, keepdims=True))
        stays = ops.cast(drawn >= least, "float32")
        return stays / ops.sum(stays, axis=1, keepdims=True)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}
