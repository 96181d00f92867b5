"""How items are evaluated where they stand, and become nodes: what every operation is lowered with."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, TypeVar

from archspec.errors import Problem, SpecError, Where
from archspec.graph.builder import Builder
from archspec.graph.ir import Role, Value
from archspec.graph.ops import Conv, Dense, GroupNorm, LocalResponseNorm, Op, Shuffle
from archspec.graph.text import op_text
from archspec.graph.types import ShapeError, Tensor
from archspec.lowering.blame import blame_one, blamed, distance, moved
from archspec.lowering.place import Place
from archspec.lowering.sink import Limits, Problems
from archspec.schema.keys import REQUIRED, Key
from archspec.schema.tree import Scalar, Tree
from archspec.spec.arch import Spec
from archspec.spec.arguments import Quoted, convert, default_of, value_of
from archspec.spec.expressions import UNKNOWN, Datum, Unknown, describe, is_expression
from archspec.spec.item_reader import ItemReader
from archspec.spec.items import Arg, Item, Items, Paths, ShortcutCases
from archspec.spec.operations import EXAMPLES, OPERATIONS
from archspec.spec.scope import Scope

if TYPE_CHECKING:
    from archspec.lowering.flow import Dropped, Missing

T = TypeVar("T")
Notes = Callable[[], tuple[str, ...]]
"""What a message adds; made only when there is one."""
LONGEST_CHAIN = 6


@dataclass(frozen=True, slots=True)
class Call:
    """An item where it stands, ready to be lowered."""

    lowering: Lowering
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

    def on(self, role: Role) -> Call:
        """The same on a side path."""
        return replace(self, place=self.place.on(role))

    def report(self, *problems: Problem) -> None:
        """Keeps problems and goes on."""
        self.lowering.problems.report(*problems, place=self.place)

    def tree(self, key: str) -> Arg | None:
        """What is written for an argument, here or in defaults."""
        found = self.args.get(key)
        if found is None:
            found = self.lowering.spec.defaults.get(self.item.name, {}).get(key)
        if found is None and key == "padding":
            found = self.lowering.spec.padding
        return found

    def get(self, key: str) -> object:
        """The value of an argument; its default where nothing is written. Raises SpecError or Unknown."""
        assert self.item.signature is not None
        declared = self.item.signature.arguments[key]
        tree = self.tree(key)
        if tree is not None:
            return self.lowering.converted(f"{self.item.name}: {key}", declared, tree, self.place)
        if declared.default == REQUIRED:
            raise SpecError([self._lacking((key,))])
        return default_of(declared)

    def values(self, *keys: str) -> dict[str, object]:
        """Several arguments; raises one SpecError with the problems of all of them."""
        assert self.item.signature is not None
        found: dict[str, object] = {}
        declared = self.item.signature.arguments
        lacking = tuple(key for key in keys if declared[key].default == REQUIRED and self.tree(key) is None)
        problems = [self._lacking(lacking)] if lacking else []
        unknown: Unknown | None = None
        for key in keys:
            if key in lacking:
                continue
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

    def _lacking(self, keys: Sequence[str]) -> Problem:
        """Arguments that have to be given and are not."""
        assert self.item.signature is not None
        example = EXAMPLES.get(self.item.name)
        return Problem("missing", self.where, f"{self.item.name} needs {' and '.join(keys)}",
                       f"{f'as in {example}; ' if example else ''}it takes {self.item.signature.takes()}")

    def add(self, op: Op, *inputs: Value | None, suffix: str = "", name: str = "", notes: Notes = tuple) -> Value | None:
        """Adds a node, by default under the item's name. Reports a shape that does not fit and goes on with a guess."""
        known = [value for value in inputs if value is not None]
        if len(known) != len(inputs):
            return None
        lowering, name = self.lowering, name or self.name + suffix
        lowering.limits.node(len(lowering.builder.nodes), self.where)
        try:
            return lowering.builder.add(op, *known, name=name, where=self.where, cursor=self.place.cursor)
        except ShapeError as error:
            problem = Problem("shape", self.where, f"{name}: {error}", error.hint, notes())
            self.report(self._blamed(problem, error.concerns, known))
            return _guess(op, known, name)

    def _blamed(self, problem: Problem, concerns: tuple[str, ...], inputs: list[Value]) -> Problem:
        """A shape that does not fit, at the one argument of the user's own, or at what made a vector of the map before it."""
        assert self.item.signature is not None
        keys = [key for key in self.item.signature.arguments if key in concerns]
        found = blame_one(problem, [arg for key in keys if isinstance(arg := self.args.get(key), Scalar)], self.place.scope)
        if found is problem:  # a default of the spec that ships is as far from the user as the item
            usual = [tree for key in keys if isinstance(tree := self.tree(key), Scalar) and not distance(tree.where)]
            found = blame_one(problem, usual, self.place.scope)
        if found is problem and not all(value.type.is_map for value in inputs):
            made = self.lowering.builder.node(inputs[0].name)
            while made is not None and made.inputs and not made.types[0].is_map:
                made = self.lowering.builder.node(made.inputs[0].name)
            if made is not None and distance(made.where) < distance(problem.where):
                return moved(problem, made.where)
        return found

    def chain(self, value: Value, start: Value) -> str:
        """How a value came about from the one that a path starts with: its operations, each with the shape it gives."""
        builder, steps = self.lowering.builder, list[str]()
        node = builder.node(value.name)
        while node is not None and node.inputs and node.name != start.name:
            steps.append(f"{op_text(node.op)} {node.output.type}")
            node = builder.node(node.inputs[0].name)
        first = start.type if node is None else node.output.type  # where a `use` stands between, that of the image
        steps = [*steps[:LONGEST_CHAIN], "…"] if len(steps) > LONGEST_CHAIN else steps
        return " -> ".join([str(first), *reversed(steps)])


