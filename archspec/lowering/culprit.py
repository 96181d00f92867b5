"""Which change brings a problem that shows in a file that is extended, or in a block that ships.

What a file or --set changes is taken back, one change at a time, and the network is lowered again: the change without which
the problem is gone is its cause. So nothing has to be known of the ways in which a value leads to a problem.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from archspec.errors import Problem, Where, shorten
from archspec.lowering.blame import distance, moved
from archspec.schema.tree import MappingTree, Scalar, Tree, plain
from archspec.spec.arch import INPUT
from archspec.spec.dump import to_inline
from archspec.spec.inherit import SET, Resolved, undone

Trial = Callable[[Resolved], Sequence[Problem]]
"""Every problem of a spec."""
Places = frozenset[tuple[str, Where]]
"""By code and place."""

MOST_TRIALS = 40
MOST_WORK = 200_000
"""How often a spec is lowered again to find causes, and how many items and values may be looked at in all."""
SECTIONS = ("input", "classes", "output_stride", "let", "defaults", "parameters", "include", "blocks", "stem", "stages", "head",
            "auxiliary")
"""What a network is made of."""
DEEPEST = {"defaults": 3, "stages": 3}
"""How far down a section is searched; all others to their keys."""
IN_STAGES = re.compile(r"stages(\.\w+)+")
"""The path of an argument that is given to all stages, or to one by its name."""
LARGEST = 1024
"""Inputs up to this size are tried, in pixels a side."""
USUAL = 224
"""The size that is named where any would do."""


@dataclass(frozen=True)
class Change:
    """What one layer of the spec says at a path, where it stands, and what to write instead."""

    where: Where
    hint: str


def told_at_causes(resolved: Resolved, found: Sequence[Problem], trial: Trial, cost: int) -> list[Problem]:
    """The problems, each at the change that brings it, or at the call of the user's own that leads to it.

    What one change brings is one problem: the first. A trial costs about `cost` items and values.
    """
    search, told = _Search(resolved, found, trial, min(MOST_TRIALS, MOST_WORK // max(1, cost))), list[Problem]()
    for problem in found:
        change = search.cause(problem)
        better = (_at_own_call(problem) if change is None
                  else replace(moved(problem, change.where), hint=_taken_back(problem, change) or change.hint))
        if not better.hint and search.needless(better):
            better = replace(better, hint="write none to leave it out")
        if better is problem or all(other.where != better.where for other in told):
            told.append(better)
    return told


def _taken_back(problem: Problem, change: Change) -> str:
    """Hint for an argument that a block no longer takes, where the file that gives it is not the one that changed the block."""
    given = IN_STAGES.fullmatch(problem.where.path)
    if problem.code != "unknown-argument" or given is None or problem.where.file == change.where.file:
        return ""
    *above, key = problem.where.path.split(".")
    return f"take it back: {': {'.join(above)}: {{{key}: null{'}' * len(above)}"


def _at_own_call(problem: Problem) -> Problem:
    """The problem at the innermost call that is nearer to the user than its place."""
    closer = [call for call in problem.calls if distance(call) < distance(problem.where)]
    return moved(problem, min(closer, key=distance)) if closer else problem


class _Search:
    """Takes changes back; each is tried once."""

    def __init__(self, resolved: Resolved, found: Sequence[Problem], trial: Trial, trials: int) -> None:
        self.resolved, self.trial = resolved, trial
        self.trials = trials
        """How many more may be made."""
        self.found = _places(found)
        self.files = [layer.tree.where.file for layer in resolved.layers]
        self.tried: dict[tuple[int, tuple[str, ...]], Places | None] = {}
        self.sizes: dict[str, str] = {}

    def cause(self, problem: Problem) -> Change | None:
        """The change that brings a problem, of the latest layer that has one."""
        edit = self.edit(problem)
        if edit is not None:
            return edit
        file = problem.where.file
        stands = len(self.files) - 1 - self.files[::-1].index(file) if file in self.files else 0
        for layer in range(len(self.files) - 1, stands, -1):
            own = file != SET and not distance(self.resolved.layers[layer].tree.where)
            sections = sections_in(self.resolved.layers[layer].tree)
            if not distance(problem.where) and file not in self.files:  # a file that is included, and the user's own
                sections = [section for section in sections if section != "include"]
            path = self.within(layer, (), sections, problem) if own else ()
            if path:
                return self.change(layer, path)
        return self.small_input(problem) if distance(problem.where) else None

    def edit(self, problem: Problem) -> Change | None:
        """The edit of a block that brings a problem that shows in what it edits."""
        for layer in reversed(range(len(self.files))):
            if not distance(problem.where) and self.files[layer] == problem.where.file:
                continue
            for path in edits_in(self.resolved.layers[layer].tree):
                if self.brings(layer, path, problem):
                    return self.change(layer, path)
        return None

    def within(self, layer: int, path: tuple[str, ...], keys: Iterable[str], problem: Problem) -> tuple[str, ...]:
        """The path of the first change of a layer that brings a problem, as deep as it can be told; () for none."""
        tree = at(self.resolved.layers[layer].tree, path)
        for key in keys:
            inner, below = (*path, key), tree.entries.get(key) if isinstance(tree, MappingTree) else None
            if below is not None and self.brings(layer, inner, problem):
                if not isinstance(below, MappingTree) or len(inner) >= DEEPEST.get(inner[0], 2):
                    return inner
                return self.within(layer, inner, below.entries, problem) or inner
        return ()

    def brings(self, layer: int, path: tuple[str, ...], problem: Problem) -> bool:
        """Whether the problem is gone without a change, and no other has come."""
        if (layer, path) not in self.tried:
            self.tried[layer, path] = self.problems(undone(self.resolved, layer, path))
        left = self.tried[layer, path]
        return left is not None and (problem.code, problem.where) not in left and left <= self.found

    def problems(self, resolved: Resolved) -> Places | None:
        """What is wrong with a variant of the spec; None where no more may be tried."""
        self.trials -= 1
        return _places(self.trial(resolved)) if self.trials >= 0 else None

    def change(self, layer: int, path: tuple[str, ...]) -> Change:
        """A change, with what is in its place without it."""
        said = at(self.resolved.layers[layer].tree, path)
        if path[2:3] == ("edit",):
            return Change(key_of(self.resolved.layers[layer].tree, path), "without this edit nothing is wrong: change it, too")
        before = at(undone(self.resolved, layer, path).tree, path)
        assert said is not None
        if path == ("input",) and (size := self.size(said)):
            return Change(said.where, size)
        if before is None:
            return Change(said.where, "leave it out")
        file = before.where.called or before.where.file
        return Change(said.where, f"{file} has {'.'.join(path)}: {shorten(to_inline(plain(before)))}")

    def needless(self, problem: Problem) -> bool:
        """Whether a problem is at a 0 or a false for which none was meant: with that nothing is wrong there."""
        path = problem.where.path.split(".")
        tree = at(self.resolved.tree, path)
        if not isinstance(tree, Scalar) or tree.value not in (0, False) or tree.where != problem.where:
            return False
        left = self.problems(replace(self.resolved, tree=put(self.resolved.tree, path, Scalar("none", "none", tree.where))))
        return left is not None and left < self.found

    # -- the size of the image -------------------------------------------------------------------------------------

    def small_input(self, problem: Problem) -> Change | None:
        """The input as the cause, where it would be none if it were large."""
        tree = self.resolved.tree.entries.get("input")
        if tree is None or problem.code != "shape" or distance(tree.where) >= distance(problem.where):
            return None
        size = self.size(tree)
        return Change(tree.where, size) if size else None

    def size(self, tree: Tree) -> str:
        """Hint with an input with which there are no problems; '' where none is found."""
        match = INPUT.fullmatch(tree.text) if isinstance(tree, Scalar) else None
        if match is None:
            return ""
        if match[0] not in self.sizes:
            height, width, channels = match.groups()
            if "?" in (height, width):
                fits = self.fits(tree.where, USUAL, channels)
                self.sizes[match[0]] = f"give it a size, such as {USUAL}x{USUAL}x{channels}" if fits else ""
            else:
                self.sizes[match[0]] = self.smallest(tree.where, min(int(height), int(width)), channels)
        return self.sizes[match[0]]

    def smallest(self, where: Where, low: int, channels: str) -> str:
        """The smallest square input that is larger than one that is too small."""
        high = LARGEST
        if low >= high or not self.fits(where, high, channels):
            return ""
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (low, middle) if self.fits(where, middle, channels) else (middle, high)
        return f"at least {high}x{high}x{channels}"

    def fits(self, where: Where, side: int, channels: str) -> bool:
        """Whether nothing is wrong with an input of a size."""
        size = f"{side}x{side}x{channels}"
        entries = {**self.resolved.tree.entries, "input": Scalar(size, size, where)}
        larger = replace(self.resolved, tree=replace(self.resolved.tree, entries=entries))
        return self.problems(larger) == frozenset()


def sections_in(tree: MappingTree) -> list[str]:
    """The keys of a file, or of a --set as in stem[0], that make the network, in the order of SECTIONS."""
    names = {key: key.partition("[")[0] for key in tree.entries}
    return sorted((key for key, name in names.items() if name in SECTIONS), key=lambda key: SECTIONS.index(names[key]))


def edits_in(tree: MappingTree) -> Iterator[tuple[str, ...]]:
    """The path of each edit in the blocks of a file of the user's own."""
    blocks = tree.entries.get("blocks")
    for name, block in blocks.entries.items() if isinstance(blocks, MappingTree) and not distance(tree.where) else ():
        edit = at(block, ("edit",))
        for label in edit.entries if isinstance(edit, MappingTree) else ():
            yield "blocks", name, "edit", label


def key_of(tree: MappingTree, path: tuple[str, ...]) -> Where:
    """Where the last key of a path stands."""
    above = at(tree, path[:-1])
    assert isinstance(above, MappingTree)
    return above.key(path[-1])


def at(tree: Tree | None, path: Iterable[str]) -> Tree | None:
    """What stands at a path; None for nothing."""
    for key in path:
        tree = tree.entries.get(key) if isinstance(tree, MappingTree) else None
    return tree


def put(tree: Tree, path: Sequence[str], value: Tree) -> MappingTree:
    """A tree with another value at a path, which it has."""
    assert isinstance(tree, MappingTree)
    key, *rest = path
    return replace(tree, entries={**tree.entries, key: put(tree.entries[key], rest, value) if rest else value})


def _places(problems: Iterable[Problem]) -> Places:
    return frozenset((problem.code, problem.where) for problem in problems)
