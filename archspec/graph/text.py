"""The stable text form of a graph, one line a node: for goldens, diffs and the fingerprint."""

from __future__ import annotations

from dataclasses import MISSING, fields
from functools import lru_cache

from archspec.graph.ir import Graph, Node
from archspec.graph.ops import Op

DIGITS = ".12g"
"""How many digits of a number count: those that no order of its computation changes."""
EXACT = 2 ** 53
"""Whole numbers below this are exact."""

MEMBER = "graph.txt"
"""The member of a .keras file of ours that says its network, in these lines."""


def lines(graph: Graph) -> list[str]:
    """`name = op(arguments) inputs -> shape`, in the order of computation, then the outputs."""
    found = [line(node) for node in graph.nodes]
    found.append(f"output {graph.output.name}")
    found.extend(f"auxiliary {stage} {value.name}" for stage, value in graph.auxiliary.items())
    return found


def line(node: Node) -> str:
    """One node as text."""
    inputs = " ".join(value.name for value in node.inputs)
    return f"{node.name} = {op_text(node.op)} {inputs} -> {node.output.type}"


@lru_cache(maxsize=4096)
def op_text(op: Op) -> str:
    """An operation with the arguments that differ from its defaults: `conv(filters=64, kernel=7x7, stride=2x2)`."""
    said = [(item, _value(getattr(op, item.name))) for item in fields(op)]
    shown = [f"{item.name}={text}" for item, text in said if item.default is MISSING or text != _value(item.default)]
    return f"{op.kind}({', '.join(shown)})"


def _value(value: object) -> str:
    """A field as text; a number the same however it was written: 2 as 2.0, 0.1 + 0.2 as 0.3."""
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    if not isinstance(value, float):
        return str(value)
    return str(int(value)) if value.is_integer() and abs(value) < EXACT else format(value, DIGITS)
