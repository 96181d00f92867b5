"""What a graph says of itself: users, nodes by name, what a result depends on."""

from __future__ import annotations

import pytest

from archspec.errors import Where
from archspec.graph.builder import Builder
from archspec.graph.ir import Graph
from archspec.graph.ops import Activation, Input, Merge, Scale

WHERE = Where("test")


@pytest.fixture
def graph() -> Graph:
    """The sum of an image and itself, and a node beside that leads nowhere."""
    net = Builder("net")
    image = net.add(Input((4, 4, 3)), name="image", where=WHERE)
    net.add(Activation("relu"), image, name="beside", where=WHERE)
    half = net.add(Scale(0.5), image, name="half", where=WHERE)
    return net.graph(net.add(Merge("add"), half, half, name="whole", where=WHERE), {}, {}, ())


def test_users_are_in_order_and_once_a_use(graph: Graph) -> None:
    users = {name: [user.name for user in users] for name, users in graph.users.items()}
    assert users == {"image": ["beside", "half"], "beside": [], "half": ["whole", "whole"], "whole": []}


def test_a_node_by_its_name(graph: Graph) -> None:
    assert graph.node("half") is graph.nodes[2]
    with pytest.raises(KeyError):
        graph.node("none")


def test_ancestors_are_what_a_result_takes_in_order(graph: Graph) -> None:
    assert [node.name for node in graph.ancestors(["whole"])] == ["image", "half", "whole"]
    assert [node.name for node in graph.ancestors(["half", "beside"])] == ["image", "beside", "half"]
    assert graph.ancestors([]) == ()


def test_queries_are_answered_once(graph: Graph) -> None:
    assert graph.users is graph.users
    with pytest.raises(TypeError):
        graph.users["image"] = ()  # type: ignore[index]
