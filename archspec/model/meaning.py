"""READERS: what a Keras layer means in the vocabulary, one row a class, read from its configuration alone.

The way back from `layers.EMITTERS`, written without it: what the two agree on is said twice. Every key of a configuration is
read into an operation, or has to be neutral.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import keras

from archspec.graph import axes as on_axes
from archspec.graph import init, ops
from archspec.graph import learned as more
from archspec.graph.ir import Node
from archspec.graph.ops import Op
from archspec.graph.pads import unstrided
from archspec.graph.types import VALID, Padding, Pads, Pair
from archspec.model import attention, axes, custom, grouped, learned, norm

NEUTRAL: dict[str, tuple[Any, ...]] = {
    "activation": ("linear",), "activity_regularizer": (None,), "autocast": (True,), "axis": (-1, [-1]),
    "data_format": ("channels_last",), "offset": (0.0,), "optional": (False,), "quantization_config": (None,),
    "ragged": (False,), "renorm": (False,), "renorm_clipping": (None,), "renorm_momentum": (0.99,), "rms_scaling": (False,),
    "seed": (None,), "sliding_window": (None,), "sparse": (False,), "synchronized": (False,), "threshold": (0.0,),
    "trainable": (True,), "use_gate": (False,),
    **{f"{array}_{what}": (None,) for array in ("kernel", "depthwise", "bias", "gamma", "beta", "alpha")
       for what in ("regularizer", "constraint")},
}
"""Keys that mean nothing while they have one of these values."""


@dataclass(frozen=True, slots=True)
class Window:
    """What a pooling does: zeros of `counted` are part of a mean, the pixels of `left_out` are part of nothing."""

    mode: Literal["max", "avg"]
    kernel: Pair
    stride: Pair
    counted: Padding
    left_out: Padding
    dilation: Pair = (1, 1)


Meaning = Op | Window | str
"""What a layer or a node does; a text for what no operation does."""


class Settings:
    """A layer's configuration. What is taken is understood; `rest` is not."""

    def __init__(self, layer: keras.layers.Layer) -> None:
        self.rest = {key: value for key, value in layer.get_config().items()
                     if key not in ("name", "dtype") and not key.endswith("_initializer")}

    def take(self, key: str) -> Any:
        """A value, with lists as tuples."""
        value = self.rest.pop(key)
        return tuple(value) if isinstance(value, list | tuple) else value

    def padding(self) -> Padding:
        """Keras's word as ours."""
        return "same" if self.take("padding") == "same" else VALID

    def strange(self) -> dict[str, Any]:
        """The keys that are neither taken nor neutral."""
        return {key: value for key, value in self.rest.items() if value not in NEUTRAL.get(key, ())}


Reader = Callable[[Settings], Meaning]


def _conv(its: Settings) -> ops.Conv:
    return ops.Conv(its.take("filters"), its.take("kernel_size"), its.take("strides"), its.padding(),
                    its.take("dilation_rate"), its.take("groups"), its.take("use_bias"))


def _standardize(its: Settings) -> bool | float:
    """True for the usual epsilon, as a spec has it."""
    epsilon = float(its.take("epsilon"))
    return True if epsilon == ops.EPSILON else epsilon


def _depthwise(its: Settings) -> ops.Depthwise:
    return ops.Depthwise(its.take("depth_multiplier"), its.take("kernel_size"), its.take("strides"), its.padding(),
                         its.take("dilation_rate"), its.take("use_bias"))


def _pool(mode: Literal["max", "avg"]) -> Reader:
    return lambda its: Window(mode, its.take("pool_size"), its.take("strides"), VALID, its.padding())


def _padded_max(its: Settings) -> Window:
    return Window("max", its.take("pool_size"), its.take("strides"), VALID, its.take("padding"))


def _padded_avg(its: Settings) -> Window:
    return Window("avg", its.take("pool_size"), its.take("strides"), its.take("counted"), its.take("left_out"))


def _dilated_pool(its: Settings) -> Window:
    return Window(its.take("mode"), its.take("pool_size"), its.take("strides"), its.take("counted"), its.take("left_out"),
                  its.take("dilation_rate"))


def _relu(its: Settings) -> Meaning:
    largest, slope = its.take("max_value"), its.take("negative_slope")
    words = {(None, 0.0): "relu", (6.0, 0.0): "relu6"}
    if (largest, slope) not in words:
        return f"a ReLU up to {largest} with a slope of {slope}"
    return ops.Activation(words[largest, slope])


