"""Kernels that are standardised whenever they are used (Qiao et al. 2019, 1903.10520, equation 2), standardised once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from archspec.graph.ir import Node
from archspec.graph.ops import Conv, Depthwise, epsilon_of
from archspec.graph.passes.network import Network, checked, rewired


def axes_of_a_filter(op: Conv | Depthwise) -> tuple[int, ...]:
    """The sides of a kernel that belong to one filter: of a depthwise kernel only height and width."""
    return (0, 1) if isinstance(op, Depthwise) else (0, 1, 2)


def standardized(op: Conv | Depthwise, kernel: np.ndarray) -> np.ndarray:
    """(w − mean) / sqrt(variance + epsilon) of each filter, reckoned in double precision."""
    axes, wide = axes_of_a_filter(op), kernel.astype(np.float64)
    deviation = np.sqrt(wide.var(axes, keepdims=True) + epsilon_of(op))
    return np.asarray((wide - wide.mean(axes, keepdims=True)) / deviation, kernel.dtype)


@checked
def with_standard_kernels(network: Network) -> Network:
    """The network with those kernels as they are used, and plain convolutions. Not for training."""
    changed: dict[str, Node] = {}
    weights = dict(network.weights)
    for node in network.graph.nodes:
        if isinstance(node.op, Conv | Depthwise) and node.op.standardize:
            changed[node.name] = replace(node, op=replace(node.op, standardize=False))
            weights[node.name, "kernel"] = standardized(node.op, weights[node.name, "kernel"])
    return Network(rewired(network.graph, changed, {}), weights)
