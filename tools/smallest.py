"""What tools that go through the zoo share: a network as small as can be, and numbers for it."""

from __future__ import annotations

import numpy as np

import archspec
from archspec.errors import SpecError
from archspec.graph.ir import Graph, Node
from archspec.graph.ops import Depthwise, Gate, Merge
from archspec.graph.weights import Key

SIDES = (32, 64, 96, 128, 160, 224, 299)
"""Tried in turn: the smallest that a network takes."""
BEFORE_ADDITION = 0.2
"""How much smaller what is added to a residual stream is than the stream, whose numbers would grow from block to block."""
SPREAD = {"gamma": (1.0, 0.1), "moving_variance": (1.0, 0.1)}
"""Mean and standard deviation of arrays that are not near zero."""


def smallest(name: str, *overrides: str) -> tuple[archspec.Spec, Graph]:
    """A shipped network on the smallest images that it can be lowered for."""
    for side in SIDES:
        try:
            spec = archspec.load(name, [f"input={side}x{side}x3", *overrides])
            return spec, archspec.lower(spec)
        except SpecError:
            continue
    raise AssertionError(f"{name} takes none of {SIDES}")


def drawn(graph: Graph) -> dict[Key, np.ndarray]:
    """Numbers for all nodes, float32, the same each time."""
    draw, found = np.random.default_rng(0), {}
    for node in (*graph.predicting, *(node for node in graph.nodes if node.role == "auxiliary")):
        after = graph.users[node.name]
        gated = [user for gate in after if isinstance(gate.op, Gate) for user in graph.users[gate.name]]
        added = any(isinstance(user.op, Merge) and user.op.how == "add" for user in (*after, *gated))
        for weight in node.weights:
            mean, deviation = SPREAD.get(weight.name, (0.0, _deviation(node, weight.name, weight.shape)))
            factor = BEFORE_ADDITION if added and weight.name in ("kernel", "gamma") else 1.0
            numbers = np.float32(mean) + np.float32(deviation) * draw.standard_normal(weight.shape, np.float32)
            found[node.name, weight.name] = np.float32(factor) * numbers
    return found


def _deviation(node: Node, name: str, shape: tuple[int, ...]) -> float:
    """Of a kernel as He et al. 2015 (1502.01852) have it; a tenth for all else."""
    fan_in = np.prod(shape[:2] if isinstance(node.op, Depthwise) else shape[:-1])
    return float(np.sqrt(2 / fan_in)) if name == "kernel" else 0.1
