"""EMITTERS: how each operation of the vocabulary is written in Keras, one row an operation.

An emitter gives the layers of a node in the order in which they are applied. The last one has the node's name; a helper
before it has the name that graph/names.py gives it, and holds no weights.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import keras

from archspec.graph import axes as on_axes
from archspec.graph import learned as more
from archspec.graph import ops
from archspec.graph.ir import Node
from archspec.graph.names import IMAGES, padding_name
from archspec.graph.pads import counting, pool_pads, unstrided
from archspec.graph.types import VALID, Padding, Pads, Pair
from archspec.model import attention, axes, custom, grouped, learned, norm
from archspec.model.initial import initializer

Layers = tuple[keras.layers.Layer, ...]


@dataclass(frozen=True, slots=True)
class Context:
    """What an emitter knows beyond its node: whether kernels get their values, and whether no input is below zero."""

    initialize: bool
    non_negative: bool


Emitter = Callable[[Node, Any, Context], Layers]


def emit(node: Node, context: Context) -> Layers:
    """The layers of a node."""
    return EMITTERS[type(node.op)](node, node.op, context)


MERGING = (ops.Concat, ops.Merge, ops.Gate, ops.Blend, on_axes.Resize, more.Rows, more.Weighted, more.Select, more.Attend)


def takes_list(node: Node) -> bool:
    """Whether its Keras layer takes a list of inputs, even of one."""
    return isinstance(node.op, MERGING)


def _first(node: Node, context: Context) -> dict[str, keras.initializers.Initializer]:
    """The initializers of a node's weights, by the names of Keras's arguments."""
    return {f"{weight.name}_initializer": initializer(weight.init, draw=context.initialize) for weight in node.weights}


def _pad_layer(node: Node, pads: Pads) -> keras.layers.Layer:
    top, bottom, left, right = pads
    return keras.layers.ZeroPadding2D(((top, bottom), (left, right)), name=padding_name(node))


def _as_keras(padding: Padding, reach: Pair, stride: Pair) -> str:
    """Keras's word for a padding, or '' where it has none."""
    if padding in ("same", VALID):
        return "same" if padding == "same" else "valid"
    return "same" if stride == (1, 1) and padding == unstrided(reach) else ""


def _padded(node: Node, op: ops.Conv | ops.Depthwise) -> tuple[Layers, str]:
    """The helper that pads for a convolution, if any, and the padding that the convolution itself does."""
    word = _as_keras(op.padding, ops.reach(op.kernel, op.dilation), op.stride)
    if word or op.padding == "same":
        return (), word
    return (_pad_layer(node, op.padding),), "valid"


def _conv(node: Node, op: ops.Conv, context: Context) -> Layers:
    helpers, padding = _padded(node, op)
    both = max(op.stride) > 1 and max(op.dilation) > 1
    plain = grouped.Conv2D if op.groups > 1 else keras.layers.Conv2D
    layer: Any = custom.StridedDilatedConv2D if both else plain
    if op.standardize:
        layer = partial(learned.StandardizedConv2D, epsilon=ops.epsilon_of(op))
    return *helpers, layer(op.filters, op.kernel, strides=op.stride, padding=padding, dilation_rate=op.dilation,
                           groups=op.groups, use_bias=op.bias, name=node.name, **_first(node, context))


def _depthwise(node: Node, op: ops.Depthwise, context: Context) -> Layers:
    helpers, padding = _padded(node, op)
    plain = keras.layers.DepthwiseConv2D if op.stride[0] == op.stride[1] else custom.UnevenDepthwiseConv2D
    layer: Any = partial(learned.StandardizedDepthwiseConv2D, epsilon=ops.epsilon_of(op)) if op.standardize else plain
    first = _first(node, context)
    return *helpers, layer(op.kernel, strides=op.stride, padding=padding, depth_multiplier=op.multiplier,
                           dilation_rate=op.dilation, use_bias=op.bias, name=node.name,
                           depthwise_initializer=first.pop("kernel_initializer"), **first)


def _dense(node: Node, op: ops.Dense, context: Context) -> Layers:
    return (keras.layers.Dense(op.units, use_bias=op.bias, name=node.name, **_first(node, context)),)


def _pool(node: Node, op: ops.Pool, context: Context) -> Layers:
    if op.dilation != (1, 1):
        return _dilated_pool(node, op, context.non_negative)
    return _max_pool(node, op, context.non_negative) if op.mode == "max" else _avg_pool(node, op)


