"""A network that predicts in TensorFlow's own operations, one row an operation of the vocabulary, without Keras.

What is served is made of these: they are what TensorFlow fuses (a convolution, its bias, an addition and a ReLU become one)
and what the TFLite converter knows. Each gives what its Keras layer gives at inference; tests hold the two together.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np
import tensorflow as tf

from archspec.graph import axes, learned, ops
from archspec.graph.ir import Graph, Node
from archspec.graph.learned import LEAST
from archspec.graph.pads import counting, pool_pads
from archspec.graph.passes.standardize import axes_of_a_filter
from archspec.graph.sign import above_zero, takes_above_zero
from archspec.graph.types import VALID, Padding, Pads
from archspec.graph.weights import Key, Weights
from archspec.model.resize import RESIZES, resize
from archspec.model.windows import added, around, blur, cut, extended, joined

Arrays = Mapping[Key, Any]
"""The numbers of a network: constants or variables."""


@dataclass(frozen=True, slots=True)
class Call:
    """A node with its numbers, by name, and its inputs; whether none of these is below zero."""

    node: Node
    arrays: Mapping[str, Any]
    inputs: Sequence[tf.Tensor]
    non_negative: bool

    @property
    def x(self) -> tf.Tensor:
        """The first input."""
        return self.inputs[0]


def compute(graph: Graph, arrays: Arrays, images: tf.Tensor, wanted: Iterable[str],
            operations: Operations | None = None) -> dict[str, tf.Tensor]:
    """The results of these nodes for `images` (batch, height, width, channels), as the network takes them, in their precision.

    What a node becomes stands in a name scope of its name. `operations` are OPERATIONS unless said otherwise.
    """
    emitters = operations or OPERATIONS
    names = list(wanted)
    positive, values = above_zero(graph.nodes), {graph.input.name: images}
    for node in graph.ancestors(names):
        if node.inputs:
            own = {weight.name: arrays[node.name, weight.name] for weight in node.weights}
            call = Call(node, own, [values[value.name] for value in node.inputs], takes_above_zero(node, positive))
            with tf.name_scope(node.name):
                values[node.name] = emitters[type(node.op)](call, node.op)
    return {name: values[name] for name in names}


def variables(weights: Weights) -> dict[Key, tf.Variable]:
    """The numbers of a network as variables that are called as they are, for a tf.Module to hold."""
    return {key: tf.Variable(array, name="/".join(key), trainable=False) for key, array in weights.items()}


# -- convolutions ----------------------------------------------------------------------------------------------------------

def _explicit(padding: Padding) -> str | list[tuple[int, int]]:
    """A padding in TensorFlow's words."""
    if padding == "same":
        return "SAME"
    return "VALID" if padding == VALID else around(padding)


def _conv(call: Call, op: ops.Conv) -> tf.Tensor:
    found = tf.nn.conv2d(call.x, _kernel(call, op), op.stride, _explicit(op.padding), dilations=op.dilation)
    return _biased(call, found) if op.groups == 1 else _added(call, found)


def _kernel(call: Call, op: ops.Conv | ops.Depthwise) -> Any:
    """As it is used. What is served has no kernel left to be standardised: see graph/passes/standardize.py."""
    kernel = call.arrays["kernel"]
    if not op.standardize:
        return kernel
    mean, variance = tf.nn.moments(tf.convert_to_tensor(kernel), axes_of_a_filter(op), keepdims=True)
    return (kernel - mean) * tf.math.rsqrt(variance + ops.epsilon_of(op))


def _depthwise(call: Call, op: ops.Depthwise) -> tf.Tensor:
    """TensorFlow's, which takes one stride for both sides, and none beside a dilation; else as many groups as channels."""
    kernel = _kernel(call, op)
    if op.stride == (1, 1) or (op.stride[0] == op.stride[1] and op.dilation == (1, 1)):
        return _biased(call, tf.nn.depthwise_conv2d(call.x, kernel, (1, *op.stride, 1), _explicit(op.padding),
                                                    dilations=op.dilation))
    height, width, channels, multiplier = kernel.shape
    grouped = tf.reshape(kernel, (height, width, 1, channels * multiplier))
    return _added(call, tf.nn.conv2d(call.x, grouped, op.stride, _explicit(op.padding), dilations=op.dilation))


def _conv_transpose(call: Call, op: learned.ConvTranspose) -> tf.Tensor:
    shape = tf.shape(call.x)
    sizes = tf.stack([shape[0], shape[1] * op.stride[0], shape[2] * op.stride[1], op.filters])
    larger = tf.nn.conv2d_transpose(call.x, call.arrays["kernel"], sizes, op.stride, "SAME")
    return _biased(call, tf.ensure_shape(larger, (None, *call.node.output.type.shape)))


