"""The pixels around a map that windows look at: the rules that every form of a network shares."""

from __future__ import annotations

from archspec.graph.ir import Node
from archspec.graph.ops import Pool
from archspec.graph.types import VALID, Padding, Pads, Pair


def same(size: int, reach: int, stride: int) -> Pair:
    """What `same` pads before and behind one side; the odd pixel is behind, as in TensorFlow."""
    missing = max(0, reach - 1 - (size - 1) % stride)
    return missing // 2, missing - missing // 2


def unstrided(reach: Pair) -> Pads:
    """What `same` is for windows that move by one pixel, on maps of any size."""
    return *same(1, reach[0], 1), *same(1, reach[1], 1)


def pool_pads(node: Node, op: Pool) -> Padding:
    """The padding with the rows of `ceil`, less what no window reaches at the bottom and on the right."""
    pads = op.pads(node.types[0])
    if pads == "same":
        return pads
    top, bottom, left, right = pads
    return (top, _reached(node, op, 0, top, bottom), left, _reached(node, op, 1, left, right))


def _reached(node: Node, op: Pool, axis: int, before: int, after: int) -> int:
    size, windows = node.types[0].shape[axis], node.output.type.shape[axis]
    if size is None or windows is None:
        return after
    return min(after, max(0, (windows - 1) * op.stride[axis] + op.reach[axis] - size - before))


def counting(op: Pool, pads: Pads) -> tuple[Pads, Pads]:
    """A pool's pads in two: the inner ones, zeros that count in its mean, and those around them, which are in no window.

    What `ceil` adds never counts.
    """
    if op.mode == "max" or not op.count_padding or op.padding == "same":
        return VALID, pads
    top, bottom, left, right = map(min, pads, op.padding)
    return (top, bottom, left, right), (pads[0] - top, pads[1] - bottom, pads[2] - left, pads[3] - right)
