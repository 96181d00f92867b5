"""How deep Python's calls may go."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def deep(nodes: int) -> Iterator[None]:
    """Lets Keras walk a network of so many nodes: it recurses from layer to layer, in Model and in load_model.

    ResNet-1202 is deeper than Python's limit of 1000 calls.
    """
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(before + 2 * nodes)
    try:
        yield
    finally:
        sys.setrecursionlimit(before)
