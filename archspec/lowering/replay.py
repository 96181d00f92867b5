"""Repeats of a stage that are alike are lowered once; the others are the same nodes under other names.

A repeat is lowered from what its key holds: the parts of the spec that a block reads, what the stage gives it and where that
is written, as far as layers remember it, the type of what enters it and, where it takes that, of what entered the one before,
and, where anything in the spec reads it, its place among the repeats. What was found wrong, or could not be told apart from
elsewhere, is never taken up again.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from archspec.errors import Where
from archspec.graph.ir import Cursor, Frame, Node, Value
from archspec.io.stopping import go_on
from archspec.lowering.lowering import Call, Lowering
from archspec.lowering.sink import MAX_ITEMS, MAX_NODES
from archspec.lowering.stages import StagePlan, run_repeat
from archspec.schema.tree import ListTree, Scalar, Tree, plain
from archspec.spec.arch import Spec
from archspec.spec.reading import names_read
from archspec.spec.scope import MAX_STEPS, Seen
from archspec.spec.strict import use_of

PLACE = {"index", "first", "last", "block", "blocks", "depth", "stage", "stages", "repeats"}
"""Names that say where a repeat stands."""
SECTIONS = ("blocks", "let", "defaults", "parameters", "input", "memory", "output_stride")
"""What a block may read of a spec beside what its stage gives it."""
MOST = 4000
"""Repeats that are kept; beyond that one begins anew."""


@dataclass(frozen=True, slots=True)
class Repeat:
    """A repeat as it was lowered, and what that added to what is counted."""

    prefix: str
    nodes: tuple[Node, ...]
    taken: Mapping[str, str]
    entered: str
    previous: str
    result: str
    items: int
    steps: int
    bindings: int
    called: frozenset[str]
    seen: tuple[Seen, ...]
    looks_back: bool
    """Whether it takes what entered the repeat before it."""

    def fits(self, lowering: Lowering) -> bool:
        """Whether the network stays within its bounds with it; where it does not, lowering says which item is too much."""
        work = lowering.base.work
        return (lowering.limits.items + self.items <= MAX_ITEMS and len(lowering.builder.nodes) + len(self.nodes) <= MAX_NODES
                and work.steps + work.bindings + self.steps + self.bindings <= MAX_STEPS)

    def again(self, lowering: Lowering, prefix: str, cursor: Cursor, stage: int, value: Value, previous: Value) -> Value:
        """Adds the nodes under the names that they have in another place, and gives the repeat's result there."""
        go_on()
        values, calls = {self.previous: previous, self.entered: value}, dict[int, tuple[Frame, ...]]()
        for node in self.nodes:
            name = prefix + node.name[len(self.prefix):]
            values[node.name] = Value(name, node.output.type)
            if id(node.calls) not in calls:
                calls[id(node.calls)] = tuple(self._frame(frame, prefix, values) for frame in node.calls)
            inputs = tuple(values[each.name] for each in node.inputs)
            lowering.builder.append(Node(name, node.op, inputs, values[node.name], node.where, cursor.section, cursor.block,
                                         node.role, node.recompute, calls[id(node.calls)]))
        for name, known in self.taken.items():
            lowering.builder.take(values[name], known, cursor)
        lowering.limits.items += self.items
        lowering.base.work.steps += self.steps
        lowering.base.work.bindings += self.bindings
        lowering.base.work.seen.extend(replace(each, stage=stage) for each in self.seen)
        lowering.called.update(self.called)
        return values[self.result]

    def _frame(self, frame: Frame, prefix: str, values: Mapping[str, Value]) -> Frame:
        entered = values[frame.entered].name if frame.entered else ""
        return Frame(frame.name, prefix + frame.prefix[len(self.prefix):], frame.where, entered)


@dataclass(slots=True)
class Repeats:
    """Repeats by their keys, of one spec or of several that share parts of their trees."""

    found: dict[Hashable, Repeat] = field(default_factory=dict)
    held: dict[int, Tree] = field(default_factory=dict)
    """Trees that keys name by their identity, so that it stays theirs."""

    def context(self, spec: Spec) -> Hashable:
        """What of a spec all its repeats read, but for what their stages give them; whether they read where they stand."""
        entries = spec.resolved.tree.entries
        trees = [entries.get(name) for name in SECTIONS]
        trees.extend(file.blocks for file in spec.resolved.included)
        self.held.update((id(tree), tree) for tree in trees if tree is not None)
        defaults = [tree for given in spec.defaults.values() for tree in given.values()]
        inside = [tree for name in ("parameters", "stages") if (tree := entries.get(name)) is not None]
        names = use_of(inside, spec.let.values(), spec.blocks).names | names_read(*defaults, *spec.let.values(), spec.padding)
        classes = spec.classes if "classes" in names else None
        return not PLACE.isdisjoint(names), classes, *(None if tree is None else id(tree) for tree in trees)

    def put(self, key: Hashable, repeat: Repeat) -> None:
        """Keeps a repeat."""
        if len(self.found) >= MOST:
            self.found.clear()
        self.found[key] = repeat


