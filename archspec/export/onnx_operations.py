"""A network that predicts as an ONNX graph, one row an operation of the vocabulary.

Each gives what archspec.model.operations gives; tests hold the two together. Maps are (batch, channels, height, width)
here, as ONNX has them, and vectors (batch, channels).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from archspec.errors import InputError
from archspec.export.onnx_sheet import Attribute, Sheet
from archspec.graph import axes, learned, ops
from archspec.graph.ir import Graph, Node
from archspec.graph.learned import LEAST
from archspec.graph.pads import counting, pool_pads, same
from archspec.graph.passes.standardize import standardized
from archspec.graph.types import VALID, Padding, Pads, Pair
from archspec.graph.weights import Weights
from archspec.model.windows import added, blur

MOST = (1 << 63) - 1
"""Where a slice ends that goes to the end."""
TO_MAPS, FROM_MAPS = (0, 3, 1, 2), (0, 2, 3, 1)
"""Axes of a batch of channels-last maps in ONNX's order, and back."""


@dataclass(frozen=True, slots=True)
class Call:
    """A node with its numbers, by name, the names of its inputs in the ONNX graph, and that of its result."""

    node: Node
    arrays: Mapping[str, np.ndarray]
    inputs: Sequence[str]
    output: str
    sheet: Sheet

    @property
    def x(self) -> str:
        """The first input."""
        return self.inputs[0]

    @property
    def is_map(self) -> bool:
        """Whether the first input is a batch of maps."""
        return self.node.types[0].is_map

    def put(self, kind: str, *inputs: str, **attributes: Attribute) -> None:
        """Adds the ONNX node that gives the result; its attributes are ONNX's own."""
        self.sheet.put(kind, inputs, self.output, attributes)

    def first(self, what: str, kind: str, *inputs: str, **attributes: Attribute) -> str:
        """Adds one on the way there. Returns the name of what it gives."""
        return self.sheet.put(kind, inputs, f"{self.node.name}/{what}", attributes)

    def array(self, what: str, numbers: np.ndarray) -> str:
        """Adds an array. Returns its name."""
        return self.sheet.array(f"{self.node.name}/{what}", numbers)

    def number(self, what: str, value: float) -> str:
        """Adds a number, float32. Returns its name."""
        return self.array(what, np.array(value, np.float32))

    def places(self, what: str, *numbers: int) -> str:
        """Adds axes, indices or sizes. Returns their name."""
        return self.array(what, np.array(numbers, np.int64))

    def weight(self, name: str, otherwise: float) -> str:
        """Adds an array of the node's, one number a channel; this number for each where it has none."""
        channels = self.node.types[0].channels
        return self.array(name, self.arrays.get(name, np.full(channels, otherwise, np.float32)))

    def beside_maps(self, name: str) -> str:
        """Adds an array of the node's, one number a channel, so that it is spread over height and width."""
        numbers = self.arrays[name].reshape(-1)
        return self.array(name, numbers[:, None, None] if self.is_map else numbers)


def compute(sheet: Sheet, graph: Graph, arrays: Weights, images: str, wanted: Iterable[str],
            reserved: Iterable[str]) -> dict[str, str]:
    """Writes the nodes that these ones need, after `images`, maps as the network takes them.

    Returns what each result is called: as its node, or `NAME/value` where the name is `reserved` for something else.
    """
    taken, values = set(reserved), {graph.input.name: images}
    for node in graph.ancestors(wanted):
        if node.inputs:
            own = {weight.name: arrays[node.name, weight.name] for weight in node.weights}
            output = f"{node.name}/value" if node.name in taken else node.name
            OPERATIONS[type(node.op)](Call(node, own, [values[value.name] for value in node.inputs], output, sheet), node.op)
            values[node.name] = output
    return values


# -- windows ---------------------------------------------------------------------------------------------------------------

def _window(call: Call, padding: Padding, reach: Pair, stride: Pair) -> dict[str, Attribute]:
    """Stride and padding; `same` is a number of pixels wherever these do not depend on an open size."""
    sides = [_same(call.node.types[0].shape[axis], reach[axis], stride[axis]) for axis in (0, 1)]
    if padding != "same":
        return {"strides": stride, "pads": _pads(padding)}
    if None in sides:
        _refuse_open_dilation(call.node, stride)
        return {"strides": stride, "auto_pad": "SAME_UPPER"}
    (top, bottom), (left, right) = (side for side in sides if side)
    return {"strides": stride, "pads": _pads((top, bottom, left, right))}


