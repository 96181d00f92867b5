"""Builds a graph node by node; infers each shape at once."""

from __future__ import annotations

from dataclasses import dataclass, field

from archspec.errors import Where
from archspec.graph.ir import Feature, Graph, Node, Role, Value
from archspec.graph.ops import Op


@dataclass
class Builder:
    """Collects nodes. `section`, `block`, `role` and `recompute` are written into each node that is added."""

    name: str
    nodes: list[Node] = field(default_factory=list)
    section: str = ""
    block: int = 0
    role: Role = "main"
    recompute: bool = False

    def add(self, op: Op, *inputs: Value, name: str, where: Where) -> Value:
        """Appends a node and returns its value. Raises ShapeError if the inputs do not fit the operation."""
        output = Value(name, op.infer(*(value.type for value in inputs)))
        self.nodes.append(Node(name, op, inputs, output, where, self.section, self.block, self.role,
                               self.recompute))
        return output

    def graph(self, output: Value, auxiliary: dict[str, Value], features: dict[str, Feature],
              sections: tuple[str, ...]) -> Graph:
        """The finished, immutable graph."""
        return Graph(self.name, tuple(self.nodes), output, auxiliary, features, sections)
