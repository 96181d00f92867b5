"""The stable text form of a graph, one line a node: for goldens, diffs and the fingerprint."""

from __future__ import annotations

from dataclasses import MISSING, fields

from archspec.graph.ir import Graph, Node
from archspec.graph.ops import Op


def lines(graph: Graph) -> list[str]:
    """`name = op(arguments) inputs -> shape`, in the order of computation, then the outputs."""
    found = [line(node) for node in graph.nodes]
    found.append(f"output {graph.output.name}")
    found.extend(f"auxiliary {stage} {value.name}" for stage, value in graph.auxiliary.items())
    return found


def line(node: Node) -> str:
    """One node as text."""
    inputs = " ".join(value.name for value in node.inputs)
    return f"{node.name} = {describe(node.op)} {inputs} -> {node.output.type}"


def describe(op: Op) -> str:
    """An operation with the arguments that differ from its defaults: `conv(filters=64, kernel=7x7, stride=2x2)`."""
    said = [f"{item.name}={_value(getattr(op, item.name))}" for item in fields(op)
            if item.default is MISSING or getattr(op, item.name) != item.default]
    return f"{op.kind}({', '.join(said)})"


def _value(value: object) -> str:
    return "x".join(map(str, value)) if isinstance(value, tuple) else str(value)
