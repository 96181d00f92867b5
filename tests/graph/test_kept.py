"""`memory: recompute`: which results are computed again, and that a spec's memory estimate says so."""

from __future__ import annotations

from collections.abc import Callable

import pytest

import archspec
from archspec.errors import Problem
from archspec.graph import ops
from archspec.graph.ir import Graph
from archspec.graph.recompute import recomputed

Lower = Callable[..., Graph]
Fails = Callable[..., tuple[Problem, ...]]
DENSE = "stages: {block: dense_layer, repeats: 3, growth: 4, memory: recompute}"


def kinds(graph: Graph, kept: bool) -> dict[str, str]:
    """The kind of each layer of the stages that is kept, or computed again, by name."""
    again = recomputed(graph)
    return {node.name: node.op.kind for node in graph.nodes[1:]
            if node.section.startswith("stage") and (node.name not in again) == kept}


def test_a_dense_stage_keeps_its_convolutions_alone(lower: Lower) -> None:
    graph = lower(DENSE)
    assert set(kinds(graph, kept=True).values()) == {"conv", "concat"}
    assert kinds(graph, kept=True)["stage1_block3_concat"] == "concat"  # which the head takes
    assert list(kinds(graph, kept=False).values()).count("concat") == 2


def test_dropout_before_a_growing_concatenation_is_kept(lower: Lower) -> None:
    graph = lower(f"parameters: {{dropout: 0.2}}\n{DENSE}")
    kept = [node.name for node in graph.nodes if node.op.kind == "dropout" and node.name not in recomputed(graph)]
    assert kept == ["stage1_block1_dropout2", "stage1_block2_dropout2", "stage1_block3_dropout2"][:len(kept)]
    assert len(kept) >= 2


def test_a_result_with_two_users_is_kept(lower: Lower) -> None:
    graph = lower("stages: {block: basic, repeats: 2, width: 8, memory: recompute}")
    users = [value.name for node in graph.nodes for value in node.inputs]
    again = recomputed(graph)
    assert again
    assert all(users.count(name) == 1 for name in again)
    assert not any(node.op.weighted for node in graph.nodes if node.name in again)


def test_without_the_key_all_is_kept(lower: Lower) -> None:
    assert recomputed(lower("stages: {block: dense_layer, repeats: 3, growth: 4}")) == frozenset()


@pytest.mark.parametrize(("text", "sections"), [
    ("stages: {block: basic, width: [4, 4], memory: recompute}", {"stage1", "stage2"}),
    ("stages: {block: basic, width: [4, 4], memory: [none, recompute]}", {"stage2"}),
    ("stages: [{block: basic, width: 4, memory: recompute}, {block: basic, width: 4}]", {"stage1"}),
    ("memory: recompute\nstem: [conv: 3x3 4]\nstages: {block: basic, width: [4, 4]}", {"stem", "stage1", "stage2", "head"}),
    ("memory: recompute\nstages: {block: basic, width: [4, 4], memory: [default, none]}", {"stage1", "head"}),
    ("memory: none\nstages: {block: basic, width: [4, 4], memory: [default, recompute]}", {"stage2"}),
])
def test_a_stage_says_it_or_the_spec_for_all(text: str, sections: set[str], lower: Lower) -> None:
    graph = lower(text)
    assert {node.section for node in graph.nodes[1:] if node.recompute} == sections


def test_an_override_sets_it(lower: Lower) -> None:
    graph = lower("stages: {block: basic, width: 4}", ["memory=recompute"])
    assert all(node.recompute for node in graph.nodes)
    assert not any(node.recompute for node in lower("memory: recompute\nstages: {block: basic, width: 4}", ["memory=null"]).nodes)


def test_it_changes_neither_names_nor_fingerprint(lower: Lower) -> None:
    with_it, without = (lower(f"stages: {{block: basic, repeats: 2, width: 4, memory: {word}}}") for word in ("recompute", "none"))
    assert [node.name for node in with_it.nodes] == [node.name for node in without.nodes]
    assert with_it.fingerprint == without.fingerprint


def test_a_mistake_at_the_top_is_reported_once(fails: Fails) -> None:
    problems = fails("memory: recompile\nstages: {block: basic, width: [4, 4]}")
    assert [(problem.code, problem.hint) for problem in problems] == [("argument", "did you mean 'recompute'?")]


def test_the_estimate_counts_what_is_kept(lower: Lower) -> None:
    graph = lower(DENSE)
    again = recomputed(graph)
    kept = sum(node.output.type.size or 0 for node in graph.nodes if node.name not in again)
    assert archspec.summary(graph).memory.activations == 4 * kept


def test_memory_of_a_densenet_no_longer_grows_with_the_square_of_its_depth() -> None:
    """Twice the layers: without recompute the activations of the concatenations are four times as many."""
    found = {}
    for memory in ("none", "recompute"):
        found[memory] = [_activations(repeats, memory) for repeats in (24, 48)]
    assert found["none"][1] / found["none"][0] > 2.5
    assert found["recompute"][1] / found["recompute"][0] < 2.1


def _activations(repeats: int, memory: str) -> int:
    spec = archspec.load("cifar_densenet40_k12", [f"stages.repeats=[{repeats}, 1, 1]", f"memory={memory}"])
    row = archspec.summary(archspec.lower(spec)).stages[1]
    assert row.name == "stage1"
    assert row.activations is not None
    return row.activations


def test_every_family_keeps_what_more_than_one_layer_takes() -> None:
    for name in ("densenet121", "googlenet", "inception_resnet_v2", "se_resnet50", "convnext_tiny", "cifar_highway19"):
        graph = archspec.lower(archspec.load(name, ["memory=recompute"]))
        again = recomputed(graph)
        assert graph.output.name not in again
        assert not {node.name for node in graph.nodes if isinstance(node.op, ops.Input | ops.Conv | ops.Dense)} & again
