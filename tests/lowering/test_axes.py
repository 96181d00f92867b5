"""Parts and axes: what each operation gives, the names of a map's size, and maps whose stride is not known."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import pytest

from archspec.errors import Problem
from archspec.graph.ir import Graph
from archspec.graph.sign import above_zero
from archspec.views.summary import receptive_fields, summary

Table = Callable[..., dict[str, str]]
Lower = Callable[..., Graph]
Fails = Callable[..., tuple[Problem, ...]]
OPEN = "input: ?x?x8\nclasses: 10\n"


@pytest.mark.parametrize(("item", "shape"), [
    ("slice: 3", "32x32x3"), ("slice: 3 first=5", "32x32x3"), ("slice: {channels: $(channels // 2), first: 4}", "32x32x4"),
    ("reshape: 64x16x8", "64x16x8"), ("reshape: ?x1x16", "512x1x16"), ("reshape: [1, '?', $channels]", "1x1024x8"),
    ("permute: cwh", "8x32x32"), ("permute: hwc", "32x32x8"), ("permute: wch", "32x8x32"),
    ("reduce: mean", "32x32x1"), ("reduce: max", "32x32x1"),
    ("blur_pool: 3 /2", "16x16x8"), ("blur_pool: 4x4 /3", "11x11x8"), ("blur_pool: 5x1 /1x2", "32x16x8"),
    ("pad: 2 mode=reflect", "36x36x8"), ("pad: -2", "28x28x8"), ("pad: [1, -2, -3, 4]", "31x33x8"),
    ("coordinates", "32x32x10"), ("position", "32x32x8"),
])
def test_shapes(item: str, shape: str, shapes: Table) -> None:
    assert next(iter(shapes(f"stem:\n  - {item}").values())) == shape


def test_a_vector_becomes_a_map_again(shapes: Table) -> None:
    assert shapes("stem: [global_avg_pool, slice: 4, reshape: 2x1x?, conv: 1x1 3 bare]") == {
        "stem_global_avg_pool": "8", "stem_slice": "4", "stem_reshape": "2x1x2", "stem_conv": "2x1x3"}


def test_open_sizes_stay_open(shapes: Table) -> None:
    found = shapes(OPEN + "stem: [coordinates, blur_pool: 3 /2, permute: whc, reduce: max, pad: [-1, 2, 0, 0]]")
    assert list(found.values())[:5] == ["?x?x10", "?x?x10", "?x?x10", "?x?x1", "?x?x1"]


def test_only_position_has_weights_and_none_multiplies(lower: Lower) -> None:
    graph = lower("stem: [slice: 6, reshape: 16x64x6, permute: whc, blur_pool: 3 /2, coordinates, position, reduce: mean]")
    found = {node.op.kind: node.parameters for node in graph.nodes if node.section == "stem"}
    assert found == {"slice_channels": 0, "reshape": 0, "permute": 0, "blur_pool": 0, "coordinates": 0, "reduce": 0,
                     "position": 32 * 8 * 8}
    assert sum(node.macs or 0 for node in graph.nodes) == 10


@pytest.mark.parametrize(("body", "fits"), [
    ("reduce: mean", True), ("global_avg_pool: keepdims", True), ("global_avg_pool", True), ("conv: 3x3 1", True), ("[]", True),
    ("[global_avg_pool: keepdims, conv: 1x1 1]", False), ("[reduce: mean, max_pool: 2x2 /2]", False),
    ("[global_avg_pool, dense: 1]", False), ("conv: 3x3 2", False)])
def test_gates(body: str, fits: bool, lower: Lower, fails: Fails) -> None:
    text = f"stem: [gate: {body if body[0] == '[' else f'[{body}]'}]"
    if fits:
        assert str(lower(text).node("stem_gate").output.type) == "32x32x8"
    else:
        assert [problem.code for problem in fails(text)] == ["shape"]


def test_one_number_gates_where_it_is_one_of_the_forms(lower: Lower) -> None:
    graph = lower("stem: [reduce: mean, gate: [global_avg_pool: keepdims], global_avg_pool: keepdims, conv: 1x1 5, gate: [reduce: max]]")
    assert [str(node.output.type) for node in graph.nodes if node.op.kind == "gate"] == ["32x32x1", "1x1x5"]


@pytest.mark.parametrize(("items", "sizes"), [
    ("[]", ("32", "32")), ("[max_pool: 3x2 /2x4]", ("16", "8")), ("[global_avg_pool: keepdims]", ("1", "1")),
    ("[permute: cwh]", ("8", "32"))])
def test_size_of_the_map(items: str, sizes: tuple[str, str], ops: Table) -> None:
    found = ops(f"blocks: {{it: {{body: [conv: $map_height bare 1x1, conv: $map_width bare 1x1]}}}}\n"
                f"stem:\n{''.join(f'  - {item}' for item in items.strip('[]').split(';') if item)}\n  - it")
    assert [text.split(",")[0].rstrip(")") for name, text in found.items() if "_it_" in name] == [
        f"conv(filters={size}" for size in sizes]


@pytest.mark.parametrize("stem", ["global_avg_pool", "dropout: 0.1"])
def test_size_of_a_vector_and_of_an_open_map_is_none(stem: str, ops: Table) -> None:
    head = "\nhead: [dense: 10]" * (stem == "global_avg_pool")
    found = ops(f"{OPEN}stem:\n  - {stem}\n  - scale: 2 if=$(map_height == none and map_width == none){head}")
    assert "stem_scale" in found


def test_size_of_the_map_in_lists_that_are_handed_on(ops: Table) -> None:
    found = ops("blocks: {it: {parameters: {list: required}, body: [max_pool: 2x2 /2, branches: [$list]]}}\n"
                "stem: [it: {list: [conv: $map_width bare, residual: [conv: $map_height bare]]}]")
    assert [text for text in found.values() if text.startswith("conv")] == ["conv(filters=16)"] * 2


def test_a_map_that_lies_otherwise_is_in_no_pyramid(lower: Lower) -> None:
    graph = lower("stem: [max_pool: 2x2 /2, permute: whc, max_pool: 2x2 /2]")
    assert list(graph.features) == ["P1"]
    assert graph.node("stem_max_pool2").output.type.stride is None


def test_it_is_merged_by_its_size_and_has_the_stride_of_the_first_that_has_one(lower: Lower) -> None:
    graph = lower("stem: [max_pool: 2x2 /2, branches: [[permute: whc], []], branches: {merge: max, paths: [[permute: whc], []]}, "
                  "gate: [permute: whc]]")
    assert {node.output.type.stride for node in graph.nodes if node.op.kind in ("concat", "merge", "gate")} == {
        (Fraction(2), Fraction(2))}
    assert graph.features["P1"].value.name == "stem_gate"


def test_open_sizes_of_an_unknown_stride_merge(lower: Lower) -> None:
    graph = lower(OPEN + "stem: [branches: [[permute: whc], []]]")
    assert str(graph.node("stem_concat").output.type) == "?x?x16"


@pytest.mark.parametrize(("body", "stride"), [("conv: 3x3 16 /2", "2x2"), ("conv: 3x3 16", "1x1"), ("conv: 3x3 16 /3x1", "3x1")])
def test_a_shortcut_follows_the_sizes(body: str, stride: str, ops: Table) -> None:
    found = ops(f"stem: [max_pool: 2x2 /3, permute: whc, residual: [{body}]]")
    assert found["stem_shortcut_conv"].split("stride=")[1:] == ([f"{stride}, padding=0x0x0x0)"] if stride != "1x1" else [])


def test_a_residual_around_another_axis_keeps_the_stride(lower: Lower) -> None:
    graph = lower("stem: [max_pool: 2x2 /2, residual: {body: [permute: cwh, conv: 1x1 16, permute: cwh], shortcut: identity}]")
    assert graph.node("stem_add").output.type.stride == (2, 2)


@pytest.mark.parametrize(("item", "message"), [
    ("residual: [conv: 2x2 16 valid]", "no stride leads from 32x32x8 to 31x31x16"),
    ("residual: [upsample: 2]", "the body enlarges 32x32x8 to 64x64x8, no shortcut follows it")])
def test_what_no_shortcut_follows(item: str, message: str, fails: Fails) -> None:
    assert [problem.message for problem in fails(f"stem: [permute: whc, {item}]")] == [message]


def test_open_sizes_of_an_unknown_stride_have_no_shortcut(fails: Fails) -> None:
    problem, = fails(OPEN + "stem: [permute: whc, residual: [conv: 3x3 16 /2]]")
    assert (problem.message, problem.hint) == (
        "a shortcut from ?x?x8 to ?x?x16", "the size is open and the stride against the image not known: give the input a size, "
        "or give shortcut a list")


@pytest.mark.parametrize(("body", "acts"), [("conv: 3x3 8 /$stride valid", True), ("depthwise: 3x3 if=$(stride > 0)", False)])
def test_a_stage_strides_by_size_where_it_does_not_lie_as_the_image(body: str, acts: bool, lower: Lower, fails: Fails) -> None:
    text = ("blocks: {it: {parameters: {width: 8, stride: 1}, body: [permute: whc, " + body + ", scale: 2 if=$(width > 0)]}}\n"
            "stages: {block: it, width: 8, stride: 2}")
    if acts:
        assert lower(text).node("stage1_block1_scale").output.type.stride is None
    else:
        assert [problem.code for problem in fails(text)] == ["stride"]


def test_what_only_moves_values_keeps_them_above_zero(lower: Lower) -> None:
    graph = lower("stem: [act: relu, permute: whc, reduce: max, reshape: 32x16x2, blur_pool: 3 /2, slice: 1, pad: -1, position]")
    positive = above_zero(graph.nodes)
    assert [node.op.kind for node in graph.nodes if node.name in positive] == [
        "act", "permute", "reduce", "reshape", "blur_pool", "slice_channels", "pad"]


def test_what_is_only_dealt_out_anew_takes_no_memory(lower: Lower) -> None:
    plain, dealt = (summary(lower(f"stem: [{items}]")).memory.activations for items in ("scale: 2", "scale: 2, reshape: 64x16x8"))
    assert plain == dealt


def test_the_receptive_field_behind_another_order_is_the_image(lower: Lower) -> None:
    fields = receptive_fields(lower("stem: [blur_pool: 3 /2, conv: 3x3 8 bare, permute: whc, conv: 3x3 8 bare]"))
    assert [fields[f"stem_{name}"] for name in ("blur_pool", "conv1", "permute", "conv2")] == [(3, 3), (7, 7), None, None]


ECA = """
blocks:
  eca:
    parameters: {kernel: 3}
    body:
      - gate:
          - global_avg_pool: keepdims
          - permute: hcw
          - conv: {kernel: [1, $kernel], filters: 1, norm: none, act: sigmoid}
          - permute: hcw
stem: [conv: 3x3 64, eca: 5]
"""


def test_attention_over_channels_that_are_neighbours(lower: Lower) -> None:
    """ECA-Net (Wang et al. 2019, 1910.03151, Figure 2): as many weights as its kernel is wide, whatever the channels."""
    graph = lower(ECA)
    assert [(node.op.kind, str(node.output.type)) for node in graph.nodes if "_eca_" in node.name] == [
        ("global_pool", "1x1x64"), ("permute", "1x64x1"), ("conv", "1x64x1"), ("act", "1x64x1"), ("permute", "1x1x64"),
        ("gate", "32x32x64")]
    assert sum(node.parameters for node in graph.nodes if "_eca_" in node.name) == 5


@pytest.mark.parametrize("name", ["map_height", "map_width"])
def test_the_names_of_the_size_are_taken(name: str, fails: Fails) -> None:
    problems = fails(f"blocks: {{it: {{parameters: {{{name}: 3}}, body: [conv: ${name}]}}}}\nstem: [it]")
    assert [problem.code for problem in problems] == ["reserved"]