def _dense(call: Call, op: ops.Dense) -> tf.Tensor:
    return _biased(call, tf.linalg.matmul(call.x, call.arrays["kernel"]))


def _biased(call: Call, x: tf.Tensor) -> tf.Tensor:
    return tf.nn.bias_add(x, call.arrays["bias"]) if "bias" in call.arrays else x


def _added(call: Call, x: tf.Tensor) -> tf.Tensor:
    """The bias of a grouped convolution.

    oneDNN fuses a sum as it does a BiasAdd. Without it TensorFlow fuses the BiasAdd alone, and cannot compute groups fused.
    """
    return x + call.arrays["bias"] if "bias" in call.arrays else x


# -- pools -----------------------------------------------------------------------------------------------------------------

def _pool(call: Call, op: ops.Pool) -> tf.Tensor:
    pads = pool_pads(call.node, op)
    if op.dilation != (1, 1):
        assert pads != "same"
        return _dilated_pool(call, op, pads)
    if op.mode == "max":
        return _max_pool(call, op, pads)
    if pads == "same":
        mean = _mean(call.x, op, "SAME")
        return mean * _share_inside(call.x, op) if op.count_padding else mean
    counted, left_out = counting(op, pads)
    padded = _mean(_zeros_around(call.x, pads), op, "VALID")
    if counted == pads:
        return padded
    return padded / _mean(_counted(call.x, counted, left_out), op, "VALID")


def _max_pool(call: Call, op: ops.Pool, pads: Padding) -> tf.Tensor:
    if pads == "same":
        return tf.nn.max_pool2d(call.x, op.kernel, op.stride, "SAME")
    # zeros are as low as -inf where nothing is below zero; TFLite has no padded pool
    x = _zeros_around(call.x, pads) if call.non_negative else extended(tf.concat, call.x, pads)
    return tf.nn.max_pool2d(x, op.kernel, op.stride, "VALID")


def _dilated_pool(call: Call, op: ops.Pool, pads: Pads) -> tf.Tensor:
    """TensorFlow's own goes by way of the batch, which no converter takes for a pool."""
    if op.mode == "max":
        lowest = 0.0 if call.non_negative else -math.inf
        return _slide(tf.maximum, tf.pad(call.x, around(pads), constant_values=lowest), op)
    counted, left_out = counting(op, pads)
    total = _slide(tf.add, _zeros_around(call.x, pads), op)
    if counted == pads:
        return total / math.prod(op.kernel)
    return total / _slide(tf.add, _counted(call.x, counted, left_out), op)


def _slide(join: Callable[[tf.Tensor, tf.Tensor], tf.Tensor], x: tf.Tensor, op: ops.Pool) -> tf.Tensor:
    return joined(join, x, op.kernel, op.stride, op.dilation)


def _mean(x: tf.Tensor, op: ops.Pool, padding: str) -> tf.Tensor:
    return tf.nn.avg_pool2d(x, op.kernel, op.stride, padding)


def _share_inside(x: tf.Tensor, op: ops.Pool) -> tf.Tensor:
    """Part of each window that lies in the map: TensorFlow's `SAME` mean leaves the rest out."""
    window = tf.fill((*op.kernel, 1, 1), tf.constant(1 / (op.kernel[0] * op.kernel[1]), x.dtype))
    return tf.nn.conv2d(_ones(x), window, op.stride, "SAME")


def _ones(x: tf.Tensor) -> tf.Tensor:
    """One channel of one image as large as these: a constant where they have a size, of which no runtime reckons anything."""
    height, width = x.shape[1:3]
    return tf.ones_like(x[:1, :, :, :1]) if None in (height, width) else tf.ones((1, height, width, 1), x.dtype)


def _counted(x: tf.Tensor, counted: Pads, left_out: Pads) -> tf.Tensor:
    """One channel: a one for each pixel that counts in a mean, a zero for each that is in no window."""
    return _zeros_around(_ones(_zeros_around(x[:1, :, :, :1], counted)), left_out)


def _zeros_around(x: tf.Tensor, pads: Pads) -> tf.Tensor:
    return tf.pad(x, around(pads)) if any(pads) else x


def _global_pool(call: Call, op: ops.GlobalPool) -> tf.Tensor:
    reduce_ = {"max": tf.reduce_max, "avg": tf.reduce_mean}[op.mode]
    return reduce_(call.x, axis=(1, 2), keepdims=op.keepdims)


# -- norms -----------------------------------------------------------------------------------------------------------------