def _max_pool(node: Node, op: ops.Pool, non_negative: bool) -> Layers:
    pads = pool_pads(node, op)
    word = _as_keras(pads, op.kernel, op.stride)
    if word or pads == "same":
        return (keras.layers.MaxPooling2D(op.kernel, op.stride, word, name=node.name),)
    if non_negative:  # After a ReLU zeros are as low as -inf: two layers of Keras do, and are quicker.
        return _pad_layer(node, pads), keras.layers.MaxPooling2D(op.kernel, op.stride, "valid", name=node.name)
    return (custom.PaddedMaxPooling2D(op.kernel, op.stride, pads, name=node.name),)


def _avg_pool(node: Node, op: ops.Pool) -> Layers:
    pads = pool_pads(node, op)
    word = _as_keras(pads, op.kernel, op.stride)
    if word == "valid" or (word == "same" and not op.count_padding):
        return (keras.layers.AveragePooling2D(op.kernel, op.stride, word, name=node.name),)
    if pads == "same":
        return (custom.PaddedAveragePooling2D(op.kernel, op.stride, counted="same", name=node.name),)
    counted, left_out = counting(op, pads)
    if counted == pads:
        plain = keras.layers.AveragePooling2D(op.kernel, op.stride, "valid", name=node.name)
        return _pad_layer(node, pads), plain
    return (custom.PaddedAveragePooling2D(op.kernel, op.stride, counted, left_out, name=node.name),)


def _dilated_pool(node: Node, op: ops.Pool, non_negative: bool) -> Layers:
    pads = pool_pads(node, op)
    assert pads != "same"
    counted, left_out = counting(op, pads)
    if any(pads) and (counted == pads or (op.mode == "max" and non_negative)):
        counted, left_out = VALID, VALID
        helpers: Layers = (_pad_layer(node, pads),)
    else:
        helpers = ()
    return *helpers, custom.DilatedPooling2D(op.mode, op.kernel, op.stride, op.dilation, counted, left_out, name=node.name)


def _global_pool(node: Node, op: ops.GlobalPool, context: Context) -> Layers:
    layer = {"max": keras.layers.GlobalMaxPooling2D, "avg": keras.layers.GlobalAveragePooling2D}[op.mode]
    return (layer(keepdims=op.keepdims, name=node.name),)


def _batch_norm(node: Node, op: ops.BatchNorm, context: Context) -> Layers:
    return (norm.BatchNormalization(epsilon=op.epsilon, momentum=op.momentum, scale=op.scale, center=op.center,
                                    name=node.name, **_first(node, context)),)


def _layer_norm(node: Node, op: ops.LayerNorm, context: Context) -> Layers:
    return (keras.layers.LayerNormalization(epsilon=op.epsilon, scale=op.scale, center=op.center, name=node.name,
                                            **_first(node, context)),)


def _group_norm(node: Node, op: ops.GroupNorm, context: Context) -> Layers:
    return (keras.layers.GroupNormalization(op.groups, epsilon=op.epsilon, scale=op.scale, center=op.center,
                                            name=node.name, **_first(node, context)),)


def _prelu(node: Node, context: Context) -> keras.layers.Layer:
    shared = [1, 2] if node.types[0].is_map else None  # one slope a channel
    return keras.layers.PReLU(shared_axes=shared, name=node.name, **_first(node, context))


def _activation(node: Node, op: ops.Activation, context: Context) -> Layers:
    match op.function:
        case "relu":
            return (keras.layers.ReLU(name=node.name),)
        case "relu6":
            return (keras.layers.ReLU(6.0, name=node.name),)
        case "leaky_relu":
            return (keras.layers.LeakyReLU(op.slope, name=node.name),)
        case "prelu":
            return (_prelu(node, context),)
        case "elu":
            return (keras.layers.ELU(op.alpha, name=node.name),)
        case "gelu" if op.approximate:
            return (keras.layers.Activation(custom.approximate_gelu, name=node.name),)
        case _:
            return (keras.layers.Activation(op.function, name=node.name),)


def _drop_path(node: Node, op: ops.DropPath, context: Context) -> Layers:
    whole = (None, *(1 for _ in node.output.type.shape))
    return (keras.layers.Dropout(op.rate, noise_shape=whole, name=node.name),)


def _conv_transpose(node: Node, op: more.ConvTranspose, context: Context) -> Layers:
    return (keras.layers.Conv2DTranspose(op.filters, op.kernel, strides=op.stride, padding="same", use_bias=op.bias,
                                         name=node.name, **_first(node, context)),)


def _attention(node: Node, op: more.Attention, context: Context) -> Layers:
    first = initializer(node.weights[0].init, draw=context.initialize)
    return (attention.MultiHeadAttention(op.heads, op.key, dropout=op.dropout, use_bias=op.bias, kernel_initializer=first,
                                         name=node.name),)


def _global_response(node: Node, op: more.GlobalResponseNorm, context: Context) -> Layers:
    return (learned.GlobalResponseNormalization(op.epsilon, **_first(node, context), name=node.name),)


