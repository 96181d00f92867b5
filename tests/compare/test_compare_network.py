"""Two networks put beside each other: what is inserted, removed, changed or moved is told as that, and nothing else is."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from compare.specs import cells, graph, told

from archspec.compare.layers import LayerPair
from archspec.compare.network import Difference, difference
from archspec.compare.report import Report, more_repeats, resized, to_json, tuned
from archspec.network import load, lower

BODY = "[conv: 3x3 8, conv: 1x1 8, conv: 3x3 8]"


def in_first(found: Difference) -> list[str]:
    return [each.replace("stage1_block1_", "") for each in told(found) if "block1" in each and not each.endswith(("_norm", "_act"))]


def test_a_network_is_equal_to_itself(tmp_path: Path) -> None:
    found = cells(tmp_path, BODY, BODY)
    assert found.equal
    assert {section.status for section in found.sections} == {"="}
    assert told(found) == []


@pytest.mark.parametrize(("second", "expected"), [
    ("[conv: 3x3 8, conv: 5x5 8, conv: 1x1 8, conv: 3x3 8]", ["+ conv2"]),  # the numbers behind it move, and nothing else
    ("[conv: 3x3 8, conv: 3x3 8]", ["− conv2"]),
    ("[conv: 3x3 8, conv: 1x1 16, conv: 3x3 8]", ["≠ conv2"]),
    ("[conv: 3x3 8, conv: 1x1 8, dropout: 0.5, conv: 3x3 8]", ["+ dropout"]),
    ("[conv: 1x1 8, conv: 1x1 8, conv: 3x3 8, conv: 7x7 8]", ["≠ conv1", "+ conv4"]),
    ("[conv: 3x3 8, max_pool: 3x3 /1, conv: 3x3 8]", ["− conv2", "+ max_pool"]),
])
def test_what_is_inserted_shifts_nothing_behind_it(tmp_path: Path, second: str, expected: list[str]) -> None:
    assert sorted(in_first(cells(tmp_path, BODY, second))) == sorted(expected)


def test_both_may_have_what_the_other_lacks(tmp_path: Path) -> None:
    found = cells(tmp_path, "[conv: 3x3 8, scale: 0.5, conv: 3x3 8]", "[residual: [conv: 3x3 8, conv: 3x3 8]]")
    assert [each[0] for each in in_first(found)].count("−") == 1
    assert "+ add" in " ".join(in_first(found))


def test_repeats_are_put_by_number_and_those_there_are_more_of_stand_at_the_end(tmp_path: Path) -> None:
    found = difference(graph(tmp_path, BODY, name="a"), graph(tmp_path, BODY, stages="{name: stage1, block: cell, repeats: 5}", name="b"))
    assert [pair.status for pair in found.sections[1].units] == ["=", "=", "+", "+", "+"]
    assert more_repeats(found.sections[1]) == [("+", "repeats 3–5")]


def test_sections_are_put_by_name_then_by_order(tmp_path: Path) -> None:
    one, two = "{name: one, block: cell}", "{name: two, block: cell}"
    found = difference(graph(tmp_path, BODY, stages=f"{one}, {two}", name="a"),
                       graph(tmp_path, BODY, stages="{name: one, block: cell}, {name: new, block: cell}, {name: two, block: cell}", name="b"))
    assert [(section.status, section.name) for section in found.sections] == [
        ("=", "stem"), ("=", "one"), ("+", "new"), ("=", "two"), ("=", "head")]
    found = difference(graph(tmp_path, BODY, stages=f"{one}, {two}", name="a"),
                       graph(tmp_path, BODY, stages="{name: one, block: cell}, {name: other, block: cell}", name="b"))
    assert [section.name for section in found.sections] == ["stem", "one", "two → other", "head"]
    assert found.sections[2].status == "="  # the same layers under another name
    assert not found.equal


def test_a_dense_stage_of_more_layers_has_them_at_its_end() -> None:
    found = difference(lower(load("densenet121")), lower(load("densenet169")))
    assert [(section.name, more_repeats(section)) for section in found.sections if more_repeats(section)] == [
        ("stage3", [("+", "repeats 25–32")]), ("stage4", [("+", "repeats 17–32")])]
    assert resized(found) == ["head"]


def test_settings_of_norms_are_told_once(tmp_path: Path) -> None:
    found = difference(graph(tmp_path, BODY, name="a"), graph(tmp_path, BODY, more="defaults: {norm: {kind: batch_norm, epsilon: 0.01}}\n", name="b"))
    assert {pair.status for pair in found.units} == {"="}
    assert found.sections[0].status == "≠"
    assert len(tuned(found)) == 1
    assert "batch norm epsilon" in tuned(found)[0]


def test_what_a_label_leaves_out_is_told(tmp_path: Path) -> None:
    found = cells(tmp_path, BODY, "[conv: 3x3 8, conv: 1x1 8, conv: {kernel: 3x3, filters: 8, padding: 2}]")
    said = [pair.said for pair in found.layers if pair.said]
    assert said[0] == ("3×3 conv, 8; padding same", "3×3 conv, 8; padding 2")


def test_other_connections_of_the_same_boxes_are_a_difference(tmp_path: Path) -> None:
    first = "[conv: 3x3 8, keep: a, conv: 3x3 8, keep: b, conv: 3x3 8, join: {with: [a, b]}]"
    pair = cells(tmp_path, first, first.replace("[a, b]", "[b, a]")).sections[1].units[0]
    assert [box.rewired for box in pair.boxes] == [False, False, False, True]
    assert pair.status == "≠"


def every(pairs: list[LayerPair], side: str) -> list[str]:
    return sorted(node.name for pair in pairs for node in (getattr(pair, side),) if node)


@pytest.mark.parametrize(("a", "b"), [("resnet50", "resnet50_v2"), ("inception_v3", "inception_v4"), ("mobilenet_v2", "efficientnet_b0")])
def test_every_layer_is_told_of_once(a: str, b: str) -> None:
    first, second = lower(load(a)), lower(load(b))
    pairs = list(difference(first, second).layers)
    assert every(pairs, "a") == sorted(node.name for node in first.nodes[1:])
    assert every(pairs, "b") == sorted(node.name for node in second.nodes[1:])


def test_the_other_way_round_is_the_same_difference() -> None:
    a, b = lower(load("resnet50")), lower(load("se_resnet50"))
    there, back = (json.loads(json.dumps(to_json(Report(difference(*pair))))) for pair in ((a, b), (b, a)))
    assert there["layers"]["added"] == back["layers"]["removed"]
    assert there["parameters"] == back["parameters"][::-1]


def test_a_thousand_layers_take_no_time() -> None:
    a, b = lower(load("cifar_resnet1001")), lower(load("cifar_resnet1202"))
    before = time.process_time()
    found = difference(a, b)
    assert time.process_time() - before < 8  # under 2 s on a machine of its own
    assert len(found.sections) == 5
