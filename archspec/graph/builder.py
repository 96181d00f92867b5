"""Builds a graph node by node; infers each shape at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from archspec.errors import Where
from archspec.graph.ir import Cursor, Feature, Graph, Node, Value
from archspec.graph.ops import Op

NOWHERE = Cursor()


@dataclass
class Builder:
    """Collects nodes; what has been added stays as it is."""

    name: str
    nodes: list[Node] = field(default_factory=list)
    _by_name: dict[str, Node] = field(default_factory=dict)
    _taken: dict[tuple[str, int], dict[str, str]] = field(default_factory=dict)

    def add(self, op: Op, *inputs: Value, name: str, where: Where, cursor: Cursor = NOWHERE) -> Value:
        """Appends a node and returns its value. Raises ShapeError if the inputs do not fit the operation."""
        output = Value(name, op.infer(*(value.type for value in inputs)))
        node = Node(name, op, inputs, output, where, cursor.section, cursor.block, cursor.role, cursor.recompute,
                    cursor.calls)
        self.append(node)
        return output

    def append(self, node: Node) -> None:
        """Appends a node whose type is known."""
        self.nodes.append(node)
        self._by_name[node.name] = node

    def take(self, value: Value, name: str, cursor: Cursor) -> None:
        """Notes by which name a list takes a value; see Graph.taken."""
        self._taken.setdefault((cursor.section, cursor.block), {})[value.name] = name

    def taken(self, cursor: Cursor) -> Mapping[str, str]:
        """By which names lists of a section and repeat take values: the value's name to that."""
        return self._taken.get((cursor.section, cursor.block), {})

    def node(self, name: str) -> Node | None:
        """The node of this name, the last where there are several; None if there is none."""
        return self._by_name.get(name)

    def graph(self, output: Value, auxiliary: Mapping[str, Value], features: Mapping[str, Feature],
              sections: tuple[str, ...]) -> Graph:
        """The finished, immutable graph."""
        return Graph(self.name, tuple(self.nodes), output, auxiliary, features, sections, self._taken)
