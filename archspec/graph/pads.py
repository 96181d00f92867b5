"""The pixels around a map that the windows of a pool look at."""

from __future__ import annotations

from archspec.graph.ir import Node
from archspec.graph.ops import Pool
from archspec.graph.types import Padding, Pads


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


def least(pads: Pads, others: Pads) -> Pads:
    """The smaller of the two on each side."""
    top, bottom, left, right = map(min, pads, others)
    return top, bottom, left, right


def less(pads: Pads, others: Pads) -> Pads:
    """What is left of the pads on each side without the others, which are no larger."""
    top, bottom, left, right = (a - b for a, b in zip(pads, others, strict=True))
    return top, bottom, left, right
