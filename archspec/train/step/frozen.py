"""Layers that do not learn: their weights stay, and their norms use the statistics that they have."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager

import keras

from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.graph.parts import parts


def layers_of(graph: Graph, names: Sequence[str]) -> frozenset[str]:
    """The layers of stages, blocks (stage1_block2) and layers of these names, which the network has."""
    known = parts(graph)
    return frozenset(layer for name in names for layer in known[name])


@contextmanager
def frozen(model: keras.Model, names: Collection[str]) -> Iterator[None]:
    """While it lasts, and for what is traced in it, layers of these names do not learn."""
    changed = [layer for layer in model.layers if layer.name in names]
    for layer in changed:
        layer.trainable = False
    try:
        yield
    finally:
        for layer in changed:
            layer.trainable = True


def refuse_all(model: keras.Model, names: Collection[str]) -> None:
    """Raises InputError where nothing is left that learns."""
    with frozen(model, names):
        if not model.trainable_variables:
            raise InputError("train.freeze: nothing is left that learns\n  hint: leave the head out of it")
