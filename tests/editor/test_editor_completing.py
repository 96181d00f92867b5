"""What can be written at a cursor, each with a sentence; from the same declarations as the schema."""

from __future__ import annotations

from pathlib import Path

import pytest

from archspec.editor.checked import check
from archspec.editor.completing import Suggestion, suggestions
from archspec.editor.cursor import cursor
from archspec.spec.operations import OPERATIONS
from archspec.spec.sections import SPEC

NET = """\
archspec: 1
input: 32x32x3
classes: 10
let: {narrow: 8}
blocks:
  mine: {description: one convolution, parameters: {width: required, wide: 2}, body: [conv: 3x3 $width]}
stem: [conv: 3x3 16]
stages: {block: mine, widths: [8, 16]}
head: [global_avg_pool, dense: $classes]
"""


def offered(text: str, tmp_path: Path, valid: str = NET) -> dict[str, Suggestion]:
    path = tmp_path / "net.yaml"
    path.write_text(valid)
    before = text.partition("|")[0]
    at = cursor(text.replace("|", ""), before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)
    return {each.label: each for each in suggestions(at, text.replace("|", ""), path, check(path, {path.resolve(): valid}).resolved)}


@pytest.mark.parametrize(("text", "some"), [
    ("|", {"input", "extends", "stages", "train"}), ("sta|", {*SPEC}),
    ("extends: |", {"resnet50", "densenet121"}),
    ("train: {recipe: |", {"digits", "resnet_2015"}), ("train:\n  |", {"epochs", "recipe", "batch"}),
    ("train: {augment: [|", {"flip", "pad_crop"}), ("train:\n  optimizer:\n    |", {"kind", "momentum"}),
    ("stages: {|", {"block", "blocks", "repeats", "between", "width", "widths", "wide"}),
    ("stages: {block: |", {"mine", "basic", "bottleneck"}), ("stem: [|", {*OPERATIONS, "mine", "basic"}),
    ("blocks:\n  mine:\n    |", {"parameters", "body", "like"}),
    ("stem: [conv: 3x3 |", {"filters=", "act=", "bare", "linear"}), ("stem: [conv: {|", {"filters", "kernel", "padding"}),
    ("stem: [mine: {|", {"width", "wide"}), ("stem: [branches: {merge: |", {"concat", "add"}),
    ("stem: [conv: $|", {"$classes", "$narrow"}), ("blocks: {mine: {body: [conv: 3x3 $|", {"$width", "$wide", "$channels"}),
])
def test_what_can_stand_there_is_offered(text: str, some: set[str], tmp_path: Path) -> None:
    assert some <= offered(text, tmp_path).keys()


@pytest.mark.parametrize(("text", "none"), [
    ("stages: {block: |", {"conv", "input"}), ("stem: [|", {"input", "epochs"}), ("head: |", {"input"}),
    ("stages: {widths: [8, |", {"conv", "mine"}), ("train:\n  |", {"input", "stem"})])
def test_what_cannot_is_not(text: str, none: set[str], tmp_path: Path) -> None:
    assert not none & offered(text, tmp_path).keys()


def test_each_key_block_and_operation_has_its_sentence(tmp_path: Path) -> None:
    assert offered("|", tmp_path)["input"].about.startswith("The size of the image")
    assert offered("stem: [|", tmp_path)["mine"].about == "one convolution"
    assert "parameter of the block mine" in offered("stages: {|", tmp_path)["wide"].about
    bare = [each.label for text in ("|", "stages: {|", "stem: [|", "train:\n  |", "blocks: {mine: {|")
            for each in offered(text, tmp_path).values() if not each.about]
    assert bare == []
