"""Every picture of the zoo without a flaw: each network, and each form of its blocks."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby
from time import process_time

import pytest
from draw.flaws import flaws
from zoo_graphs import shipped

import archspec
from archspec.draw import calls
from archspec.draw.block import block_picture
from archspec.draw.calls import Shown
from archspec.draw.mermaid import mermaid
from archspec.draw.network import network_picture
from archspec.draw.outline import outline
from archspec.draw.svg import svg
from archspec.draw.table import Style, table, write
from archspec.graph.ir import Graph
from archspec.views import catalog

FAMILIES = {family: [entry.name for entry in entries]
            for family, entries in groupby(catalog.specs(), key=lambda entry: entry.family)}
STYLES: tuple[Style, ...] = ("resnet", "rows", "inception")
SECONDS = 3
"""That drawing a network may take, of this processor's time."""


def sections(graph: Graph) -> Iterator[Shown]:
    for name in calls.WHOLE:
        if any(node.section == name for node in graph.predicting):
            yield calls.stage(graph, name)


NO_TABLE = ("bifpn_classifier",)
"""Pyramids stand in no rows; test_table.py has them refused."""


@pytest.mark.parametrize("family", FAMILIES)
def test_no_picture_of_the_zoo_has_a_flaw(family: str) -> None:
    """Each network; each form of a block once, the stems and heads, and once more all that is called in them opened."""
    seen = set[object]()
    for name in FAMILIES[family]:
        spec, graph = shipped(name)
        begin = process_time()
        whole = svg(network_picture(graph))
        assert process_time() - begin < SECONDS, name
        assert flaws(whole) == [], name
        if name == FAMILIES[family][0]:
            assert mermaid(graph).count("-->") > len(outline(graph)), name
            for style in STYLES if name not in NO_TABLE else ():
                assert "multiply-adds" in write(table({name: (graph, spec)}, style), "latex"), name
        for shown in [*calls.distinct(graph), *sections(graph)]:
            form = calls.form(shown.nodes)
            if form in seen:
                continue
            seen.add(form)
            assert flaws(svg(block_picture(shown))) == [], (name, shown.title)
            if any(box.block for box in shown.part().boxes):
                assert flaws(svg(block_picture(shown, depth=99))) == [], (name, shown.title)


def test_a_network_of_1202_layers_is_lowered_and_drawn_in_three_seconds() -> None:
    """It is as high as one of 56, whose stages have the same form."""
    begin = process_time()
    deep = network_picture(archspec.lower(archspec.load("cifar_resnet1202")))
    assert process_time() - begin < SECONDS
    assert deep.size == network_picture(archspec.lower(archspec.load("cifar_resnet56"))).size
