"""Each distinct difference of blocks once, with the repeats that it holds for."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby

from archspec.compare.layers import BoxPair, UnitPair
from archspec.compare.network import Difference

DIGITS = re.compile(r"\d+(\.\d+)?")
KINDS = ("+", "−", "≠")


@dataclass(frozen=True)
class Distinct:
    """A difference of two blocks: where it shows first, where it holds, and where a part of it does, by what that part is.

    `example` says whose numbers are shown, where they are not the same everywhere.
    """

    shown: UnitPair
    where: str
    example: str
    partly: tuple[tuple[str, str], ...]

    @property
    def title(self) -> str:
        """The block, or both where the two sides repeat different ones."""
        return _title(self.shown)

    @property
    def heading(self) -> str:
        """What it holds for, in words: `first repeat of stage2, stage3; all other repeats: only what is marked +`."""
        where = "" if self.where == self.title else self.where + self.example
        return "; ".join([*([where] if where else []), *(f"{where}: {what}" for where, what in self.partly)])


def distinct(found: Difference) -> list[Distinct]:
    """The distinct differences in the order of the network; widths that vary by stage do not tell two apart.

    One that is a part of another is told with it.
    """
    groups: dict[_Key, list[UnitPair]] = {}
    for pair in found.units:
        if pair.status == "≠":
            groups.setdefault((_title(pair), _signature(pair)), []).append(pair)
    order = list(groups)
    whole: dict[_Key, list[_Key]] = {}
    for key in sorted(groups, key=lambda key: (-len(key[1]), order.index(key))):
        around = next((each for each in whole if key[0] == each[0] and key[1] < each[1]), key)
        whole.setdefault(around, []).append(key)
    result = []
    for key in sorted(whole, key=order.index):
        parts: dict[str, list[UnitPair]] = {}
        for inside in sorted(whole[key], key=order.index):
            if inside != key:
                parts.setdefault(_part(groups[inside][0], groups[key][0]), []).extend(groups[inside])
        rest = _covers(found, [pair for each in whole[key] for pair in groups[each]])
        most = max(parts, key=lambda what: len(parts[what]), default="") if rest else None
        partly = tuple(("all other repeats" if what == most else _where(parts[what], found), what)
                       for what in sorted(parts, key=lambda what: what == most))
        pairs = groups[key]
        varied = len({tuple((box.a and box.a.words, box.b and box.b.words) for box in pair.boxes) for pair in pairs}) > 1
        shown = _where(pairs[:1], found)
        example = f" (shown: {pairs[0].unit.section if _everywhere(pairs) else shown})" if varied else ""
        result.append(Distinct(pairs[0], _where(pairs, found), example, partly))
    return result


_Key = tuple[str, frozenset[object]]
"""The blocks' names, and what differs."""


def _title(pair: UnitPair) -> str:
    """The block, or both where the two sides repeat different ones; a list by its place."""
    return " → ".join(dict.fromkeys(unit.name if unit.block else f"{unit.label} {unit.section}".strip()
                                    for unit in (pair.a, pair.b) if unit))


def _signature(pair: UnitPair) -> frozenset[object]:
    """What differs: the name within the block, how it differs, and in which words; numbers that differ are one."""
    found: set[object] = set()
    for box in pair.boxes:
        aspects = _aspects(box) if box.status != "=" else None
        if aspects == NUMBERS:
            found.add(NUMBERS)
        elif aspects is not None:
            found.add((pair.unit.inner(box.box.name), box.status, aspects))
    return frozenset(found)


NUMBERS = "numbers"
"""Of two boxes that differ in nothing but widths, kernels, rates."""


def _aspects(pair: BoxPair) -> object:
    """The words in which two boxes differ, numbers left out; of one without a partner what it is."""
    if pair.a is None or pair.b is None:
        return DIGITS.sub("#", pair.box.words[0])
    sides = [{DIGITS.sub("#", word) for word in box.words} for box in (pair.a, pair.b)]
    strips = (pair.a.before, pair.b.before, pair.a.after, pair.b.after)
    said = frozenset(DIGITS.sub("#", text) for layer in pair.layers if layer.said and layer.settings and not layer.tuned
                     for text in layer.said)
    same_strips = strips[0] == strips[1] and strips[2] == strips[3]
    if sides[0] == sides[1] and same_strips and not pair.rewired and not said:
        return NUMBERS
    return frozenset(sides[0] ^ sides[1]), said, () if same_strips else strips, pair.rewired


def _everywhere(pairs: Sequence[UnitPair]) -> bool:
    """Whether it is the same repeat in each section."""
    return len({pair.unit.block for pair in pairs}) == 1 and len({pair.unit.section for pair in pairs}) > 1


def _part(pair: UnitPair, whole: UnitPair) -> str:
    """Which part of a difference another one is: `only what is marked +`."""
    found, all_of_it = ({box.status for box in each.boxes} - {"="} for each in (pair, whole))
    marked = " and ".join(status for status in KINDS if status in found)
    return f"only what is marked {marked}" if found < all_of_it else "only some of it"


def _covers(found: Difference, told: Sequence[UnitPair]) -> bool:
    """Whether these are all the repeats that both sides have."""
    known = {id(pair) for pair in told}
    return all(id(pair) in known or not pair.unit.block for pair in found.units if pair.a and pair.b)


def _where(pairs: Sequence[UnitPair], found: Difference) -> str:
    """The repeats in words: `every repeat of stage1`, `first repeat of stage2, stage3`, `stem`."""
    totals = {id(pair): sum(1 for each in section.units if each.a and each.b and each.unit.block)
              for section in found.sections for pair in section.units}
    by_section = [(section, list(group)) for section, group in groupby(pairs, lambda pair: _section(pair))]
    phrases: dict[str, list[str]] = {}
    for section, group in by_section:
        blocks = [pair.unit.block for pair in group]
        if not all(blocks):
            phrase = group[0].unit.label
        elif len(blocks) == totals[id(group[0])]:
            phrase = "every repeat of" if len(blocks) > 1 else ""
        elif blocks == [1]:
            phrase = "first repeat of"
        else:
            phrase = f"repeat{'s' * (len(blocks) > 1)} {ranges(blocks)} of"
        phrases.setdefault(phrase, []).append(section)
    return "; ".join(f"{phrase} {', '.join(sections)}".strip() for phrase, sections in phrases.items())


def _section(pair: UnitPair) -> str:
    names = dict.fromkeys(unit.section for unit in (pair.a, pair.b) if unit)
    return " → ".join(names)


def ranges(numbers: Sequence[int]) -> str:
    """1–3, 5."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and number == runs[-1][-1] + 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in runs)
