"""What no spec can give is still refused: a graph that a pass has broken."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from archspec import load, lower
from archspec.errors import Problem
from archspec.graph.ir import Graph
from archspec.graph.ops import Activation, Input
from archspec.graph.types import Tensor
from archspec.graph.verify import verify


@pytest.fixture
def graph() -> Graph:
    return lower(load("cifar_resnet20"))


def codes(graph: Graph) -> list[str]:
    return [problem.code for problem in verify(graph)]


def test_a_graph_as_it_is_lowered_is_legal(graph: Graph) -> None:
    assert verify(graph) == []


def test_two_layers_of_one_name(graph: Graph) -> None:
    assert "duplicate-name" in codes(replace(graph, nodes=(*graph.nodes, replace(graph.nodes[-1]))))


def test_a_value_before_it_is_computed(graph: Graph) -> None:
    assert codes(replace(graph, nodes=(graph.nodes[0], graph.nodes[2], graph.nodes[1], *graph.nodes[3:]))) == ["graph-order"]


def test_a_node_that_does_not_give_what_it_says(graph: Graph) -> None:
    wrong = replace(graph.nodes[1], output=replace(graph.nodes[1].output, type=Tensor((1,))))
    assert codes(replace(graph, nodes=(graph.nodes[0], wrong, *graph.nodes[2:]))) == ["graph-type"]


def test_a_second_image(graph: Graph) -> None:
    second = replace(graph.nodes[0], name="second", output=replace(graph.nodes[0].output, name="second"))
    assert isinstance(second.op, Input)
    assert codes(replace(graph, nodes=(*graph.nodes, second))) == ["graph-input"]


def test_a_softmax_at_the_end(graph: Graph) -> None:
    last = graph.nodes[-1]
    softmax = replace(last, name="head_softmax", op=Activation("softmax"), inputs=(last.output,),
        output=replace(last.output, name="head_softmax"))
    assert codes(replace(graph, nodes=(*graph.nodes, softmax), output=softmax.output)) == ["softmax-head"]


def test_the_name_of_a_layer_that_pads(fails: Callable[..., tuple[Problem, ...]]) -> None:
    problem, = fails("stem: [conv: 3x3 8 /2 symmetric, pad: {size: 1, name: conv_pad}]")
    assert str(problem.where).endswith(":3:34")
    assert (problem.code, problem.message, problem.hint) == (
        "duplicate-name", "'stem_conv_pad' is the name of the layer that pads for 'stem_conv'", "give the item another name=")


def test_where_no_layer_pads_the_name_is_free(lower: Callable[..., Graph]) -> None:
    graph = lower("stem: [conv: 3x3 8 same, pad: {size: 1, name: conv_pad}]")
    assert graph.node("stem_conv_pad").op.kind == "pad"


def test_the_name_of_the_image(graph: Graph) -> None:
    renamed = replace(graph.nodes[-1], name="images", output=replace(graph.nodes[-1].output, name="images"))
    assert codes(replace(graph, nodes=(replace(graph.nodes[0], name="image"), *graph.nodes[1:-1], renamed)))[0] == "duplicate-name"
