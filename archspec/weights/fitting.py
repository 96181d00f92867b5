"""Which shipped specs are the network that a file of weights was made for."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from archspec.graph.ir import Graph
from archspec.network import beginning, lower
from archspec.spec.arch import Spec
from archspec.spec.files import spec_names
from archspec.spec.inherit import resolve
from archspec.spec.rules import read_spec
from archspec.weights.convert import conversion
from archspec.weights.form import differences
from archspec.weights.library import shipped_mappings, stage_blocks
from archspec.weights.mapping import LayoutMapping
from archspec.weights.match import endings, plan
from archspec.weights.tensors import Shape, WeightsFile

MOST, MOST_TENSORS = 3, 10_000
"""Specs that a message names, and tensors of a file that is compared with so many; ResNet-1202 has 7,000."""


def fitting(file: WeightsFile, mapping: LayoutMapping) -> list[str]:
    """The shipped specs whose layers the file fills one by one, but for the classes, and whose form a mapping states.

    Those of the mappings of the same layout that ship. Takes a second, for a message: a spec is lowered only where its
    blocks are among a mapping's and its first layers among the file's.
    """
    known = {each.name: layout for (_, layout), each in shipped_mappings().items()}
    mappings = [each for (_, layout), each in shipped_mappings().items() if layout == known.get(mapping.name)]
    return list(islice(_fitting(file, mappings), MOST)) if len(file.tensors) <= MOST_TENSORS else []


def _fitting(file: WeightsFile, mappings: list[LayoutMapping]) -> Iterator[str]:
    held = {mapping.name: endings(file, mapping) for mapping in mappings}
    for name in spec_names():
        spec = read_spec(resolve(name))
        serving = [mapping for mapping in mappings if mapping.serves(stage_blocks(spec))]
        first = beginning(spec) if serving else None
        if first and any(_begins(file, held[each.name], each, first) and _fits(file, each, spec) for each in serving):
            yield name


def _begins(file: WeightsFile, held: Mapping[str, list[Shape]], mapping: LayoutMapping, first: Graph) -> bool:
    """Whether the file may have the first layers of a network, whatever stands before its names."""
    return all(any(conversion(file.format, first.node(layer), weight, shape, None) for shape in held.get(tensor, ()))
               for (layer, array), tensor in mapping.names(first).items()
               for weight in first.node(layer).weights if weight.name == array)


def _fits(file: WeightsFile, mapping: LayoutMapping, spec: Spec) -> bool:
    graph = lower(spec)
    found = plan(graph, file, mapping, auxiliary=False, new_head=True)
    return bool(found.matched) and not found.misses and not differences(mapping.form, graph)
