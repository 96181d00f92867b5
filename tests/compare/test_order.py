"""Two sequences beside each other: what is inserted shifts nothing, and time is bounded."""

from __future__ import annotations

import time

import pytest

from archspec.compare.order import CELLS, Places, beside


def put(first: str, second: str) -> list[Places]:
    return beside(first, second, lambda item: item, lambda a, b: 3.0 * (a == b) + (a.lower() == b.lower()))


def pairs(first: str, second: str) -> str:
    return " ".join(f"{'-' if a is None else first[a]}{'-' if b is None else second[b]}" for a, b in put(first, second))


@pytest.mark.parametrize(("first", "second", "found"), [
    ("", "", ""), ("abc", "abc", "aa bb cc"), ("abc", "axbc", "aa -x bb cc"), ("axbc", "abc", "aa x- bb cc"),
    ("abc", "aBc", "aa bB cc"), ("abc", "xyz", "a- b- c- -x -y -z"), ("", "ab", "-a -b"),
    ("pii", "piiii", "pp ii ii -i -i"),  # of several ways the one that pairs early
    ("xpii", "ypiiii", "x- -y pp ii ii -i -i"),
    ("abcd", "bcda", "a- bb cc dd -a"),  # what crosses is no pair
    ("aabb", "ab", "aa a- bb b-"),
])
def test_what_has_no_partner_stands_where_it_is(first: str, second: str, found: str) -> None:
    assert pairs(first, second) == found


def test_each_item_is_there_once_in_order() -> None:
    places = put("abxcdefg", "bcyydAefzg")
    assert [a for a, _ in places if a is not None] == list(range(8))
    assert [b for _, b in places if b is not None] == list(range(10))


def test_long_sequences_are_put_by_what_is_unique_in_nearly_linear_time() -> None:
    first = list(range(30_000))
    second = [item for item in first if item % 7] + [-1, -2]
    second[1000:1000] = range(-2000, -1000)
    assert len(first) * len(second) > CELLS
    before = time.process_time()
    places = beside(first, second, lambda item: item, lambda a, b: float(a == b))
    assert time.process_time() - before < 5
    assert sum(1 for a, b in places if a is not None and b is not None and first[a] == second[b]) == sum(1 for item in first if item % 7)


def test_long_sequences_of_equal_things_are_put_by_order() -> None:
    places = beside("a" * 700, "b" * 900, lambda item: item, lambda a, b: 1.0)
    assert places[:700] == [(place, place) for place in range(700)]
    assert len(places) == 900
