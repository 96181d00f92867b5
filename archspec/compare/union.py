"""Two blocks as one: the boxes of both, with the connections of both, so that equal layers stand level on either side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from archspec.compare.layers import BoxPair, UnitPair
from archspec.compare.units import Unit
from archspec.draw.boxes import Box, Part, Strip

ENTRY, EXIT = "entry", "exit"
"""What enters a block, and what takes its result, among its boxes."""
Edge = tuple[str, str]


@dataclass(frozen=True)
class Union:
    """A part whose boxes are those of two sides, by names of its own.

    `pairs` says what each box is on both sides. `edges` are the connections of each side; `through` those boxes that a side
    lacks and that one of its connections goes straight through, with where that comes from.
    """

    part: Part
    pairs: Mapping[str, BoxPair]
    edges: tuple[frozenset[Edge], frozenset[Edge]]
    through: tuple[Mapping[Edge, str], Mapping[Edge, str]]


def union(pair: UnitPair, labels: Mapping[int, str]) -> Union | None:
    """The union of two units; `labels` are the words of each of their boxes, by its place. None where two values leave it."""
    assert pair.a is not None
    assert pair.b is not None
    names = [f"box{place}" for place in range(len(pair.boxes))]
    ways = [_ways(unit, [(each.a, each.b)[side] for each in pair.boxes], names) for side, unit in enumerate((pair.a, pair.b))]
    own = [{name for name, each in zip(names, pair.boxes, strict=True) if (each.a, each.b)[side] and not (each.b, each.a)[side]}
           for side in (0, 1)]
    followers = [_followers(way) for way in ways]
    after = _replaced(ways, followers, own, (*names, EXIT))
    inputs: dict[str, list[str]] = {}
    through: tuple[dict[Edge, str], dict[Edge, str]] = {}, {}
    for name in (*names, EXIT):
        kept: list[list[str]] = [[], []]
        for side in (0, 1):
            other = ways[1 - side].get(name, [])
            for source in ways[side].get(name, []):
                way = [] if source in other else _path(source, name, followers[1 - side], own[1 - side])
                if way:
                    for step in zip([source, *way], [*way, name], strict=True):
                        through[side].setdefault(step, source)
                else:
                    kept[side].append(source)
        inputs[name] = _merged(kept[0], kept[1])
    for each in after:
        each.wire(inputs, through)
    if len(set(inputs[EXIT])) != 1:
        return None
    known = dict(zip(names, enumerate(pair.boxes), strict=True))
    boxes = tuple(_box(known[name][1], name, labels[known[name][0]], inputs[name]) for name in _ordered(names, inputs))
    outside = {name: name.removeprefix(OUTSIDE) for way in ways for sources in way.values() for name in sources
               if name.startswith(OUTSIDE)}
    return Union(Part(boxes, ENTRY, inputs[EXIT][0], outside), dict(zip(names, pair.boxes, strict=True)),
                 (_edges(ways[0]), _edges(ways[1])), through)


@dataclass(frozen=True)
class _Instead:
    """Boxes of one side, one behind the other, in the place of boxes of the other side: they are drawn behind those.

    `side` has `run` between `start` and `end`, the other `way`, whose last box stands before `end`.
    """

    side: int
    start: str
    run: tuple[str, ...]
    way: tuple[str, ...]
    end: str

    def wire(self, inputs: dict[str, list[str]], through: tuple[dict[Edge, str], dict[Edge, str]]) -> None:
        """Puts the run behind the way; each side goes straight through what it lacks."""
        last = self.way[-1]
        inputs[self.run[0]] = [last]
        inputs[self.end] = [name for name in inputs[self.end] if name != last]
        for step in pairwise((self.start, *self.way, self.run[0])):
            through[self.side].setdefault(step, self.start)
        for step in pairwise((last, *self.run, self.end)):
            through[1 - self.side].setdefault(step, last)


def _replaced(ways: Sequence[Mapping[str, Sequence[str]]], followers: Sequence[Mapping[str, Sequence[str]]],
              own: Sequence[set[str]], ends: Sequence[str]) -> list[_Instead]:
    """What stands in the place of something else, of the second side first: what is removed is drawn above what is added."""
    found: list[_Instead] = []
    for end in ends:
        taken: set[str] = set()
        for side in (1, 0):
            for name in ways[side].get(end, ()):
                start, run = _run(name, ways[side], followers[side], own[side])
                lasts = [last for last in ways[1 - side].get(end, ()) if last in own[1 - side]]
                for last in lasts:
                    way = _path(start, last, followers[1 - side], own[1 - side]) if start else []
                    direct = start in ways[1 - side][last]
                    if run and not taken & {name, last} and (way or direct):
                        found.append(_Instead(side, start, run, (*way, last), end))
                        taken |= {name, last}
    return found


def _run(last: str, ways: Mapping[str, Sequence[str]], followers: Mapping[str, Sequence[str]],
         own: set[str]) -> tuple[str, tuple[str, ...]]:
    """The boxes one behind the other that a side alone has and that end in one, and what they begin from; else none."""
    run: list[str] = []
    name = last
    while name in own and len(ways[name]) == 1 == len(followers[name]):
        run.insert(0, name)
        name = ways[name][0]
    return (name, tuple(run)) if run and name not in own else ("", ())


def _ordered(names: Sequence[str], inputs: Mapping[str, Sequence[str]]) -> list[str]:
    """The names so that each stands behind what it takes."""
    order: dict[str, None] = {}
    for first in names:
        waiting = [first]
        while waiting:
            missing = [name for name in inputs[waiting[-1]] if name in inputs and name not in order]
            if missing:
                waiting.append(missing[0])
            else:
                order[waiting.pop()] = None
    return list(order)


OUTSIDE = "outside "
"""Begins the name of a value from elsewhere."""


def _ways(unit: Unit, boxes: Sequence[Box | None], names: Sequence[str]) -> dict[str, list[str]]:
    """What each box of a side takes, and what leaves it, by the union's names."""
    called = {box.name: name for box, name in zip(boxes, names, strict=True) if box}
    part = unit.part

    def source(name: str) -> str:
        return called[name] if name in called else ENTRY if name == part.entry else f"{OUTSIDE}{part.outside.get(name, name)}"

    return {**{called[box.name]: [source(name) for name in box.inputs] for box in boxes if box}, EXIT: [called[part.exit]]}


