"""Sections 2 and 4: blocks, like, what a block knows, and where its parameters come from."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from archspec.errors import Problem

Table = Callable[..., dict[str, str]]
Fails = Callable[..., tuple[Problem, ...]]
MINE = "blocks:\n  mine:\n    parameters: {width: 4, twice: $(2 * width)}\n    body: [conv: $twice bare]\n"


@pytest.mark.parametrize(("text", "filters"), [
    (MINE + "stem: [mine]", 8), (MINE + "stem: [mine: 3]", 6), (MINE + "stem: [mine: {twice: 5}]", 5),
    (MINE + "stem: [mine: twice=7]", 7), (MINE + "parameters: {twice: 9}\nstem: [mine: 3]", 9),
    (MINE + "parameters: {twice: 9}\nstem: [mine: twice=1]", 1), (MINE + "let: {a: 5}\nstem: [mine: $(a + 1)]", 12),
    (MINE + "  other: {like: mine, parameters: {width: 6}}\nstem: [other]", 12),
    (MINE + "  other: {like: mine, body: [conv: $width bare]}\nstem: [other]", 4),
    (MINE + "  other: {parameters: {x: 1}, body: [mine: $x]}\nstem: [other: 10]", 20),
    ("blocks:\n  mine: {body: [conv: $in_channels bare]}\nstem: [conv: 5 bare, mine]", 5),
    ("blocks:\n  mine: {body: [conv: 5 bare, conv: $(channels + in_channels) bare]}\nstem: [mine]", 13),
    ("blocks:\n  mine: {let: {a: 3, b: $(a + classes)}, body: [conv: $b bare]}\nstem: [mine]", 13),
    ("let: {a: [3, 4]}\nblocks:\n  mine: {body: [conv: '$(a[1])', act]}\nstem: [mine]", 4),
    ("blocks:\n  mine: {parameters: {n: 2}, body: [repeat: {times: $n, body: [inner]}]}\n"
     "  inner: {body: [conv: $(index + 10 * repeats) bare]}\nstem: [mine: 3]", 32),
])
def test_what_a_block_knows(text: str, filters: int, ops: Table) -> None:
    assert [value for value in ops(text).values() if value.startswith("conv")][-1].startswith(f"conv(filters={filters}")


def test_like_its_own_name_means_the_block_it_hides(ops: Table) -> None:
    plain = ops("stages: {block: basic, width: 8}")
    changed = ops("blocks:\n  basic: {like: basic, parameters: {shortcut: none}}\nstages: {block: basic, width: 8, strides: 2}")
    assert set(changed) == set(plain) - {"stage1_block1_add"}


@pytest.mark.parametrize(("unit", "names"), [
    ("", ["conv", "conv_norm", "conv_act"]), ("unit: conv-act", ["conv", "conv_act"]),
    ("unit: norm-act-conv", ["conv_norm", "conv_act", "conv"])])
def test_a_blocks_unit_is_its_own_or_the_default_never_its_callers(unit: str, names: list[str], ops: Table) -> None:
    blocks = (f"blocks:\n  inner: {{{unit}{', ' if unit else ''}body: [conv: 3]}}\n"
              "  outer: {unit: norm-act-conv, body: [inner]}\n")
    assert list(ops(blocks + "stem: [outer]")) == [f"stem_outer_inner_{name}" for name in names]


def test_a_list_as_an_argument_is_read_where_it_was_written(ops: Table) -> None:
    """It knows the names there and keeps the unit there, not the block's."""
    found = ops("let: {a: 4}\nblocks:\n  mine:\n    unit: norm-act-conv\n    parameters: {inner: required, a: 7}\n"
                "    body: [densely: $inner, conv: $a]\nstem: [mine: {inner: [conv: $a]}]")
    assert list(found) == ["stem_mine_inner_conv", "stem_mine_inner_conv_norm", "stem_mine_inner_conv_act", "stem_mine_concat",
                           "stem_mine_conv_norm", "stem_mine_conv_act", "stem_mine_conv"]
    assert found["stem_mine_inner_conv"] == "conv(filters=4)"


def test_norms_as_arguments_are_not_mixed_up(ops: Table) -> None:
    """Each is read anew: the same block with two kinds."""
    found = ops("blocks:\n  mine: {parameters: {norm: none}, body: [conv: 8 norm=$norm act=none]}\n"
                "stem: [mine: {norm: {kind: layer_norm}}, mine: {norm: {kind: group_norm, groups: 2}}, mine: {norm: "
                        "batch_norm}]")
    assert [found[f"stem_mine{n}_conv_norm"] for n in (1, 2, 3)] == ["layer_norm()", "group_norm(groups=2)", "batch_norm()"]


@pytest.mark.parametrize(("text", "code"), [
    (MINE + "stem: [mine: {widht: 3}]", "unknown-argument"), (MINE + "stem: [mine: 3 4]", "twice"),
    (MINE + "parameters: {hieght: 3}\nstem: [mine]", "parameters"),
    (MINE + "parameters: {width: 3}\nstem: [mine]", "parameters"),
    (MINE + "parameters: {twice: $width}\nstem: [mine]", "expression"),
    (MINE + "parameters: {twice: $in_channels}\nstem: [mine]", "expression"),
    ("blocks: {a: {body: [a]}}\nstem: [a]", "recursion"), ("blocks: {a: {like: a}}", "like-cycle"),
    ("blocks: {gate: {body: []}}", "block-name"),
    ("blocks: {a: {parameters: {b: $c, c: 1}, body: [conv: $b]}}\nstem: [a]", "expression"),
    ("blocks: {a: {let: {b: $c, c: 1}, body: [conv: $b]}}\nstem: [a]", "expression"),
    ("blocks: {a: {parameters: {w: required}, body: [conv: $w]}}\nstem: [a]", "missing"),
    ("blocks: {a: {body: [conv: $outer]}, b: {parameters: {outer: 1}, body: [conv: $outer, a]}}\nstem: [b]", "expression"),
])
def test_what_a_block_refuses(text: str, code: str, fails: Fails) -> None:
    assert [problem.code for problem in fails(text)] == [code]
