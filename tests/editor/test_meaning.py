"""What is told of what stands under a cursor: its sentence, where its value comes from, its shape and its cost."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.editor.checked import check
from archspec.editor.meaning import meaning
from archspec.network import load, lower
from archspec.spec.source import read
from archspec.views.numbers import short
from archspec.views.summary import totals


def told(text: str, word: str, folder: Path) -> str:
    path = folder / "net.yaml"
    path.write_text(text)
    at = text.index(word)
    found = meaning(check(path, {path.resolve(): text}), read(path), text.count("\n", 0, at) + 1, at - text.rfind("\n", 0, at))
    return "" if found is None else "\n".join(found.sentences)


CHILD = "extends: resnet50\nstages: {se: 16, repeats: [3, 4, 6, 3]}\nstem: [conv: 7x7 64 /2, max_pool: 3x3 /2]\ntrain: {seed: 5}\n"


@pytest.mark.parametrize(("word", "parts"), [
    ("seed", ["**seed**: ", "net.yaml:4:9: 5`"]), ("extends", ["**extends**: "]),
    ("se:", ["a parameter of the block bottleneck", "net.yaml:2:10: 16`", "against leaving it out: +2.5"]),
    ("repeats", ["**repeats**: ", "instead of `", "[3, 4, 6, 3]`"]), ("6, 3]", ["**repeats**: ", "instead of `", "net.yaml:2:18: [3, 4, 6, 3]`"]),
    ("conv", ["**conv**: ", "`224x224x3 → 112x112x64`", "9,536 parameters", "118 M multiply-adds"]),
    ("max_pool", ["**max_pool**: ", "`112x112x64 → 56x56x64`", "0 parameters"]),
])
def test_it_is_told(word: str, parts: list[str], tmp_path: Path) -> None:
    found = told(CHILD, word, tmp_path)
    assert [part for part in parts if part not in found] == [], found


def test_the_cost_of_a_key_is_the_difference_of_two_networks(tmp_path: Path) -> None:
    ours, theirs = (totals(lower(load("resnet50", more))) for more in ({"stages.se": 16}, {}))
    assert ours.macs is not None
    assert theirs.macs is not None
    more = [ours.parameters.trainable - theirs.parameters.trainable, ours.macs - theirs.macs]
    assert f"+{short(more[0])} parameters, +{short(more[1])} multiply-adds" in told("extends: resnet50\nstages: {se: 16}\n", "se:", tmp_path)


def test_in_a_list_the_cost_is_that_of_all_of_it(tmp_path: Path) -> None:
    text = "extends: resnet50\nstages: {repeats: [3, 4, 12, 3]}\n"
    assert "against leaving it out: +6.7 M parameters, +1.31 G multiply-adds" in told(text, "12", tmp_path) == told(text, "repeats", tmp_path)


def test_of_a_spec_with_a_problem_its_words_are_told_and_no_cost(tmp_path: Path) -> None:
    found = told("extends: resnet50\nstages: {see: 16, repeats: 2}\n", "repeats", tmp_path)
    assert found.startswith("**repeats**: ")
    assert "against" not in found


def test_of_a_block_its_own_description_and_what_it_takes(tmp_path: Path) -> None:
    text = ("input: 8x8x3\nclasses: 2\nblocks: {mine: {description: a convolution, parameters: {width: required, wide: 2}, "
            "body: [conv: 3x3 $(width * wide)]}}\nstem: [mine: 4]\nhead: [global_avg_pool, dense: $classes]\n")
    found = told(text, "mine: 4", tmp_path)
    assert "**mine**: a convolution; takes width wide=2" in found
    assert "`8x8x3 → 8x8x8`" in found


NAMES = """\
input: 32x32x3
classes: 10
include: shared
let: {narrow: 8, twice: $(2 * narrow), list: [8, 16, 16], wide: 100}
blocks:
  mine: {parameters: {width: required, wide: 2, stride: 1}, let: {inner: $(wide * width)}, body: [conv: 3x3 $inner /$stride]}
  other: {like: mine, edit: {conv: {before: [conv: "3x3 $(min(wide, inner))"]}}}
