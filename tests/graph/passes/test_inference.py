"""The network that predicts: what goes, what stays, and what it needs no numbers of."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from test_fold import filled

from archspec.graph.ir import Graph
from archspec.graph.passes import Network, counterparts, for_inference

Lower = Callable[..., Graph]
BODY = ("stem: [conv: 3x3 8 /2]\nstages: {block: basic, width: 8, repeats: 2, stride: 2}\n"
        "head: [global_avg_pool, dropout: 0.5, dense: $classes]")


def kinds(graph: Graph) -> list[str]:
    return [node.op.kind for node in graph.nodes]


def test_what_only_training_needs_is_gone(lower: Lower) -> None:
    found = for_inference(filled(lower(BODY.replace("width: 8", "width: 8, drop_path: 0.2")))).graph
    assert {"dropout", "drop_path", "batch_norm"} & set(kinds(found)) == set()
    assert found.output.name == "head_dense"
    assert found.features == {}


def test_numbers_of_auxiliary_classifiers_are_not_asked_for(lower: Lower) -> None:
    whole = filled(lower(f"{BODY}\nauxiliary: {{stage1: [global_avg_pool, dense: $classes]}}"))
    trained = {key: array for key, array in whole.weights.items() if whole.graph.node(key[0]).role != "auxiliary"}
    assert len(trained) < len(whole.weights)
    found = for_inference(Network(whole.graph, trained)).graph
    assert (found.auxiliary, [node.name for node in found.nodes if node.role == "auxiliary"]) == ({}, [])


def test_a_level_that_is_asked_for_stays(lower: Lower) -> None:
    network = filled(lower(BODY))
    assert set(for_inference(network, ["P2"]).graph.features) == {"P2"}
    with pytest.raises(KeyError):
        for_inference(network, ["P7"])


def test_factors_go_into_the_layer_before(lower: Lower) -> None:
    text = "stem: [conv: 3x3 8 linear, {scale: 0.5}, act: relu, {scale: 0.25}, conv: 1x1 8 bare, {layer_scale: 0.1}]"
    network = filled(lower(text))
    found = for_inference(network)
    assert kinds(found.graph).count("scale") == 1  # behind an activation there is nothing to take it
    assert "layer_scale" not in kinds(found.graph)
    before, after = network.weights["stem_conv2", "kernel"], found.weights["stem_conv2", "kernel"]
    assert after == pytest.approx(before * network.weights["stem_layer_scale", "gamma"])


def test_a_node_has_the_result_of_the_last_that_it_took_in(lower: Lower) -> None:
    network = filled(lower("stem: [conv: 3x3 8 linear, {scale: 0.5}, dropout: 0.1, act: relu]"))
    found = counterparts(network.graph, for_inference(network).graph)
    assert {name: old for name, old in found.items() if name.startswith("stem")} == {
        "stem_conv": "stem_dropout", "stem_act": "stem_act"}