def _prelu(its: Settings) -> Meaning:
    shared = its.take("shared_axes")
    return ops.Activation("prelu") if shared in (None, (1, 2)) else f"a PReLU with slopes shared over {shared}"


def _activation(its: Settings) -> Op:
    function = its.take("activation")
    if isinstance(function, dict):
        function = function["config"]
    if function == "archspec>approximate_gelu":
        return ops.Activation("gelu", approximate=True)
    return ops.Activation({"hard_silu": "hard_swish"}.get(function, function))  # one function of two names


def _dropout(its: Settings) -> Meaning:
    rate, shape = its.take("rate"), its.take("noise_shape")
    if shape is None:
        return ops.Dropout(rate)
    whole = shape[0] is None and set(shape[1:]) == {1}
    return ops.DropPath(rate) if whole else f"a dropout of {rate} with noise of {shape}"


def _scaled(norm: Callable[..., Op], *keys: str) -> Reader:
    return lambda its: norm(**{key: its.take(key) for key in (*keys, "epsilon", "scale", "center")})


def _transposed(its: Settings) -> Meaning:
    filters, kernel, stride, bias = (its.take(key) for key in ("filters", "kernel_size", "strides", "use_bias"))
    rest = [its.take(key) for key in ("padding", "dilation_rate", "output_padding")]
    same = rest == ["same", (1, 1), None]
    return more.ConvTranspose(filters, kernel, stride, bias) if same else f"a transposed convolution with {rest}"


def _attention(its: Settings) -> Meaning:
    key, value, axes, rest = (its.take(name) for name in ("key_dim", "value_dim", "attention_axes", "output_shape"))
    if (value, axes, rest) != (key, (1, 2), None):
        return f"attention with values of {value}, over the axes {axes}, to {rest}"
    return more.Attention(its.take("num_heads"), key, its.take("use_bias"), its.take("dropout"))


def _concat(its: Settings) -> Meaning:
    axis = its.take("axis")
    return {-1: ops.Concat(), 1: more.Rows()}.get(axis, f"a concatenation along axis {axis}")


def _pads(its: Settings) -> Pads:
    return _pads_of(its.take("padding"))


def _pads_of(sides: Sequence[Sequence[int]]) -> Pads:
    (top, bottom), (left, right) = sides
    return top, bottom, left, right


def _cropped(its: Settings) -> Op:
    top, bottom, left, right = _pads_of(its.take("cropping"))
    return ops.Pad((-top, -bottom, -left, -right))


def _permute(its: Settings) -> Op:
    return on_axes.Permute("".join("hwc"[axis - 1] for axis in its.take("dims")))


def _upsample(its: Settings) -> Meaning:
    height, width = its.take("size")
    how = its.take("interpolation")
    return ops.Upsample(height, how) if height == width else f"an upsampling of {height}x{width}"


