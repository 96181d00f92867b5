"""What the repeats of a network's stages have in common: blocks that are equal but for widths and strides, as one."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from archspec.draw.boxes import UNITS, Box, Part
from archspec.draw.outline import Repeat, Segment
from archspec.graph.ops import Concat, PadChannels, Pool

Place = tuple[str, int]
"""A repeat: its stage, and its number from 1."""
_NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?")
_STRIDE = re.compile(r"[/×]\d+(?:×\d+)?$")
_OPTIONAL = re.compile(r"[/×]\d+(?:×\d+)?$|dilation |\d+ groups$")
"""Words that are left out where they would say 1."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What a box has in a stage: `main` is its width, or what else varies; from one repeat to the last where it grows."""

    main: str
    more: str = ""
    until: str = ""

    @property
    def text(self) -> str:
        """On one line."""
        sign = " → " if "–" in self.main else "–"
        words = f"{self.main}{sign}{self.until}" if self.until else self.main
        return f"{words}, {self.more}" if self.more else words


@dataclass(frozen=True, slots=True)
class Pattern:
    """One structure: the boxes with the words that hold in all its repeats, dashed where some repeats lack them.

    `cells` are, by the name of the box, what varies, one for each of `stages`; `notes` say what dashes and letters mean.
    """

    part: Part
    blocks: tuple[str, ...]
    stages: tuple[str, ...]
    cells: Mapping[str, tuple[Cell, ...]]
    notes: tuple[str, ...]
    where: str
    """The repeats that have it, where others do not."""
    count: int
    """How many repeats have it."""


@dataclass(frozen=True, slots=True)
class _Form:
    """A repeat's structure, without what may vary: by the name of a box within the block its key and inputs, and the exit."""

    boxes: tuple[tuple[str, object, tuple[str, ...]], ...]
    exit: str


@dataclass
class _Group:
    """Repeats of one structure: the form of most boxes, and what of them there is in each repeat."""

    form: _Form
    model: Repeat
    found: dict[Place, tuple[Repeat, Mapping[str, Box]]]


def patterns(segments: Iterable[Segment]) -> tuple[Pattern, ...]:
    """The distinct structures of the stages, in the order in which they occur."""
    by_form: dict[_Form, dict[Place, tuple[Repeat, Mapping[str, Box]]]] = {}
    order: dict[Place, int] = {}
    for segment in segments:
        if segment.form == "stage":
            for number, repeat in enumerate(segment.repeats, 1):
                names = _names(repeat)
                boxes = {names[box.name]: box for box in repeat.part.boxes}
                order[segment.section, number] = len(order)
                by_form.setdefault(_form(repeat.part, names), {})[segment.section, number] = (repeat, boxes)
    groups: list[_Group] = []
    for form in sorted(by_form, key=lambda form: -len(form.boxes)):  # stable: of equal size the first comes first
        found = by_form[form]
        group = next((group for group in groups if _holds(group.form, form)), None)
        if group is None:
            groups.append(_Group(form, next(iter(found.values()))[0], dict(found)))
        else:
            group.found |= found
    for group in groups:
        group.found = {place: group.found[place] for place in sorted(group.found, key=order.__getitem__)}
    groups.sort(key=lambda group: order[next(iter(group.found))])
    repeats = Counter(stage for stage, _ in order)
    whole = _Places(tuple(order), repeats)
    return tuple(_pattern(group, repeats, whole.said(group.found) if len(groups) > 1 else "") for group in groups)


def _names(repeat: Repeat) -> dict[str, str]:
    """The names of boxes and of values from elsewhere, as all repeats of a block have them."""
    prefix = f"{repeat.prefix}_" if repeat.prefix else ""
    names = {box.name: box.name.removeprefix(prefix) for box in repeat.part.boxes}
    names[repeat.part.entry] = "<entry>"
    for box in repeat.part.boxes:
        for name in box.inputs:
            called = repeat.part.outside.get(name, name)
            names.setdefault(name, f"<{len(names) if called == name else called}>")
    return names


def _form(shown: Part, names: Mapping[str, str]) -> _Form:
    return _Form(tuple((names[box.name], _key(box), tuple(names[name] for name in box.inputs)) for box in shown.boxes),
                 names[shown.exit])


def _key(box: Box) -> object:
    """What boxes that differ in nothing but widths and strides have in common."""
    first, *others = box.words
    if _free(box):
        first = _NUMBER.sub("#", first)
    words = [_NUMBER.sub("#", word) for word in others if not _OPTIONAL.match(word)]
    return box.kind, first, *words, box.before, box.after, box.sign


def _free(box: Box) -> bool:
    """Whether the numbers in a box's first word may vary, too: a kernel's may not."""
    return box.kind == "plain" or box.words[0].startswith("channels ")


