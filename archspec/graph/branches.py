"""The residual branches of a network."""

from __future__ import annotations

from collections.abc import Iterator

from archspec.graph.ir import Graph, Node
from archspec.graph.ops import BatchNorm, Dropout, DropPath, Gate, GroupNorm, LayerNorm, Merge, Scale

NORMS = (BatchNorm, LayerNorm, GroupNorm)
PASSED = (DropPath, Dropout, Gate, Scale)
"""What a branch that is 0 leaves 0: their first input is the branch."""


def last_norms(graph: Graph) -> tuple[str, ...]:
    """The norms, with a scale that is learned, in which residual branches end; none of a branch that ends in something else."""
    return tuple(node.name for node in _ends(graph) if isinstance(node.op, NORMS) and node.op.scale)


def _ends(graph: Graph) -> Iterator[Node]:
    """What each residual branch ends in, behind its gate and what drops it."""
    for node in graph.nodes:
        if isinstance(node.op, Merge) and node.op.how == "add" and len(node.inputs) == 2 and _is_residual(graph, node):
            end = graph.node(node.inputs[1].name)
            while isinstance(end.op, PASSED):
                end = graph.node(end.inputs[0].name)
            yield end


def _is_residual(graph: Graph, node: Node) -> bool:
    """Whether an addition is that of a shortcut, its first input, and a branch."""
    shortcut, branch = (graph.node(value.name) for value in node.inputs)
    return shortcut.role == "shortcut" or shortcut.name in {each.name for each in graph.ancestors([branch.name])}
