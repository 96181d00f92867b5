"""The whole vocabulary of a graph: every primitive operation with its shape rule, its weights and its cost.

Shapes are those of archspec.graph.types: without the batch, None where a size is open.
"""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import ClassVar, Literal

from archspec.graph.init import Constant, HeNormal, Ones, Zeros, constant
from archspec.graph.types import Padding, Pads, Pair, ShapeError, Tensor, Weight, told_apart
from archspec.records import Record, record


@record
class Op(Record):
    """A primitive operation. `infer` gives the output type or raises ShapeError."""

    kind: ClassVar[str] = "op"
    weighted: ClassVar[bool] = False
    """Whether it counts as a layer of the network's depth (convolution, dense)."""

    def infer(self, *inputs: Tensor) -> Tensor:
        """The type of the result. Most operations keep that of their input."""
        return inputs[0]

    def weights(self, *inputs: Tensor) -> tuple[Weight, ...]:
        """The arrays it holds, in Keras's order."""
        return ()

    def macs(self, inputs: tuple[Tensor, ...], output: Tensor) -> int | None:
        """Multiply-adds for one image; zero for all but convolutions and dense layers."""
        return 0

    def window(self) -> tuple[Pair, Pair]:
        """(extent of the input that one output sees, stride), each (height, width); for the receptive field."""
        return (1, 1), (1, 1)


def as_map(tensor: Tensor, what: str) -> tuple[int | None, int | None, int]:
    """Height, width and channels of a value. Raises ShapeError for a vector, in the name of what needs a map."""
    if not tensor.is_map:
        raise ShapeError(f"{what} needs a feature map (height x width x channels), this is a vector of {tensor}",
                         "put it before flatten and before pooling without keepdims")
    return tensor.shape[0], tensor.shape[1], tensor.channels


def _vector(tensor: Tensor, what: str) -> int:
    if tensor.is_map:
        raise ShapeError(f"{what} needs a vector, this is a feature map of {tensor}",
                         "put global_avg_pool or flatten before it")
    return tensor.channels


