"""Pictures of blocks: of every block of the zoo without a flaw, and what stands in them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby
from time import process_time

import pytest

from archspec.draw import calls
from archspec.draw.block import block_picture
from archspec.draw.boxes import fold
from archspec.draw.calls import Shown
from archspec.draw.svg import Picture, svg
from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.network import load, lower
from archspec.views import catalog
from draw.flaws import flaws

FAMILIES = {family: [entry.name for entry in entries]
            for family, entries in groupby(catalog.specs(), key=lambda entry: entry.family)}


def sections(graph: Graph) -> Iterator[Shown]:
    for name in calls.WHOLE:
        if any(node.section == name for node in graph.predicting):
            yield calls.stage(graph, name)


@pytest.mark.parametrize("family", FAMILIES)
def test_no_picture_of_the_zoo_has_a_flaw(family: str) -> None:
    """Each form of a block once, the stems and heads, and once more all that is called in them opened."""
    seen = set[object]()
    for name in FAMILIES[family]:
        graph = lower(load(name))
        for shown in [*calls.distinct(graph), *sections(graph)]:
            form = calls.form(shown.nodes)
            if form in seen:
                continue
            seen.add(form)
            assert flaws(text(block_picture(shown))) == [], (name, shown.title)
            if any(box.block for box in shown.part().boxes):
                assert flaws(text(block_picture(shown, depth=99))) == [], (name, shown.title)


def text(picture: Picture) -> str:
    return svg(picture)
