"""What every pass requires of a network and ensures, and how nodes leave a graph."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from archspec.graph.ir import Graph
from archspec.graph.ops import Scale
from archspec.graph.passes import Network, PassError, checked, problems, rewired

Lower = Callable[..., Graph]


@pytest.fixture
def network(lower: Lower) -> Network:
    """A stem, scaled, and a head; all weights 0."""
    graph = lower("stem: [conv: 3x3 4 bare, scale: 0.5, scale: 2]")
    return Network(graph, {(node.name, weight.name): np.zeros(weight.shape, np.float32)
                           for node in graph.nodes for weight in node.weights})


def test_a_legal_network_has_no_problems(network: Network) -> None:
    assert problems(network) == []


def test_weights_have_to_fit(network: Network) -> None:
    wrong = dict(network.weights)
    wrong["stem_conv", "kernel"] = np.zeros((1, 1, 8, 4), np.float32)
    del wrong["head_dense", "bias"]
    wrong["other", "kernel"] = np.zeros(1, np.float32)
    assert problems(replace(network, weights=wrong)) == [
        "stem_conv/kernel is (1, 1, 8, 4), the graph has (3, 3, 8, 4)", "head_dense/bias is only in the graph",
        "other/kernel is only in the weights"]


def test_a_pass_that_breaks_a_network_is_named(network: Network) -> None:
    @checked
    def forgetful(network: Network) -> Network:
        return replace(network, weights={})
    with pytest.raises(PassError, match=r"^after forgetful: stem_conv/kernel is only in the graph, and 2 more$"):
        forgetful(network)
    with pytest.raises(PassError, match=r"^before forgetful: stem_conv/kernel is only in the graph, and 2 more$"):
        forgetful(replace(network, weights={}))


def test_users_take_what_stands_in(network: Network) -> None:
    scaled = network.graph.node("stem_scale1")
    graph = rewired(network.graph, {scaled.name: replace(scaled, op=Scale(1.0))}, {"stem_scale2": "stem_scale1"})
    assert [node.name for node in graph.nodes] == ["images", "stem_conv", "stem_scale1", "head_global_avg_pool", "head_dense"]
    assert [node.op for node in graph.users["stem_conv"]] == [Scale(1.0)]
    assert graph.node("head_global_avg_pool").inputs == (graph.node("stem_scale1").output,)
    assert problems(Network(graph, network.weights)) == []


def test_outputs_auxiliary_ones_and_features_follow(lower: Lower) -> None:
    graph = lower("stages: {block: basic, widths: [4, 8], strides: [1, 2]}\nhead: [global_avg_pool, dense: $classes, scale: 1]\n"
                  "auxiliary: {stage1: [global_avg_pool, dense: $classes, scale: 1]}")
    logits, extra = (graph.node(name).inputs[0].name for name in (graph.output.name, graph.auxiliary["stage1"].name))
    less = rewired(graph, {}, {graph.output.name: logits, graph.auxiliary["stage1"].name: extra})
    assert (less.output.name, less.auxiliary["stage1"].name) == (logits, extra)
    assert less.features == graph.features
    last = graph.features["P1"].value.name
    without = rewired(graph, {}, {last: graph.node(last).inputs[0].name})
    assert without.features["P1"].value.name == graph.node(last).inputs[0].name
