"""What a map shows of a network: cells on rows of equal resolution, and what leads from one to another."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby

from archspec.draw.boxes import JOINS, Box, fold
from archspec.graph.axes import Resize
from archspec.graph.ir import Frame, Graph, Node, is_input
from archspec.graph.learned import ConvTranspose
from archspec.graph.ops import Conv, Upsample
from archspec.graph.types import Tensor

MOST, STACKED = 160, 6
"""Cells of a map before it is folded, and boxes in one cell."""
BARE = 2
"""So many boxes that do not resample may lie between the one that does and the box that its path leads to."""
_TURN = re.compile(r"^(.*?)_(\d+)(?=_)")


@dataclass(frozen=True, slots=True)
class Feed:
    """What a cell takes: the value of an earlier cell, and what happens to it on the way from row to row."""

    source: int
    path: tuple[Box, ...] = ()


@dataclass(frozen=True, slots=True)
class Cell:
    """Boxes one behind the other, each so many times; or one box that values meet in. The image has no box.

    `row` is the stride of what leaves it. `block` is the block that it stands for as a whole; empty: none.
    """

    boxes: tuple[Box, ...]
    times: tuple[int, ...]
    row: int
    feeds: tuple[Feed, ...]
    output: Tensor
    turn: tuple[str, int] = ("", 0)
    block: str = ""

    @property
    def joins(self) -> bool:
        """Whether it is but the place where values meet."""
        return len(self.boxes) == 1 and self.boxes[0].joins and not self.block

    @property
    def exit(self) -> Box:
        """The box whose value leaves."""
        return self.boxes[-1]


@dataclass(frozen=True, slots=True)
class Module:
    """The cells of a `repeat` from `first` up to `last`, so many times one behind the other."""

    first: int
    last: int
    times: int
    title: str


@dataclass(frozen=True, slots=True)
class Map:
    """The cells of a network in the order of computation, the image first."""

    cells: tuple[Cell, ...]
    modules: tuple[Module, ...]

    @property
    def rows(self) -> list[int]:
        """The strides that occur."""
        return sorted({cell.row for cell in self.cells})


def fits_map(graph: Graph) -> bool:
    """Whether a network is told best by resolution: outside of its repeated blocks it upsamples, and joins the result."""
    if any(node.output.type.stride is None and len(node.output.type.shape) > 1 for node in graph.predicting):
        return False
    if not any(isinstance(node.op, Upsample | Resize | ConvTranspose) and not node.block for node in graph.predicting):
        return False
    found = map_of(graph)
    return found is not None and any(cell.boxes and cell.exit.joins and len(cell.feeds) > 1 and any(
        found.cells[feed.source].row > cell.row for feed in cell.feeds) for cell in found.cells)


def map_of(graph: Graph) -> Map | None:
    """The map of a network; none where a part has no resolution, or of so many cells that nobody could read it."""
    nodes = [node for node in graph.predicting if not is_input(node)]
    if any(node.output.type.stride is None and len(node.output.type.shape) > 1 for node in nodes):
        return None
    cells = _Cells(graph, fold(graph, nodes, _closed(graph, nodes))).cells()
    return None if len(cells) > MOST else _folded(cells)


def with_blocks(found: Map) -> Map:
    """A map where a block that joins values and goes on is one box: narrower."""
    for index, cell in enumerate(found.cells):
        users = [user for user in found.cells if any(feed.source == index for feed in user.feeds)]
        if not cell.joins or len(users) != 1 or users[0].joins or len(users[0].feeds) != 1 or users[0].feeds[0].path:
            continue
        place = found.cells.index(users[0])
        name = _shared([*cell.boxes, *users[0].boxes])
        if not name or any(module.first in range(index + 1, place + 1) or module.last in range(index, place)
                           for module in found.modules):
            continue
        whole = replace(users[0], boxes=(*cell.boxes, *users[0].boxes), times=(*cell.times, *users[0].times),
                        feeds=cell.feeds, block=name)
        cells = [whole if number == place else each for number, each in enumerate(found.cells) if number != index]
        return with_blocks(_without(cells, found.modules, index))
    return found


def with_paths(found: Map) -> Map:
    """A map where a convolution that leads to a lower row alone is not a cell but on the line to it: narrower."""
    for index, cell in enumerate(found.cells):
        users = [place for place, user in enumerate(found.cells) if any(feed.source == index for feed in user.feeds)]
        alone = len(cell.boxes) == 1 and not cell.joins and not cell.exit.block and len(cell.feeds) == 1 == len(users)
        if not alone or found.cells[cell.feeds[0].source].row >= cell.row or not cell.feeds[0].source:
            continue
        user = found.cells[users[0]]
        if len(user.feeds) != 1 or user.feeds[0].path or user.row != cell.row:
            continue
        on = replace(user, feeds=(Feed(cell.feeds[0].source, (*cell.feeds[0].path, *cell.boxes)),))
        cells = [on if number == users[0] else each for number, each in enumerate(found.cells) if number != index]
        return with_paths(_without(cells, found.modules, index))
    return found


def _without(cells: Sequence[Cell], modules: Sequence[Module], gone: int) -> Map:
    def place(number: int) -> int:
        return number - (number > gone)
    return Map(tuple(replace(cell, feeds=tuple(Feed(place(feed.source), feed.path) for feed in cell.feeds)) for cell in cells),
               tuple(replace(module, first=place(module.first), last=place(module.last)) for module in modules))


def _shared(boxes: Sequence[Box]) -> str:
    """The block that boxes are in together; empty: none."""
    frames = [box.nodes[0].calls for box in boxes]
    common = [frame for frame in frames[0] if all(frame.prefix in {each.prefix for each in calls} for calls in frames)]
    return common[-1].name if common else ""


# which blocks are one box

def _closed(graph: Graph, nodes: Sequence[Node]) -> Mapping[str, Frame]:
    """By their nodes, the outermost blocks with branches of their own between one value and another, not larger one."""
    members: dict[tuple[str, int], list[Node]] = {}
    for node in nodes:
        for level, frame in enumerate(node.calls):
            members.setdefault((frame.prefix, level), []).append(node)
    closed = {key for key, inside in members.items() if _closes(graph, inside, key[1])}
    found: dict[str, Frame] = {}
    for node in nodes:
        around = [frame for level, frame in enumerate(node.calls) if (frame.prefix, level) in closed]
        if around:
            found[node.name] = around[0]
    return found


def _closes(graph: Graph, inside: Sequence[Node], level: int) -> bool:
    own = {node.name for node in inside}
    outer = {value.name: value for node in inside for value in node.inputs if value.name not in own}
    exits = [node for node in inside if node.name == graph.output.name
             or any(user.name not in own for user in graph.users[node.name])]
    branches = any(len(node.calls) == level + 1 and isinstance(node.op, JOINS) for node in inside)
    if len(outer) != 1 or len(exits) != 1 or not branches:
        return False
    before, after = next(iter(outer.values())).type.stride, exits[0].output.type.stride
    return before is None or after is None or max(after) >= max(before)


# boxes to cells

class _Cells:
    """Puts boxes into cells, or on the paths between them."""

    def __init__(self, graph: Graph, boxes: Sequence[Box]) -> None:
        self.graph = graph
        said: dict[str, set[str]] = {}
        for box in boxes:
            said.setdefault(box.block, set()).add(box.words[0])
        # a block's kernel need not be said where it is the same everywhere
        self.boxes = {box.name: replace(box, inputs=box.inputs[:1]) if isinstance(box.op, Resize) else
                      replace(box, words=(box.block, *box.words[1:])) if box.block and len(said[box.block]) == 1 else box
                      for box in boxes}
        self.users: dict[str, list[str]] = {}
        self.row = {graph.input.name: 1}
        for box in self.boxes.values():
            stride = box.output.stride
            self.row[box.name] = self.row[box.inputs[0]] if stride is None else int(max(stride))
            for name in dict.fromkeys(box.inputs):
                self.users.setdefault(name, []).append(box.name)
        self.on_way: set[str] = set()
        for box in self.boxes.values():
            if self._meets(box):
                for name in box.inputs:
                    self.on_way.update(self._path(name, box))
            elif self._plain(box.name) and self._up(box):
                self.on_way.update(self._path(box.name, box))
            elif box.kind == "pool" and self._moves(box) and self._plain(box.name) and len(self.users[box.inputs[0]]) > 1:
                self.on_way.add(box.name)

    def cells(self) -> list[Cell]:
        """All cells, the image first."""
        found = [Cell((), (), 1, (), self.graph.input.type)]
        owner = {self.graph.input.name: 0}
        for box in self.boxes.values():
            if box.name in self.on_way:
                continue
            feeds = tuple(self._feed(name, owner) for name in box.inputs)
            turn = _turn(box.name)
            last = found[feeds[0].source] if len(feeds) == 1 and not feeds[0].path else None
            if last is not None and last.boxes and self._stacks(last, box, turn):
                place = feeds[0].source
                owner[box.name] = place
                boxes, times = ((last.boxes, (*last.times[:-1], last.times[-1] + 1)) if _again(last.exit, box)
                                else ((*last.boxes, box), (*last.times, 1)))
                found[place] = replace(last, boxes=boxes, times=times, row=self.row[box.name], output=box.output)
                continue
            owner[box.name] = len(found)
            found.append(Cell((box,), (1,), self.row[box.name], feeds, box.output, turn))
        first = next(cell for cell in found if any(feed.source == 0 for feed in cell.feeds))
        found[0] = replace(found[0], row=first.row)
        return found

    def _stacks(self, last: Cell, box: Box, turn: tuple[str, int]) -> bool:
        """Whether a box goes below the one before it: nothing else takes that, and it is no block on a row of its own."""
        if len(self.users[box.inputs[0]]) > 1 or last.joins or self._meets(box):
            return False
        if box.block and self.row[box.name] != last.row:
            return False
        return _again(last.exit, box) or (len(last.boxes) < STACKED and last.turn == turn)

    def _feed(self, name: str, owner: Mapping[str, int]) -> Feed:
        path: list[Box] = []
        while name in self.on_way:
            path.insert(0, self.boxes[name])
            name = self.boxes[name].inputs[0]
        return Feed(owner[name], tuple(path))

    def _meets(self, box: Box) -> bool:
        return len(box.inputs) > 1

    def _plain(self, name: str) -> bool:
        return name in self.boxes and not self.boxes[name].block and not self._meets(self.boxes[name])

    def _moves(self, box: Box) -> bool:
        return self.row[box.name] != self.row[box.inputs[0]]

    def _up(self, box: Box) -> bool:
        return self.row[box.name] < self.row[box.inputs[0]]

    def _path(self, name: str, user: Box) -> list[str]:
        """What lies on the way to a box, from row to row, from its end; none where the row stays the same."""
        chain: list[str] = []
        while self._plain(name) and len(self.users.get(name, ())) == 1:
            chain.append(name)
            name = self.boxes[name].inputs[0]
        end = next((place for place, each in enumerate(chain[:BARE + 1]) if self._moves(self.boxes[each])), -1)
        if end < 0:
            return [] if self._meets(user) else [user.name]
        up = self._up(self.boxes[chain[end]])
        while end + 1 < len(chain) and self._moves(self.boxes[chain[end + 1]]) and self._up(self.boxes[chain[end + 1]]) == up:
            end += 1
        # what belongs to it on the row before: a 1x1 convolution, or the rest of its block
        for place in range(end + 1, len(chain)):
            box, after = self.boxes[chain[place]], self.boxes[chain[end]]
            inner = after.nodes[0].calls[-1:]
            one = isinstance(box.op, Conv) and box.op.kernel == (1, 1)
            if not one and not (inner and inner == box.nodes[0].calls[-1:] and inner != user.nodes[0].calls[-1:]):
                break
            end = place
        return chain[:end + 1]


def _again(last: Box, box: Box) -> bool:
    """Whether a box is the block before it once more."""
    return bool(box.block) and last.block == box.block and last.words[0] == box.words[0] and len(box.words) == 1


def _turn(name: str) -> tuple[str, int]:
    """Which turn of a `repeat` a layer stands in, the outermost."""
    found = _TURN.match(name)
    return (found[1], int(found[2])) if found else ("", 0)


# repeated modules

def _folded(cells: Sequence[Cell]) -> Map:
    """Equal turns of a `repeat` once."""
    groups = [(turn, list(group)) for turn, group in groupby(range(len(cells)), key=lambda place: cells[place].turn)]
    kept, place_of, modules = list[Cell](), dict[int, int](), list[Module]()
    index = 0
    while index < len(groups):
        turns = list(_turns(cells, groups, index))
        first = len(kept)
        for place in turns[0]:
            place_of[place] = len(kept)
            feeds = tuple(Feed(place_of[feed.source], feed.path) for feed in cells[place].feeds)
            kept.append(replace(cells[place], feeds=feeds))
        for turn in turns[1:]:
            place_of |= {place: first + offset for offset, place in enumerate(turn)}
        if groups[index][0][0] and len(turns[0]) > 1:
            title = groups[index][0][0].rsplit("_", 1)[-1]
            modules.append(Module(first, len(kept) - 1, len(turns), "" if title == "repeat" else title))
        index += len(turns)
    return Map(tuple(kept), tuple(modules))


def _turns(cells: Sequence[Cell], groups: Sequence[tuple[tuple[str, int], list[int]]], index: int) -> Iterator[list[int]]:
    """The turns from one on that are equal to it."""
    (prefix, number), first = groups[index]
    yield first
    for (name, turn), members in groups[index + 1:]:
        number += 1
        if not prefix or (name, turn) != (prefix, number) or _form(cells, members) != _form(cells, first):
            return
        yield members


def _form(cells: Sequence[Cell], members: Sequence[int]) -> tuple[object, ...]:
    """What a turn computes: boxes, rows and the links inside it."""
    place = {member: offset for offset, member in enumerate(members)}
    return tuple((tuple(box.words for box in cell.boxes), cell.times, cell.row,
                  tuple((place.get(feed.source), tuple(box.words for box in feed.path)) for feed in cell.feeds))
                 for cell in (cells[member] for member in members))
