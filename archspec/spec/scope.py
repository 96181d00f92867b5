"""What names stand for where an expression is read: a chain of small tables, never a copy of a larger one.

A scope is a view that does not change: names defined after it was taken are not in it. So a list closes over the names
before it, and cannot name itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from archspec.errors import Problem, Where, hinted
from archspec.io.stopping import go_on
from archspec.schema.tree import Scalar, Tree
from archspec.spec.expressions import Datum, ExpressionError
from archspec.spec.kept import Kept

MAX_STEPS = 500_000
"""Values that one spec may evaluate or give names to; the largest that ships needs 20,000."""
MAX_DEPTH = 40
"""Lists whose entries lead to one another."""


class TooLarge(Exception):
    """Stops the work on a spec that grows beyond its bounds; nothing goes on after it."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Seen:
    """An expression that was evaluated: what it came to, with which names known, and in which stage from 0, if in one."""

    tree: Scalar
    value: Datum
    scope: Scope
    stage: int | None


class Work:
    """What reading and lowering one spec has cost so far.

    `watched` says of which places `seen` is to tell how often an expression was evaluated there, and to what.
    """

    def __init__(self, watched: Callable[[Where], bool] | None = None) -> None:
        self.watched, self.seen = watched, list[Seen]()
        self.steps = 0
        self.bindings = 0
        self._depth = 0
        self._hints: dict[tuple[Where, str], str] = {}

    def step(self, where: Where, times: int = 1) -> None:
        """Counts a value that is evaluated, a long expression several times. Raises TooLarge."""
        self.steps += times
        self._check(where)

    def bind(self, tree: Tree | None) -> None:
        """Counts a value that gets a name, with what is written for it, if anything is. Raises TooLarge."""
        self.bindings += 1
        if tree is not None:
            self._check(tree.where)

    def _check(self, where: Where) -> None:
        go_on()
        if self.steps + self.bindings > MAX_STEPS:
            raise TooLarge(Problem("too-large", where, f"the spec evaluates and names more than {MAX_STEPS} values",
                                   "repeat less, or give blocks fewer parameters"))

    def see(self, tree: Scalar, value: Datum, scope: Scope) -> None:
        """Notes an expression that was evaluated, where its place is watched."""
        if self.watched is not None and self.watched(tree.where):
            stage = known.value if (known := scope.find("stage")) is not None else None
            self.seen.append(Seen(tree, value, scope, stage if isinstance(stage, int) else None))

    def problem(self, where: Where, error: ExpressionError) -> Problem:
        """The problem of an expression, which may be evaluated in each repeat: its hint is searched for once."""
        key = where, str(error)
        if key not in self._hints:
            self._hints[key] = hinted(self._hints, lambda: error.hint)
        return Problem("expression", where, str(error), self._hints[key])

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """An entry of a list that is evaluated within another. Raises ExpressionError."""
        if self._depth >= MAX_DEPTH:
            raise ExpressionError(f"more than {MAX_DEPTH} lists lead to one another",
                                  "give the values names of their own in let")
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1


class Binding(NamedTuple):
    """What a name stands for, its place among the names of its table, and where it was written with which names known.

    `given` says that it is a parameter of a block, and was given in a call.
    """

    value: Datum
    order: int = 0
    tree: Tree | None = None
    scope: Scope | None = None
    given: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class Scope(Mapping[str, Datum]):
    """The first `count` names of a table, and all of the scope around it.

    `position` are those of them that a called block knows too: the names of the spec, and where in the network it stands.
    """

    table: Mapping[str, Binding]
    count: int
    outer: Scope | None
    work: Work = field(repr=False)
    kept: Kept = field(repr=False)
    """The values of the network that lists written here know."""
    position: Scope | None = None
    declared: Mapping[str, Tree] = field(default_factory=dict, repr=False)
    """All names that the table will have, in order: those behind the first `count` and the next are not known yet."""

    @classmethod
    def empty(cls, kept: Kept | None = None, work: Work | None = None) -> Scope:
        """No names, and no work done yet."""
        return cls({}, 0, None, Work() if work is None else work, Kept() if kept is None else kept)

    def find(self, name: str) -> Binding | None:
        """What a name stands for; None if it is not known here."""
        scope: Scope | None = self
        while scope is not None:
            found = scope.table.get(name)
            if found is not None and found.order < scope.count:
                return found
            scope = scope.outer
        return None

    def later(self, name: str) -> Where | None:
        """Where a name is written that is defined behind the value that reads it; None if there is none."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.declared and name in islice(scope.declared, scope.count + 1, None):
                return scope.declared[name].where
            scope = scope.outer
        return None

    def knowing(self, **values: Datum) -> Scope:
        """The same with a few more names, which hide others of the same name."""
        self.work.bindings += len(values)
        return Scope({name: Binding(value) for name, value in values.items()}, 1, self, self.work, self.kept, self.around)

    def holding(self, table: Mapping[str, Binding]) -> Scope:
        """The same with a table of names that is there already, and counts as one: what is known of a value's shape."""
        self.work.bindings += 1
        return Scope(table, 1, self, self.work, self.kept, self.around)

    def standing(self, **values: Datum) -> Scope:
        """The same with a few more names that say where in the network this is."""
        inner = self.knowing(**values)
        around = self.around
        return Scope(inner.table, 1, self, self.work, self.kept, Scope(inner.table, 1, around, self.work, around.kept))

    def keeping(self, kept: Kept) -> Scope:
        """The same names in another body."""
        return Scope(self.table, self.count, self.outer, self.work, kept, self.position, self.declared)

    @property
    def around(self) -> Scope:
        """What a called block knows of this."""
        return self if self.position is None else self.position

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.find(name) is not None

    def __getitem__(self, name: str) -> Datum:
        found = self.find(name)
        if found is None:
            raise KeyError(name)
        return found.value

    def __iter__(self) -> Iterator[str]:
        seen: set[str] = set()
        scope: Scope | None = self
        while scope is not None:
            for name, binding in scope.table.items():
                if binding.order < scope.count and name not in seen:
                    seen.add(name)
                    yield name
            scope = scope.outer

    def __len__(self) -> int:
        return sum(1 for _ in self)


class Names:
    """A table in the making: names that are defined one after the other, each knowing those before it."""

    def __init__(self, outer: Scope, declared: Mapping[str, Tree] | None = None) -> None:
        self._outer, self._table, self._declared = outer, dict[str, Binding](), declared or {}

    @property
    def scope(self) -> Scope:
        """What is known by now."""
        if not self._table and not self._declared:
            return self._outer
        outer = self._outer
        return Scope(self._table, len(self._table), outer, outer.work, outer.kept, outer.position, self._declared)

    def define(self, name: str, value: Datum, tree: Tree | None = None, scope: Scope | None = None,
               given: bool = False) -> None:
        """Adds a name, which must be new to the table. Raises TooLarge."""
        assert name not in self._table
        self._outer.work.bind(tree)
        self._table[name] = Binding(value, len(self._table), tree, scope, given)

    def take(self, name: str, binding: Binding) -> None:
        """Adds a name with what it stands for elsewhere."""
        self.define(name, binding.value, binding.tree, binding.scope, binding.given)
