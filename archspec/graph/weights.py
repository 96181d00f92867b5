"""Weights: the numbers of a network, the one form of them for passes, artifacts and exports.

Keys are (node, weight) by name, as in `Graph.nodes` and `Node.weights`; arrays have the shape that the weight says.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    import numpy as np

Key = tuple[str, str]
Weights: TypeAlias = "Mapping[Key, np.ndarray]"
