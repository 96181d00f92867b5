"""Graphs made of a few operations."""

from __future__ import annotations

from collections.abc import Callable

from archspec.errors import Where
from archspec.graph.builder import Builder
from archspec.graph.ir import Cursor, Graph, Role, Value
from archspec.graph.ops import Input, Op

Chain = Callable[..., Graph]
WHERE = Where("test")


class Net(Builder):
    """A builder that names each node after its operation and a number, and gives it the role of the moment."""

    role: Role = "main"

    def put(self, op: Op, *inputs: Value) -> Value:
        return self.add(op, *inputs, name=f"{op.kind}{len(self.nodes)}", where=WHERE, cursor=Cursor(role=self.role))

    def done(self, output: Value) -> Graph:
        return self.graph(output, {}, {}, ())


def in_a_row(*chain: Op, shape: tuple[int | None, int | None, int] = (7, 9, 6)) -> Graph:
    net = Net("net")
    value = net.put(Input(shape))
    for op in chain:
        value = net.put(op, value)
    return net.done(value)
