"""Which values are never below zero, so that zeros around a map are as low as any of its pixels."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from archspec.graph import axes, learned, ops
from archspec.graph.ir import Node

NON_NEGATIVE = ("relu", "relu6", "softplus", "hard_sigmoid", "sigmoid", "softmax")
"""Activations that give nothing below zero."""
SIGN_KEEPING = (ops.Pool, ops.GlobalPool, ops.Concat, ops.Merge, ops.Dropout, ops.DropPath, ops.LocalResponseNorm,
                ops.Pad, ops.PadChannels, ops.SliceChannels, ops.Shuffle, ops.Upsample, axes.Resize, axes.Reshape, axes.Permute,
                axes.Reduce, axes.BlurPool, learned.Rows, learned.Weighted)
"""Operations that give nothing below zero where their inputs have nothing."""


def above_zero(nodes: Iterable[Node]) -> frozenset[str]:
    """The names of those of these nodes, each after its inputs, that give nothing below zero."""
    found: set[str] = set()
    for node in nodes:
        if _keeps(node, found):
            found.add(node.name)
    return frozenset(found)


def takes_above_zero(node: Node, known: Collection[str]) -> bool:
    """Whether a node has inputs, and all are among these names."""
    return bool(node.inputs) and all(value.name in known for value in node.inputs)


def _keeps(node: Node, known: set[str]) -> bool:
    if isinstance(node.op, ops.Activation):
        return node.op.function in NON_NEGATIVE
    return isinstance(node.op, SIGN_KEEPING) and takes_above_zero(node, known)
