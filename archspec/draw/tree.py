"""How boxes hang together: in series and in parallel, and what is neither."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise

from archspec.draw.boxes import Box, Part
from archspec.graph.ops import Concat, Gate, Merge, PadChannels, Pool


@dataclass(frozen=True, slots=True)
class Leaf:
    """One box."""

    box: Box


@dataclass(frozen=True, slots=True)
class Series:
    """One below the other; without parts a line alone."""

    parts: tuple[Tree, ...] = ()


@dataclass(frozen=True, slots=True)
class Lane:
    """A line past all boxes. It is dashed where it stands for boxes, which only pad a shortcut, or not all repeats have it."""

    boxes: tuple[Box, ...] = ()
    partial: bool = False

    @property
    def dashed(self) -> bool:
        """Whether it is drawn so."""
        return bool(self.boxes) or self.partial


@dataclass(frozen=True, slots=True)
class Parallel:
    """Side by side, between the same two boxes. `spine` is the path that goes straight on; none: the middle."""

    paths: tuple[Series | Lane, ...]
    spine: int | None = None


@dataclass(frozen=True, slots=True)
class Knot:
    """Boxes that are neither in series nor in parallel, in the order of computation; the values of some go on from it."""

    boxes: tuple[Box, ...]
    leaving: frozenset[str]


Tree = Leaf | Series | Lane | Parallel | Knot


def tree(shown: Part) -> Series:
    """The boxes of a part as series and parallels, by the cuts: boxes that no connection passes by."""
    boxes = tuple(_named(shown))
    return _Cutter(shown, {box.name: box for box in boxes}).series([box.name for box in boxes], shown.entry, None)


def _named(shown: Part) -> Iterator[Box]:
    """The boxes, and before each the names of the values from elsewhere that it takes, as boxes of their own."""
    for box in shown.boxes:
        inputs = []
        for index, name in enumerate(box.inputs):
            if name in shown.outside:
                own = f"{box.name}<{index}"
                yield Box(own, "name", (shown.outside[name],), (), ())
                inputs.append(own)
            else:
                inputs.append(name)
        yield replace(box, inputs=tuple(inputs))


@dataclass(frozen=True, slots=True)
class _Cutter:
    shown: Part
    boxes: Mapping[str, Box]

    def series(self, names: Sequence[str], above: str, below: Box | None) -> Series:
        """The boxes between a value and a box (none: what follows the part) as a sequence."""
        bounds = [-1, *self._cuts(names, below), len(names)]
        parts: list[Tree] = []
        for low, high in pairwise(bounds):
            here = above if low < 0 else names[low]
            there = below if high == len(names) else self.boxes[names[high]]
            # what joins this sequence from beside it is a path of that join: here the line ends in it alone
            direct = low >= 0 or high < len(names)
            between = self._between(names[low + 1:high], here, there, direct)
            if between is not None:
                parts.append(between)
            if high < len(names):
                parts.append(Leaf(self.boxes[names[high]]))
        return Series(tuple(parts))

    def _cuts(self, names: Sequence[str], below: Box | None) -> list[int]:
        """The places that no connection passes by."""
        place = {name: index for index, name in enumerate(names)}
        passed = [0] * (len(names) + 1)
        last = list(range(len(names)))
        for index, name in enumerate(names):
            inner = [place[each] for each in self.boxes[name].inputs if each in place]
            outer = len(inner) < len(self.boxes[name].inputs) or not inner
            first = min([*inner, -1] if outer else inner)
            passed[first + 1] += 1
            passed[index] -= 1
            for source in inner:
                last[source] = max(last[source], index)
        for index, name in enumerate(names):
            if self._leaves(name, below) or last[index] == index:
                passed[index + 1] += 1
                passed[len(names)] -= 1
        return [index for index, count in enumerate(accumulate(passed[:-1])) if not count]

    def _leaves(self, name: str, below: Box | None) -> bool:
        return name == self.shown.exit if below is None else name in below.inputs

    def _between(self, names: Sequence[str], above: str, below: Box | None, direct: bool) -> Tree | None:
        """What lies between two cuts; nothing where one leads to the other and that is all."""
        lines = [index for index, name in enumerate(below.inputs) if name == above] if below and direct else []
        if not names and len(lines) < 2:
            return None
        groups = self._groups(names)
        if len(groups) == 1 and not lines:
            return Knot(tuple(self.boxes[name] for name in names),
                        frozenset(name for name in names if self._leaves(name, below)))
        paths: list[tuple[int, Series | Lane]] = [(index, Lane(partial=bool(below and below.dashed))) for index in lines]
        for group in groups:
            where = min((index for index, name in enumerate(below.inputs) if name in set(group)), default=0) if below else 0
            paths.append((where, self._path(group, above, below)))
        paths.sort(key=lambda path: path[0])
        return _arranged([path for _, path in paths], below)

    def _path(self, group: Sequence[str], above: str, below: Box | None) -> Series | Lane:
        boxes = tuple(self.boxes[name] for name in group)
        padding = all(isinstance(box.op, Pool | PadChannels) and box.node.role == "shortcut" for box in boxes)
        return Lane(boxes) if padding and isinstance(boxes[-1].op, PadChannels) else self.series(group, above, below)

    def _groups(self, names: Sequence[str]) -> list[list[str]]:
        """What hangs together, in order."""
        head = {name: name for name in names}

        def find(name: str) -> str:
            while head[name] != name:
                head[name] = head[head[name]]
                name = head[name]
            return name

        for name in names:
            for other in self.boxes[name].inputs:
                if other in head:
                    head[find(name)] = find(other)
        found: dict[str, list[str]] = {}
        for name in names:
            found.setdefault(find(name), []).append(name)
        return list(found.values())


def _arranged(paths: list[Series | Lane], below: Box | None) -> Parallel:
    """The paths in the order in which they are drawn: the spine first where there is one, shortcuts last."""
    if below is None or len(paths) != 2:
        return Parallel((*(path for path in paths if not _is_shortcut(path)), *(path for path in paths if _is_shortcut(path))))
    if isinstance(below.op, Gate):
        return Parallel(tuple(paths), 0)
    beside = [_is_shortcut(path) for path in paths]
    if isinstance(below.op, Merge | Concat) and beside.count(True) == 1:
        return Parallel((paths[beside.index(False)], paths[beside.index(True)]), 0)
    return Parallel(tuple(paths))


def _is_shortcut(path: Series | Lane) -> bool:
    return isinstance(path, Lane) or all(isinstance(part, Leaf) and part.box.nodes and part.box.node.role == "shortcut"
                                         for part in path.parts)