def _holds(form: _Form, other: _Form) -> bool:
    """Whether a form without some of its boxes is another: the values go past those."""
    theirs = {name: (key, inputs) for name, key, inputs in other.boxes}
    if not theirs.keys() <= {name for name, _, _ in form.boxes}:
        return False
    stands: dict[str, set[str]] = {}

    def values(name: str) -> set[str]:
        return stands.get(name, {name})

    for name, key, inputs in form.boxes:
        if name not in theirs:
            stands[name] = set().union(*(values(each) for each in inputs))
            continue
        their_key, their_inputs = theirs[name]
        if key != their_key or len(inputs) != len(their_inputs) or any(
                mine not in values(each) for mine, each in zip(their_inputs, inputs, strict=True)):
            return False
    return other.exit in values(form.exit)


def _pattern(group: _Group, repeats: Mapping[str, int], where: str) -> Pattern:
    names = _names(group.model)
    stages = tuple(dict.fromkeys(stage for stage, _ in group.found))
    places = _Places(tuple(group.found), repeats)
    blocks = tuple(dict.fromkeys(repeat.block for repeat, _ in group.found.values() if repeat.block))
    letters: dict[tuple[str, frozenset[tuple[Place, str]]], str] = {}
    boxes: list[Box] = []
    cells: dict[str, tuple[Cell, ...]] = {}
    notes: list[str] = []
    dashed: dict[tuple[Place, ...], list[Box]] = {}
    lane = {box.name for box in group.model.part.boxes
            if box.node.role == "shortcut" and isinstance(box.op, Pool | PadChannels)}
    padded: list[tuple[Box, tuple[Place, ...]]] = []
    if not any(isinstance(box.op, PadChannels) for box in group.model.part.boxes if box.name in lane):
        lane = set()
    body = [box for box in group.model.part.boxes if isinstance(box.op, UNITS) and box.node.role == "main"]
    for box in group.model.part.boxes:
        here = {place: found[names[box.name]] for place, (_, found) in group.found.items() if names[box.name] in found}
        drawn, column = _box(box, here, stages, letters)
        if box.name in lane:
            padded.append((drawn, tuple(here)))
            boxes.append(drawn)
            continue
        if body and box.node.role == "shortcut" and column and _as_last(here, names[body[-1].name], group):
            column = ()
            notes.append("shortcut: as wide as the last convolution")
        if len(here) < len(group.found):
            drawn = replace(drawn, dashed=True)
            dashed.setdefault(tuple(here), []).append(drawn)
        if isinstance(box.op, Concat) and len(box.inputs) == 2 and group.model.part.entry in box.inputs:
            column = tuple(_grown(group, box, stage, names[box.name]) for stage in stages)
            notes.append("beside concat: channels that enter the stage → channels that leave it")
        if column:
            cells[box.name] = column
        boxes.append(drawn)
    if padded:
        notes.insert(0, f"dashed line: {_padding(padded, places, len(group.found))}")
    for kept, found in dashed.items():
        which = ", ".join(dict.fromkeys(box.sign or box.words[0] for box in found))
        notes.insert(0, f"dashed {which}: only in {places.said(kept)}")
    for (word, held), letter in letters.items():
        values = {value: [place for place, each in held if each == value] for value in sorted({value for _, value in held})}
        said = ", ".join(f"{value} in {places.said(values[value])}" for value in values)
        notes.append(f"{'/' if word == 'stride' else ''}{letter}: {word} {said}, else 1")
    part = replace(group.model.part, boxes=tuple(boxes))
    return Pattern(part, blocks, stages, cells, tuple(dict.fromkeys(notes)), where, len(group.found))


def _padding(padded: Sequence[tuple[Box, tuple[Place, ...]]], places: _Places, count: int) -> str:
    """What a dashed shortcut does, and where."""
    by_where: dict[tuple[Place, ...], list[str]] = {}
    for box, here in padded:
        by_where.setdefault(here, []).append(box.label)
    said = [f"{', '.join(labels)}{'' if len(here) == count else f' in {places.said(here)}'}"
            for here, labels in by_where.items()]
    return "; ".join(said) + ("" if any(len(here) == count for here in by_where) else ", else the identity")


def _as_last(here: Mapping[Place, Box], last: str, group: _Group) -> bool:
    """Whether a box is as wide as the last convolution wherever it is."""
    return all(last in group.found[place][1] and box.output.channels == group.found[place][1][last].output.channels
               for place, box in here.items())


def _grown(group: _Group, box: Box, stage: str, name: str) -> Cell:
    """The channels that enter a stage and that leave it."""
    found = [(repeat, boxes[name]) for (where, _), (repeat, boxes) in group.found.items() if where == stage and name in boxes]
    (repeat, first), (_, last) = found[0], found[-1]
    entered = [value.type.channels for node in first.nodes for value in node.inputs if value.name == repeat.part.entry]
    return Cell(str(entered[0]), "", str(last.output.channels)) if entered else Cell("–")


