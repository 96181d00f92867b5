"""Section 3: the compact and the long form of an item mean the same."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archspec.spec.compact import words

Table = Callable[..., dict[str, str]]


@pytest.mark.parametrize(("compact", "long"), [
    ("conv: 3x3 64 /2", "conv: {kernel: 3x3, filters: 64, stride: 2}"),
    ("conv: 64", "conv: {filters: 64, kernel: 1, stride: 1, dilation: 1, groups: 1, padding: same}"),
    ("conv: 1x7 64 /2x1 valid", "conv: {kernel: [1, 7], filters: 64, stride: [2, 1], padding: valid}"),
    ("conv: 64 groups=2 3x3 bias symmetric", "conv: {filters: 64, bias: true, groups: 2, kernel: 3, padding: symmetric}"),
    ("conv: 64 linear", "conv: {filters: 64, act: none}"),
    ("conv: 64 bare", "conv: {filters: 64, norm: none, act: none}"),
    ("conv: 64 act=relu6 norm=layer_norm", "conv: {filters: 64, act: {kind: relu6}, norm: {kind: layer_norm}}"),
    ("conv: 64 padding=1", "conv: {filters: 64, padding: [1, 1, 1, 1]}"),
    ("conv: 3x3 64 padding=[0, 1, 2, 0]", "conv: {filters: 64, kernel: 3x3, padding: [0, 1, 2, 0]}"),
    ("conv: $(32 + 32) 3x3", "conv: {filters: $(32 + 32), kernel: [$(1 + 2), 3]}"),
    ("depthwise: 5x5 multiplier=2", "depthwise: {kernel: 5, multiplier: 2}"),
    ("depthwise", "depthwise: {multiplier: 1, kernel: 3x3, stride: 1}"),
    ("max_pool: 3 /2", "max_pool: {kernel: 3x3, stride: 2x2}"),
    ("avg_pool: 2x2 /2 valid ceil", "avg_pool: {kernel: 2, stride: 2, padding: valid, ceil: true}"),
    ("avg_pool: 3x3 /2 count_padding", "avg_pool: {kernel: 3, stride: 2, count_padding: true}"),
    ("act: leaky_relu slope=0.2", "act: {kind: leaky_relu, slope: 0.2}"),
    ("norm: group_norm groups=4", "norm: {kind: group_norm, groups: 4}"),
    ("conv: 64 act='leaky_relu slope=0.2'", "conv: {filters: 64, act: {kind: leaky_relu, slope: 0.2}}"),
    ("repeat: {times: 2, body: [flatten]}", "repeat: {body: [flatten: {}], times: 2}"),
    ("pad: 1", "pad: [1, 1, 1, 1]"),
    ("dropout: 0.5 if=true", "dropout: {rate: 0.5, if: true}"),
    ("scale: 0.5 name=half", "scale: {factor: 0.5, name: half}"),
    ("lrn", "lrn: {size: 5, alpha: 1e-4, beta: 0.75, k: 1}"),
    ("upsample: 2", "upsample: {factor: 2, method: nearest}"),
    ("densely: [conv: 3]", "densely: {body: [conv: 3]}"),
    ("branches: {one: [], two: [conv: 3]}", "branches: {paths: {one: [], two: [conv: 3]}, merge: concat, split: false}"),
])
def test_both_forms_mean_the_same(compact: str, long: str, ops: Table) -> None:
    head = "\nhead: [global_avg_pool: keepdims, flatten, dense: 10]"
    if "flatten" in compact:
        head = "\nhead: [dense: 10]"
    assert ops(f"stem:\n  - {compact}{head}") == ops(f"stem:\n  - {long}{head}")


def test_words_split_at_spaces_outside_parentheses_and_quotes() -> None:
    assert [word for _, word in words("3x3  $(a + b) x='y z' padding=[1, 2]")] == \
        ["3x3", "$(a + b)", "x='y z'", "padding=[1, 2]"]


@pytest.mark.parametrize(("item", "layers"), [
    ("conv: none", 0), ("conv: false 3x3", 0), ("conv: $off", 0), ("dropout: none", 0), ("se: none", 0), ("se: $off", 0),
    ("conv: 3 if=false", 0), ("conv: 3 if=$(classes > 10)", 0), ("densely: {body: [conv: 3], if: false}", 0),
    ("gate: {body: [act: sigmoid], if: false}", 0), ("branches: {paths: [[], []], if: false}", 0),
    ("repeat: {times: 0, body: [act]}", 0),
    ("conv: 3 if=$(classes == 10)", 3), ("lrn: true", 1), ("se: true", 7 - 1), ("dropout: 0", 1), ("act: none", 0),
    ("norm: none", 0),
])
def test_an_item_is_left_out(item: str, layers: int, ops: Table) -> None:
    assert len(ops(f"let: {{off: none}}\nstem:\n  - conv: 16 bare\n  - {item}")) - 1 == layers


def test_true_means_the_bare_operation(ops: Table) -> None:
    assert ops("stem: [lrn: true]") == ops("stem: [lrn]")


def test_the_written_word_decides_not_its_value(ops: Table) -> None:
    """A value that reads like a kernel is still the main argument."""
    blocks = "blocks:\n  mine: {parameters: {size: 1}, body: [conv: {kernel: $size, filters: 4, norm: none, act: none}]}\n"
    assert ops(blocks + "let: {k: 3x5}\nstem: [mine: $k]")["stem_mine_conv"] == "conv(filters=4, kernel=3x5)"


def test_the_empty_list_is_the_identity(ops: Table) -> None:
    assert ops("stem: []") == {}
