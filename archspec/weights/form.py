"""What names and shapes cannot show: the form of the network that a layout's weights were trained in."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.graph.ir import Graph
from archspec.graph.ops import BatchNorm, Conv, Depthwise
from archspec.weights.mapping import LayoutMapping


def differences(mapping: LayoutMapping, graph: Graph) -> Iterator[str]:
    """What the network does otherwise than the one that the weights were trained in, and how to change it."""
    ops = [node.op for node in graph.predicting]
    strided = [op.padding for op in ops if isinstance(op, Conv | Depthwise) and max(op.stride) > 1 and max(op.kernel) > 1]
    if mapping.padding == "symmetric" and "same" in strided:
        yield ("padding: they were trained with as many pixels on each side, this network pads as TensorFlow does\n"
               "  hint: --set defaults.padding=symmetric")
    if mapping.padding == "same" and any(padding != "same" for padding in strided):
        yield ("padding: they were trained with TensorFlow's, this network pads otherwise\n"
               "  hint: --set defaults.padding=same")
    epsilons = {op.epsilon for op in ops if isinstance(op, BatchNorm)}
    if mapping.epsilon is not None and epsilons - {mapping.epsilon}:
        yield (f"batch_norm: they were trained with epsilon {mapping.epsilon:g}, this network has {min(epsilons):g}\n"
               f"  hint: --set 'defaults.norm={{kind: batch_norm, epsilon: {mapping.epsilon:g}}}'")
