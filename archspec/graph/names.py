"""What the layers of a node are called in the Keras model: the node's name, and one name more where its padding is a layer."""

from __future__ import annotations

from archspec.graph.ir import Node, is_input
from archspec.graph.ops import Conv, Depthwise, Pool
from archspec.graph.types import VALID

IMAGES = "images"
"""Name of the input: the one layer that is not called after its node."""


def layer_name(node: Node) -> str:
    """The layer that gives the node's value."""
    return IMAGES if is_input(node) else node.name


def padding_name(node: Node) -> str:
    """The helper that pads before it, where there is one; it holds no weights."""
    return f"{node.name}_pad"


def pads(node: Node) -> bool:
    """Whether a node may need that helper: it says how many pixels go where."""
    if isinstance(node.op, Pool):
        return node.op.pads(node.types[0]) not in ("same", VALID)
    return isinstance(node.op, Conv | Depthwise) and node.op.padding not in ("same", VALID)