Handler = Callable[[Call, Value | None], Value | None]


@dataclass(frozen=True, slots=True)
class Lowering:
    """One run through a spec. A value of None stands for one that a reported problem has made unknown.

    `base` are the names known everywhere in the spec. `called` gathers the blocks that are lowered.
    """

    spec: Spec
    builder: Builder
    problems: Problems
    limits: Limits
    base: Scope
    handlers: Mapping[str, Handler]
    call_block: Handler
    called: set[str] = field(default_factory=set)
    dropped: list[Dropped] = field(default_factory=list)
    missing: dict[Where, Missing] = field(default_factory=dict)
    """What flow.py looks at when all is built: values that were left behind, and names that were not known."""
    _lists: dict[int, tuple[Tree, Items]] = field(default_factory=dict)

    # -- lists -----------------------------------------------------------------------------------------------------

    def items(self, items: Items, value: Value | None, place: Place) -> Value | None:
        """A list, one item after the other."""
        self.limits.item(items.where)
        self.limits.nesting(place.depth, items.where)
        inside = place.inside()
        last = None if place.first_bias is None else self._last(items, inside)
        for item in items.items:
            value = self.item(item, value, inside.starting(place.first_bias) if item is last else inside)
        return value

    def _last(self, items: Items, place: Place) -> Item | None:
        """The last item of a list that is not left out."""
        known = place.at(None)
        return next((item for item in reversed(items.items) if item.name != "keep" and self._stays(item, known)), None)

    def _stays(self, item: Item, place: Place) -> bool:
        try:
            return self.holds(item.condition, place) and self.main(item, place) is not None
        except (SpecError, Unknown):
            return True

    def item(self, item: Item, value: Value | None, place: Place) -> Value | None:
        """One item: left out if its condition or its main argument says so."""
        self.limits.item(item.where)
        if item.signature is None:
            return None
        place = place.at(value)
        try:
            if not self.holds(item.condition, place):
                return value
            args = self.main(item, place)
            if args is None:
                return value
            handler = self.call_block if item.signature.is_block else self.handlers[item.name]
            return handler(Call(self, item, place, args), value)
        except SpecError as error:
            for arg in item.args.values():
                error = blamed(error, arg, place.scope) if isinstance(arg, Scalar) else error
            self.problems.report(*error.problems, place=place)
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
        raise blamed(SpecError([Problem("argument", condition.where, f"if needs true or false, this is {describe(value)}",
                                        "compare it: if=$(x > 0)")]), condition, place.scope)

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

    def lower_listed(self, arg: Arg, key: str, value: Value | None, place: Place) -> Value | None:
        """Lowers an operation list that may have been passed as an argument; none is the identity."""
        found = self.listed(arg, key, place)
        return value if found is None else self.items(found[0], value, found[1])

    def listed(self, arg: Arg, key: str, place: Place, level: str = "") -> tuple[Items, Place] | None:
        """An operation list, written here or passed as an argument, and the place where it is read; None for none.

        The layers of one that was passed stand a level down: `level`, or else the name it has here.
        """
        if isinstance(arg, Items):
            return arg, place
        value = self.value(arg, place)
        if value is None:
            return None
        if not isinstance(value, Quoted):
            raise SpecError([Problem("not-a-list", arg.where, f"{key} needs a list of operations, this is {describe(value)}")])
        if not level:
            level = arg.text[1:] if isinstance(arg, Scalar) and is_expression(arg.text) and arg.text[1:].isidentifier() else key
        return self.read(value.tree, place), place.level(level).reading(value.scope, value.unit)

    # -- values ----------------------------------------------------------------------------------------------------

    def value(self, tree: Arg, place: Place) -> Datum:
        """What an argument means where it stands. Raises SpecError or Unknown."""
        if not isinstance(tree, Tree):
            raise SpecError([Problem("argument", tree.where, "a list of operations cannot stand here")])
        try:
            return value_of(tree, place.scope, place.unit)
        except SpecError as error:
            raise blamed(error, tree, place.scope) from None

    def converted(self, what: str, declared: Key, tree: Arg, place: Place) -> object:
        """An argument as the graph wants it. Raises SpecError or Unknown."""
        value = self.value(tree, place)
        try:
            return convert(what, declared, value, tree.where)
        except SpecError as error:
            assert isinstance(tree, Tree)
            raise blamed(error, tree, place.scope) from None

    def known_value(self, tree: Tree, place: Place) -> Datum:
        """A value; UNKNOWN after a problem, which is reported."""
        try:
            return self.value(tree, place)
        except SpecError as error:
            self.problems.report(*error.problems, place=place)
        except Unknown:
            pass
        return UNKNOWN

    def default_padding(self, operation: str) -> object:
        """The padding that holds for an operation where it says none."""
        tree = self.spec.defaults.get(operation, {}).get("padding", self.spec.padding)
        declared = OPERATIONS[operation].arguments["padding"]
        return declared.default if tree is None else convert("padding", declared, value_of(tree, self.base), tree.where)

    # -- lists that were passed as arguments -------------------------------------------------------------------------

    def read(self, tree: Tree, place: Place) -> Items:
        """A tree as an operation list; each is read once."""
        if id(tree) not in self._lists:
            self._lists[id(tree)] = tree, self._reading(lambda reader: reader.items(tree), place)
        return self._lists[id(tree)][1]

    def shortcut(self, tree: Tree, place: Place) -> ShortcutCases:
        """A `{matching, differing}` that was passed as an argument. Raises Unknown after a problem in it."""
        read = self._reading(lambda reader: reader.shortcut(tree), place)
        if isinstance(read, Scalar):
            raise Unknown(read.text)
        assert isinstance(read, ShortcutCases)
        return read

    def paths(self, tree: Tree, place: Place) -> Paths:
        """The paths of branches that were passed as an argument."""
        read = self._reading(lambda reader: reader.paths(tree), place)
        assert isinstance(read, Paths)
        return read

    def _reading(self, read: Callable[[ItemReader], T], place: Place) -> T:
        """Reads something late, and reports what is wrong with it."""
        problems: list[Problem] = []
        found = read(ItemReader(self.spec.blocks.signatures, problems))
        self.problems.report(*problems, place=place)
        return found


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