def _batch_norm(call: Call, op: ops.BatchNorm) -> tf.Tensor:
    mean, variance = call.arrays["moving_mean"], call.arrays["moving_variance"]
    gamma, beta = call.arrays.get("gamma", tf.ones_like(mean)), call.arrays.get("beta", tf.zeros_like(mean))
    if call.node.types[0].is_map:  # one operation, with a ReLU behind it too
        return tf.compat.v1.nn.fused_batch_norm(call.x, gamma, beta, mean, variance, op.epsilon, is_training=False)[0]
    return tf.nn.batch_normalization(call.x, mean, variance, beta, gamma, op.epsilon)


def _layer_norm(call: Call, op: ops.LayerNorm) -> tf.Tensor:
    mean, variance = tf.nn.moments(call.x, axes=[-1], keepdims=True)
    return tf.nn.batch_normalization(call.x, mean, variance, call.arrays.get("beta"), call.arrays.get("gamma"), op.epsilon)


def _group_norm(call: Call, op: ops.GroupNorm) -> tf.Tensor:
    shape = tf.shape(call.x)
    channels = call.node.types[0].channels
    grouped = tf.reshape(call.x, (shape[0], shape[1] * shape[2], op.groups, channels // op.groups))
    mean, variance = tf.nn.moments(grouped, axes=[1, 3], keepdims=True)
    normal = tf.reshape((grouped - mean) * tf.math.rsqrt(variance + op.epsilon), shape)
    normal = tf.ensure_shape(normal, call.x.shape)
    normal = normal * call.arrays["gamma"] if op.scale else normal
    return normal + call.arrays["beta"] if op.center else normal


def _lrn(call: Call, op: ops.LocalResponseNorm) -> tf.Tensor:
    return tf.nn.local_response_normalization(call.x, op.size // 2, op.k, op.alpha / op.size, op.beta)


def _global_response(call: Call, op: learned.GlobalResponseNorm) -> tf.Tensor:
    norms = tf.sqrt(tf.reduce_sum(tf.square(call.x), (1, 2), keepdims=True))
    share = norms / (tf.reduce_mean(norms, -1, keepdims=True) + op.epsilon)
    return call.x + call.arrays["gamma"] * (call.x * share) + call.arrays["beta"]


# -- attention -------------------------------------------------------------------------------------------------------------

def _attention(call: Call, op: learned.Attention) -> tf.Tensor:
    """In products of matrices and a softmax, which every runtime has."""
    channels, inner = call.node.types[0].channels, op.heads * op.key
    shape = tf.shape(call.x)
    positions = call.node.types[0].size
    count = shape[1] * shape[2] if positions is None else positions // channels
    x = tf.reshape(call.x, (-1, count, channels))
    query, key, value = (tf.transpose(tf.reshape(_projected(call, part, x, inner), (-1, count, op.heads, op.key)), (0, 2, 1, 3))
                         for part in ("query", "key", "value"))
    weights = tf.nn.softmax(tf.linalg.matmul(query * op.key ** -0.5, key, transpose_b=True))
    together = tf.reshape(tf.transpose(tf.linalg.matmul(weights, value), (0, 2, 1, 3)), (-1, count, inner))
    return tf.ensure_shape(tf.reshape(_projected(call, "attention_output", together, channels), shape), call.x.shape)


def _attend(call: Call, op: learned.Attend) -> tf.Tensor:
    query, key, value = (tf.transpose(tf.reshape(x, (-1, _places(x), op.heads, x.shape[-1] // op.heads)), (0, 2, 1, 3))
                         for x in call.inputs)
    weights = tf.nn.softmax(tf.linalg.matmul(query * query.shape[-1] ** -0.5, key, transpose_b=True))
    found = tf.transpose(tf.linalg.matmul(weights, value), (0, 2, 1, 3))
    shape = call.node.output.type.shape
    height, width = (tf.shape(call.x)[axis] if side is None else side for axis, side in zip((1, 2), shape, strict=False))
    return tf.ensure_shape(tf.reshape(found, (-1, height, width, shape[-1])), (None, *shape))


def _places(x: tf.Tensor) -> Any:
    """How many positions a map has, counted where a side is open."""
    return tf.reduce_prod(tf.shape(x)[1:3]) if None in x.shape[1:3] else x.shape[1] * x.shape[2]


def _projected(call: Call, part: str, x: tf.Tensor, width: int) -> tf.Tensor:
    kernel = tf.reshape(call.arrays[f"{part}_kernel"], (x.shape[-1], width))
    bias = call.arrays.get(f"{part}_bias")
    projected = tf.linalg.matmul(x, kernel)
    return projected if bias is None else projected + tf.reshape(bias, (width,))


# -- activations -----------------------------------------------------------------------------------------------------------

def _activation(call: Call, op: ops.Activation) -> tf.Tensor:
    x = call.x
    match op.function:
        case "leaky_relu":
            return tf.nn.leaky_relu(x, op.slope)
        case "prelu":
            return tf.nn.relu(x) - call.arrays["alpha"] * tf.nn.relu(-x)
        case "elu":
            return tf.nn.elu(x) if op.alpha == 1.0 else tf.where(x > 0, x, op.alpha * tf.math.expm1(x))
        case "gelu":
            return tf.nn.gelu(x, approximate=op.approximate)
    return FUNCTIONS[op.function](x)


FUNCTIONS: Mapping[str, Callable[[tf.Tensor], tf.Tensor]] = {
    "relu": tf.nn.relu, "relu6": tf.nn.relu6, "selu": tf.nn.selu, "silu": tf.nn.silu,
    "mish": lambda x: x * tf.math.tanh(tf.math.softplus(x)), "softplus": tf.math.softplus,
    "hard_swish": lambda x: x * tf.nn.relu6(x + 3) * (1 / 6), "hard_sigmoid": lambda x: tf.nn.relu6(x + 3) * (1 / 6),
    "sigmoid": tf.math.sigmoid, "tanh": tf.math.tanh, "softmax": tf.nn.softmax,
}
"""The activations that have nothing to be set."""


# -- shapes and merges -----------------------------------------------------------------------------------------------------

def _shuffle(call: Call, op: ops.Shuffle) -> tf.Tensor:
    channels = call.node.types[0].channels
    dealt = tf.transpose(tf.reshape(call.x, (-1, op.groups, channels // op.groups)), (0, 2, 1))
    return tf.ensure_shape(tf.reshape(dealt, tf.shape(call.x)), call.x.shape)


def _upsample(call: Call, op: ops.Upsample) -> tf.Tensor:
    resized = RESIZES[op.method](images=call.x, size=tf.shape(call.x)[1:3] * op.factor, half_pixel_centers=True)
    return tf.ensure_shape(resized, (None, *call.node.output.type.shape))


def _resize(call: Call, op: axes.Resize) -> tf.Tensor:
    resized = resize(call.x, call.inputs[1], op.method)
    return tf.ensure_shape(resized, (None, *call.node.output.type.shape))


def _flatten(call: Call, op: ops.Flatten) -> tf.Tensor:
    return tf.reshape(call.x, (-1, call.node.output.type.channels))


def _pad_channels(call: Call, op: ops.PadChannels) -> tf.Tensor:
    rank = len(call.node.types[0].shape)
    return tf.pad(call.x, [(0, 0)] * rank + [(0, op.channels - call.node.types[0].channels)])


def _pad(call: Call, op: ops.Pad) -> tf.Tensor:
    more = added(op.size)
    mode = {"zero": "CONSTANT", "reflect": "REFLECT"}[op.mode]
    return cut(tf.pad(call.x, around(more), mode) if any(more) else call.x, op.size)


def _permute(call: Call, op: axes.Permute) -> tf.Tensor:
    return tf.transpose(call.x, (0, *(1 + "hwc".index(axis) for axis in op.order)))


def _reduce(call: Call, op: axes.Reduce) -> tf.Tensor:
    return {"mean": tf.reduce_mean, "max": tf.reduce_max}[op.how](call.x, axis=-1, keepdims=True)


def _blur_pool(call: Call, op: axes.BlurPool) -> tf.Tensor:
    window = np.repeat(blur(op.kernel)[:, :, None, None], call.node.types[0].channels, 2).astype(call.x.dtype.as_numpy_dtype)
    padded, (tall, wide) = tf.pad(call.x, around(op.pads), "REFLECT"), op.stride
    if tall == wide:
        return tf.nn.depthwise_conv2d(padded, window, (1, tall, wide, 1), "VALID")
    return tf.nn.depthwise_conv2d(padded, window, (1, 1, 1, 1), "VALID")[:, ::tall, ::wide]


def _coordinates(call: Call, op: axes.Coordinates) -> tf.Tensor:
    height, width = (known or tf.shape(call.x)[axis] for axis, known in enumerate(call.x.shape[1:3], 1))
    one = tf.zeros_like(call.x[..., :1])
    return tf.concat([call.x, one + _line(height)[:, None, None], one + _line(width)[:, None]], axis=-1)


def _line(count: Any) -> Any:
    """So many numbers from -1 to 1, a 0 where it is one: a constant where the number is known."""
    if isinstance(count, int):
        return np.linspace(-1, 1, count, dtype=np.float32) if count > 1 else np.zeros(1, np.float32)
    last = tf.cast(tf.maximum(count - 1, 1), tf.float32)
    return tf.cast(tf.range(count), tf.float32) * 2 / last - tf.cast(tf.minimum(count - 1, 1), tf.float32)


def _merge(call: Call, op: ops.Merge) -> tf.Tensor:
    return _merged(call, op, tf.add_n)


def _merge_in_pairs(call: Call, op: ops.Merge) -> tf.Tensor:
    return _merged(call, op, lambda values: reduce(tf.add, values))


def _merged(call: Call, op: ops.Merge, total: Callable[[Sequence[tf.Tensor]], tf.Tensor]) -> tf.Tensor:
    match op.how:
        case "add":
            return total(call.inputs)
        case "average":
            return total(call.inputs) * (1 / len(call.inputs))
    return reduce({"multiply": tf.multiply, "max": tf.maximum}[op.how], call.inputs)


def _gate(call: Call, op: ops.Gate) -> tf.Tensor:
    x, gate = call.inputs
    whole = call.node.types[1].is_map or not call.node.types[0].is_map
    return x * (gate if whole else gate[:, None, None, :])


def _blend(call: Call, op: ops.Blend) -> tf.Tensor:
    gate, transformed, carried = call.inputs
    return gate * transformed + (1 - gate) * carried


def _weighted(call: Call, op: learned.Weighted) -> tf.Tensor:
    weight = tf.nn.relu(tf.convert_to_tensor(call.arrays["weight"]))
    share = weight / (tf.reduce_sum(weight) + LEAST)
    return reduce(tf.add, [share[index] * x for index, x in enumerate(call.inputs)])


def _select(call: Call, op: learned.Select) -> tf.Tensor:
    *values, gate = call.inputs
    between = [1, 1] if call.node.output.type.is_map else []
    share = tf.nn.softmax(tf.reshape(gate, (-1, len(values), call.node.output.type.channels)), axis=1)
    shares = [tf.reshape(share[:, index], (-1, *between, call.node.output.type.channels)) for index in range(len(values))]
    return reduce(tf.add, [share * x for share, x in zip(shares, values, strict=True)])


Operations = Mapping[type[ops.Op], Callable[[Call, Any], tf.Tensor]]
"""By operation of the vocabulary: what it becomes."""
OPERATIONS: Operations = {
    ops.Conv: _conv,
    ops.Depthwise: _depthwise,
    ops.Pool: _pool,
    ops.GlobalPool: _global_pool,
    ops.Dense: _dense,
    ops.BatchNorm: _batch_norm,
    ops.LayerNorm: _layer_norm,
    ops.GroupNorm: _group_norm,
    ops.Activation: _activation,
    ops.Dropout: lambda call, _: call.x,
    ops.DropPath: lambda call, _: call.x,
    ops.Scale: lambda call, op: call.x * (call.arrays["factor"] if op.learned else op.factor),
    ops.LayerScale: lambda call, _: call.x * call.arrays["gamma"],
    ops.LocalResponseNorm: _lrn,
    ops.Pad: _pad,
    ops.PadChannels: _pad_channels,
    ops.SliceChannels: lambda call, op: call.x[..., op.start:op.start + op.size],
    ops.Flatten: _flatten,
    ops.Shuffle: _shuffle,
    ops.Upsample: _upsample,
    axes.Resize: _resize,
    ops.Concat: lambda call, _: tf.concat(call.inputs, axis=-1),
    ops.Merge: _merge,
    ops.Gate: _gate,
    ops.Blend: _blend,
    learned.ConvTranspose: _conv_transpose,
    learned.Attention: _attention,
    learned.Attend: _attend,
    learned.Shift: lambda call, _: call.x + call.arrays["bias"],
    learned.GlobalResponseNorm: _global_response,
    learned.Rows: lambda call, _: tf.concat(call.inputs, axis=1),
    learned.Weighted: _weighted,
    learned.Select: _select,
    axes.Reshape: lambda call, op: tf.reshape(call.x, (-1, *call.node.output.type.shape)),
    axes.Permute: _permute,
    axes.Reduce: _reduce,
    axes.BlurPool: _blur_pool,
    axes.Coordinates: _coordinates,
    axes.Position: lambda call, _: call.x + call.arrays["position"],
}
ON_DEVICES: Operations = {**OPERATIONS, ops.Merge: _merge_in_pairs}
"""For TFLite, which neither fuses a sum of any number of maps with what follows, nor has it in whole numbers."""