def _scale(node: Node, op: ops.Scale, context: Context) -> Layers:
    if op.learned:
        return (learned.LearnedScale(**_first(node, context), name=node.name),)
    return (keras.layers.Rescaling(op.factor, name=node.name),)


def _merge(node: Node, op: ops.Merge, context: Context) -> Layers:
    if op.drop_path:
        return (learned.DropPaths(op.drop_path, name=node.name),)
    layer = {"add": keras.layers.Add, "multiply": keras.layers.Multiply, "max": keras.layers.Maximum,
             "average": keras.layers.Average}[op.how]
    return (layer(name=node.name),)


def _pad(node: Node, op: ops.Pad, context: Context) -> Layers:
    """By a layer of Keras's where it has one."""
    top, bottom, left, right = op.size
    if max(op.size) <= 0:
        return (keras.layers.Cropping2D(((-top, -bottom), (-left, -right)), name=node.name),)
    if op.mode == "zero" and min(op.size) >= 0:
        return (keras.layers.ZeroPadding2D(((top, bottom), (left, right)), name=node.name),)
    return (axes.Padding2D(op.size, op.mode, name=node.name),)


def _reshape(node: Node, op: on_axes.Reshape, context: Context) -> Layers:
    return (keras.layers.Reshape(node.output.type.shape, name=node.name),)


def _permute(node: Node, op: on_axes.Permute, context: Context) -> Layers:
    return (keras.layers.Permute([1 + "hwc".index(axis) for axis in op.order], name=node.name),)


def _lrn(node: Node, op: ops.LocalResponseNorm, context: Context) -> Layers:
    return (custom.LocalResponseNormalization(op.size, op.alpha, op.beta, op.k, name=node.name),)


def _input(node: Node, op: ops.Input, context: Context) -> Layers:
    return (keras.layers.InputLayer(shape=op.shape, name=IMAGES),)


EMITTERS: dict[type[ops.Op], Emitter] = {
    ops.Input: _input,
    ops.Conv: _conv,
    ops.Depthwise: _depthwise,
    ops.Pool: _pool,
    ops.GlobalPool: _global_pool,
    ops.Dense: _dense,
    ops.BatchNorm: _batch_norm,
    ops.LayerNorm: _layer_norm,
    ops.GroupNorm: _group_norm,
    ops.Activation: _activation,
    ops.Dropout: lambda node, op, _: (keras.layers.Dropout(op.rate, name=node.name),),
    ops.DropPath: _drop_path,
    ops.Scale: _scale,
    ops.LayerScale: lambda node, _, context: (custom.LayerScale(**_first(node, context), name=node.name),),
    ops.LocalResponseNorm: _lrn,
    ops.Pad: _pad,
    ops.PadChannels: lambda node, op, _: (custom.PadChannels(op.channels, name=node.name),),
    ops.SliceChannels: lambda node, op, _: (custom.SliceChannels(op.start, op.size, name=node.name),),
    ops.Flatten: lambda node, op, _: (keras.layers.Flatten(name=node.name),),
    ops.Shuffle: lambda node, op, _: (custom.ChannelShuffle(op.groups, name=node.name),),
    ops.Upsample: lambda node, op, _: (keras.layers.UpSampling2D(op.factor, interpolation=op.method, name=node.name),),
    on_axes.Resize: lambda node, op, _: (axes.Resize(op.method, name=node.name),),
    ops.Concat: lambda node, op, _: (keras.layers.Concatenate(name=node.name),),
    ops.Merge: _merge,
    ops.Gate: lambda node, op, _: (keras.layers.Multiply(name=node.name),),
    ops.Blend: lambda node, op, _: (custom.Blend(name=node.name),),
    more.ConvTranspose: _conv_transpose,
    more.Attention: _attention,
    more.Attend: lambda node, op, _: (attention.Attend(op.heads, name=node.name),),
    more.Shift: lambda node, _, context: (learned.LearnedShift(**_first(node, context), name=node.name),),
    more.GlobalResponseNorm: _global_response,
    more.Rows: lambda node, op, _: (keras.layers.Concatenate(axis=1, name=node.name),),
    more.Weighted: lambda node, _, context: (learned.WeightedSum(**_first(node, context), name=node.name),),
    more.Select: lambda node, op, _: (learned.Select(name=node.name),),
    on_axes.Reshape: _reshape,
    on_axes.Permute: _permute,
    on_axes.Reduce: lambda node, op, _: (axes.ReduceChannels(op.how, name=node.name),),
    on_axes.BlurPool: lambda node, op, _: (axes.BlurPooling2D(op.kernel, op.stride, name=node.name),),
    on_axes.Coordinates: lambda node, op, _: (axes.Coordinates(name=node.name),),
    on_axes.Position: lambda node, _, context: (axes.Position(**_first(node, context), name=node.name),),
}