def _refuse_open_dilation(node: Node, stride: Pair) -> None:
    """onnxruntime finds no padding by itself for a dilated window."""
    if isinstance(node.op, ops.Conv | ops.Depthwise) and max(node.op.dilation) > 1:
        raise InputError(f"{node.name}: how far `same` pads for a stride of {stride[0]}x{stride[1]} and a dilation depends "
                         "on the size of the image, which is open\n  hint: give the input a size")


def _same(size: int | None, reach: int, stride: int) -> Pair | None:
    """Pixels before and behind an axis. None where they depend on an open size."""
    if size is None:
        return same(1, reach, 1) if stride == 1 else None
    return same(size, reach, stride)


def _pads(pads: Pads) -> tuple[int, ...]:
    """In ONNX's order: all beginnings, then all ends."""
    top, bottom, left, right = pads
    return top, left, bottom, right


def _conv(call: Call, op: ops.Conv) -> None:
    _convolution(call, op, _kernel(call, op).transpose(3, 2, 0, 1), op.groups)


def _kernel(call: Call, op: ops.Conv | ops.Depthwise) -> np.ndarray:
    kernel = call.arrays["kernel"]
    return standardized(op, kernel) if op.standardize else kernel


def _depthwise(call: Call, op: ops.Depthwise) -> None:
    """As many groups as channels."""
    height, width, channels, multiplier = call.arrays["kernel"].shape
    kernel = _kernel(call, op).transpose(2, 3, 0, 1).reshape(channels * multiplier, 1, height, width)
    _convolution(call, op, kernel, channels)


def _convolution(call: Call, op: ops.Conv | ops.Depthwise, kernel: np.ndarray, groups: int) -> None:
    window = _window(call, op.padding, ops.reach(op.kernel, op.dilation), op.stride)
    call.put("Conv", call.x, call.array("kernel", kernel), *_bias(call), kernel_shape=op.kernel, dilations=op.dilation,
             group=groups, **window)