def _box(box: Box, here: Mapping[Place, Box], stages: Sequence[str],
         letters: dict[tuple[str, frozenset[tuple[Place, str]]], str]) -> tuple[Box, tuple[Cell, ...]]:
    """The box with the words that hold wherever it is, and what varies by stage."""
    fixed = {place: [word for word in each.words if not _OPTIONAL.match(word)] for place, each in here.items()}
    words: list[str] = []
    varied: list[int] = []
    for index, word in enumerate(next(iter(fixed.values()))):
        if all(each[index] == word for each in fixed.values()):
            words.append(word)
        else:
            varied.append(index)
            if rest := _bare(word):
                words.append(rest)
    more: dict[Place, list[str]] = {place: [] for place in here}
    for kind in ("stride", "dilation", "groups"):
        said = {place: _optional(each, kind) for place, each in here.items()}
        if len(set(said.values())) == 1:
            words += [word for word in [next(iter(said.values()))] if word]
        elif kind == "groups":
            for place, word in said.items():
                more[place].append(word or "1 group")
        else:
            held = frozenset((place, word.lstrip("/×").removeprefix("dilation ")) for place, word in said.items() if word)
            letter = letters.setdefault((kind, held), "stuvw"[min(4, sum(1 for each, _ in letters if each == kind))] if
                                        kind == "stride" else "defg"[min(3, sum(1 for each, _ in letters if each == kind))])
            words.append(f"/{letter}" if kind == "stride" else f"dilation {letter}")
    if isinstance(box.op, Concat):  # what it joins says how much
        varied = []
    if not varied and not any(more.values()):
        return replace(box, words=tuple(words)), ()
    column = []
    for stage in stages:
        own = [place for place in here if place[0] == stage]
        mains = list(dict.fromkeys(", ".join(_numbers(fixed[place][index]) for index in varied) for place in own))
        extra = list(dict.fromkeys(", ".join(more[place]) for place in own))
        if not own:
            column.append(Cell("–"))
        elif mains == [""]:
            column.append(Cell(extra[0] if len(extra) == 1 else f"{extra[0]} …"))
        else:
            column.append(Cell(mains[0], extra[0], _new(mains[0], mains[-1]) if len(mains) > 1 else ""))
    return replace(box, words=tuple(words) or box.words[:1]), tuple(column)


def _optional(box: Box, kind: str) -> str:
    for word in box.words[1:]:
        if _STRIDE.match(word) if kind == "stride" else kind in word:
            return word
    return ""


def _bare(word: str) -> str:
    """What is left of a word without its numbers: nothing of `128`, `channels` of `channels 0–63`."""
    return re.sub(r"(?:\s*[–#]|\bto\b|,|\s)+$", "", _NUMBER.sub("#", word)).strip("# ")


def _numbers(word: str) -> str:
    """The numbers of a word: 0–127 of `channels 0–127`."""
    return "–".join(_NUMBER.findall(word))


def _new(first: str, last: str) -> str:
    """What the last of several ranges has that the first has not: its end alone where both begin alike."""
    start, dash, end = last.partition("–")
    return end if dash and first.startswith(f"{start}–") else last


@dataclass(frozen=True, slots=True)
class _Places:
    """All repeats of a structure; `repeats` are how many a stage has in all."""

    all: tuple[Place, ...]
    repeats: Mapping[str, int]

    def said(self, places: Collection[Place]) -> str:
        """Some of them in words: the first repeat of stage2, stage3."""
        own = list(dict.fromkeys(stage for stage, _ in self.all))
        waiting = {stage: self._ways(stage, [number for where, number in places if where == stage]) for stage in own}
        waiting = {stage: ways for stage, ways in waiting.items() if ways}
        said = []
        while waiting:  # first the words that fit most stages
            ways = dict.fromkeys(way for ways in waiting.values() for way in ways)
            way = max(ways, key=lambda way: sum(way in ways for ways in waiting.values()))
            stages = [stage for stage, ways in waiting.items() if way in ways]
            waiting = {stage: ways for stage, ways in waiting.items() if way not in ways}
            names = "each stage" if len(stages) == len(own) > 1 else ", ".join(stages)
            said.append(way.format(names))
        return " and in ".join(said)

    def _ways(self, stage: str, numbers: Sequence[int]) -> list[str]:
        """What numbers of a stage's repeats may be called, the plainest first; `{}` stands for the stage."""
        count, among = self.repeats[stage], sorted(numbers)
        if not among:
            return []
        ways = {"{}": list(range(1, count + 1)), "the first repeat of {}": [1],
                "{} from the second repeat on": list(range(2, count + 1)),
                "the last repeat of {}": [count], "{} without the last repeat": list(range(1, count))}
        found = [way for way, meant in ways.items() if meant == among]
        if found:
            return found
        if len(among) > 4:
            return [f"repeats {among[0]}, {among[1]}, … {among[-1]} of {{}}"]
        return [f"repeat{'s' if len(among) > 1 else ''} {', '.join(map(str, among))} of {{}}"]
