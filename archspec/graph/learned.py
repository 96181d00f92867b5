"""Operations with weights of their own beside those of ops.py: merges, attention, a norm of responses, a way up."""

from __future__ import annotations

from fractions import Fraction
from math import prod
from typing import ClassVar

from archspec.graph.init import GlorotUniform, HeNormal, Ones, Zeros, constant
from archspec.graph.ops import Op, as_map, known_stride, same_shape, strided
from archspec.graph.types import Pair, ShapeError, Tensor, Weight, told_apart
from archspec.records import record

LEAST = 1e-4
"""Is added to the sum of the weights of what is merged by them."""


@record
class ConvTranspose(Op):
    """The way back of a convolution, `same`: output = input · stride. Kernel (height, width, filters, in)."""

    kind: ClassVar[str] = "conv_transpose"
    weighted: ClassVar[bool] = True
    filters: int
    kernel: Pair
    stride: Pair
    bias: bool = False
    bias_init: float = 0.0

    def infer(self, *inputs: Tensor) -> Tensor:
        height, width, _ = as_map(inputs[0], "conv_transpose")
        if any(side < step for side, step in zip(self.kernel, self.stride, strict=True)):
            kernel, stride = ("x".join(map(str, sides)) for sides in (self.kernel, self.stride))
            raise ShapeError(f"a kernel of {kernel} leaves gaps at a stride of {stride}",
                             "the kernel cannot be below the stride", ("kernel", "stride"))
        tall, wide = (None if side is None else side * step
                      for side, step in zip((height, width), self.stride, strict=True))
        return strided(inputs[0], tall, wide, self.filters, tuple(Fraction(1, step) for step in self.stride))

    def weights(self, *inputs: Tensor) -> tuple[Weight, ...]:
        channels = inputs[0].channels
        # a pixel of the result sees one in stride · stride of the kernel's places, in each channel
        gain = self.filters * prod(self.stride) / channels
        kernel = Weight("kernel", (*self.kernel, self.filters, channels), True, HeNormal(gain))
        return kernel, *(Weight("bias", (self.filters,), True, constant(self.bias_init)),) * self.bias

    def macs(self, inputs: tuple[Tensor, ...], output: Tensor) -> int | None:
        return None if inputs[0].size is None else inputs[0].size * prod(self.kernel) * self.filters

    def window(self) -> tuple[Pair, Pair]:
        tall, wide = (-(-side // step) for side, step in zip(self.kernel, self.stride, strict=True))
        return (tall, wide), (1, 1)


@record
class Attention(Op):
    """Multi-head self-attention over the positions of a map (Vaswani et al. 2017, 1706.03762, section 3.2).

    As keras.layers.MultiHeadAttention, with its arrays and its first values. `key` is the width of a head, of queries, keys
    and values alike; `dropout` the share of the softmax that training drops.
    """

    kind: ClassVar[str] = "attention"
    heads: int
    key: int
    bias: bool = True
    dropout: float = 0.0

    def infer(self, *inputs: Tensor) -> Tensor:
        as_map(inputs[0], "attention")
        return inputs[0]

    def weights(self, *inputs: Tensor) -> tuple[Weight, ...]:
        channels, inner = inputs[0].channels, (self.heads, self.key)
        into = [weight for part in ("query", "key", "value") for weight in self._projection(part, (channels, *inner), inner)]
        return *into, *self._projection("attention_output", (*inner, channels), (channels,))

    def _projection(self, part: str, kernel: tuple[int, ...], bias: tuple[int, ...]) -> tuple[Weight, ...]:
        return (Weight(f"{part}_kernel", kernel, True, GlorotUniform()),
                *(Weight(f"{part}_bias", bias, True, Zeros()),) * self.bias)

    def macs(self, inputs: tuple[Tensor, ...], output: Tensor) -> int | None:
        if inputs[0].size is None:
            return None
        positions, inner = inputs[0].size // inputs[0].channels, self.heads * self.key
        return 4 * inputs[0].size * inner + 2 * positions * positions * inner


@record
class Attend(Op):
    """softmax(query · keyᵀ / √width) · value over the positions of maps (Vaswani et al. 2017, 1706.03762, equation 1).

    Inputs: query, key and value. The channels of each are dealt out to the heads, in order; width is that of a head's queries.
    """

    kind: ClassVar[str] = "attend"
    heads: int = 1

    def infer(self, *inputs: Tensor) -> Tensor:
        query, key, value = inputs
        (*_, wide), (*places, inner), (*others, deep) = (as_map(each, "attend") for each in inputs)
        if wide != inner:
            raise ShapeError(f"a query of {wide} channels meets a key of {inner}", "query and key need as many channels")
        if places != others or (None in places and known_stride(key) != known_stride(value)):
            raise ShapeError(f"the key is {key}, the value {value}", "each place of the key has its value: both need one size")
        for channels in (wide, deep):
            if channels is None or channels % self.heads:
                raise ShapeError(f"{channels} channels do not divide into {self.heads} heads",
                                 "heads has to divide the channels of query, key and value", ("heads",))
        return Tensor((*query.shape[:2], deep), query.stride)

    def macs(self, inputs: tuple[Tensor, ...], output: Tensor) -> int | None:
        query, key, value = inputs
        if query.size is None or key.size is None:
            return None
        return query.size // query.channels * (key.size // key.channels) * (query.channels + value.channels)


@record
class Shift(Op):
    """Adds one learned number, at first 0: the bias of PP-HGNetV2's and PP-LCNetV3's affine, and of StarReLU (2210.13452)."""

    kind: ClassVar[str] = "shift"

    def weights(self, *inputs: Tensor) -> tuple[Weight, ...]:
        return (Weight("bias", (1,), True, Zeros()),)


@record
class GlobalResponseNorm(Op):
    """x + gamma · x · n + beta (Woo et al. 2023, 2301.00808, section 3.2).

    n is the norm of each channel over the positions, divided by the mean of these norms over the channels.
    """

    kind: ClassVar[str] = "global_response_norm"
    epsilon: float = 1e-6

    def infer(self, *inputs: Tensor) -> Tensor:
        as_map(inputs[0], "global_response")
        return inputs[0]

    def weights(self, *inputs: Tensor) -> tuple[Weight, ...]:
        return tuple(Weight(name, (inputs[0].channels,), True, Zeros()) for name in ("gamma", "beta"))


@record
class Rows(Op):
    """Maps one below the other: along the height."""

    kind: ClassVar[str] = "rows"

    def infer(self, *inputs: Tensor) -> Tensor:
        first = inputs[0]
        for other in inputs:
            _, width, channels = as_map(other, "rows")
            apart = width is None and None not in (first.stride, other.stride) and first.stride != other.stride
            if apart or (width, channels) != first.shape[1:]:
                raise ShapeError(" below ".join(told_apart(other, first)),
                                 "paths have to end in maps of one width and of as many channels")
        heights = [x.shape[0] for x in inputs]
        known = [height for height in heights if height is not None]
        return Tensor((sum(known) if len(known) == len(heights) else None, *first.shape[1:]))


def _merged(first: Tensor, others: tuple[Tensor, ...], what: str) -> Tensor:
    for other in others:
        if not same_shape(first, other):
            raise ShapeError(f"{what} of {' and '.join(told_apart(first, other))}", "both sides need the same shape")
    return Tensor(first.shape, known_stride(first, *others))


@record
class Weighted(Op):
    """The sum of relu(w) / (sum of relu(w) + 1e-4) · x, one w an input (Tan et al. 2020, 1911.09070, section 3.3)."""

    kind: ClassVar[str] = "weighted"

    def infer(self, *inputs: Tensor) -> Tensor:
        return _merged(inputs[0], inputs[1:], "weighted sum")

    def weights(self, *inputs: Tensor) -> tuple[Weight, ...]:
        return (Weight("weight", (len(inputs),), True, Ones()),)


@record
class Select(Op):
    """Values summed, weighted for each channel by the softmax over them (Li et al. 2019, 1903.06586, section 3.1).

    Inputs: the values, then what the softmax is of: as many times their channels, those of the first value first.
    """

    kind: ClassVar[str] = "select"

    def infer(self, *inputs: Tensor) -> Tensor:
        *values, gate = inputs
        channels = len(values) * values[0].channels
        if gate.channels != channels or (gate.is_map and gate.shape[:2] != (1, 1)):
            raise ShapeError(f"`by` ends in {gate}", f"it has to end in {len(values)} · {values[0].channels} channels, as a "
                             f"vector of {channels} or as 1x1x{channels}")
        return _merged(values[0], tuple(values[1:]), "selection")
