"""The state of a lowering: the graph so far, the problems so far, and how items are evaluated where they stand."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import NoReturn, TypeVar

from archspec.errors import Problem, SpecError, Where
from archspec.graph.builder import Builder
from archspec.graph.ir import Role, Value
from archspec.graph.ops import Conv, Dense, GroupNorm, LocalResponseNorm, Op, ShapeError, Shuffle, Tensor
from archspec.graph.text import describe as describe_op
from archspec.schema.keys import REQUIRED
from archspec.spec.arch import Spec
from archspec.spec.arguments import Quoted, convert, value_of
from archspec.spec.blocks import Block
from archspec.spec.expressions import UNKNOWN, Unknown, describe, is_expression
from archspec.spec.expressions import Value as Datum
from archspec.spec.items import Arg, Item, ItemReader, Items, Paths, ShortcutCases
from archspec.spec.operations import OPERATIONS
from archspec.spec.source import Mapping as MappingTree
from archspec.spec.source import Scalar, Sequence, Tree

T = TypeVar("T")
Notes = Callable[[], tuple[str, ...]]
"""What a message adds; made only when there is one."""
MAX_NODES = 50_000
MAX_ITEMS = 200_000
MAX_NESTING = 60
LONGEST_CHAIN = 6
MAX_CALLS = 3
"""How many calls of blocks a message shows."""


class TooLarge(Exception):
    """Stops the lowering of a network that grows beyond its bounds; nothing goes on after it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a list is lowered: the start of its layer names, the names its expressions know, and the unit."""

    prefix: str
    names: Mapping[str, Datum]
    unit: str

    def level(self, name: str) -> Place:
        """One level further down in the layer names."""
        return Place(f"{self.prefix}_{name}", self.names, self.unit)

    def knowing(self, **names: Datum) -> Place:
        """The same place with more names."""
        return Place(self.prefix, {**self.names, **names}, self.unit)


@dataclass(frozen=True, slots=True)
class Call:
    """An item where it stands, ready to be lowered."""

    context: Context
    item: Item
    place: Place
    args: Mapping[str, Arg]

    @property
    def name(self) -> str:
        """The layer name."""
        return f"{self.place.prefix}_{self.item.label}"

    @property
    def where(self) -> Where:
        """Where the item is written."""
        return self.item.where

    def tree(self, key: str) -> Arg | None:
        """What is written for an argument, here or in defaults."""
        found = self.args.get(key)
        if found is None:
            found = self.context.spec.defaults.get(self.item.name, {}).get(key)
        if found is None and key == "padding":
            found = self.context.spec.padding
        return found

    def get(self, key: str) -> object:
        """The value of an argument; its default where nothing is written. Raises SpecError or Unknown."""
        assert self.item.signature is not None
        declared = self.item.signature.arguments[key]
        tree = self.tree(key)
        if tree is not None:
            value, where = self.context.value(tree, self.place), tree.where
        elif declared.default == REQUIRED:
            raise SpecError([Problem("missing", self.where, f"{self.item.name} needs {key}",
                                     f"it takes {self.item.signature.takes()}")])
        elif declared.default in (None, "none"):
            return None
        else:
            value, where = declared.default, self.where
        return convert(f"{self.item.name}: {key}", declared, value, where)

    def values(self, *keys: str) -> dict[str, object]:
        """Several arguments; raises one SpecError with the problems of all of them."""
        found: dict[str, object] = {}
        problems: list[Problem] = []
        unknown: Unknown | None = None
        for key in keys:
            try:
                found[key] = self.get(key)
            except SpecError as error:
                problems.extend(error.problems)
            except Unknown as error:
                unknown = error
        if problems:
            raise SpecError(problems)
        if unknown is not None:
            raise unknown
        return found

    def add(self, op: Op, *inputs: Value | None, suffix: str = "", notes: Notes = tuple) -> Value | None:
        """Adds a node under the item's name."""
        return self.context.add(op, *inputs, name=self.name + suffix, where=self.where, notes=notes)

    def chain(self, value: Value) -> str:
        """How a value came about: the last operations before it, each with the shape it gives."""
        nodes = {node.name: node for node in self.context.builder.nodes}
        steps: list[str] = []
        node = nodes.get(value.name)
        while node is not None and node.inputs and len(steps) < LONGEST_CHAIN and node.name.startswith(f"{self.place.prefix}_"):
            steps.append(f"{describe_op(node.op)} {node.output.type}")
            node = nodes.get(node.inputs[0].name)
        start = f"{value.type}" if not steps else f"{node.output.type}" if node is not None else ""
        return " -> ".join([start, *reversed(steps)])


