"""Layers that Keras lacks and that learn, or make of a kernel what it is used as.

As those of custom.py: channels-last, no state but what their configuration says. Statistics are float32 whatever the policy.
"""
# Keras has no type stubs: its classes and decorators are Any to mypy.
# mypy: allow-subclassing-any, allow-untyped-decorators

from __future__ import annotations

from typing import Any

from keras import ops

from archspec.graph.passes.standardize import EPSILON
from archspec.model.custom import LAYOUT, StridedDilatedConv2D, UnevenDepthwiseConv2D, register
from archspec.model.grouped import convolve


def _standardized(kernel: Any, axes: tuple[int, ...], dtype: Any) -> Any:
    """The kernel of each filter less its mean and over its deviation (Qiao et al. 2019, 1903.10520, equation 2)."""
    mean, variance = ops.moments(kernel, axes, keepdims=True)
    return ops.cast((kernel - mean) * ops.rsqrt(variance + EPSILON), dtype)


class _FullKernel:
    """Keeps a layer's kernel from being rounded before its statistics are taken, where the policy mixes."""

    def add_weight(self, *arguments: Any, name: str | None = None, autocast: bool = True, **others: Any) -> Any:
        """Keras's hook for each weight."""
        layer: Any = super()
        return layer.add_weight(*arguments, name=name, autocast=autocast and name != "kernel", **others)


@register
class StandardizedConv2D(_FullKernel, StridedDilatedConv2D):
    """Convolution, grouped or with any stride and dilation, with a standardised kernel."""

    def convolution_op(self, inputs: Any, kernel: Any) -> Any:
        """Keras's hook for the bare convolution."""
        used = _standardized(kernel, (0, 1, 2), inputs.dtype)
        if max(self.strides) > 1 and max(self.dilation_rate) > 1:
            return super().convolution_op(inputs, used)
        return convolve(inputs, used, self.strides, self.padding, self.dilation_rate)


@register
class StandardizedDepthwiseConv2D(_FullKernel, UnevenDepthwiseConv2D):
    """Depthwise convolution, with any strides, with a standardised kernel."""

    def convolved(self, inputs: Any, kernel: Any) -> Any:
        """(batch, height, width, channels) to (batch, fewer, fewer, channels · multiplier), without the bias."""
        used = _standardized(kernel, (0, 1), inputs.dtype)
        if self.strides[0] == self.strides[1]:
            return ops.depthwise_conv(inputs, used, self.strides, self.padding, LAYOUT, self.dilation_rate)
        return super().convolved(inputs, used)
