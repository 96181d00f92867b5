"""Operations on the axes of a map: parts of it, other orders, blurs, and what is added to each place."""

from __future__ import annotations

from math import comb, prod
from typing import ClassVar, Literal

from archspec.graph.init import Normal
from archspec.graph.ops import Op, as_map, check_reflects, strided
from archspec.graph.types import Pads, Pair, ShapeError, Tensor, Weight, told_apart
from archspec.records import record

FOLLOWS = -1
"""Of the sizes of a reshape, the one that follows from the others."""


@record
class Reshape(Op):
    """The same values, in the order height, width, channels, as a map of other sizes; one of them may be FOLLOWS."""

    kind: ClassVar[str] = "reshape"
    to: tuple[int, int, int]

    def infer(self, *inputs: Tensor) -> Tensor:
        size, known = inputs[0].size, prod(side for side in self.to if side != FOLLOWS)
        said = "x".join("?" if side == FOLLOWS else str(side) for side in self.to)
        if size is None:
            raise ShapeError(f"the size of {inputs[0]} is open, so that it cannot become {said}", "give the input a size")
        if size % known or (size != known and FOLLOWS not in self.to):
            raise ShapeError(f"{inputs[0]} cannot become {said}: it has {size} values", _divisible(size, known, self.to),
                             ("to",))
        return Tensor(tuple(size // known if side == FOLLOWS else side for side in self.to))


def _divisible(size: int, known: int, to: tuple[int, int, int]) -> str:
    if FOLLOWS in to:
        return f"{known} has to divide {size}"
    return f"height x width x channels is {known} here; ? stands for a size that follows from the others"


@record
class Permute(Op):
    """The axes in another order: `order` says which of h, w and c becomes the height, the width and the channels."""

    kind: ClassVar[str] = "permute"
    order: str

    def infer(self, *inputs: Tensor) -> Tensor:
        sides = dict(zip("hwc", as_map(inputs[0], "permute"), strict=True))
        if sides[self.order[2]] is None:
            raise ShapeError(f"a side of {inputs[0]} that is open cannot become the channels", "give the input a size",
                             ("order",))
        return inputs[0] if self.order == "hwc" else Tensor(tuple(sides[axis] for axis in self.order))


@record
class Reduce(Op):
    """Mean or maximum over the channels of each place."""

    kind: ClassVar[str] = "reduce"
    how: Literal["mean", "max"]

    def infer(self, *inputs: Tensor) -> Tensor:
        height, width, _ = as_map(inputs[0], "reduce")
        return Tensor((height, width, 1), inputs[0].stride)


@record
class BlurPool(Op):
    """A binomial filter on each channel, over a map that is reflected at its borders (Zhang 2019, 1904.11486, section 3.2)."""

    kind: ClassVar[str] = "blur_pool"
    kernel: Pair
    stride: Pair

    @property
    def pads(self) -> Pads:
        """Pixels that are reflected: with an even window one more behind the map than before it."""
        tall, wide = self.kernel
        return (tall - 1) // 2, tall // 2, (wide - 1) // 2, wide // 2

    def infer(self, *inputs: Tensor) -> Tensor:
        height, width, channels = as_map(inputs[0], "blur_pool")
        check_reflects(inputs[0], self.pads, ("kernel",))
        tall, wide = (None if side is None else -(-side // step)
                      for side, step in zip((height, width), self.stride, strict=True))
        return strided(inputs[0], tall, wide, channels, self.stride)

    def window(self) -> tuple[Pair, Pair]:
        return self.kernel, self.stride


def binomial(count: int) -> tuple[float, ...]:
    """So many binomial coefficients as shares of their sum: 1/4, 1/2, 1/4."""
    return tuple(comb(count - 1, place) / 2 ** (count - 1) for place in range(count))


@record
class Coordinates(Op):
    """The map with two channels more, the row and the column of each place, from -1 to 1; 0 where there is one.

    Liu et al. 2018, 1807.03247, section 3.
    """

    kind: ClassVar[str] = "coordinates"

    def infer(self, *inputs: Tensor) -> Tensor:
        height, width, channels = as_map(inputs[0], "coordinates")
        return Tensor((height, width, channels + 2), inputs[0].stride)


@record
class Position(Op):
    """The map plus a learned value for each place and channel (Dosovitskiy et al. 2020, 2010.11929, section 3.1)."""

    kind: ClassVar[str] = "position"

    def infer(self, *inputs: Tensor) -> Tensor:
        as_map(inputs[0], "position")
        if inputs[0].size is None:
            raise ShapeError(f"position learns a value for each place, and the size of {inputs[0]} is open",
                             "give the input a size")
        return inputs[0]

    def weights(self, *inputs: Tensor) -> tuple[Weight, ...]:
        height, width, channels = inputs[0].shape
        assert height is not None
        assert width is not None
        assert channels is not None
        return (Weight("position", (height, width, channels), True, Normal(0.02)),)


@record
class Resize(Op):
    """Enlarges a map to the height and width of another, whatever the ratio. Inputs: the map, and the one that has the size.

    `method` is nearest or bilinear, of half-pixel centres.
    """

    kind: ClassVar[str] = "resize"
    method: Literal["nearest", "bilinear"] = "nearest"

    def infer(self, *inputs: Tensor) -> Tensor:
        if not inputs[1].is_map:
            raise ShapeError(f"upsample takes the height and width of a map, and `to` names a vector of {inputs[1]}",
                             "name a value from before flatten and before pooling without keepdims", ("to",))
        (*sides, channels), (*wanted, _) = (as_map(each, "upsample") for each in inputs)
        strides = [(each.stride or (None, None)) for each in inputs]
        for side, other, ours, theirs in zip(sides, wanted, *strides, strict=True):
            open_and_smaller = None in (side, other) and ours is not None and theirs is not None and theirs > ours
            if open_and_smaller or (side is not None and other is not None and other < side):
                raise ShapeError(" does not become larger as ".join(told_apart(*inputs)),
                                 "upsample takes the size of a larger map; a pooling makes one smaller", ("to",))
        return Tensor((*inputs[1].shape[:2], channels), inputs[1].stride)