def _conv_transpose(call: Call, op: learned.ConvTranspose) -> None:
    """(in, out, height, width) there. What is cut off is what `same` pads on the way there, the odd pixel behind."""
    cut = [(side - step) // 2 for side, step in zip(op.kernel, op.stride, strict=True)]
    rest = [side - step - before for side, step, before in zip(op.kernel, op.stride, cut, strict=True)]
    call.put("ConvTranspose", call.x, call.array("kernel", call.arrays["kernel"].transpose(3, 2, 0, 1)), *_bias(call),
             kernel_shape=op.kernel, strides=op.stride, pads=(*cut, *rest))


def _bias(call: Call) -> list[str]:
    return [call.array("bias", call.arrays["bias"])] if "bias" in call.arrays else []


def _dense(call: Call, op: ops.Dense) -> None:
    call.put("Gemm", call.x, call.array("kernel", call.arrays["kernel"]), *_bias(call))


def _pool(call: Call, op: ops.Pool) -> None:
    pads = pool_pads(call.node, op)
    if op.mode == "max":
        call.put("MaxPool", call.x, kernel_shape=op.kernel, dilations=op.dilation,
                 **_window(call, pads, ops.reach(op.kernel, op.dilation), op.stride))
        return
    x, counts = call.x, op.count_padding
    if counts and pads != "same":
        counted, left_out = counting(op, pads)
        if left_out != VALID:  # ONNX counts all or nothing, so what counts has to be zeros of the map
            x, pads, counts = _zeros_around(call, x, counted), left_out, False
    window = _window(call, pads, ops.reach(op.kernel, op.dilation), op.stride)
    call.put("AveragePool", x, kernel_shape=op.kernel, dilations=op.dilation, count_include_pad=int(counts), **window)


def _zeros_around(call: Call, x: str, pads: Pads) -> str:
    top, bottom, left, right = pads
    return call.first("padded", "Pad", x, call.places("pads", 0, 0, top, left, 0, 0, bottom, right))


def _global_pool(call: Call, op: ops.GlobalPool) -> None:
    kind = {"max": "GlobalMaxPool", "avg": "GlobalAveragePool"}[op.mode]
    if op.keepdims:
        call.put(kind, call.x)
    else:
        call.put("Flatten", call.first("map", kind, call.x))


# -- norms -----------------------------------------------------------------------------------------------------------------

def _batch_norm(call: Call, op: ops.BatchNorm) -> None:
    arrays = [call.weight(name, otherwise) for name, otherwise in (
        ("gamma", 1.0), ("beta", 0.0), ("moving_mean", 0.0), ("moving_variance", 1.0))]
    call.put("BatchNormalization", call.x, *arrays, epsilon=op.epsilon)


def _layer_norm(call: Call, op: ops.LayerNorm) -> None:
    """ONNX's normalises over the last axes."""
    arrays = call.weight("gamma", 1.0), call.weight("beta", 0.0)
    if not call.is_map:
        call.put("LayerNormalization", call.x, *arrays, epsilon=op.epsilon)
        return
    last = call.first("channels_last", "Transpose", call.x, perm=FROM_MAPS)
    normal = call.first("normal", "LayerNormalization", last, *arrays, epsilon=op.epsilon)
    call.put("Transpose", normal, perm=TO_MAPS)


def _group_norm(call: Call, op: ops.GroupNorm) -> None:
    arrays = call.weight("gamma", 1.0), call.weight("beta", 0.0)
    call.put("GroupNormalization", call.x, *arrays, epsilon=op.epsilon, num_groups=op.groups)


def _lrn(call: Call, op: ops.LocalResponseNorm) -> None:
    call.put("LRN", call.x, size=op.size, alpha=float(op.alpha), beta=float(op.beta), bias=float(op.k))


def _global_response(call: Call, op: learned.GlobalResponseNorm) -> None:
    norms = call.first("norms", "ReduceL2", call.x, call.places("positions", 2, 3))
    mean = call.first("mean", "ReduceMean", norms, call.places("channels", 1))
    share = call.first("share", "Div", norms, call.first("above", "Add", mean, call.number("epsilon", op.epsilon)))
    learned_share = call.first("scaled", "Mul", share, call.beside_maps("gamma"))
    grown = call.first("grown", "Add", call.x, call.first("changed", "Mul", call.x, learned_share))
    call.put("Add", grown, call.beside_maps("beta"))


# -- attention -------------------------------------------------------------------------------------------------------------

def _attention(call: Call, op: learned.Attention) -> None:
    """In products of matrices and a softmax, on (batch, positions, channels)."""
    channels, inner = call.node.types[0].channels, op.heads * op.key
    flat = call.first("flat", "Reshape", call.x, call.places("flat_shape", 0, channels, -1))
    x = call.first("positions", "Transpose", flat, perm=(0, 2, 1))
    heads = call.places("heads_shape", 0, 0, op.heads, op.key)
    query, key, value = (_head(call, part, x, inner, heads) for part in ("query", "key", "value"))
    turned = call.first("turned", "Transpose", key, perm=(0, 1, 3, 2))
    scaled = call.first("scaled", "Mul", query, call.number("scale", op.key ** -0.5))
    weights = call.first("weights", "Softmax", call.first("scores", "MatMul", scaled, turned), axis=-1)
    found = call.first("found", "Transpose", call.first("values", "MatMul", weights, value), perm=(0, 2, 1, 3))
    together = call.first("together", "Reshape", found, call.places("together_shape", 0, 0, inner))
    back = call.first("back", "Transpose", _projected(call, "attention_output", together, inner, channels), perm=(0, 2, 1))
    call.put("Reshape", back, call.first("shape", "Shape", call.x))


def _attend(call: Call, op: learned.Attend) -> None:
    """In products of matrices and a softmax, on (batch, heads, width of a head, positions)."""
    query, key, value = (
        call.first(f"{part}_heads", "Reshape", x, call.places(f"{part}_shape", 0, op.heads, of.channels // op.heads, -1))
        for part, x, of in zip(("query", "key", "value"), call.inputs, call.node.types, strict=True))
    width = call.node.types[0].channels // op.heads
    scaled = call.first("scaled", "Mul", query, call.number("scale", width ** -0.5))
    turned = call.first("turned", "Transpose", scaled, perm=(0, 1, 3, 2))
    weights = call.first("weights", "Softmax", call.first("scores", "MatMul", turned, key), axis=-1)
    found = call.first("found", "MatMul", value, call.first("back", "Transpose", weights, perm=(0, 1, 3, 2)))
    sizes = call.first("sizes", "Slice", call.first("whole", "Shape", call.x), call.places("from", 2), call.places("to", 4))
    shape = call.first("shape", "Concat", call.places("channels", 0, call.node.output.type.channels), sizes, axis=0)
    call.put("Reshape", found, shape)


def _head(call: Call, part: str, x: str, inner: int, heads: str) -> str:
    """(batch, heads, positions, width of a head)."""
    projected = _projected(call, part, x, call.node.types[0].channels, inner)
    return call.first(f"{part}_heads", "Transpose", call.first(f"{part}_apart", "Reshape", projected, heads), perm=(0, 2, 1, 3))


def _projected(call: Call, part: str, x: str, given: int, width: int) -> str:
    kernel, bias = call.arrays[f"{part}_kernel"], call.arrays.get(f"{part}_bias")
    projected = call.first(f"{part}_product", "MatMul", x, call.array(f"{part}_kernel", kernel.reshape(given, width)))
    if bias is None:
        return projected
    return call.first(part, "Add", projected, call.array(f"{part}_bias", bias.reshape(width)))


# -- activations -----------------------------------------------------------------------------------------------------------

def _activation(call: Call, op: ops.Activation) -> None:
    match op.function:
        case "relu6":
            call.put("Clip", call.x, call.number("least", 0), call.number("most", 6))
        case "leaky_relu":
            call.put("LeakyRelu", call.x, alpha=float(op.slope))
        case "prelu":
            call.put("PRelu", call.x, call.beside_maps("alpha"))
        case "elu":
            call.put("Elu", call.x, alpha=float(op.alpha))
        case "gelu":
            call.put("Gelu", call.x, approximate="tanh" if op.approximate else "none")
        case "silu":
            call.put("Mul", call.x, call.first("sigmoid", "Sigmoid", call.x))
        case "hard_sigmoid":
            call.put("HardSigmoid", call.x, alpha=1 / 6, beta=0.5)
        case "softmax":
            call.put("Softmax", call.x, axis=1)
        case _:
            call.put(FUNCTIONS[op.function], call.x)


FUNCTIONS: Mapping[str, str] = {
    "relu": "Relu", "selu": "Selu", "mish": "Mish", "softplus": "Softplus", "hard_swish": "HardSwish", "sigmoid": "Sigmoid",
    "tanh": "Tanh",
}
"""The activations that are one operation of ONNX's with nothing to be set."""


# -- shapes and merges -----------------------------------------------------------------------------------------------------

def _pad(call: Call, op: ops.Pad) -> None:
    """What is added, then what is cropped: ONNX does both at once, onnxruntime only with zeros."""
    top, bottom, left, right = more = added(op.size)
    crops, x = min(op.size) < 0, call.x
    if any(more) or not crops:
        pads = call.places("pads", 0, 0, top, left, 0, 0, bottom, right)
        mode = {"zero": "constant", "reflect": "reflect"}[op.mode]
        if not crops:
            call.put("Pad", x, pads, mode=mode)
            return
        x = call.first("padded", "Pad", x, pads, mode=mode)
    top, bottom, left, right = (min(0, side) for side in op.size)
    ends = [side or MOST for side in (bottom, right)]
    call.put("Slice", x, call.places("starts", -top, -left), call.places("ends", *ends), call.places("axes", 2, 3))


def _pad_channels(call: Call, op: ops.PadChannels) -> None:
    rest = [0] * (len(call.node.types[0].shape) - 1)
    missing = op.channels - call.node.types[0].channels
    call.put("Pad", call.x, call.places("pads", 0, 0, *rest, 0, missing, *rest))


def _slice_channels(call: Call, op: ops.SliceChannels) -> None:
    call.put("Slice", call.x, call.places("start", op.start), call.places("end", op.start + op.size), call.places("axis", 1))


def _flatten(call: Call, op: ops.Flatten) -> None:
    """Channels last, as the layers behind it have learned."""
    x = call.first("channels_last", "Transpose", call.x, perm=FROM_MAPS) if call.is_map else call.x
    call.put("Flatten", x)


def _shuffle(call: Call, op: ops.Shuffle) -> None:
    channels = call.node.types[0].channels
    dealt = np.arange(channels).reshape(op.groups, -1).T.reshape(-1)
    call.put("Gather", call.x, call.places("order", *dealt.tolist()), axis=1)


def _upsample(call: Call, op: ops.Upsample) -> None:
    factors = call.array("factors", np.array([1, 1, op.factor, op.factor], np.float32))
    mode = {"nearest": "nearest", "bilinear": "linear"}[op.method]
    call.put("Resize", call.x, "", factors, mode=mode, coordinate_transformation_mode="half_pixel")


def _resize(call: Call, op: axes.Resize) -> None:
    """By the size that the second input has. The nearest of two pixels at one distance is the later, as TensorFlow has it."""
    sides = call.node.types[1].shape[:2]
    if None in sides:
        sizes = call.first("sizes", "Shape", call.inputs[1], start=2)
    else:
        sizes = call.places("sizes", *(side for side in sides if side is not None))
    mode = {"nearest": "nearest", "bilinear": "linear"}[op.method]
    call.put("Resize", call.x, "", "", sizes, mode=mode, axes=(2, 3), coordinate_transformation_mode="half_pixel",
             nearest_mode="round_prefer_ceil")


def _reshape(call: Call, op: axes.Reshape) -> None:
    """Channels last, in the order that the operation means."""
    x = call.first("channels_last", "Transpose", call.x, perm=FROM_MAPS) if call.is_map else call.x
    sides = [side or 0 for side in call.node.output.type.shape]
    call.put("Transpose", call.first("reshaped", "Reshape", x, call.places("shape", -1, *sides)), perm=TO_MAPS)


def _permute(call: Call, op: axes.Permute) -> None:
    height, width, channels = (1 + "chw".index(axis) for axis in op.order)
    call.put("Transpose", call.x, perm=(0, channels, height, width))


def _blur_pool(call: Call, op: axes.BlurPool) -> None:
    top, bottom, left, right = op.pads
    padded = call.first("padded", "Pad", call.x, call.places("pads", 0, 0, top, left, 0, 0, bottom, right), mode="reflect")
    channels = call.node.types[0].channels
    window = np.repeat(blur(op.kernel)[None, None], channels, 0)
    call.put("Conv", padded, call.array("window", window), kernel_shape=op.kernel, strides=op.stride, group=channels)


def _coordinates(call: Call, op: axes.Coordinates) -> None:
    """A constant where the size is known, else reckoned from it; added to a channel of zeros, which has the batch."""
    first = call.first("first", "Slice", call.x, call.places("start", 0), call.places("end", 1), call.places("axis", 1))
    zeros = call.first("zeros", "Sub", first, first)
    sides = zip(("rows", "columns"), call.node.types[0].shape, ((-1, 1), (1, -1)), strict=False)
    lines = [call.first(f"{what}/all", "Add", zeros, _line(call, what, size, axis, shape))
             for axis, (what, size, shape) in enumerate(sides, 2)]
    call.put("Concat", call.x, *lines, axis=1)


def _line(call: Call, what: str, size: int | None, axis: int, shape: Pair) -> str:
    """Numbers from -1 to 1 along an axis, a 0 where it is one place."""
    if size is not None:
        line = np.linspace(-1, 1, size, dtype=np.float32) if size > 1 else np.zeros(1, np.float32)
        return call.array(what, line.reshape(shape))
    none, one = (call.array(f"{what}/{number}", np.array(number)) for number in (0, 1))
    count = call.first(f"{what}/count", "Squeeze", call.first(f"{what}/shape", "Shape", call.x, start=axis, end=axis + 1))
    behind = call.first(f"{what}/behind", "Sub", count, one)
    last, start = (call.first(f"{what}/{name}", "Cast", call.first(f"{what}/{name}_whole", kind, behind, one), to=1)
                   for name, kind in (("last", "Max"), ("start", "Min")))
    places = call.first(f"{what}/places", "Cast", call.first(f"{what}/range", "Range", none, count, one), to=1)
    doubled = call.first(f"{what}/doubled", "Mul", places, call.number(f"{what}/2", 2))
    scaled = call.first(f"{what}/scaled", "Div", doubled, last)
    return call.first(f"{what}/line", "Reshape", call.first(f"{what}/centred", "Sub", scaled, start),
                      call.places(f"{what}/sides", *shape))


def _position(call: Call, op: axes.Position) -> None:
    call.put("Add", call.x, call.array("position", call.arrays["position"].transpose(2, 0, 1)))


def _merge(call: Call, op: ops.Merge) -> None:
    """Two by two, which runtimes fuse with the convolution before."""
    kind = {"add": "Add", "average": "Add", "multiply": "Mul", "max": "Max"}[op.how]
    x, *others = call.inputs
    for number, other in enumerate(others[:-1], 1):
        x = call.first(f"merged{number}", kind, x, other)
    if op.how == "average":
        x = call.first("sum", kind, x, *others[-1:]) if others else x
        call.put("Mul", x, call.number("share", 1 / len(call.inputs)))
    elif others:
        call.put(kind, x, others[-1])
    else:
        call.put("Identity", x)


def _gate(call: Call, op: ops.Gate) -> None:
    x, gate = call.inputs
    if call.is_map and not call.node.types[1].is_map:
        gate = call.first("map", "Unsqueeze", gate, call.places("axes", 2, 3))
    call.put("Mul", x, gate)


def _blend(call: Call, op: ops.Blend) -> None:
    gate, transformed, carried = call.inputs
    rest = call.first("rest", "Sub", call.number("one", 1), gate)
    call.put("Add", call.first("changed", "Mul", gate, transformed), call.first("kept", "Mul", rest, carried))


def _weighted(call: Call, op: learned.Weighted) -> None:
    weight = np.maximum(call.arrays["weight"].astype(np.float64), 0)
    shares = weight / (weight.sum() + LEAST)
    _sum(call, [call.first(f"part{number}", "Mul", x, call.number(f"share{number}", share))
                for number, (x, share) in enumerate(zip(call.inputs, shares, strict=True), 1)])


def _select(call: Call, op: learned.Select) -> None:
    *values, gate = call.inputs
    whole = [call.node.output.type.channels, *([1, 1] if call.is_map else [])]
    apart = call.first("apart", "Reshape", gate, call.places("apart_shape", -1, len(values), whole[0]))
    shares, one = call.first("shares", "Softmax", apart, axis=1), call.places("share_shape", -1, *whole)
    parts = []
    for number, x in enumerate(values):
        share = call.first(f"share{number}", "Gather", shares, call.places(f"place{number}", number), axis=1)
        parts.append(call.first(f"part{number}", "Mul", x, call.first(f"spread{number}", "Reshape", share, one)))
    _sum(call, parts)


def _sum(call: Call, parts: Sequence[str]) -> None:
    """Of two or more, two by two."""
    x, *others = parts
    for number, other in enumerate(others[:-1], 1):
        x = call.first(f"sum{number}", "Add", x, other)
    call.put("Add", x, others[-1])


def _scale(call: Call, op: ops.Scale) -> None:
    call.put("Mul", call.x, call.number("factor", float(call.arrays["factor"][0]) if op.learned else op.factor))


def _idle(call: Call, op: ops.Op) -> None:
    call.put("Identity", call.x)


OPERATIONS: Mapping[type[ops.Op], Callable[..., None]] = {
    ops.Conv: _conv,
    ops.Depthwise: _depthwise,
    ops.Pool: _pool,
    ops.GlobalPool: _global_pool,
    ops.Dense: _dense,
    ops.BatchNorm: _batch_norm,
    ops.LayerNorm: _layer_norm,
    ops.GroupNorm: _group_norm,
    ops.Activation: _activation,
    ops.Dropout: _idle,
    ops.DropPath: _idle,
    ops.Scale: _scale,
    ops.LayerScale: lambda call, _: call.put("Mul", call.x, call.beside_maps("gamma")),
    ops.LocalResponseNorm: _lrn,
    ops.Pad: _pad,
    ops.PadChannels: _pad_channels,
    ops.SliceChannels: _slice_channels,
    ops.Flatten: _flatten,
    ops.Shuffle: _shuffle,
    ops.Upsample: _upsample,
    axes.Resize: _resize,
    ops.Concat: lambda call, _: call.put("Concat", *call.inputs, axis=1),
    ops.Merge: _merge,
    ops.Gate: _gate,
    ops.Blend: _blend,
    learned.ConvTranspose: _conv_transpose,
    learned.Attention: _attention,
    learned.Attend: _attend,
    learned.Shift: lambda call, _: call.put("Add", call.x, call.number("bias", float(call.arrays["bias"][0]))),
    learned.GlobalResponseNorm: _global_response,
    learned.Rows: lambda call, _: call.put("Concat", *call.inputs, axis=2),
    learned.Weighted: _weighted,
    learned.Select: _select,
    axes.Reshape: _reshape,
    axes.Permute: _permute,
    axes.Reduce: lambda call, op: call.put({"mean": "ReduceMean", "max": "ReduceMax"}[op.how], call.x, call.places("axes", 1)),
    axes.BlurPool: _blur_pool,
    axes.Coordinates: _coordinates,
    axes.Position: _position,
}
