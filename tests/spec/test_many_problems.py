"""A file may have one mistake in each of thousands of items: reading it costs no more than so many items cost."""

from __future__ import annotations

from pathlib import Path

import pytest
from work import at_most

import archspec
from archspec.errors import LONGEST, MAX_SHOWN, SpecError
from archspec.spec import scope
from archspec.spec.source import MAX_PATH, document

BASE = "input: 32x32x8\nclasses: 10\n"
HEAD = "\nhead: [global_avg_pool, dense: $classes]\n"
MANY = 2000


def listed(item: str) -> str:
    return ", ".join(item.replace("#", str(number)) for number in range(MANY))


@pytest.mark.parametrize(("text", "calls"), [
    (f"stem: [{listed('conv: {x#: 1}')}]", 1_100_000),
    (f"stem: [{listed('conx#')}]", 700_000),
    (f"stem: [{listed('conv: 3x3 8 wrd#')}]", 1_300_000),
    (f"stem: [{listed('conv: 3x3 8 wrd# y=3')}]", 1_400_000),
    (f"stem: [{listed('conv: 3x3 $a#')}]", 1_500_000),
    (f"defaults: {{{listed('conx#: 1')}}}", 600_000),
    (listed("stagex#: 1").replace(", ", "\n"), 800_000),
    (f"train: {{{listed('epochx#: 1')}}}", 900_000),
    (f"stages: [{listed('{block: basc#}')}]", 1_400_000),
    (f"blocks: {{b: {{body: [{listed('conv: $a#')}]}}}}\nstem: [b]", 1_600_000),
    (f"blocks: {{b: {{parameters: {{{listed('wdth#: 1')}}}, body: [act]}}}}\nstem: [b]", 600_000),
], ids=["argument", "operation", "word", "word and argument", "name", "default", "section", "key of train", "block", "name in a block", "unread"])
def test_a_hint_is_searched_for_where_it_is_shown(text: str, calls: int, tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(BASE + text + HEAD)
    archspec.lower("resnet20_digits")  # what is read once a process is read by now
    with pytest.raises(SpecError) as caught, at_most(calls):
        archspec.load(str(path))
    assert len(caught.value.problems) >= MANY
    assert len(str(caught.value)) < 60_000


def test_the_problems_that_are_shown_have_hints(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(f"{BASE}stem: [{listed('conv: {kernl#: 1}')}]{HEAD}")
    with pytest.raises(SpecError) as caught:
        archspec.load(str(path))
    hints = [problem.hint for problem in caught.value.problems]
    assert hints == [hints[0]] * MAX_SHOWN + [""] * (MANY - MAX_SHOWN)
    assert hints[0].startswith("did you mean 'kernel'? it takes filters kernel ")


def test_a_name_that_is_unknown_in_each_repeat_takes_no_hint_from_the_next(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(f"{BASE}let: {{width: 8}}\nstem: [repeat: {{times: 500, body: [conv: 3x3 $a]}}, conv: 3x3 $widht]{HEAD}")
    with pytest.raises(SpecError) as caught:
        archspec.load(str(path))
    assert [problem.hint for problem in caught.value.problems] == [
        "known here: channels classes first index last map_height map_width repeats width", "did you mean 'width'?"]


def test_aliases_of_long_texts_are_counted_unfolded() -> None:
    text = f"let: {{a: &a '{'y' * 2000}'}}\nstem: [{', '.join(['*a'] * 600)}]"
    message = r"x\.yaml:2:\d+: the document has more than 1000000 characters, aliases counted unfolded"
    with pytest.raises(SpecError, match=message):
        document(text, "x.yaml")


def test_long_keys_make_no_long_paths() -> None:
    tree = document(f"? {'x' * 1000}\n: [1, {{a: 2}}]\nb: 1", "x.yaml")
    first = tree.entries["x" * 1000]
    assert tree.key("b").path == "b"
    assert len(first.items[1].key("a").path) <= MAX_PATH  # type: ignore[union-attr]


def test_a_long_word_makes_no_long_message(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(f"{BASE}? {'x' * 50_000}\n: 1{HEAD}")
    with pytest.raises(SpecError) as caught:
        archspec.load(str(path))
    assert len(str(caught.value)) < 2 * LONGEST


@pytest.mark.parametrize("default", ["1", "$(in_channels + 1)", "[1, 2]"])
def test_values_are_counted_in_each_call(default: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope, "MAX_STEPS", 10_000)
    parameters = ", ".join(f"p{number}: {default}" for number in range(100))
    path = tmp_path / "net.yaml"
    body = ", ".join(f"conv: 3x3 $(8 if p{number} == none else 8)" for number in range(100))
    path.write_text(f"{BASE}blocks: {{b: {{parameters: {{{parameters}}}, body: [{body}]}}}}\n"
                    f"stem: [repeat: {{times: 200, body: [b]}}]{HEAD}")
    with pytest.raises(SpecError, match="the spec evaluates and names more than 10000 values"):
        archspec.load(str(path))


def test_entries_are_counted_each_time_a_list_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope, "MAX_STEPS", 10_000)
    path = tmp_path / "net.yaml"
    path.write_text(f"{BASE}let: {{sizes: [{', '.join(['4'] * 500)}]}}\n"
                    f"stem: [repeat: {{times: 30, body: [branches: {{split: $sizes, paths: [[], []]}}]}}]{HEAD}")
    with pytest.raises(SpecError, match="the spec evaluates and names more than 10000 values"):
        archspec.load(str(path))


def test_a_long_expression_is_counted_several_times(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scope, "MAX_STEPS", 10_000)
    path = tmp_path / "net.yaml"
    long = " + ".join(["channels - channels"] * 15)
    path.write_text(f"{BASE}stem: [repeat: {{times: 1000, body: [act: none if=$({long} > 9)]}}]{HEAD}")
    with pytest.raises(SpecError, match="the spec evaluates and names more than 10000 values"):
        archspec.load(str(path))


def test_an_expression_that_cannot_be_read_is_tried_once(tmp_path: Path) -> None:
    path = tmp_path / "net.yaml"
    path.write_text(f"{BASE}stem: [repeat: {{times: 5000, body: [conv: 3x3 $(3 + + + * 2)]}}]{HEAD}")
    archspec.lower("resnet20_digits")
    with pytest.raises(SpecError) as caught, at_most(1_200_000):
        archspec.load(str(path))
    assert [problem.code for problem in caught.value.problems] == ["expression"]


def test_copies_of_blocks_are_counted(tmp_path: Path) -> None:
    parameters = ", ".join(f"p{number}: []" for number in range(5000))
    copies = ", ".join(f"b{number}: {{like: b0}}" for number in range(1, 21))
    path = tmp_path / "net.yaml"
    path.write_text(f"{BASE}blocks: {{b0: {{parameters: {{{parameters}}}, body: [act]}}, {copies}}}\nstem: [b1]{HEAD}")
    with pytest.raises(SpecError) as caught:
        archspec.load(str(path))
    assert [problem.message for problem in caught.value.problems] == ["blocks copy more than 100000 values with 'like'"]