READERS: dict[type[keras.layers.Layer], Reader] = {
    keras.layers.InputLayer: lambda its: ops.Input(its.take("batch_shape")[1:]),
    keras.layers.Conv2D: _conv,
    grouped.Conv2D: _conv,
    custom.StridedDilatedConv2D: _conv,
    keras.layers.DepthwiseConv2D: _depthwise,
    custom.UnevenDepthwiseConv2D: _depthwise,
    learned.StandardizedConv2D: lambda its: replace(_conv(its), standardize=_standardize(its)),
    learned.StandardizedDepthwiseConv2D: lambda its: replace(_depthwise(its), standardize=_standardize(its)),
    keras.layers.MaxPooling2D: _pool("max"),
    keras.layers.AveragePooling2D: _pool("avg"),
    custom.PaddedMaxPooling2D: _padded_max,
    custom.PaddedAveragePooling2D: _padded_avg,
    custom.DilatedPooling2D: _dilated_pool,
    keras.layers.GlobalMaxPooling2D: lambda its: ops.GlobalPool("max", its.take("keepdims")),
    keras.layers.GlobalAveragePooling2D: lambda its: ops.GlobalPool("avg", its.take("keepdims")),
    keras.layers.Dense: lambda its: ops.Dense(its.take("units"), its.take("use_bias")),
    keras.layers.BatchNormalization: _scaled(ops.BatchNorm, "momentum"),
    norm.BatchNormalization: _scaled(ops.BatchNorm, "momentum"),
    keras.layers.LayerNormalization: _scaled(ops.LayerNorm),
    keras.layers.GroupNormalization: _scaled(ops.GroupNorm, "groups"),
    keras.layers.ReLU: _relu,
    keras.layers.LeakyReLU: lambda its: ops.Activation("leaky_relu", slope=its.take("negative_slope")),
    keras.layers.PReLU: _prelu,
    keras.layers.ELU: lambda its: ops.Activation("elu", alpha=its.take("alpha")),
    keras.layers.Activation: _activation,
    keras.layers.Dropout: _dropout,
    keras.layers.Rescaling: lambda its: ops.Scale(its.take("scale")),
    custom.LayerScale: lambda its: ops.LayerScale(0.0),
    custom.LocalResponseNormalization: lambda its: ops.LocalResponseNorm(its.take("size"), its.take("alpha"),
                                                                         its.take("beta"), its.take("k")),
    keras.layers.ZeroPadding2D: lambda its: ops.Pad(_pads(its)),
    custom.PadChannels: lambda its: ops.PadChannels(its.take("channels")),
    custom.SliceChannels: lambda its: ops.SliceChannels(its.take("start"), its.take("size")),
    keras.layers.Flatten: lambda its: ops.Flatten(),
    custom.ChannelShuffle: lambda its: ops.Shuffle(its.take("groups")),
    keras.layers.UpSampling2D: _upsample,
    axes.Resize: lambda its: on_axes.Resize(its.take("method")),
    keras.layers.Concatenate: _concat,
    keras.layers.Add: lambda its: ops.Merge("add"),
    keras.layers.Multiply: lambda its: ops.Merge("multiply"),
    keras.layers.Maximum: lambda its: ops.Merge("max"),
    keras.layers.Average: lambda its: ops.Merge("average"),
    custom.Blend: lambda its: ops.Blend(),
    keras.layers.Conv2DTranspose: _transposed,
    keras.layers.MultiHeadAttention: _attention,
    attention.MultiHeadAttention: _attention,
    attention.Attend: lambda its: more.Attend(its.take("heads")),
    learned.GlobalResponseNormalization: lambda its: more.GlobalResponseNorm(its.take("epsilon")),
    learned.LearnedScale: lambda its: ops.Scale(0.0, True),
    learned.LearnedShift: lambda its: more.Shift(),
    learned.WeightedSum: lambda its: more.Weighted(),
    learned.Select: lambda its: more.Select(),
    learned.DropPaths: lambda its: ops.Merge("average", its.take("rate")),
    keras.layers.Cropping2D: _cropped,
    axes.Padding2D: lambda its: ops.Pad(its.take("padding"), its.take("mode")),
    keras.layers.Reshape: lambda its: on_axes.Reshape(its.take("target_shape")),
    keras.layers.Permute: _permute,
    axes.ReduceChannels: lambda its: on_axes.Reduce(its.take("how")),
    axes.BlurPooling2D: lambda its: on_axes.BlurPool(its.take("pool_size"), its.take("strides")),
    axes.Coordinates: lambda its: on_axes.Coordinates(),
    axes.Position: lambda its: on_axes.Position(),
}


def read(layer: keras.layers.Layer, helper: keras.layers.Layer | None) -> tuple[Meaning, dict[str, Any]]:
    """What a layer means, with the zeros that a helper puts around its input, and the keys that mean nothing known.

    Of a class that has no row only the name is given.
    """
    reader = READERS.get(type(layer))
    if reader is None:
        return type(layer).__name__, {}
    its = Settings(layer)
    meaning = reader(its)
    if helper is None:
        return meaning, its.strange()
    around = Settings(helper)
    return _around(meaning, _pads(around)), {**its.strange(), **around.strange()}


def _around(meaning: Meaning, pads: Pads) -> Meaning:
    """The same after zeros around the map."""
    if isinstance(meaning, ops.Conv | ops.Depthwise) and meaning.padding == VALID:
        return replace(meaning, padding=pads)
    if isinstance(meaning, Window) and (meaning.counted, meaning.left_out) == (VALID, VALID):
        return replace(meaning, counted=pads) if meaning.mode == "avg" else replace(meaning, left_out=pads)
    return f"{meaning} after padding {pads}"


