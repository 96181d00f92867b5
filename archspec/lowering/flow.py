"""Values with names: keep, use, lists in the place of their names, and what is wrong with names and values at the end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from archspec.errors import MAX_SHOWN, Problem, SpecError, Where, hinted, nearest, some
from archspec.graph.ir import Graph, Value
from archspec.graph.names import IMAGES
from archspec.lowering.lowering import Call, Handler, Lowering
from archspec.schema.tree import Tree
from archspec.spec.kept import PREVIOUS
from archspec.spec.reading import keeps

AUXILIARY = "auxiliary"
SECTIONS = ("let", "parameters", "stem", "stages", "head")
"""Where lists outside of blocks are written that share their names."""


@dataclass(frozen=True, slots=True)
class Dropped:
    """A value that a `use` leaves behind."""

    call: Call
    value: Value


@dataclass(frozen=True, slots=True)
class Missing:
    """A name that was not known where it stood. What is wrong with it shows when all lists are built."""

    call: Call
    name: str
    where: Where
    known: tuple[str, ...]


def _keep(call: Call, value: Value | None) -> Value | None:
    name, kept = str(call.get("value")), call.place.scope.kept
    if name in kept.reserved:
        tree = call.tree("value")
        where = call.where if tree is None else tree.where
        raise SpecError([Problem("kept", where, f"nothing can be kept as '{name}'", _taken(name))])
    kept.put(name, value)
    return value


def _taken(name: str) -> str:
    what = {PREVIOUS: "what entered the block before", IMAGES: "the image"}
    return f"it is {what.get(name, 'a part of the network, once it is built')}: use another name"


def _use(call: Call, value: Value | None) -> Value | None:
    tree = call.tree("value")
    found = named(call, str(call.get("value")), call.where if tree is None else tree.where)
    if value is not None and found is not None and found != value:
        call.lowering.dropped.append(Dropped(call, value))
    return found


def named(call: Call, name: str, where: Where) -> Value | None:
    """The value of a name where an item stands; None after a problem, which is told at the end."""
    kept = call.place.scope.kept
    call.lowering.base.kept.looked_back += name == PREVIOUS
    if name in kept:
        found = kept[name]
        if found is not None:
            call.lowering.builder.take(found, name, call.place.cursor)
        return found
    missing = call.lowering.missing
    if where not in missing:
        missing[where] = Missing(call, name, where, tuple(kept.names()) if len(missing) < MAX_SHOWN else ())
    return None


def chains(call: Call, *values: tuple[str, Value | None]) -> tuple[str, ...]:
    """How named values come about from the image, for messages."""
    images = call.lowering.builder.nodes[0].output
    return tuple(f"{name}: {call.chain(value, images)}" for name, value in values if value is not None)


def _slot(call: Call, value: Value | None) -> Value | None:
    """`$name` as an item. Its layers stand a level down, as those of a path that is given so do."""
    tree = call.args.get("list")
    name = call.item.kind
    if tree is None:  # true: the item itself, which is nothing without its list
        raise SpecError([Problem("not-a-list", call.where, f"${name} needs a list of operations, this is true")])
    found = call.lowering.listed(tree, f"${name}", call.place, call.item.label)
    return value if found is None else call.lowering.items(found[0], value, found[1])


FLOW: dict[str, Handler] = {"keep": _keep, "use": _use, "slot": _slot}


# -- names that are not known ----------------------------------------------------------------------------------------------

def report_missing(lowering: Lowering) -> None:
    """Tells the names that were not known, now that everything is built that will be."""
    for missing in lowering.missing.values():
        why = hinted(lowering.problems.found, _why, lowering, missing)
        near = hinted(lowering.problems.found, nearest, missing.name, missing.known)
        known = some(missing.known) if missing.known else "none yet"
        message = f"no value is called '{missing.name}' here" + f": {why}" * bool(why)
        missing.call.report(Problem("unknown-name", missing.where, message, f"{near} known here: {known}".strip()))


def _why(lowering: Lowering, missing: Missing) -> str:
    """What is known of a name elsewhere; ''."""
    kept, name = missing.call.place.scope.kept, missing.name
    if name in kept:
        return "it is known later" if name in kept.reserved else "it is kept later"
    if name == PREVIOUS:
        return "it is known in the bodies of the stages' blocks, and outside of blocks behind the first"
    if name in lowering.base.kept.reserved:
        return _of_the_network(name)
    for body, tree in _bodies(lowering):
        where = next((where for said, where in keeps(tree) if said == name), None)
        if where is not None:
            return _kept_in(body, kept.body, where)
    return ""


def _of_the_network(name: str) -> str:
    return f"it is known outside of blocks: give the block a list, [use: {name}]"


def _kept_in(body: str, here: str, where: Where) -> str:
    if body == here:
        return f"it is kept at {where}, in a list that is not built"
    if body == AUXILIARY:
        return f"it is kept at {where}, in an auxiliary list, whose names are its own"
    other = f"in the block {body}" if body else "outside of blocks"
    return f"it is kept at {where}, {other}; values go into a block as lists, and out of it as its result"


def _bodies(lowering: Lowering) -> Iterator[tuple[str, Tree]]:
    """All that is written, by body, those of blocks that nobody calls left out."""
    entries, table = lowering.spec.resolved.tree.entries, lowering.spec.blocks
    yield from (("", entries[key]) for key in SECTIONS if key in entries)
    yield from ((AUXILIARY, entries[key]) for key in (AUXILIARY,) if key in entries)
    yield from ((name, table.tree(name)) for name in sorted({*lowering.called, *table.own}) if name in table)


# -- values that nothing needs ---------------------------------------------------------------------------------------------

def report_unused(lowering: Lowering, graph: Graph) -> None:
    """Tells what the logits do not need, at the `use` that drops it: the last value of each such chain."""
    if not lowering.dropped:
        return
    needed = _needed(graph, [graph.output])
    extra = _needed(graph, list(graph.auxiliary.values()))
    dead = {node.name for node in graph.nodes
            if node.name not in needed and not (node.role == "auxiliary" and node.name in extra)}
    told = set[str]()
    for dropped in lowering.dropped:
        name = dropped.value.name
        if name in dead and name not in told and not any(user.name in dead for user in graph.users[name]):
            told.add(name)
            dropped.call.report(_unused(graph, dropped))


def _unused(graph: Graph, dropped: Dropped) -> Problem:
    name = dropped.value.name
    notes = ("no need are auxiliary classifiers, and the size that upsample takes",) if graph.users[name] else ()
    return Problem("unused", dropped.call.where, f"the result of {name} is not used", "keep it, or remove it", notes)


def _needed(graph: Graph, ends: list[Value]) -> set[str]:
    """The nodes that values are computed from; of what only gives an upsampling its size nothing is computed."""
    found, waiting = set[str](), [value.name for value in ends]
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting.extend(value.name for value in graph.node(name).sources)
    return found