def extra_rows(size: int | None, kernel: int, stride: int, before: int, after: int) -> int:
    """Rows below the padding that `ceil` pools see: a last window starts in the image or the padding before it.

    Caffe's and PyTorch's rule. Raises ShapeError where it depends on a size that is open.
    """
    if stride + after <= kernel:
        return stride - 1
    if size is None:
        raise ShapeError("ceil with a stride this large depends on the size of the image, which is open",
                         "give the input a size, or leave ceil out", ("ceil", "stride"))
    windows = -(-(size + before + after - kernel) // stride) + 1
    if (windows - 1) * stride >= size + before:
        windows -= 1
    return max(0, (windows - 1) * stride + kernel - size - before - after)


def reach(kernel: Pair, dilation: Pair) -> Pair:
    """Pixels from the first to the last that a dilated window sees, (height, width)."""
    return dilation[0] * (kernel[0] - 1) + 1, dilation[1] * (kernel[1] - 1) + 1


def _extent(size: int | None, kernel: int, stride: int, pads: Pair | None) -> int | None:
    """Number of windows along one side; `pads` is None for `same`."""
    if size is None:
        return None
    if pads is None:
        return -(-size // stride)
    return (size + sum(pads) - kernel) // stride + 1


def _slide(x: Tensor, kernel: Pair, stride: Pair, padding: Padding) -> tuple[int | None, int | None]:
    """Height and width after a window of `kernel` pixels has passed over x."""
    sides: list[int | None] = []
    for axis in (0, 1):
        pads = None if padding == "same" else (padding[2 * axis], padding[2 * axis + 1])
        extent = _extent(x.shape[axis], kernel[axis], stride[axis], pads)
        if extent is not None and extent < 1:
            raise ShapeError(f"a window of {kernel[0]}x{kernel[1]} does not fit into {x}",
                             "pad it (padding: same), make the window smaller, or use fewer strides before it",
                             ("kernel", "padding", "dilation"))
        sides.append(extent)
    return sides[0], sides[1]


EPSILON = 1e-6
"""What is added to the variance of a kernel that is standardised."""


def epsilon_of(op: Conv | Depthwise) -> float:
    """What is added to the variance of its kernel, where that is standardised."""
    return EPSILON if op.standardize is True else float(op.standardize)


def _refuse_one_weight(standardize: bool | float, weights: int) -> None:
    """Less its mean, the one weight of a filter is 0."""
    if standardize and weights == 1:
        raise ShapeError("each filter has one weight, and standardised that is 0",
                         "write standardize=false for this one; for a projection, the shortcut as a list", ("standardize",))


def _kernel(shape: tuple[int, ...], gain: float) -> Weight:
    """He et al. 2016 (1512.03385), section 3.4, take that of 2015 for every layer, the classifier too, and so does this."""
    return Weight("kernel", shape, True, HeNormal(gain))


def _bias(size: int, present: bool, start: float) -> tuple[Weight, ...]:
    return (Weight("bias", (size,), True, constant(start)),) if present else ()


def strided(x: Tensor, height: int | None, width: int | None, channels: int, stride: tuple[Fraction | int, ...]) -> Tensor:
    """A map of these sizes that is so many times as coarse as x; of an unknown stride where x is."""
    known = x.stride if x.stride is None or stride == (1, 1) else (x.stride[0] * stride[0], x.stride[1] * stride[1])
    return Tensor((height, width, channels), known)


@record
class Input(Op):
    """The image."""

    kind: ClassVar[str] = "input"
    shape: tuple[int | None, int | None, int]

    def infer(self, *inputs: Tensor) -> Tensor:
        return Tensor(self.shape, (Fraction(1), Fraction(1)))


@record
class Conv(Op):
    """Convolution, grouped where groups > 1. Kernel (height, width, in / groups, filters).

    With `standardize` the kernel of each filter is taken less its mean and over its deviation (Qiao et al. 2019, 1903.10520);
    what is added to the variance is 1e-6 (EPSILON), or the number that stands in the place of True.
    """

    kind: ClassVar[str] = "conv"
    weighted: ClassVar[bool] = True
    filters: int
    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: Padding = "same"
    dilation: Pair = (1, 1)
    groups: int = 1
    bias: bool = False
    bias_init: float = 0.0
    standardize: bool | float = False

    def infer(self, *inputs: Tensor) -> Tensor:
        channels = as_map(inputs[0], "conv")[2]
        for name, count in (("input channels", channels), ("filters", self.filters)):
            if count % self.groups:
                near = max(1, round(count / self.groups)) * self.groups
                raise ShapeError(f"{count} {name} are not divisible by {self.groups} groups",
                                 f"{near} would be, or a number of groups that divides {count}",
                                 ("groups", "filters") if name == "filters" else ("groups",))
        _refuse_one_weight(self.standardize, prod(self.kernel) * channels // self.groups)
        height, width = _slide(inputs[0], reach(self.kernel, self.dilation), self.stride, self.padding)
        return strided(inputs[0], height, width, self.filters, self.stride)

    def weights(self, *inputs: Tensor) -> tuple[Weight, ...]:
        shape = (*self.kernel, inputs[0].channels // self.groups, self.filters)
        return _kernel(shape, gain=1.0), *_bias(self.filters, self.bias, self.bias_init)

    def macs(self, inputs: tuple[Tensor, ...], output: Tensor) -> int | None:
        each = prod(self.kernel) * inputs[0].channels // self.groups
        return None if output.size is None else output.size * each

    def window(self) -> tuple[Pair, Pair]:
        return reach(self.kernel, self.dilation), self.stride


@record
class Depthwise(Op):
    """One convolution a channel, `multiplier` filters each. Kernel (height, width, in, multiplier). `standardize`: see Conv."""

    kind: ClassVar[str] = "depthwise"
    weighted: ClassVar[bool] = True
    multiplier: int = 1
    kernel: Pair = (3, 3)
    stride: Pair = (1, 1)
    padding: Padding = "same"
    dilation: Pair = (1, 1)
    bias: bool = False
    bias_init: float = 0.0
    standardize: bool | float = False

    def infer(self, *inputs: Tensor) -> Tensor:
        channels = as_map(inputs[0], "depthwise")[2]
        _refuse_one_weight(self.standardize, prod(self.kernel))
        height, width = _slide(inputs[0], reach(self.kernel, self.dilation), self.stride, self.padding)
        return strided(inputs[0], height, width, channels * self.multiplier, self.stride)

    def weights(self, *inputs: Tensor) -> tuple[Weight, ...]:
        channels = inputs[0].channels  # each filter sees one of them
        return (_kernel((*self.kernel, channels, self.multiplier), gain=channels),
                *_bias(channels * self.multiplier, self.bias, self.bias_init))

    def macs(self, inputs: tuple[Tensor, ...], output: Tensor) -> int | None:
        return None if output.size is None else output.size * prod(self.kernel)

    def window(self) -> tuple[Pair, Pair]:
        return reach(self.kernel, self.dilation), self.stride


@record
class Pool(Op):
    """Maximum or mean over a window. `mode` is max or avg; padding is -inf for max.

    The mean leaves padding out unless `count_padding`; `ceil` rounds the output size up. With gaps in its window
    (`dilation`, which no spec has: graph/passes/dilation.py makes them) it says its padding in pixels.
    """

    kind: ClassVar[str] = "pool"
    mode: Literal["max", "avg"]
    kernel: Pair
    stride: Pair
    padding: Padding = "same"
    ceil: bool = False
    count_padding: bool = False
    dilation: Pair = (1, 1)

    @property
    def reach(self) -> Pair:
        """Pixels from the first to the last that a window sees, (height, width)."""
        return reach(self.kernel, self.dilation)

    def infer(self, *inputs: Tensor) -> Tensor:
        channels = as_map(inputs[0], f"{self.mode}_pool")[2]
        tall, wide = self.reach
        if self.padding != "same" and (max(self.padding[:2]) >= tall or max(self.padding[2:]) >= wide):
            raise ShapeError(f"padding {list(self.padding)} is as large as its window",
                             "padding has to be smaller than the kernel", ("kernel", "padding"))
        if self.padding == "same" and self.dilation != (1, 1):
            raise ShapeError("a pool with gaps in its window has padding: same", "give it in pixels", ("padding",))
        height, width = _slide(inputs[0], self.reach, self.stride, self.pads(inputs[0]))
        return strided(inputs[0], height, width, channels, self.stride)

    def pads(self, x: Tensor) -> Padding:
        """The padding with the rows that `ceil` adds at the bottom and on the right."""
        if self.padding == "same" or not self.ceil:
            return self.padding
        top, bottom, left, right = self.padding
        tall, wide = self.reach
        return (top, bottom + extra_rows(x.shape[0], tall, self.stride[0], top, bottom),
                left, right + extra_rows(x.shape[1], wide, self.stride[1], left, right))

    def window(self) -> tuple[Pair, Pair]:
        return self.reach, self.stride


@record
class GlobalPool(Op):
    """Maximum or mean over the whole map."""

    kind: ClassVar[str] = "global_pool"
    mode: Literal["max", "avg"]
    keepdims: bool = False

    def infer(self, *inputs: Tensor) -> Tensor:
        channels = as_map(inputs[0], f"global_{self.mode}_pool")[2]
        return Tensor((1, 1, channels), inputs[0].stride) if self.keepdims else Tensor((channels,))


@record
class Dense(Op):
    """Fully connected layer. Kernel (in, units)."""

    kind: ClassVar[str] = "dense"
    weighted: ClassVar[bool] = True
    units: int
    bias: bool = True
    bias_init: float = 0.0

    def infer(self, *inputs: Tensor) -> Tensor:
        _vector(inputs[0], "dense")
        return Tensor((self.units,))

    def weights(self, *inputs: Tensor) -> tuple[Weight, ...]:
        return _kernel((inputs[0].channels, self.units), gain=1.0), *_bias(self.units, self.bias, self.bias_init)

    def macs(self, inputs: tuple[Tensor, ...], output: Tensor) -> int | None:
        return inputs[0].channels * self.units


@record
class BatchNorm(Op):
    """Batch normalisation; momentum is the share of the old value."""

    kind: ClassVar[str] = "batch_norm"
    epsilon: float = 1e-5
    momentum: float = 0.9
    scale: bool = True
    center: bool = True

    def weights(self, *inputs: Tensor) -> tuple[Weight, ...]:
        shape = (inputs[0].channels,)
        return (*_affine(shape, self.scale, self.center),
                Weight("moving_mean", shape, False, Zeros()), Weight("moving_variance", shape, False, Ones()))


@record
class LayerNorm(Op):
    """Normalisation over the channels of each position."""

    kind: ClassVar[str] = "layer_norm"
    epsilon: float = 1e-6
    scale: bool = True
    center: bool = True

    def weights(self, *inputs: Tensor) -> tuple[Weight, ...]:
        return _affine((inputs[0].channels,), self.scale, self.center)


@record
class GroupNorm(Op):
    """Normalisation over groups of channels and all positions."""

    kind: ClassVar[str] = "group_norm"
    groups: int = 32
    epsilon: float = 1e-5
    scale: bool = True
    center: bool = True

    def infer(self, *inputs: Tensor) -> Tensor:
        channels = as_map(inputs[0], "group_norm")[2]
        if channels % self.groups:
            raise ShapeError(f"{channels} channels are not divisible by {self.groups} groups of group_norm",
                             f"give groups a divisor of {channels}", ("groups",))
        return inputs[0]

    def weights(self, *inputs: Tensor) -> tuple[Weight, ...]:
        return _affine((inputs[0].channels,), self.scale, self.center)


def _affine(shape: tuple[int, ...], scale: bool, center: bool) -> tuple[Weight, ...]:
    return (Weight("gamma", shape, True, Ones()),) * scale + (Weight("beta", shape, True, Zeros()),) * center


ACTIVATIONS = ("relu", "relu6", "leaky_relu", "prelu", "elu", "selu", "gelu", "silu", "mish", "softplus",
               "hard_swish", "hard_sigmoid", "sigmoid", "tanh", "softmax")


@record
class Activation(Op):
    """A function of each element (of each vector: softmax). `slope` is leaky_relu's, alpha is elu's."""

    kind: ClassVar[str] = "act"
    function: str
    slope: float = 0.01
    alpha: float = 1.0
    approximate: bool = False

    def weights(self, *inputs: Tensor) -> tuple[Weight, ...]:
        if self.function != "prelu":
            return ()
        shape = (1, 1, inputs[0].channels) if inputs[0].is_map else (inputs[0].channels,)
        # One slope a channel, 0.25 at first: He et al. 2015 (1502.01852), section 2.1.
        return (Weight("alpha", shape, True, Constant(0.25)),)


@record
class Dropout(Op):
    """Drops elements in training with this probability."""

    kind: ClassVar[str] = "dropout"
    rate: float


@record
class DropPath(Op):
    """Stochastic depth: drops the whole value of an image in training (Huang et al. 2016, 1603.09382)."""

    kind: ClassVar[str] = "drop_path"
    rate: float


@record
class Scale(Op):
    """Multiplies by a constant, or by one learned number that starts there (Bachlechner et al. 2020, 2003.04887)."""

    kind: ClassVar[str] = "scale"
    factor: float
    learned: bool = False

    def weights(self, *inputs: Tensor) -> tuple[Weight, ...]:
        return (Weight("factor", (1,), True, constant(self.factor)),) * self.learned


@record
class LayerScale(Op):
    """Multiplies each channel by a learned factor (Touvron et al. 2021, 2103.17239)."""

    kind: ClassVar[str] = "layer_scale"
    init: float

    def weights(self, *inputs: Tensor) -> tuple[Weight, ...]:
        return (Weight("gamma", (inputs[0].channels,), True, constant(self.init)),)


@record
class LocalResponseNorm(Op):
    """x / (k + alpha / size * sum of squares over `size` channels) ** beta (Krizhevsky et al. 2012, section 3.3)."""

    kind: ClassVar[str] = "lrn"
    size: int = 5
    alpha: float = 1e-4
    beta: float = 0.75
    k: float = 1.0

    def infer(self, *inputs: Tensor) -> Tensor:
        as_map(inputs[0], "lrn")
        if self.size % 2 == 0:
            raise ShapeError(f"a window of {self.size} channels has no middle", "size has to be odd", ("size",))
        return inputs[0]


@record
class Pad(Op):
    """Pixels around the map, zeros or its own reflected at the border pixel; a negative number of them crops it."""

    kind: ClassVar[str] = "pad"
    size: Pads
    mode: Literal["zero", "reflect"] = "zero"

    def infer(self, *inputs: Tensor) -> Tensor:
        height, width, channels = as_map(inputs[0], "pad")
        sides = [None if side is None else side + sum(self.size[2 * axis:2 * axis + 2])
                 for axis, side in enumerate((height, width))]
        if any(side is not None and side < 1 for side in sides):
            raise ShapeError(f"nothing of {inputs[0]} is left when {list(self.size)} is cut off", "crop less", ("size",))
        if self.mode == "reflect":
            check_reflects(inputs[0], self.size, ("size", "mode"))
        return Tensor((*sides, channels), inputs[0].stride)


def check_reflects(x: Tensor, pads: Pads, concerns: tuple[str, ...]) -> None:
    """Raises ShapeError where a map has fewer pixels behind its border than are reflected there."""
    for axis, side in enumerate(x.shape[:2]):
        if side is not None and max(pads[2 * axis:2 * axis + 2]) >= side:
            raise ShapeError(f"{x} has too few pixels to reflect {max(pads[2 * axis:2 * axis + 2])} of them",
                             "the border itself is not reflected: reflect fewer than the map is high and wide", concerns)


@record
class PadChannels(Op):
    """Zero channels behind the ones there are, up to `channels`."""

    kind: ClassVar[str] = "pad_channels"
    channels: int

    def infer(self, *inputs: Tensor) -> Tensor:
        if self.channels < inputs[0].channels:
            raise ShapeError(f"{inputs[0].channels} channels cannot become {self.channels}",
                             "it only adds channels; a 1x1 convolution takes some away", ("channels",))
        return Tensor((*inputs[0].shape[:-1], self.channels), inputs[0].stride)


@record
class SliceChannels(Op):
    """Channels start to start + size."""

    kind: ClassVar[str] = "slice_channels"
    start: int
    size: int

    def infer(self, *inputs: Tensor) -> Tensor:
        if self.start + self.size > inputs[0].channels:
            raise ShapeError(f"{inputs[0]} has no channels {self.start} to {self.start + self.size - 1}",
                             f"it has {inputs[0].channels}, counted from 0", ("channels", "first"))
        return Tensor((*inputs[0].shape[:-1], self.size), inputs[0].stride)


@record
class Flatten(Op):
    """A map as a vector, row by row, channels last."""

    kind: ClassVar[str] = "flatten"

    def infer(self, *inputs: Tensor) -> Tensor:
        if inputs[0].size is None:
            raise ShapeError(f"the size of {inputs[0]} is open",
                             "give the input a size, or use global_avg_pool")
        return Tensor((inputs[0].size,))


@record
class Shuffle(Op):
    """Channel shuffle (Zhang et al. 2017, 1707.01083, Figure 1)."""

    kind: ClassVar[str] = "shuffle"
    groups: int

    def infer(self, *inputs: Tensor) -> Tensor:
        channels = as_map(inputs[0], "shuffle")[2]
        if channels % self.groups:
            raise ShapeError(f"{channels} channels are not divisible by {self.groups} groups",
                             f"give groups a divisor of {channels}", ("groups",))
        return inputs[0]


@record
class Upsample(Op):
    """Enlarges a map by a whole factor; method is nearest or bilinear."""

    kind: ClassVar[str] = "upsample"
    factor: int
    method: Literal["nearest", "bilinear"] = "nearest"

    def infer(self, *inputs: Tensor) -> Tensor:
        height, width, channels = as_map(inputs[0], "upsample")
        tall, wide = (None if side is None else side * self.factor for side in (height, width))
        return strided(inputs[0], tall, wide, channels, (Fraction(1, self.factor), Fraction(1, self.factor)))


@record
class Concat(Op):
    """Inputs one behind the other along the channels."""

    kind: ClassVar[str] = "concat"

    def infer(self, *inputs: Tensor) -> Tensor:
        first = inputs[0]
        for other in inputs[1:]:
            if not same_place(first, other):
                raise ShapeError(f"concatenation of {' and '.join(told_apart(first, other))}",
                                 "paths have to end in maps of the same height and width")
        return Tensor((*first.shape[:-1], sum(x.channels for x in inputs)), known_stride(*inputs))


@record
class Merge(Op):
    """Element by element: add, multiply, max or average of inputs of one shape.

    With `drop_path`, in training, the average of those that stay: each input of an image is dropped with that probability,
    and one stays at least (Larsson et al. 2017, 1605.07648, section 2.1).
    """

    kind: ClassVar[str] = "merge"
    how: Literal["add", "multiply", "max", "average"]
    drop_path: float = 0.0

    def infer(self, *inputs: Tensor) -> Tensor:
        first = inputs[0]
        words = {"add": "addition", "multiply": "product", "max": "maximum", "average": "average"}
        for other in inputs[1:]:
            if not same_shape(first, other):
                raise ShapeError(f"{words[self.how]} of {' and '.join(told_apart(first, other))}",
                                 "both sides need the same shape")
        return Tensor(first.shape, known_stride(*inputs))


@record
class Gate(Op):
    """x · g, where g has x's shape or is broadcast over height and width, or, as HxWx1, over the channels. Inputs: x, g."""

    kind: ClassVar[str] = "gate"

    def infer(self, *inputs: Tensor) -> Tensor:
        x, gate = inputs
        of_channels = x.channels == gate.channels and (not gate.is_map or gate.shape[:2] == (1, 1))
        of_places = same_place(x, gate) and (gate.channels == x.channels or (gate.is_map and gate.channels == 1))
        if not (of_channels or of_places):
            one = f", in {Tensor((*x.shape[:2], 1))}" if x.is_map else ""
            theirs, ours = told_apart(gate, x)
            raise ShapeError(f"a gate of {theirs} on {ours}", f"a gate has to end in {x}{one} or in {x.channels} channels")
        return Tensor(x.shape, known_stride(x, gate) if of_places else x.stride)


@record
class Blend(Op):
    """t · a + (1 − t) · b (Srivastava et al. 2015, 1505.00387, equation 3). Inputs: t, a, b."""

    kind: ClassVar[str] = "blend"

    def infer(self, *inputs: Tensor) -> Tensor:
        gate, transformed, x = inputs
        for name, other in (("body", transformed), ("gate", gate)):
            if not same_shape(x, other):
                ours, theirs = told_apart(x, other)
                raise ShapeError(f"its input is {ours}, its {name} ends in {theirs}",
                                 "a highway layer keeps the shape of its input")
        return Tensor(x.shape, known_stride(x, transformed, gate))


def same_place(a: Tensor, b: Tensor) -> bool:
    """Whether two values cover the same positions; by stride where sizes are open and both strides known."""
    if a.shape[:-1] != b.shape[:-1]:
        return False
    return None not in a.shape or None in (a.stride, b.stride) or a.stride == b.stride


def known_stride(*inputs: Tensor) -> tuple[Fraction, Fraction] | None:
    """The stride of what is merged of these: that of the first that has one."""
    return next((x.stride for x in inputs if x.stride is not None), None)


def same_shape(a: Tensor, b: Tensor) -> bool:
    """Whether two values can be added."""
    return same_place(a, b) and a.channels == b.channels
