"""The specs that ship with their graphs, each read and lowered once for all tests of a process."""

from __future__ import annotations

from functools import cache

from archspec.graph.ir import Graph
from archspec.network import load, lower
from archspec.spec.arch import Spec


@cache
def shipped(name: str, *overrides: str) -> tuple[Spec, Graph]:
    """A shipped spec and its graph, neither of which can be changed."""
    spec = load(name, overrides)
    return spec, lower(spec)
