"""Two sequences put beside each other, so that what one has more of shifts nothing behind it. Time is bounded."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from itertools import pairwise
from typing import TypeVar

Item = TypeVar("Item")
Places = tuple[int | None, int | None]
"""A place in each sequence; None where one has no partner."""
CELLS = 200_000
"""Pairs that are weighed against one another at most; of longer sequences what is unique in both comes first."""


def beside(first: Sequence[Item], second: Sequence[Item], key: Callable[[Item], Hashable],
           likeness: Callable[[Item, Item], float]) -> list[Places]:
    """The pairs in order, and what has no partner where it stands: first's before second's.

    Equal keys are the same thing; a likeness of 0 says that two can be no pair. Of all ways to pair them in order the one
    of the largest sum of likenesses is taken, and of several the one that pairs early.
    """
    keys = [key(item) for item in first], [key(item) for item in second]
    found: list[tuple[int, int]] = []
    waiting = [(0, len(first), 0, len(second))]
    while waiting:
        low, high, under, over = waiting.pop()
        head = 0
        while low + head < high and under + head < over and keys[0][low + head] == keys[1][under + head]:
            head += 1
        found += [(low + index, under + index) for index in range(head)]
        low, under = low + head, under + head
        if (high - low) * (over - under) <= CELLS:
            found += _weighed(low, high, under, over, lambda a, b: likeness(first[a], second[b]))
            continue
        while low < high and under < over and keys[0][high - 1] == keys[1][over - 1]:
            high, over = high - 1, over - 1
            found.append((high, over))
        if anchors := _anchors(keys[0][low:high], keys[1][under:over]):
            ends = [(-1, -1), *anchors, (high - low, over - under)]
            found += [(low + a, under + b) for a, b in anchors]
            waiting += [(low + a + 1, low + c, under + b + 1, under + d) for (a, b), (c, d) in pairwise(ends)]
        else:
            found += [(a, b) for a, b in zip(range(low, high), range(under, over), strict=False)
                      if likeness(first[a], second[b]) > 0]
    return _filled(sorted(found), len(first), len(second))


def _weighed(low: int, high: int, under: int, over: int, likeness: Callable[[int, int], float]) -> list[tuple[int, int]]:
    """The pairs of the largest sum, by a table of the best sums from each place on."""
    rows, columns = high - low, over - under
    if not rows or not columns:
        return []
    weights = [[likeness(low + a, under + b) for b in range(columns)] for a in range(rows)]
    best = [[0.0] * (columns + 1) for _ in range(rows + 1)]
    for a in range(rows - 1, -1, -1):
        here, after, weight = best[a], best[a + 1], weights[a]
        for b in range(columns - 1, -1, -1):
            here[b] = max(after[b], here[b + 1], weight[b] + after[b + 1] if weight[b] > 0 else 0.0)
    found, a, b = [], 0, 0
    while a < rows and b < columns:
        if weights[a][b] > 0 and best[a][b] == weights[a][b] + best[a + 1][b + 1]:
            found.append((low + a, under + b))
            a, b = a + 1, b + 1
        elif best[a][b] == best[a + 1][b]:
            a += 1
        else:
            b += 1
    return found


def _anchors(first: Sequence[Hashable], second: Sequence[Hashable]) -> list[tuple[int, int]]:
    """What is there once in each, as far as it stands in the same order: the longest rising sequence."""
    counts = Counter(first), Counter(second)
    places = {key: place for place, key in enumerate(second)}
    pairs = [(place, places[key]) for place, key in enumerate(first) if counts[0][key] == 1 == counts[1][key]]
    tails: list[int] = []
    ends: list[int] = []
    before: list[int] = []
    for index, (_, place) in enumerate(pairs):
        at = bisect_left(tails, place)
        before.append(ends[at - 1] if at else -1)
        tails[at:at + 1], ends[at:at + 1] = [place], [index]
    chain, index = [], ends[-1] if ends else -1
    while index >= 0:
        chain.append(pairs[index])
        index = before[index]
    return chain[::-1]


def _filled(pairs: Sequence[tuple[int, int]], rows: int, columns: int) -> list[Places]:
    """The pairs with all that has no partner between them."""
    found: list[Places] = []
    a = b = 0
    for c, d in [*pairs, (rows, columns)]:
        found += [(index, None) for index in range(a, c)]
        found += [(None, index) for index in range(b, d)]
        if (c, d) != (rows, columns):
            found.append((c, d))
        a, b = c + 1, d + 1
    return found