def meaning(node: Node) -> Meaning:
    """What a node means, less what its weights say: their first values."""
    match node.op:
        case ops.Conv() | ops.Depthwise() | ops.Dense() | more.ConvTranspose() as op:
            return replace(op, bias_init=0.0)
        case ops.Pool() as op if op.mode == "avg" and op.count_padding:
            return Window("avg", op.kernel, op.stride, op.padding, _added(op, node), op.dilation)
        case ops.Pool() as op:
            return Window(op.mode, op.kernel, op.stride, VALID, op.pads(node.types[0]), op.dilation)
        case ops.Activation(function, slope, alpha, approximate):
            plain = ops.Activation(function, approximate=approximate and function == "gelu")
            return {"leaky_relu": replace(plain, slope=slope), "elu": replace(plain, alpha=alpha)}.get(function, plain)
        case ops.Scale(learned=True) as op:
            return replace(op, factor=0.0)
        case ops.LayerScale():
            return ops.LayerScale(0.0)
        case ops.Gate():
            return ops.Merge("multiply")
        case ops.Pad(size, mode) if max(size) <= 0 and mode != "zero":
            return ops.Pad(size)
        case on_axes.Reshape() as op:
            height, width, channels = (side or 0 for side in node.output.type.shape)
            return replace(op, to=(height, width, channels))
    return node.op


def _added(op: ops.Pool, node: Node) -> Pads:
    """The rows and columns of `ceil`."""
    whole = op.pads(node.types[0])
    if whole == "same" or op.padding == "same":
        return VALID
    return 0, whole[1] - op.padding[1], 0, whole[3] - op.padding[3]


def equal(node: Node, found: Meaning) -> bool:
    """Whether what was read means the same as the node, as written with other words or not."""
    return _plain(meaning(node), node) == _plain(found, node)


def _plain(it: Meaning, node: Node) -> Meaning:
    """In one way of writing: `same` in pixels where these do not depend on the size, no pixel that no window reaches."""
    if isinstance(it, ops.Conv | ops.Depthwise):
        return replace(it, padding=_in_pixels(it.padding, ops.reach(it.kernel, it.dilation), it.stride))
    if not isinstance(it, Window):
        return it
    counted, left_out = (_in_pixels(pads, ops.reach(it.kernel, it.dilation), it.stride) for pads in (it.counted, it.left_out))
    if counted == "same" or left_out == "same":
        return replace(it, counted=counted, left_out=left_out)
    rows, columns = (_reached(node, it, axis, counted, left_out) for axis in (0, 1))
    return replace(it, counted=(counted[0], rows[0], counted[2], columns[0]),
                   left_out=(left_out[0], rows[1], left_out[2], columns[1]))


def _in_pixels(padding: Padding, reach: Pair, stride: Pair) -> Padding:
    if padding != "same" or stride != (1, 1):
        return padding
    return unstrided(reach)


def _reached(node: Node, it: Window, axis: int, counted: Pads, left_out: Pads) -> tuple[int, int]:
    """Of the pixels behind a map along one axis, those of both kinds that a window reaches."""
    before, after = 2 * axis, 2 * axis + 1
    size, windows = node.types[0].shape[axis], node.output.type.shape[axis]
    if size is None or windows is None:
        return counted[after], left_out[after]
    reach = ops.reach(it.kernel, it.dilation)[axis]
    end = (windows - 1) * it.stride[axis] + reach - size - counted[before] - left_out[before]
    first = min(counted[after], max(0, end))
    return first, min(left_out[after], max(0, end - first))


def first_values(initializer: Any) -> init.Init | str:
    """What an initializer of Keras begins with; its name where the vocabulary has no word for it."""
    match initializer:
        case keras.initializers.Zeros():
            return init.Zeros()
        case keras.initializers.Ones():
            return init.Ones()
        case keras.initializers.Constant():
            return init.Constant(initializer.value)
        case keras.initializers.GlorotUniform():
            return init.GlorotUniform()
        case keras.initializers.RandomNormal() if initializer.mean == 0:
            return init.Normal(initializer.stddev)
        case keras.initializers.VarianceScaling() if (initializer.mode, initializer.distribution) == (
                "fan_in", "untruncated_normal"):
            return init.HeNormal(initializer.scale / 2)
    return type(initializer).__name__