Handler = Callable[[Call, Value | None], Value | None]


@dataclass(frozen=True, slots=True)
class Frame:
    """A call of a block that is being lowered."""

    name: str
    place: str
    where: Where


@dataclass
class Context:
    """Lowers lists item by item. A value of None stands for one that a reported problem has made unknown."""

    spec: Spec
    builder: Builder
    handlers: Mapping[str, Handler]
    call_block: Handler
    problems: list[Problem] = field(default_factory=list)
    stack: list[Frame] = field(default_factory=list)
    called: set[str] = field(default_factory=set)
    count: int = 0
    nesting: int = 0
    base_names: dict[str, Datum] = field(default_factory=dict)
    _lists: dict[int, tuple[Tree, Items]] = field(default_factory=dict)
    _seen: set[tuple[str, Where, str]] = field(default_factory=set)

    def report(self, *problems: Problem) -> None:
        """Keeps problems, with the calls that lead to them; a place that is lowered many times is reported once a section."""
        new = [problem for problem in problems if self._seen.isdisjoint(_marks(problem, self.builder.section))]
        self._seen.update(mark for problem in new for mark in _marks(problem, self.builder.section))
        self.problems.extend(replace(problem, notes=(*problem.notes, *self._calls())) for problem in new)

    def _calls(self) -> Iterator[str]:
        """The calls of blocks that lead to where the lowering stands, the innermost first."""
        for frame in reversed(self.stack[-MAX_CALLS:]):
            yield f"in the block {frame.name} ({frame.place}), called from {frame.where}"

    def stop(self, where: Where, message: str, hint: str) -> NoReturn:
        """Ends the lowering."""
        self.problems.append(Problem("too-large", where, message, hint))
        raise TooLarge

    def grow(self, where: Where) -> None:
        """Counts an item or a list."""
        self.count += 1
        if self.count > MAX_ITEMS:
            self.stop(where, f"the network has more than {MAX_ITEMS} items, those of its blocks and repeats counted",
                      "repeat less")

    @contextmanager
    def within(self, frame: Frame) -> Iterator[None]:
        """What a block holds."""
        self.stack.append(frame)
        try:
            yield
        finally:
            self.stack.pop()

    @contextmanager
    def role(self, role: Role) -> Iterator[None]:
        """Marks the nodes that are added as on a side path; a path inside another keeps the outer role."""
        before = self.builder.role
        self.builder.role = role if before == "main" else before
        try:
            yield
        finally:
            self.builder.role = before

    def block(self, name: str) -> Block | None:
        """The block of that name; None if there are problems in it, which are reported."""
        before = len(self.spec.blocks.problems)
        found = self.spec.blocks.get(name)
        self.report(*self.spec.blocks.problems[before:])
        return found

    # -- nodes -----------------------------------------------------------------------------------------------------

    def add(self, op: Op, *inputs: Value | None, name: str, where: Where, notes: Notes = tuple) -> Value | None:
        """Adds a node. Reports a shape that does not fit and goes on with the best guess."""
        known = [value for value in inputs if value is not None]
        if len(known) != len(inputs):
            return None
        if len(self.builder.nodes) >= MAX_NODES:
            self.stop(where, f"the network has more than {MAX_NODES} operations", "repeat less")
        try:
            return self.builder.add(op, *known, name=name, where=where)
        except ShapeError as error:
            self.report(Problem("shape", where, f"{name}: {error}", error.hint, notes()))
            return _guess(op, known, name)

    # -- lists -----------------------------------------------------------------------------------------------------

    def items(self, items: Items, value: Value | None, place: Place) -> Value | None:
        """A list, one item after the other."""
        self.grow(items.where)
        if self.nesting >= MAX_NESTING:
            self.stop(items.where, f"operation lists are nested deeper than {MAX_NESTING} levels, calls of blocks counted",
                      "let blocks call fewer blocks")
        self.nesting += 1
        try:
            for item in items.items:
                value = self.item(item, value, place)
        finally:
            self.nesting -= 1
        return value

    def item(self, item: Item, value: Value | None, place: Place) -> Value | None:
        """One item: left out if its condition or its main argument says so."""
        self.grow(item.where)
        if item.signature is None:
            return None
        place = place.knowing(channels=UNKNOWN if value is None else value.type.channels)
        try:
            if not self.holds(item.condition, place):
                return value
            args = self.main(item, place)
            if args is None:
                return value
            handler = self.call_block if item.signature.is_block else self.handlers[item.name]
            return handler(Call(self, item, place, args), value)
        except SpecError as error:
            self.report(*error.problems)
        except Unknown:
            pass
        return None

    def holds(self, condition: Tree | None, place: Place) -> bool:
        """Whether `if=` is true or absent."""
        if condition is None:
            return True
        value = self.value(condition, place)
        if isinstance(value, bool):
            return value
        raise SpecError([Problem("argument", condition.where, f"if needs true or false, this is {describe(value)}",
                                 "compare it: if=$(x > 0)")])

    def main(self, item: Item, place: Place) -> Mapping[str, Arg] | None:
        """The arguments; None if the main one is none or false, and without it if it is true."""
        assert item.signature is not None
        name = item.signature.main
        tree = item.args.get(name) if name is not None else None
        if not isinstance(tree, Scalar):
            return item.args
        value = self.value(tree, place)
        if value is None or value is False:
            return None
        return {key: arg for key, arg in item.args.items() if key != name} if value is True else item.args

    def value(self, tree: Arg, place: Place) -> Datum:
        """What an argument means where it stands."""
        if isinstance(tree, Scalar | Sequence | MappingTree):
            return value_of(tree, place.names, place.unit)
        raise SpecError([Problem("argument", tree.where, "a list of operations cannot stand here")])

    def listed(self, arg: Arg, key: str, place: Place) -> tuple[Items, Place] | None:
        """An operation list, written here or passed as an argument, and the place where it is read; None for none."""
        if isinstance(arg, Items):
            return arg, place
        value = self.value(arg, place)
        if value is None:
            return None
        if not isinstance(value, Quoted):
            raise SpecError([Problem("not-a-list", arg.where, f"{key} needs a list of operations, this is {describe(value)}")])
        level = arg.text[1:] if isinstance(arg, Scalar) and is_expression(arg.text) and arg.text[1:].isidentifier() else key
        return self.read(value.tree), Place(f"{place.prefix}_{level}", {**value.names, "channels": place.names["channels"]},
                                            value.unit)

    def read(self, tree: Tree) -> Items:
        """A tree as an operation list; each is read once."""
        if id(tree) not in self._lists:
            self._lists[id(tree)] = tree, self._reading(lambda reader: reader.items(tree))
        return self._lists[id(tree)][1]

    def default_padding(self, operation: str) -> object:
        """The padding that holds for an operation where it says none."""
        tree = self.spec.defaults.get(operation, {}).get("padding", self.spec.padding)
        declared = OPERATIONS[operation].arguments["padding"]
        return declared.default if tree is None else convert("padding", declared, value_of(tree, {}), tree.where)

    def shortcut(self, tree: Tree) -> ShortcutCases:
        """A `{matching, differing}` that was passed as an argument."""
        read = self._reading(lambda reader: reader.shortcut(tree))
        assert isinstance(read, ShortcutCases)
        return read

    def paths(self, tree: Tree) -> Paths:
        """The paths of branches that were passed as an argument."""
        read = self._reading(lambda reader: reader.paths(tree))
        assert isinstance(read, Paths)
        return read

    def _reading(self, read: Callable[[ItemReader], T]) -> T:
        """Reads something late, and reports what is wrong with it."""
        reader = self.spec.blocks.reader
        before = len(reader.problems)
        found = read(reader)
        self.report(*reader.problems[before:])
        return found

    def lower_listed(self, arg: Arg, key: str, value: Value | None, place: Place) -> Value | None:
        """Lowers an operation list that may have been passed as an argument; none is the identity."""
        found = self.listed(arg, key, place)
        return value if found is None else self.items(found[0], value, found[1])


def _marks(problem: Problem, section: str) -> tuple[tuple[str, Where, str], ...]:
    """By what a problem is known again: what it says, and the section in which the same place failed."""
    return (problem.code, problem.where, problem.message), (problem.code, problem.where, f"in {section}")


def _guess(op: Op, inputs: list[Value], name: str) -> Value | None:
    """What an operation that does not fit would give if it did, so that later problems are found too."""
    if len(inputs) > 1:
        return Value(name, inputs[0].type)
    if isinstance(op, Shuffle | LocalResponseNorm | GroupNorm):
        return Value(name, inputs[0].type)
    if isinstance(op, Dense):
        return Value(name, Tensor((op.units,)))
    if isinstance(op, Conv) and op.groups > 1:
        try:
            return Value(name, replace(op, groups=1).infer(inputs[0].type))
        except ShapeError:
            return None
    return None