stem: [conv: 3x3 $narrow, mine: {width: $twice, wide: 1}, other: 4, shared]
stages: {block: mine, width: "$(list[stage])", repeats: [2, 2, 2], strides: [1, 2, 1], wide: [default, 2, 3]}
head: [global_avg_pool, dense: $classes]
train: {recipe: digits}
"""


@pytest.mark.parametrize(("word", "parts"), [
    ("$narrow", ["**narrow**: of let: 8", "`$narrow`: 8"]), ("$(2 * narrow", ["`$(2 * narrow)`: 16"]), ("narrow)", ["**narrow**: of let", "`narrow`: 8"]),
    ("$inner /", ["**inner**: of this block's let", "`$inner`: 16, then 8 in stem or head; 16 in stage1; 32 in stage2; 48 in stage3"]),
    ("$stride", ["`$stride`: 1 in stem or head, stage1, stage3; 2, then 1 in stage2"]), ("stage]", ["`$(list[stage])`: 8 in stage1; 16 in stage2, stage3", "`stage`: 0 in stage1; 1 in"]),
    ("wide *", ["**wide**: a parameter of this block", "`wide`: 1, then 2 in stem or head; 2 in stage1, stage2; 3 in stage3"]), ("list[", ["`list`: [8, 16, 16]"]), ("inner))", ["**inner**: of this block's let", "`$(min(wide, inner))`: 2", "`inner`: 8"]), ("$classes", ["`$classes`: 10"]),
    ("wide: 1}", ["**wide**: a parameter of the block mine; if left out: 2"]), ("wide: [", ["**wide**: a parameter of the block mine; if left out: 2"]),
    ("inner: ", ["**inner**: of this block's let"]), ("shared\nlet", ["**shared**: the blocks shared second"]),
    ("digits", ["**digits**: scikit-learn's", "24 epochs, batch 32, learning rate 0.1", "published: ResNet-20", "**recipe**: "])])
def test_what_a_name_or_an_expression_is_and_comes_to(word: str, parts: list[str], tmp_path: Path) -> None:
    (tmp_path / "shared.yaml").write_text("blocks: {shared: {body: [conv: 3x3 8]}, second: {body: [conv: 3x3 8]}}\n")
    found = told(NAMES, word, tmp_path)
    assert [part for part in parts if part not in found] == [], found


def test_values_of_stages_that_are_lowered_once_are_told_of_all(tmp_path: Path) -> None:
    text = NAMES.replace("include: shared\n", "").replace(", shared]", "]").replace("list[stage]", "16")
    assert "`$inner`: 16, then 8 in stem or head; 32 in stage1, stage2, stage3, stage4" in told(
        text.replace("[2, 2, 2]", "3").replace("[1, 2, 1]", "[1, 1, 1, 1]").replace("[default, 2, 3]", "2"), "$inner /", tmp_path)


@pytest.mark.parametrize(("text", "parts"), [
    ("extends: resnet50\n", ["**resnet50**: ResNet-50", "25,557,032 parameters, 4.09 G multiply-adds", "**extends**: "]),
    ("extends: small\n", ["**small**: a small one", "170 parameters, 160 multiply-adds"]), ("extends: wrong\n", ["**extends**: "]), ("extends: none\n", ["**extends**: "])])
def test_what_a_parent_is_and_costs(text: str, parts: list[str], tmp_path: Path) -> None:
    small = "description: a small one\ninput: 4x4x16\nclasses: 10\nhead: [global_avg_pool, dense: $classes]\n"
    (tmp_path / "small.yaml").write_text(small)
    (tmp_path / "wrong.yaml").write_text(small.replace("dense", "dens"))
    found = told(text, text.split()[1], tmp_path)
    assert [part for part in parts if part not in found] == [], found