def _edges(ways: Mapping[str, Sequence[str]]) -> frozenset[Edge]:
    return frozenset((source, name) for name, sources in ways.items() for source in sources)


def _followers(ways: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, sources in ways.items():
        for source in sources:
            found.setdefault(source, []).append(name)
    return found


def _path(start: str, end: str, followers: Mapping[str, Sequence[str]], through: set[str]) -> list[str]:
    """The fewest boxes, all of them of one side alone, on a way from one to another; none where there is no such way."""
    before: dict[str, str] = {}
    waiting = [start]
    for name in waiting:
        for after in followers.get(name, ()):
            if after == end and name != start:
                way = [name]
                while before[way[0]] != start:
                    way.insert(0, before[way[0]])
                return way
            if after in through and after not in before:
                before[after] = name
                waiting.append(after)
    return []


def _merged(first: Sequence[str], second: Sequence[str]) -> list[str]:
    """The inputs of both sides in an order that holds for both where there is one: the second's, the first's between."""
    if list(first) == list(second):
        return list(first)
    found = list(second)
    for place, name in enumerate(first):
        if name not in found:
            before = [found.index(each) for each in first[:place] if each in found]
            found.insert(max(before, default=-1) + 1, name)
    return found


def _box(pair: BoxPair, name: str, label: str, inputs: Sequence[str]) -> Box:
    """A box of the union, as wide as either side's; a circle only where both sides have it."""
    box = pair.box
    signs = {each.sign for each in (pair.a, pair.b) if each}
    sign = box.sign if len(signs) == 1 else ""
    acts = [each.after.act for each in (pair.a, pair.b) if each]
    beside = Strip(act=max(acts, key=len)) if sign else Strip()
    return Box(name, box.kind, (label,), (box.node,), tuple(inputs), after=beside, sign=sign)
