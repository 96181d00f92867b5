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
    ("blocks: {mine: {body: [conv: 3x3 8 /$wi|", {"$width", "$wide"}),
])
def test_what_can_stand_there_is_offered(text: str, some: set[str], tmp_path: Path) -> None:
    assert some <= offered(text, tmp_path).keys()


@pytest.mark.parametrize(("text", "none"), [
    ("stages: {block: |", {"conv", "input"}), ("stem: [|", {"input", "epochs"}), ("head: |", {"input"}),
    ("stages: {widths: [8, |", {"conv", "mine"}), ("train:\n  |", {"input", "stem"})])
def test_what_cannot_is_not(text: str, none: set[str], tmp_path: Path) -> None:
    assert not none & offered(text, tmp_path).keys()


def test_a_word_stands_ahead_of_those_that_it_begins_and_else_at_its_place(tmp_path: Path) -> None:
    names = [*offered("extends: resnet50\nstages: {|", tmp_path, "extends: resnet50\n")]
    assert names[:3] == ["width", "widths", "dilation"]
    assert [each for each in names if each.startswith("stri")] == ["stride", "stride_at", "strides"]
    assert names.index("block") < names.index("repeats")


def test_of_a_parameter_of_a_block_what_it_is_when_left_out(tmp_path: Path) -> None:
    found = offered("extends: resnet50\nstages: {|", tmp_path, "extends: resnet50\n")
    assert (found["cardinality"].about, found["width"].about) == ("a parameter of the block bottleneck; if left out: 1", "a parameter of the block bottleneck")


def test_each_key_block_and_operation_has_its_sentence(tmp_path: Path) -> None:
    assert offered("|", tmp_path)["input"].about.startswith("The size of the image")
    assert offered("stem: [|", tmp_path)["mine"].about == "one convolution"
    assert "parameter of the block mine" in offered("stages: {|", tmp_path)["wide"].about
    bare = [each.label for text in ("|", "stages: {|", "stem: [|", "train:\n  |", "blocks: {mine: {|")
            for each in offered(text, tmp_path).values() if not each.about]
    assert bare == []


@pytest.mark.parametrize(("text", "none"), [
    ("classes: 3\n|\ninput: 8x8x3", {"classes", "input"}), ("train: {seed: 1, |, epochs: 3}", {"seed", "epochs"}),
    ("stages:\n  block: mine\n\n  # a comment\n  |\n  widths: [8]\nhead: []", {"block", "blocks", "width", "widths"}),
    ("stages:\n- {block: mine, | }\n- {wide: 3}", {"block", "blocks"}), ("stages:\n- {block: mine, |\n- {wide: 3}", {"block"}),
    ("stem: [conv: {filters: 3, |}]", {"filters"}), ("stem: [conv: 3x3 8 act=relu | norm=none]", {"act=", "norm="}),
    ("blocks:\n  mine:\n    body: []\n    |\n    like: a", {"body", "like"}), ("stem:\n- mine:\n    wide: 3\n    |", {"wide"})])
def test_what_is_there_already_is_not_offered(text: str, none: set[str], tmp_path: Path) -> None:
    found = offered(text, tmp_path).keys()
    assert found
    assert not none & found


@pytest.mark.parametrize(("text", "some"), [
    ("stages:\n  blo|ck: mine", {"block", "blocks"}), ("cla|sses: 3", {"classes"}), ("stages: {block: mine, wi|dths: [8]}", {"width", "widths"}),
    ("stages:\n- {block: mine}\n- {|}", {"block"}), ("stages: {block: mine}\ntrain: {|}", {"epochs"}), ("stem: [conv: 3x3 8 a|ct=relu]", {"act="}),
    ("stem:\n- conv: {filters: 3}\n- conv: {|}", {"filters"}), ("{'stages': {'block': 'mine', |}}", {"repeats"})])
def test_what_stands_elsewhere_or_under_the_cursor_is(text: str, some: set[str], tmp_path: Path) -> None:
    assert some <= offered(text, tmp_path).keys()


TABLE = NET.replace("block: mine, widths: [8, 16]", "memory: none, table: [[width, block], [8, mine], [16, mine]]")


@pytest.mark.parametrize(("text", "some", "none"), [
    ("stages: {|}", {"table"}, set()), ("stages: {table: [[width, |]]}", {"repeats", "stride", "wide", "block", "name"}, {"width", "table", "before", "memory", "stage1"}),
    ("stages:\n  table:\n  - [wi|, block]", {"width", "wide"}, {"block"}), ("stages:\n  table:\n  - [width, block]\n  - [8, |]", {"mine", "basic", "default"}, {"width"}),
    ("stages: {table: [|]}", set(), {"width"}), ("stages: {table: [[width, block], [|, mine]]}", {"default"}, {"mine"})])
def test_a_table_of_stages_has_columns_and_below_them_their_words(text: str, some: set[str], none: set[str], tmp_path: Path) -> None:
    found = offered(text, tmp_path, TABLE)
    assert some <= found.keys()
    assert not none & found.keys()
    assert all(each.text == label for label, each in found.items() if "[[" in text)


PARENT = """\
input: 32x32x3
classes: 10
blocks: {theirs: {parameters: {width: 8, wide: 2}, let: {twice: $(2 * width)}, body: [keep: inner, conv: 3x3 $(wide * twice), join: inner]}}
stem: [conv: 3x3 8, keep: early]
stages: {block: basic, widths: [8, 8]}
head: [keep: late, global_avg_pool, dense: $classes]
"""


@pytest.mark.parametrize(("text", "some", "none"), [
    ("stem: [conv: 3x3 8, keep: mine, use: |]", {"early", "mine", "images"}, {"late", "inner", "stage1", "stem", "previous"}),
    ("stages: {before: [use: |]}", {"early", "stem", "previous"}, {"late", "stage1"}),
    ("head: [upsample: to=|]", {"early", "late", "stem", "stage1", "stage2", "previous"}, {"inner", "gone"}),
    ("blocks: {ours: {like: theirs, edit: {conv: {before: [join: |]}}}}", {"inner", "previous"}, {"early", "stem"}),
    ("blocks: {shared: {body: [join: |, {keep: new}]}}", {"there", "new"}, {"early", "inner"}),
    ("blocks: {ours: {like: theirs, edit: {conv: {before: [conv: $|]}}}}", {"$width", "$wide", "$twice"}, {"$narrow"})])
def test_names_of_values_are_those_of_the_body_be_it_of_a_parent_or_copied(text: str, some: set[str], none: set[str], tmp_path: Path) -> None:
    (tmp_path / "parent.yaml").write_text(PARENT)
    (tmp_path / "shared.yaml").write_text("blocks: {shared: {body: [keep: there, conv: 3x3 8, join: there]}}\n")
    valid = ("extends: parent\ninclude: shared\nstem: [conv: 3x3 8, keep: gone, keep: early]\nblocks: {ours: {like: theirs}}\n")
    found = offered(text + "\n# keep: early", tmp_path, valid)
    assert some <= found.keys()
    assert not none & found.keys()
