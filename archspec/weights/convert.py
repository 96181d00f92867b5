"""How a tensor of a file becomes an array of ours: decided from the shapes alone, done afterwards."""

from __future__ import annotations

from dataclasses import dataclass
from math import prod

import numpy as np

from archspec.graph.axes import Position
from archspec.graph.ir import Graph, Node
from archspec.graph.learned import Attention, ConvTranspose
from archspec.graph.ops import Conv, Dense, Depthwise, Flatten
from archspec.graph.types import Weight
from archspec.weights.tensors import Format, Shape


@dataclass(frozen=True, slots=True)
class Conversion:
    """View as `view`, transpose to `axes`, view as `shape`."""

    view: Shape
    axes: tuple[int, ...]
    shape: Shape

    def __call__(self, array: np.ndarray) -> np.ndarray:
        """The array in our form, as float32."""
        return np.ascontiguousarray(array.reshape(self.view).transpose(self.axes).reshape(self.shape), np.float32)


def conversion(format: Format, node: Node, weight: Weight, shape: Shape, flattened: Shape | None) -> Conversion | None:
    """The way from a tensor of this shape to an array of a node; None where it does not fit.

    `flattened` is the map (height, width, channels) that a dense layer sees as a vector, see flattened_maps.
    """
    if format == "torch" and weight.name == "kernel":
        return _torch_kernel(node, weight, shape, flattened)
    if isinstance(node.op, Position):
        return _position(format, weight, shape)
    if format == "torch" and isinstance(node.op, Attention) and shape != weight.shape:
        return _projection(weight, shape)
    # a 1x1 convolution may be a dense layer there, and a vector have sides of length 1
    fits = prod(shape) == weight.size and _without_ones(shape) == _without_ones(weight.shape)
    return Conversion(shape, tuple(range(len(shape))), weight.shape) if fits else None


def _position(format: Format, weight: Weight, shape: Shape) -> Conversion | None:
    """A map, or (places, channels), for a batch of one or for none; PyTorch's maps are (channels, height, width)."""
    height, width, channels = weight.shape
    view = shape[1:] if len(shape) > 2 and shape[0] == 1 else shape
    if format == "torch" and view == (channels, height, width):
        return Conversion(view, (1, 2, 0), weight.shape)
    fits = view in ((height * width, channels), weight.shape)
    return Conversion(shape, tuple(range(len(shape))), weight.shape) if fits else None


def _projection(weight: Weight, shape: Shape) -> Conversion | None:
    """PyTorch has (out, in), perhaps as a 1x1 convolution, and the heads one behind the other."""
    match weight.shape:
        case heads, key, channels if weight.name == "attention_output_kernel":
            view, axes, flat = (channels, heads, key), (1, 2, 0), (channels, heads * key)
        case channels, heads, key:
            view, axes, flat = (heads, key, channels), (2, 0, 1), (heads * key, channels)
        case heads, key:
            return Conversion(weight.shape, (0, 1), weight.shape) if shape == (heads * key,) else None
        case _:
            return None
    return Conversion(view, axes, weight.shape) if shape in (flat, (*flat, 1, 1)) else None


def _torch_kernel(node: Node, weight: Weight, shape: Shape, flattened: Shape | None) -> Conversion | None:
    """PyTorch has (out, in, height, width), (out, in, length) and (out, in), and flattens a map channel by channel."""
    if len(shape) not in (2, 3, 4):
        return None
    ours: Shape = weight.shape if len(weight.shape) == 4 else (1, 1, *weight.shape)
    view: Shape = (*shape, *(1,) * (4 - len(shape)))
    if len(shape) == 3 and ours[0] == 1:  # a convolution along one side is along the width
        view = (*shape[:2], 1, shape[2])
    match node.op:
        case Depthwise():
            height, width, channels, multiplier = ours
            fits = view == (channels * multiplier, 1, height, width)
            return Conversion((channels, multiplier, height, width), (2, 3, 0, 1), weight.shape) if fits else None
        case Dense():
            height, width, channels = flattened or view[2:] + view[1:2]
            fits = shape in ((ours[3], ours[2]), (ours[3], channels, height, width)) and height * width * channels == ours[2]
            return Conversion((ours[3], channels, height, width), (2, 3, 1, 0), weight.shape) if fits else None
        case Conv() | ConvTranspose():  # PyTorch has (in, out, height, width) for the way back, and we (height, width, out, in)
            fits = tuple(view[axis] for axis in (2, 3, 1, 0)) == ours
            return Conversion(view, (2, 3, 1, 0), weight.shape) if fits else None
    return None


def _without_ones(shape: Shape) -> Shape:
    return tuple(size for size in shape if size != 1)


def flattened_maps(graph: Graph) -> dict[str, Shape]:
    """For each dense layer that sees a flattened map, the map's (height, width, channels)."""
    dense = (node for node in graph.nodes if isinstance(node.op, Dense))
    return {node.name: shape for node in dense if (shape := _flattened(graph, node))}


def _flattened(graph: Graph, node: Node) -> Shape | None:
    """The map that a node sees as a vector, perhaps through nodes of one input such as a dropout."""
    while len(node.inputs) == 1:
        node = graph.node(node.inputs[0].name)
        if isinstance(node.op, Flatten):
            return _whole(node.types[0].shape)
        if isinstance(node.op, Dense):
            return None
    return None


def _whole(shape: tuple[int | None, ...]) -> Shape:
    return tuple(size for size in shape if size is not None)