@dataclass(slots=True)
class Player:
    """Lowers the repeats of one spec."""

    lowering: Lowering
    repeats: Repeats
    context: Hashable
    _given: dict[int, tuple[StagePlan, str]] = field(default_factory=dict)

    @property
    def placed(self) -> bool:
        """Whether anything reads where a repeat stands."""
        assert isinstance(self.context, tuple)
        return bool(self.context[0])

    def run(self, call: Callable[[], Call], cursor: Cursor, plan: StagePlan, index: int, value: Value | None,
            previous: Value | None) -> Value | None:
        """One repeat; see run_repeat. Of one that is taken up again the call, with all its names, is not made."""
        if value is None or previous is None:
            return run_repeat(call(), plan, index, value, previous)
        key = self._key(plan, index, value)
        back = key, previous.type, previous.name == value.name
        known = self.repeats.found.get(key) or self.repeats.found.get(back)
        if known is not None and known.fits(self.lowering):
            return known.again(self.lowering, plan.prefix(index), cursor, plan.index, value, previous)
        repeat, result = self._recorded(call, plan, index, value, previous)
        if repeat is not None:
            self.repeats.put(back if repeat.looks_back else key, repeat)
        return result

    def _key(self, plan: StagePlan, index: int, value: Value) -> Hashable:
        if plan.index not in self._given or self._given[plan.index][0] is not plan:
            said = {key: plain(tree) for key, tree in plan.stage.arguments.items()}
            stride = None if plan.stage.stride is None else plain(plan.stage.stride)
            dilations = None if plan.dilations is None else [each.value for each in plan.dilations]
            places = [plan.stage.block.where, *(where for tree in plan.stage.arguments.values() for where in _places(tree))]
            self._given[plan.index] = plan, repr((plan.block, said, stride, dilations, plan.stage.recompute, places))
        place = (plan.index, index, plan.repeats, plan.before, plan.blocks, plan.stages) if self.placed else ()
        return self.context, self._given[plan.index][1], index == 0, place, value.type

    def _recorded(self, make: Callable[[], Call], plan: StagePlan, index: int, value: Value,
                  previous: Value) -> tuple[Repeat | None, Value | None]:
        """Lowers a repeat: what is to be kept of it, None where something speaks against that, and its result."""
        lowering, work = self.lowering, self.lowering.base.work
        nodes, items, steps, bindings = len(lowering.builder.nodes), lowering.limits.items, work.steps, work.bindings
        seen, looked_back = len(work.seen), lowering.base.kept.looked_back
        before, called = self._told(), set(lowering.called)
        lowering.called.clear()
        call = make()
        try:
            result = run_repeat(call, plan, index, value, previous)
        finally:
            inside = frozenset(lowering.called)
            lowering.called.update(called)
        cursor = call.place.cursor
        repeat = Repeat(call.place.prefix, tuple(lowering.builder.nodes[nodes:]),
                        dict(lowering.builder.taken(cursor)), value.name, previous.name,
                        "" if result is None else result.name, lowering.limits.items - items, work.steps - steps,
                        work.bindings - bindings, inside, tuple(work.seen[seen:]), lowering.base.kept.looked_back > looked_back)
        whole = result is not None and self._told() == before and _whole(repeat, cursor.section, cursor.block)
        return repeat if whole else None, result

    def _told(self) -> tuple[int, ...]:
        """How much there is that a repeat says beside its nodes, and how often a list of its stage named a value."""
        lowering = self.lowering
        return len(lowering.problems.found), len(lowering.dropped), len(lowering.missing), lowering.base.kept.touched


def _places(tree: Tree) -> Iterator[Where]:
    """Where the operations stand that a stage gives its block: what they make says so."""
    if not isinstance(tree, Scalar):
        yield tree.where
        for inside in tree.items if isinstance(tree, ListTree) else tree.entries.values():
            yield from _places(inside)


def _whole(repeat: Repeat, section: str, block: int) -> bool:
    """Whether its nodes take only what enters and one another, and are called after it."""
    known = {repeat.entered, repeat.previous}
    for node in repeat.nodes:
        frames = [frame.entered for frame in node.calls]
        if not node.name.startswith(f"{repeat.prefix}_") or node.name in known \
                or (node.section, node.block) != (section, block):
            return False
        if any(name not in known for name in (*(each.name for each in node.inputs), *filter(None, frames))):
            return False
        known.add(node.name)
    return repeat.result in known and repeat.taken.keys() <= known
