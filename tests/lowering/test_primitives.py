"""Section 3: operations that hold no lists: units, padding, defaults. The input is 32x32x8."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archspec.errors import Problem
from archspec.graph.ir import Graph

Table = Callable[..., dict[str, str]]
Lower = Callable[..., Graph]
Fails = Callable[..., tuple[Problem, ...]]


@pytest.mark.parametrize(("unit", "item", "layers"), [
    ("conv-norm-act", "conv: 4", "conv conv_norm conv_act"), ("norm-act-conv", "conv: 4", "conv_norm conv_act conv"),
    ("conv-act", "conv: 4", "conv conv_act"), ("conv-act", "conv: 4 norm=batch_norm", "conv conv_norm conv_act"),
    ("norm-act-conv", "conv: 4 act=none", "conv_norm conv"), ("norm-act-conv", "conv: 4 bare", "conv"),
    ("conv-act", "conv: 4 linear", "conv"),
    ("conv-norm-act", "depthwise", "depthwise depthwise_norm depthwise_act"), ("conv-norm-act", "dense: 4", "dense"),
    ("conv-norm-act", "dense: 4 act=relu", "dense dense_act"),
])
def test_units(unit: str, item: str, layers: str, ops: Table) -> None:
    flat = "flatten, " if "dense" in item else ""
    head = "\nhead: [dense: 10]" if flat else ""
    found = ops(f"defaults: {{unit: {unit}}}\nstem: [{flat}{item}]{head}")
    assert " ".join(name.removeprefix("stem_") for name in found if "flatten" not in name) == layers


@pytest.mark.parametrize(("unit", "item", "bias"), [
    ("conv-norm-act", "conv: 4", False), ("conv-act", "conv: 4", True), ("conv-act", "conv: 4 bias=false", False),
    ("conv-norm-act", "conv: 4 bias", True), ("norm-act-conv", "conv: 4", False), ("conv-act", "depthwise", True)])
def test_bias(unit: str, item: str, bias: bool, ops: Table) -> None:
    found = ops(f"defaults: {{unit: {unit}}}\nstem: [{item}]")
    assert any("bias=True" in value for value in found.values()) == bias


@pytest.mark.parametrize(("item", "shape"), [
    ("conv: 5x5 4", "32x32x4"), ("conv: 5x5 4 /3", "11x11x4"), ("conv: 5x5 4 valid", "28x28x4"),
    ("conv: 5x5 4 /2 symmetric", "16x16x4"),
    ("conv: 3x3 4 dilation=2 symmetric", "32x32x4"), ("conv: 3x3 4 dilation=2 valid", "28x28x4"),
    ("conv: 2x2 4 symmetric", "31x31x4"),
    ("conv: 3x3 4 padding=2", "34x34x4"), ("conv: 3x3 4 padding=[0, 1, 2, 3]", "31x35x4"),
    ("conv: 3x1 4 /2x1 valid", "15x32x4"),
    ("depthwise: 3x3 /2 multiplier=2", "16x16x16"), ("max_pool: 3x3 /2", "16x16x8"), ("max_pool: 3x3 /2 valid", "15x15x8"),
    ("max_pool: 3x3 /2 valid ceil", "16x16x8"), ("max_pool: 2x2 /3 valid ceil", "11x11x8"),
    ("avg_pool: 3x3 /3 symmetric", "11x11x8"),
    ("max_pool: 3x3 /2 padding=1", "16x16x8"), ("avg_pool: 3x3 /2 padding=1 ceil count_padding", "17x17x8"),
    ("global_avg_pool: keepdims", "1x1x8"),
    ("global_max_pool: keepdims", "1x1x8"), ("pad: 2", "36x36x8"), ("pad: [1, 2, 3, 4]", "35x39x8"),
    ("pad_channels: 12", "32x32x12"),
    ("shuffle: 2", "32x32x8"), ("upsample: 3", "96x96x8"), ("upsample: 2 method=bilinear", "64x64x8"),
    ("scale: 0.5", "32x32x8"),
    ("layer_scale: 1e-6", "32x32x8"), ("lrn: 5", "32x32x8"), ("dropout: 0.5", "32x32x8"),
])
def test_shapes(item: str, shape: str, shapes: Table) -> None:
    assert next(iter(shapes(f"stem:\n  - {item}").values())) == shape


@pytest.mark.parametrize(("setting", "item", "padding"), [
    ("{}", "conv: 3x3 4", None), ("{padding: symmetric}", "conv: 3x3 4", "1x1x1x1"),
    ("{padding: valid}", "max_pool: 3x3 /2", "0x0x0x0"),
    ("{padding: symmetric, max_pool: {padding: valid}}", "max_pool: 3x3 /2", "0x0x0x0"),
    ("{padding: symmetric, max_pool: {padding: valid}}", "avg_pool: 3x3 /2", "1x1x1x1"),
    ("{padding: symmetric, conv: {padding: same}}", "depthwise: 3x3", "1x1x1x1"),
    ("{padding: symmetric}", "conv: 3x3 4 same", None),
    ("{padding: 2}", "conv: 3x3 4", "2x2x2x2"), ("{padding: [0, 1, 0, 1]}", "conv: 3x3 4", "0x1x0x1"),
])
def test_the_padding_that_holds(setting: str, item: str, padding: str | None, ops: Table) -> None:
    first = next(iter(ops(f"defaults: {setting}\nstem: [{item}]").values()))
    assert (f"padding={padding}" in first) if padding else ("padding" not in first)


@pytest.mark.parametrize(("item", "op"), [
    ("norm", "batch_norm()"), ("norm: layer_norm", "layer_norm()"), ("norm: group_norm groups=4", "group_norm(groups=4)"),
    ("norm: {epsilon: 0.1}", "batch_norm(epsilon=0.1)"),
    ("norm: batch_norm scale=false center=false", "batch_norm(scale=False, center=False)"),
    ("act", "act(function=relu)"), ("act: leaky_relu", "act(function=leaky_relu)"),
    ("act: elu alpha=2", "act(function=elu, alpha=2)"),
    ("act: gelu approximate=true", "act(function=gelu, approximate=True)"), ("lrn", "lrn()"),
])
def test_kinds(item: str, op: str, ops: Table) -> None:
    assert list(ops(f"stem: [{item}]").values()) == [op]


def test_the_arguments_of_a_default_hold_for_its_kind_only(ops: Table) -> None:
    found = ops("defaults: {norm: {kind: batch_norm, epsilon: 0.1}, act: leaky_relu slope=0.3}\n"
                "stem: [norm, norm: layer_norm, norm: {momentum: 0.5}, act, act: relu, act: leaky_relu]")
    assert list(found.values()) == ["batch_norm(epsilon=0.1)", "layer_norm()", "batch_norm(epsilon=0.1, momentum=0.5)",
                                    "act(function=leaky_relu, slope=0.3)", "act(function=relu)",
                                    "act(function=leaky_relu, slope=0.3)"]


def test_defaults_of_an_operation(ops: Table) -> None:
    found = ops("defaults: {conv: {bias: true, norm: none}, dropout: {rate: 0.3}, max_pool: {stride: 2}}\n"
                "stem: [conv: 3, depthwise, dropout, dropout: 0.5, max_pool: 2x2]")
    assert [found[f"stem_{name}"] for name in ("conv", "depthwise", "dropout1", "dropout2", "max_pool")] == \
        ["conv(filters=3, bias=True)", "depthwise()", "dropout(rate=0.3)", "dropout(rate=0.5)",
        "pool(mode=max, kernel=2x2, stride=2x2)"]
    assert "stem_conv_norm" not in found


@pytest.mark.parametrize(("item", "code"), [
    ("conv: 3x3", "missing"), ("conv: $(8 / 2)", "argument"), ("conv: 8.0", "argument"), ("conv: 0", "argument"),
    ("conv: -1", "argument"),
    ("conv: 1_000", "argument"), ("conv: 3x3 3x3 4", "twice"), ("conv: 4 4", "twice"), ("conv: 4 groups=3", "shape"),
    ("conv: 12 groups=8", "shape"), ("conv: 99x99 4 valid", "shape"), ("conv: 4 keepdims", "unknown-argument"),
    ("conv: 4 act=relu7", "argument"),
    ("conv: 4 bias=yes", "argument"), ("conv: 4 act='relu slope=1'", "unknown-argument"), ("max_pool: 2x2", "missing"),
    ("max_pool: 2x2 /2 padding=2", "shape"), ("max_pool: 3x3 /2 ceil", "inert"),
    ("avg_pool: 2x2 /2 valid count_padding", "inert"),
    ("max_pool: 2x2 /2 count_padding", "unknown-argument"), ("dropout: 1", "argument"), ("dropout: -0.1", "argument"),
    ("lrn: 4", "shape"), ("pad_channels: 7", "shape"), ("shuffle: 3", "shape"), ("upsample: 0", "argument"),
    ("upsample: 2 method=cubic", "argument"),
    ("norm: group_norm", "shape"), ("norm: layer_norm momentum=0.1", "unknown-argument"),
    ("norm: batch_norm epsilon=0", "argument"),
    ("act: relu slope=0.1", "unknown-argument"), ("flatten: 3", "no-main"), ("depthwise: 3", "no-main"),
    ("pad: [1, 2]", "argument"),
    ("scale", "missing"), ("scale: x", "argument"), ("conv: {filters: 3, kernel: [1, 2, 3]}", "argument"),
    ("conv: 03x3 4", "argument"),
    ("conv", "missing"), ("{}", "item-form"), ("{conv: 3, act: relu}", "item-form"), ("3", "unknown-operation"),
    ("[conv]", "item-form"),
])
def test_what_is_refused(item: str, code: str, fails: Fails) -> None:
    assert [problem.code for problem in fails(f"stem:\n  - {item}")] == [code]


def test_open_sizes_stay_open(lower: Lower) -> None:
    graph = lower("input: ?x?x8\nclasses: 10\nstem: [conv: 3x3 4 /2, max_pool: 3x3 /2 symmetric]")
    assert [str(node.output.type) for node in graph.nodes[1:5]] == ["?x?x4"] * 4
    assert graph.nodes[1].macs is None


@pytest.mark.parametrize("item", ["flatten", "max_pool: 2x2 /3 valid ceil"])
def test_what_needs_a_size(item: str, fails: Fails) -> None:
    assert fails(f"input: ?x?x8\nclasses: 10\nhead: [{item}, global_avg_pool, dense: 10]")[0].code == "shape"
