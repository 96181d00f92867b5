"""What the parts of a network are called: stages, blocks and layers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from archspec.graph.ir import Graph, Node


def parts(graph: Graph) -> Mapping[str, frozenset[str]]:
    """The layers of each stage, each block, stage1_block2, and each layer itself, by these names; larger parts first."""
    found: dict[str, set[str]] = {}
    for node in graph.nodes:
        for name in _names(node):
            found.setdefault(name, set()).add(node.name)
    return {name: frozenset(found[name]) for name in sorted(found, key=lambda name: -len(found[name]))}


def _names(node: Node) -> Iterator[str]:
    """What a node may be meant by."""
    yield node.name
    if node.section:
        yield node.section
    if node.block:
        yield f"{node.section}_block{node.block}"
