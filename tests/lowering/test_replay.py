"""Repeats that are lowered once are what they would be lowered one by one."""

from __future__ import annotations

from collections.abc import Hashable
from pathlib import Path

import pytest

from archspec.errors import SpecError
from archspec.graph.ir import Graph
from archspec.lowering.replay import Repeat, Repeats
from archspec.lowering.sink import Problems
from archspec.network import Variants, _lowered, load, lower, with_overrides
from archspec.spec.inherit import resolve
from archspec.spec.rules import read_spec


class Forgets(Repeats):
    def put(self, key: Hashable, repeat: Repeat) -> None:
        """Nothing is kept."""


def seen(graph: Graph | None) -> object:
    assert graph is not None
    return graph, graph.taken, [(node.calls, node.where) for node in graph.nodes]


@pytest.mark.parametrize("name", ["resnet50", "densenet121", "efficientnet_b0", "nasnet_mobile", "pnasnet5_large", "hrnet_w18", "dpn68", "resnet50_os8", "cifar_resnet110_stochastic_depth", "convnext_tiny", "vovnet39", "resnest50"])
def test_a_network_is_the_same(name: str) -> None:
    """All that ship were compared so; these have what speaks against it: names of places, kept values, dilation, nested blocks."""
    spec = read_spec(resolve(name))
    kept, alone = _lowered(spec, Problems(), Repeats()), _lowered(spec, Problems(), Forgets())
    assert seen(kept[0]) == seen(alone[0])
    assert kept[1] == alone[1]


@pytest.mark.parametrize("changes", [["stages.se=8"], ["classes=9"], ["defaults.act=silu"], ["stages.strides=[1, 2, 2, 1]"], ["input=96x96x3"], ["parameters.drop_path=$(0.1 * depth)"],
                                     ["stages.stage2.width=96"], ["stages.residual_scale=0.5"], ["defaults.norm.epsilon=0.1"], ["memory=recompute"], ["stages.repeats=[1, 1, 1, 1]"]])
def test_a_variant_is_what_it_is_alone(changes: list[str]) -> None:
    base = load("resnet50")
    variants = Variants(base)
    for each in ([], changes, [], [*changes, "stages.width=[8, 16, 32, 64]"], changes):
        assert variants.graph(each) == lower(with_overrides(base, each))


def test_what_is_wrong_with_a_variant_is_told_as_of_it_alone() -> None:
    base = load("resnet50")
    variants = Variants(base)
    for changes in (["stages.shortcut=wrong"], ["stages.se=x"], ["stages.repeats=0"], ["stages.se=8", "stages.cardinality=0"]):
        with pytest.raises(SpecError) as alone:
            with_overrides(base, changes)
        with pytest.raises(SpecError) as one_of_many:
            variants.graph(changes)
        assert str(one_of_many.value) == str(alone.value)


NAMING = """
input: 16x16x3
classes: 4
stem: [conv: 3x3 8, keep: early]
blocks: {{b: {{parameters: {{extra: none}}, body: [conv: 3x3 8, $extra, join: previous merge=add]}}}}
stages: {{block: b, repeats: [3, 3], extra: [[{first}], [{second}]]}}
head: [{head} global_avg_pool, dense: $classes]
"""


@pytest.mark.parametrize(("first", "second", "head"), [
    ("keep: a", "act: tanh", "conv: 3x3 8, join: a merge=add,"), ("join: stem merge=add", "join: stem merge=add", ""),
    ("join: early merge=add", "join: early merge=add", ""), ("keep: early", "join: early merge=add", ""),
    ("join: early merge=add, keep: early", "join: early merge=add, keep: early", ""),
    ("act: relu", "join: stage1 merge=add", ""), ("join: previous merge=add", "join: previous merge=add", ""),
    ("use: early, keep: b, conv: 3x3 8", "join: b merge=add", ""), ("keep: a if=$last", "join: a merge=add", ""),
])
def test_names_in_lists_of_stages_mean_what_they_mean_there(first: str, second: str, head: str, tmp_path: Path) -> None:
    """A value may be what enters one repeat and something else of the same shape for the next."""
    path = tmp_path / "net.yaml"
    path.write_text(NAMING.format(first=first, second=second, head=head), encoding="utf-8")
    spec = read_spec(resolve(str(path)))
    problems = Problems(), Problems()
    kept, alone = _lowered(spec, problems[0], Repeats()), _lowered(spec, problems[1], Forgets())
    assert problems[0].found == problems[1].found
    assert kept[0] == alone[0]
    assert kept[0] is None or seen(kept[0]) == seen(alone[0])


@pytest.mark.parametrize("given", ["block: basic, width: 8", "block: b, extra: [act: tanh]", "block: c, extra: {matching: [act: tanh], differing: pad}"])
def test_layers_of_stages_that_are_alike_say_where_their_own_stage_is_written(given: str, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(f"""
input: 16x16x8
classes: 4
blocks:
  b: {{parameters: {{extra: []}}, body: [residual: $extra]}}
  c: {{parameters: {{extra: none}}, body: [residual: {{body: [act: relu], shortcut: $extra}}]}}
stages: [{{{given}}}, {{{given}}}, {{{given}}}]
head: [global_avg_pool, dense: $classes]
""", encoding="utf-8")
    spec = read_spec(resolve(str(path)))
    kept, alone = _lowered(spec, Problems(), Repeats()), _lowered(spec, Problems(), Forgets())
    assert seen(kept[0]) == seen(alone[0])


@pytest.mark.parametrize(("body", "lowered"), [
    ("conv: 3x3 8", 2), ("conv: 3x3 8, join: previous", 6), ("conv: 3x3 8, max_pool: 2x2 /2, upsample: to=previous", 3)])
def test_what_entered_the_repeat_before_counts_for_those_that_take_it(body: str, lowered: int, tmp_path: Path) -> None:
    """The first repeat is entered by three channels, so that the second has another before it than all others have."""
    path = tmp_path / "net.yaml"
    path.write_text(f"input: 16x16x3\nclasses: 4\nblocks: {{b: {{body: [{body}]}}}}\nstages: {{block: b, repeats: 6}}\n"
                    "head: [global_avg_pool, dense: $classes]\n", encoding="utf-8")
    spec, repeats = read_spec(resolve(str(path))), Repeats()
    kept, alone = _lowered(spec, Problems(), repeats), _lowered(spec, Problems(), Forgets())
    assert seen(kept[0]) == seen(alone[0])
    assert len(repeats.found) == lowered
