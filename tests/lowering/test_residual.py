"""Section 3: residual with all its shortcuts. The input is 32x32x8."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archspec.errors import Problem
from archspec.graph.ir import Graph

Table = Callable[..., dict[str, str]]
Lower = Callable[..., Graph]
Fails = Callable[..., tuple[Problem, ...]]
SAME, DIFFERENT = "[conv: 3x3 8 bare]", "[conv: 3x3 12 /2 bare]"
PROJECTION = ["shortcut_conv", "shortcut_conv_norm"]


def shortcut_layers(found: dict[str, str]) -> list[str]:
    return [name.removeprefix("stem_") for name in found if "shortcut" in name]


@pytest.mark.parametrize(("shortcut", "matching", "differing"), [
    ("pad", [], ["shortcut_subsample", "shortcut_pad_channels"]), ("projection", [], PROJECTION),
    ("projection_always", PROJECTION, PROJECTION), ("avg_projection", [], ["shortcut_avg_pool", *PROJECTION]),
    ("matched", [], []), ("none", [], []), ("[conv: 12 /$s bare]", ["shortcut_conv"], ["shortcut_conv"]),
    ("{matching: none, differing: projection}", [], PROJECTION), ("{matching: projection, differing: pad}", PROJECTION,
                                                                 ["shortcut_subsample", "shortcut_pad_channels"]),
    ("{matching: [act], differing: avg_projection}", ["shortcut_act"], ["shortcut_avg_pool", *PROJECTION]),
])
def test_shortcuts(shortcut: str, matching: list[str], differing: list[str], ops: Table) -> None:
    for body, expected, stride in ((SAME, matching, 1), (DIFFERENT, differing, 2)):
        if shortcut.startswith("["):
            body = body.replace("8", "12")
        found = ops(f"let: {{s: {stride}}}\nstem: [residual: {{body: {body}, shortcut: {shortcut}}}]")
        assert shortcut_layers(found) == expected


@pytest.mark.parametrize(("shortcut", "body", "added"), [
    ("matched", DIFFERENT, False), ("matched", SAME, True), ("pad", DIFFERENT, True), ("identity", SAME, True)])
def test_without_a_shortcut_nothing_is_added(shortcut: str, body: str, added: bool, ops: Table) -> None:
    """And neither scale nor drop_path applies."""
    found = ops(f"stem: [residual: {{body: {body}, shortcut: {shortcut}, scale: 0.5, drop_path: 0.1}}]")
    assert ({"stem_add", "stem_add_scale", "stem_add_drop_path"} <= found.keys()) == added
    assert ("stem_add_scale" in found) == added


@pytest.mark.parametrize(("arguments", "codes"), [
    ("scale: 0.5", ["inert"]), ("drop_path: 0.1", ["inert"]), ("scale: 0.5, drop_path: 0.1", ["inert", "inert"])])
@pytest.mark.parametrize("shortcut", ["none", "{matching: none, differing: none}"])
def test_what_acts_on_an_addition_needs_one(arguments: str, codes: list[str], shortcut: str, fails: Fails, ops: Table) -> None:
    found = fails(f"stem: [residual: {{body: {SAME}, shortcut: {shortcut}, {arguments}}}]")
    assert [problem.code for problem in found] == codes
    assert "stem_add" not in ops(f"stem: [residual: {{body: {SAME}, shortcut: {shortcut}, scale: 1, drop_path: none}}]")


def test_the_body_is_scaled_then_dropped_then_added(lower: Lower) -> None:
    nodes = {node.name: node for node in lower(f"stem: [residual: {{body: {SAME}, scale: 0.5, drop_path: 0.1}}]").nodes}
    assert [value.name for value in nodes["stem_add"].inputs] == ["images", "stem_add_drop_path"]
    assert [value.name for value in nodes["stem_add_drop_path"].inputs] == ["stem_add_scale"]


@pytest.mark.parametrize(("arguments", "act"), [
    ("", "act(function=relu)"), ("act: none", None), ("act: gelu", "act(function=gelu)"), ("shortcut: matched", None),
    ("pre: [norm]", None),
    ("shortcut: matched, act: relu6", "act(function=relu6)"), ("pre: [norm], act: relu", "act(function=relu)"),
    ("act: leaky_relu slope=0.2", "act(function=leaky_relu, slope=0.2)"), ("shortcut: none", "act(function=relu)"),
    ("shortcut: {matching: identity, differing: none}", "act(function=relu)")])
def test_the_activation_after_the_addition(arguments: str, act: str | None, ops: Table) -> None:
    found = ops(f"stem: [residual: {{body: {SAME}{', ' if arguments else ''}{arguments}}}]")
    assert found.get("stem_add_act") == act


def test_the_default_activation_follows(ops: Table) -> None:
    assert ops(f"defaults: {{act: gelu}}\nstem: [residual: {SAME}]")["stem_add_act"] == "act(function=gelu)"
    assert "stem_add_act" not in ops(f"defaults: {{act: none}}\nstem: [residual: {SAME}]")


@pytest.mark.parametrize(("shortcut", "body", "start"), [
    ("identity", SAME, "images"), ("projection", DIFFERENT, "stem_norm"), ("projection_always", SAME, "stem_norm"),
    ("avg_projection", DIFFERENT, "stem_norm"), ("pad", DIFFERENT, "images"), ("[conv: 12 /2 bare]", DIFFERENT, "images")])
def test_what_starts_from_the_result_of_pre(shortcut: str, body: str, start: str, lower: Lower) -> None:
    graph = lower(f"stem: [residual: {{pre: [norm], body: {body}, shortcut: {shortcut}}}]")
    nodes = {node.name: node for node in graph.nodes}
    assert nodes["stem_conv"].inputs[0].name == "stem_norm"
    value = nodes["stem_add"].inputs[0]
    while value.name not in ("images", "stem_norm"):
        value = nodes[value.name].inputs[0]
    assert value.name == start


@pytest.mark.parametrize(("setting", "projection"), [
    ("", ["conv(filters=12, stride=2x2, padding=0x0x0x0)", "batch_norm()"]),
    ("defaults: {conv: {bias: true}, norm: layer_norm}", ["conv(filters=12, stride=2x2, padding=0x0x0x0, bias=True)",
     "layer_norm()"]),
    ("defaults: {unit: conv-act}", ["conv(filters=12, stride=2x2, padding=0x0x0x0, bias=True)"]),
    ("defaults: {unit: norm-act-conv}", ["conv(filters=12, stride=2x2, padding=0x0x0x0)", "batch_norm()"]),
    ("defaults: {norm: none}", ["conv(filters=12, stride=2x2, padding=0x0x0x0)"]),
])
def test_a_projection(setting: str, projection: list[str], ops: Table) -> None:
    found = ops(f"{setting}\nstem: [residual: {DIFFERENT}]")
    assert [value for name, value in found.items() if "shortcut" in name] == projection


@pytest.mark.parametrize(("said", "has"), [("true", True), ("false", False)])
def test_shortcut_bias(said: str, has: bool, ops: Table) -> None:
    found = ops(f"defaults: {{conv: {{bias: true}}}}\nstem: [residual: {{body: {DIFFERENT}, shortcut_bias: {said}}}]")
    assert ("bias=True" in found["stem_shortcut_conv"]) == has


def test_projections_have_no_norm_with_pre(ops: Table) -> None:
    assert shortcut_layers(ops(f"stem: [residual: {{pre: [norm, act], body: {DIFFERENT}}}]")) == ["shortcut_conv"]


@pytest.mark.parametrize("size", [7, 8, 9])
def test_a_shortcut_follows_a_stride_rounded_up(size: int, lower: Lower) -> None:
    for shortcut in ("pad", "projection", "avg_projection"):
        graph = lower(f"input: {size}x{size}x8\nclasses: 10\nstem: [residual: {{body: {DIFFERENT}, shortcut: {shortcut}}}]")
        assert str(graph.nodes[-3].output.type) == f"{-(-size // 2)}x{-(-size // 2)}x12"


@pytest.mark.parametrize(("body", "projects"), [("[conv: 3x3 8 bare]", False), ("[conv: 3x3 8 /2 bare]", True),
("[conv: 3x3 9 bare]", True),
                                                ("[conv: 3x3 8 /2 bare, upsample: 2]", False),
                                                ("[conv: 3x3 8 /2x1 bare]", True)])
def test_shapes_match_by_stride_and_channels_where_sizes_are_open(body: str, projects: bool, lower: Lower) -> None:
    graph = lower(f"input: ?x?x8\nclasses: 10\nstem: [residual: {body}]")
    assert any("shortcut" in node.name for node in graph.nodes) == projects


@pytest.mark.parametrize(("arguments", "code"), [
    (f"body: {DIFFERENT}, shortcut: identity", "identity"), (f"body: {DIFFERENT}, shortcut: [act]", "shape"),
    (f"body: {DIFFERENT}, shortcut: {{matching: none, differing: identity}}", "identity"), ("body: [upsample: 2]", "shortcut"),
    (f"body: {SAME}, shortcut: 3", "shortcut"), (f"body: {SAME}, shortcut: {{matching: none}}", "shortcut"),
    (f"body: {SAME}, shortcut: {{matching: none, differing: matched}}", "shortcut"),
    (f"body: {SAME}, drop_path: 1", "argument"),
    (f"body: {SAME}, scale: none", "argument"), (f"body: {SAME}, shortcut: none, shortcut_bias: true", "inert"),
    ("pre: [act]", "missing"),
    (f"body: {SAME}, bodi: []", "unknown-argument"), ("body: [global_avg_pool]", "shortcut"),
])
def test_what_residual_refuses(arguments: str, code: str, fails: Fails) -> None:
    assert [problem.code for problem in fails(f"stem: [residual: {{{arguments}}}]")] == [code]


def test_the_identity_shows_both_shapes_and_an_addition_both_chains(fails: Fails) -> None:
    problem = fails(f"stem: [residual: {{body: {DIFFERENT}, shortcut: identity}}]")[0]
    assert "32x32x8, the body ends in 16x16x12" in problem.message
    problem = fails(f"stem: [residual: {{body: {DIFFERENT}, shortcut: [act]}}]")[0]
    assert problem.notes[0].startswith("shortcut: 32x32x8 -> act")
    assert problem.notes[1].startswith("body: 32x32x8 -> conv")


def test_a_shortcut_passed_as_an_argument_keeps_the_names_where_it_was_written(ops: Table) -> None:
    blocks = ("blocks:\n  mine: {parameters: {shortcut: projection}, "
              "body: [residual: {body: " + DIFFERENT + ", shortcut: $shortcut}]}\n"
              "let: {w: 12}\n")
    assert "stem_mine_shortcut_conv" in ops(blocks + "stem: [mine: {shortcut: [conv: 1x1 $w /2]}]")
    found = ops(blocks + "stem: [mine: {shortcut: {matching: none, differing: pad}}]")
    assert shortcut_layers(found)[1] == "mine_shortcut_pad_channels"
