"""Which lines of a text stayed."""

from __future__ import annotations

import random
from itertools import pairwise

from archspec.editor.lines import runs


def test_runs_are_all_of_both_texts_in_order() -> None:
    rolled = random.Random(1)
    for most in (None, 2) * 100:
        old, new = ([rolled.choice("abc") for _ in range(rolled.randrange(8))] for _ in range(2))
        found = [*runs(old, new, most)]
        assert found[0][1::2] == (0, 0)
        assert found[-1][2::2] == (len(old), len(new))
        assert all(before[2::2] == after[1::2] for before, after in pairwise(found))
        assert all(old[a:end_a] == new[b:end_b] for kind, a, end_a, b, end_b in found if kind == "equal")


def test_of_many_lines_between_the_ends_all_are_replaced() -> None:
    old, new = ["first", "a", "same", "b", "last"], ["first", "c", "same", "d", "last"]
    changed = [kind for kind, *_ in runs(old, new, 3)]
    assert changed == ["equal", "replace", "equal", "replace", "equal"]
    assert [*runs(old, new, 2)] == [("equal", 0, 1, 0, 1), ("replace", 1, 4, 1, 4), ("equal", 4, 5, 4, 5)]
