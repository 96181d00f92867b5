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
    ("repeats", ["**repeats**: ", "instead of `", "[3, 4, 6, 3]`"]),
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
