"""Where a cursor is, in texts that are YAML and in texts that are not yet. `|` is the cursor."""

from __future__ import annotations

from time import process_time

import pytest

from archspec.editor.cursor import At, cursor


def at(text: str) -> At:
    before, _, behind = text.rpartition("|")
    return cursor(before + behind, before.count("\n") + 1, len(before.rpartition("\n")[2]) + 1)


@pytest.mark.parametrize(("text", "path", "of_key", "in_list", "begun"), [
    ("|", (), False, False, ""),
    ("ext|", (), False, False, "ext"),
    ("extends: res|", ("extends",), True, False, "res"),
    ("extends: |\nclasses: 3", ("extends",), True, False, ""),
    ("stages:\n  |", ("stages",), False, False, ""),
    ("stages:\n  rep|", ("stages",), False, False, "rep"),
    ("stages:\n  block: bo|", ("stages", "block"), True, False, "bo"),
    ("stages:\n  block: basic\n  |", ("stages",), False, False, ""),
    ("stages:\n  block: basic\n|", (), False, False, ""),
    ("stages:\n  block: basic\nhe|", (), False, False, "he"),
    ("stem: [co|", ("stem", 0), False, True, "co"),
    ("stem: [conv: 3x3 64, ma|", ("stem", 1), False, True, "ma"),
    ("stem: [conv: 3x3 64 ac|]", ("stem", 0, "conv"), True, False, "3x3 64 ac"),
    ("stem: [conv: {filters: 3, ke|", ("stem", 0, "conv"), False, False, "ke"),
    ("stem: [conv: {filters: 3, padding: va|}]", ("stem", 0, "conv", "padding"), True, False, "va"),
    ("stem:\n  - conv: 3x3 |", ("stem", 0, "conv"), True, False, "3x3 "),
    ("stem:\n  - conv: 3x3 16\n  - |", ("stem", 1), False, True, ""),
    ("stem:\n- conv: 3x3 16\n- ma|", ("stem", 1), False, True, "ma"),
    ("stem:\n- conv:\n    filters: 3\n    ke|", ("stem", 0, "conv"), False, False, "ke"),
    ("stages:\n  - block: basic\n    re|", ("stages", 0), False, False, "re"),
    ("stages:\n  - {block: basic}\n  - {wi|", ("stages", 1), False, False, "wi"),
    ("stages: {widths: [16, |", ("stages", "widths", 1), False, True, ""),
    ("stages: {block: basic,\n         wi|", ("stages",), False, False, "wi"),
    ("# head: [\nstem: |", ("stem",), True, False, ""),
    ("description: it's [ a\nst|", (), False, False, "st"),
    ("description: 'a: [b'\nst|", (), False, False, "st"),
    ("description: rock 'n roll\nstem: [co|", ("stem", 0), False, True, "co"),
    ("description: 4 (\"x\nstem: [co|", ("stem", 0), False, True, "co"),
    ("stem: [a 'b, co|", ("stem", 1), False, True, "co"),
    ("stem: ['a, b', {k:'x, y', co|", ("stem", 1), False, False, "co"),
    ("classes: 3\n|", (), False, False, ""),
    ("stem:\n  - conv: {filters: 64}\n|", (), False, False, ""),
    ("stem: &s [co|", ("stem", 0), False, True, "co"),
    ('{"stem":["co|', ("stem", 0), False, True, '"co'),
    ("description: >\n  it's [ open\nstem: [co|", ("stem", 0), False, True, "co"),
    ("description: |\n  a: b\nst|", (), False, False, "st"),
    ("\ufeffstages: {bl|", ("stages",), False, False, "bl"),
    ("train: {augment: [fl|", ("train", "augment", 0), False, True, "fl"),
    ("blocks:\n  mine:\n    body:\n      - conv: 3x3 $wi|", ("blocks", "mine", "body", 0, "conv"), True, False, "3x3 $wi"),
    ("blocks:\n  mine:\n    body:\n      - residual:\n          body:\n            - co|",
     ("blocks", "mine", "body", 0, "residual", "body", 0), False, True, "co"),
])
def test_a_cursor_is_where_its_text_says(text: str, path: tuple[str | int, ...], of_key: bool, in_list: bool, begun: str) -> None:
    assert at(text) == At(path, of_key, in_list, begun)


def test_the_word_that_is_begun_is_the_last_of_a_line() -> None:
    assert [at(text).word for text in ("stem: [conv: 3x3 64 ac|", "stem: [conv: 3x3 act=re|", "stem: [conv: |")] == ["ac", "re", ""]
    assert [at(f"stem: [conv: 3x3 {text}|").word for text in ("$wi", "/$", "/$str", "~$a1", "/2", "filters=$wi")] == [
        "$wi", "$", "$str", "$a1", "/2", "$wi"]
    assert at('description: "$na|').word == "$na"


@pytest.mark.parametrize(("text", "word", "inside"), [
    ("conv: 3x3 $(2 * ca|", "ca", True), ("conv: 3x3 $(min(a, |", "", True), ("conv: 3x3 $(a) |", "", False), ("conv: 3x3 $na|", "$na", False)])
def test_in_an_expression_a_name_is_begun(text: str, word: str, inside: bool) -> None:
    assert (at(f"stem:\n- {text}").word, at(f"stem:\n- {text}").in_expression) == (word, inside)


@pytest.mark.parametrize(("text", "comment"), [("# a |", True), ("a: b # c |", True), ("a: [b, # c |", True), ("a: b#|", False), ("a: '# |", False), ("# a\n|", False)])
def test_a_comment_is_known(text: str, comment: bool) -> None:
    assert at(text).in_comment is comment


@pytest.mark.parametrize("text", ["[" * 5000, "".join(f"{' ' * deep}a:\n" for deep in range(1000)), "{a: " * 5000, "- " * 5000, "a:\n" * 5000, "'" * 5001, "\t:\x00{]}", "a: [b]]]}}"])
def test_any_text_has_an_answer(text: str) -> None:
    for end in (0, 1, len(text) // 2, len(text)):
        at(text[:end] + "|" + text[end:])


def seconds(text: str) -> float:
    """The processor's time for a look-up in the midst."""
    begin, half = process_time(), len(text) // 2
    assert len(at(f"{text[:half]}|{text[half:]}").word) <= half
    return process_time() - begin


@pytest.mark.parametrize(("begin", "many"), [("", "a"), ("stem: ", "b"), ("stem: [", "b"), ("a", " "), ("", "- "), ("stem: ['", "b"), ("stem: $(", "b"), ("a: x", "["), ('{"a', '":')],
                         ids=str.__repr__)
def test_a_long_word_or_line_takes_as_long_as_it_is(begin: str, many: str) -> None:
    short, long = (begin + many * (signs // len(many)) for signs in (30_000, 900_000))
    least = min(seconds(short) for _ in range(3))
    assert seconds(long) < 5 * 30 * max(least, 0.0005)  # where each sign looks at all before it, 900 times as long


@pytest.mark.parametrize(("text", "there"), [("{'k': 1, a|", ["k"]), ("{|'k': 1}", []), ("|{'k': 1}", ["k"]), ("{b: 1, 'k|': 1}", ["b"]), ('{\t"k":1, |', ["k"])])
def test_keys_that_are_there_are_all_but_the_one_at_the_cursor(text: str, there: list[str]) -> None:
    assert [*at(text).there] == there
