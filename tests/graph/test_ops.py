"""Shapes, weights and multiply-adds of the primitive operations, each counted by hand."""

from __future__ import annotations

from fractions import Fraction

import pytest

from archspec.graph.init import Constant, HeNormal, Init, Ones, Zeros
from archspec.graph.ops import (
    Activation,
    BatchNorm,
    Concat,
    Conv,
    Dense,
    Depthwise,
    Flatten,
    Gate,
    GroupNorm,
    Input,
    LayerNorm,
    LayerScale,
    Merge,
    Op,
    Pool,
    Upsample,
    extra_rows,
    same_shape,
)
from archspec.graph.types import ShapeError, Tensor

ONE = (Fraction(1), Fraction(1))
MAP = Tensor((9, 7, 6), ONE)
OPEN = Tensor((None, None, 6), ONE)
VECTOR = Tensor((6,))


@pytest.mark.parametrize(("op", "x", "output", "weights", "macs"), [
    (Conv(4, (3, 3)), MAP, "9x7x4", 3 * 3 * 6 * 4, 9 * 7 * 4 * 3 * 3 * 6),
    (Conv(4, (3, 3), groups=2), MAP, "9x7x4", 3 * 3 * 3 * 4, 9 * 7 * 4 * 27),
    (Conv(4, (1, 1), (2, 2), bias=True), MAP, "5x4x4", 6 * 4 + 4, 5 * 4 * 4 * 6),
    (Conv(4, (3, 3), padding=(0, 0, 0, 0)), MAP, "7x5x4", 216, 7 * 5 * 216),
    (Conv(4, (3, 3), dilation=(2, 2), padding=(0, 0, 0, 0)), MAP, "5x3x4", 216, 15 * 216), (Conv(4), OPEN, "?x?x4", 24, None),
    (Depthwise(2, (3, 3)), MAP, "9x7x12", 3 * 3 * 12, 9 * 7 * 12 * 9), (Dense(5), VECTOR, "5", 6 * 5 + 5, 30),
    (Dense(5, False), VECTOR, "5", 30, 30),
    (BatchNorm(), MAP, "9x7x6", 24, 0), (BatchNorm(scale=False), MAP, "9x7x6", 18, 0), (LayerNorm(), VECTOR, "6", 12, 0),
    (GroupNorm(3), MAP, "9x7x6", 12, 0),
    (LayerScale(0.1), MAP, "9x7x6", 6, 0), (Flatten(), MAP, "378", 0, 0), (Upsample(2), MAP, "18x14x6", 0, 0),
    (Pool("max", (2, 2), (2, 2)), MAP, "5x4x6", 0, 0),
])
def test_costs(op: Op, x: Tensor, output: str, weights: int, macs: int | None) -> None:
    found = op.infer(x)
    assert str(found) == output
    assert sum(weight.size for weight in op.weights(x)) == weights
    assert op.macs((x,), found) == macs


@pytest.mark.parametrize(("op", "first"), [
    (Conv(4, (3, 3), bias=True, bias_init=-2.0), {"kernel": HeNormal(1.0), "bias": Constant(-2.0)}),
    (Depthwise(2, bias=True), {"kernel": HeNormal(6), "bias": Zeros()}),
    (LayerScale(1e-6), {"gamma": Constant(1e-6)}),
    (LayerScale(1.0), {"gamma": Ones()}),
    (Activation("prelu"), {"alpha": Constant(0.25)}),
    (BatchNorm(), {"gamma": Ones(), "beta": Zeros(), "moving_mean": Zeros(), "moving_variance": Ones()}),
    (GroupNorm(3, center=False), {"gamma": Ones()}),
])
def test_first_values_are_with_the_weights(op: Op, first: dict[str, Init]) -> None:
    assert {weight.name: weight.init for weight in op.weights(MAP)} == first


def test_the_stride_against_the_image_is_carried() -> None:
    assert Conv(4, stride=(2, 3)).infer(MAP).stride == (2, 3)
    assert Upsample(2).infer(Conv(4, stride=(2, 4)).infer(MAP)).stride == (1, 2)
    assert Input((8, 8, 3)).infer().stride == ONE


@pytest.mark.parametrize(("size", "kernel", "stride", "before", "after", "windows"), [
    (7, 3, 2, 0, 0, 3), (8, 3, 2, 0, 0, 4), (112, 3, 2, 0, 0, 56), (5, 2, 3, 0, 0, 2), (4, 2, 3, 0, 0, 2),
    (3, 2, 3, 0, 0, 1), (6, 3, 2, 1, 1, 4), (2, 2, 2, 1, 1, 2)])
def test_ceil_counts_windows_as_caffe_and_pytorch_do(size: int, kernel: int, stride: int, before: int, after: int,
    windows: int) -> None:
    """A last window that would start in the padding behind the image is left out."""
    rows = size + before + after + extra_rows(size, kernel, stride, before, after)
    assert (rows - kernel) // stride + 1 == windows


@pytest.mark.parametrize(("op", "inputs", "message"), [
    (Conv(4, groups=4), [MAP], "6 input channels are not divisible by 4 groups"),
    (Conv(5, groups=2), [MAP], "5 filters are not divisible"),
    (Conv(4), [VECTOR], "needs a feature map"), (Dense(3), [MAP], "needs a vector"),
    (Conv(4, (8, 8), padding=(0, 0, 0, 0)), [MAP], "does not fit"),
    (Concat(), [MAP, Tensor((9, 8, 6), ONE)], "concatenation of 9x7x6 and 9x8x6"),
    (Merge("add"), [MAP, Tensor((9, 7, 5), ONE)], "addition of 9x7x6 and 9x7x5"),
    (Gate(), [MAP, Tensor((5,))], "a gate of 5"), (Flatten(), [OPEN], "is open"),
    (GroupNorm(4), [MAP], "not divisible by 4 groups"),
    (Pool("max", (2, 2), (2, 2), (2, 2, 2, 2)), [MAP], "as large as its window"),
    (Pool("max", (3, 3), (1, 1), dilation=(2, 2)), [MAP], "a pool with gaps in its window has padding: same"),
])
def test_what_does_not_fit(op: Op, inputs: list[Tensor], message: str) -> None:
    with pytest.raises(ShapeError, match=message):
        op.infer(*inputs)


@pytest.mark.parametrize(("other", "same"), [
    (Tensor((None, None, 6), ONE), True), (Tensor((None, None, 5), ONE), False), (Tensor((None, None, 6),
    (Fraction(2), Fraction(2))), False), (MAP, False)])
def test_where_sizes_are_open_shapes_match_by_stride_and_channels(other: Tensor, same: bool) -> None:
    assert same_shape(OPEN, other) == same
