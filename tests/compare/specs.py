"""Small specs to be held against each other."""

from __future__ import annotations

from pathlib import Path

from archspec.compare.network import Difference, difference
from archspec.graph.ir import Graph
from archspec.network import load, lower

STAGE = "{name: stage1, block: cell, repeats: 2}"
HEAD = "head: [global_avg_pool, dense: 10]"


def graph(folder: Path, cell: str, *, stages: str = STAGE, stem: str = "[conv: 3x3 8]", more: str = "", name: str = "net") -> Graph:
    """The network of a block `cell` with such a body."""
    path = folder / f"{name}.yaml"
    path.write_text(f"input: 16x16x3\nclasses: 10\nstem: {stem}\nstages: [{stages}]\n{HEAD}\nblocks:\n  cell:\n    body: {cell}\n{more}")
    return lower(load(path))


def cells(folder: Path, first: str, second: str) -> Difference:
    """Two networks whose cells differ."""
    return difference(graph(folder, first, name="first"), graph(folder, second, name="second"))


def told(found: Difference) -> list[str]:
    """What differs, a word a layer: `+ conv2`, without the block around it."""
    return [f"{pair.status} {layer.name}" for pair in found.layers if pair.status != "=" and (layer := pair.b or pair.a)]
