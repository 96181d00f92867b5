"""Weights: the numbers of a network, the one form of them for passes, artifacts and exports.

Keys are (node, weight) by name, as in `Graph.nodes` and `Node.weights`; arrays have the shape that the weight says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np

Key = tuple[str, str]


def array_name(layer: str, path: str) -> str:
    """The name of an array, of its path in Keras: `kernel` of conv1/kernel, `query_kernel` of attention1/query/kernel."""
    return path.removeprefix(f"{layer}/").replace("/", "_")


Weights: TypeAlias = "Mapping[Key, np.ndarray]"
