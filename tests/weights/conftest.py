"""Small graphs for the tests of weights."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archspec.errors import Where
from archspec.graph.builder import Builder
from archspec.graph.ir import Graph
from archspec.graph.ops import Input, Op

Chain = Callable[..., Graph]


@pytest.fixture
def chain() -> Chain:
    """Operations in a row as a graph; their names are kind and place: conv1, pool2."""
    def run(*ops: Op, shape: tuple[int | None, int | None, int] = (7, 9, 6)) -> Graph:
        builder = Builder("net")
        value = builder.add(Input(shape), name="input0", where=Where("test"))
        for number, op in enumerate(ops, start=1):
            value = builder.add(op, value, name=f"{op.kind}{number}", where=Where("test"))
        return builder.graph(value, {}, {}, ())
    return run
