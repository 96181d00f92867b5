"""Which shipped specs are the network that a file of weights was made for."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from archspec.network import lower
from archspec.spec.arch import Spec
from archspec.spec.files import spec_names
from archspec.spec.inherit import resolve
from archspec.spec.rules import read_spec
from archspec.weights.form import differences
from archspec.weights.library import shipped_mappings, stage_blocks
from archspec.weights.mapping import LayoutMapping
from archspec.weights.match import plan
from archspec.weights.tensors import WeightsFile

MOST, MOST_TENSORS = 3, 10_000
"""Specs that a message names, and tensors of a file that is compared with so many; ResNet-1202 has 7,000."""


def fitting(file: WeightsFile, mapping: LayoutMapping) -> list[str]:
    """The shipped specs whose layers the file fills one by one, but for the classes, and whose form a mapping states.

    Those of the mappings of the same layout that ship. Takes seconds, for a message: a spec is lowered only where its
    blocks are among a mapping's.
    """
    known = {each.name: layout for (_, layout), each in shipped_mappings().items()}
    mappings = [each for (_, layout), each in shipped_mappings().items() if layout == known.get(mapping.name)]
    return list(islice(_fitting(file, mappings), MOST)) if len(file.tensors) <= MOST_TENSORS else []


def _fitting(file: WeightsFile, mappings: list[LayoutMapping]) -> Iterator[str]:
    for name in spec_names():
        spec = read_spec(resolve(name))
        serving = [mapping for mapping in mappings if mapping.serves(stage_blocks(spec))]
        if any(_fits(file, mapping, spec) for mapping in serving):
            yield name


def _fits(file: WeightsFile, mapping: LayoutMapping, spec: Spec) -> bool:
    graph = lower(spec)
    found = plan(graph, file, mapping, auxiliary=False, new_head=True)
    return bool(found.matched) and not found.misses and not differences(mapping.form, graph)
