"""Calls of blocks: parameters get their values, then the body is lowered in a place of its own."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.errors import Problem, SpecError
from archspec.graph.ir import Value
from archspec.lowering.context import Call, Context, Place
from archspec.spec.blocks import Block
from archspec.spec.expressions import UNKNOWN, Unknown
from archspec.spec.expressions import Value as Datum
from archspec.spec.source import Mapping as MappingTree
from archspec.spec.source import Scalar, Sequence, Tree

POSITION = ("stage", "index", "repeats", "first", "last", "block", "blocks", "stages", "depth")


def call_block(call: Call, value: Value | None) -> Value | None:
    """A block as an operation."""
    trees = {key: arg for key, arg in call.args.items() if isinstance(arg, Scalar | Sequence | MappingTree)}
    return run_block(call, trees, value, call.place.level(call.item.label))


def run_block(call: Call, given: Mapping[str, Tree], value: Value | None, place: Place) -> Value | None:
    """Lowers a block's body at a place, with the arguments given there."""
    context, name = call.context, call.item.name
    if name in context.stack:
        circle = " -> ".join((*context.stack, name))
        raise SpecError([Problem("recursion", call.where, f"blocks call each other in a circle: {circle}",
                                 "a block cannot hold itself; use repeat")])
    block = context.spec.blocks.get(name)
    context.report(*context.spec.blocks.problems)
    context.called.add(name)
    if block is None:
        return None
    names = bind(context, block, given, call.place, value, call)
    context.stack.append(name)
    try:
        return context.items(block.body, value, Place(place.prefix, names, block.unit or context.spec.unit))
    finally:
        context.stack.pop()


def bind(context: Context, block: Block, given: Mapping[str, Tree], caller: Place, value: Value | None,
         call: Call) -> dict[str, Datum]:
    """The names that a block's body knows. Reports what is wrong with an argument and goes on without its value."""
    names = dict(context.base_names)
    names.update((key, caller.names[key]) for key in POSITION if key in caller.names)
    names["in_channels"] = names["channels"] = UNKNOWN if value is None else value.type.channels
    outside = Place("", dict(names), context.spec.unit)
    for name, default in block.parameters.items():
        own = Place("", names, block.unit or context.spec.unit)
        names[name] = _parameter(context, name, default, given, caller, outside, own, call)
    for name, tree in block.let.items():
        names[name] = known_value(context, tree, Place("", names, block.unit or context.spec.unit))
    return names


def _parameter(context: Context, name: str, default: Tree, given: Mapping[str, Tree], caller: Place, outside: Place,
               own: Place, call: Call) -> Datum:
    """The argument given, else the spec's parameters, else the block's default."""
    if name in given:
        return known_value(context, given[name], caller)
    if name in context.spec.parameters:
        return known_value(context, context.spec.parameters[name], outside)
    if isinstance(default, Scalar) and default.value == "required":
        context.report(Problem("missing", call.where, f"{call.item.name} needs {name}", f"give it: {name}: …"))
        return UNKNOWN
    return known_value(context, default, own)


def known_value(context: Context, tree: Tree, place: Place) -> Datum:
    """A value; UNKNOWN after a problem, which is reported."""
    try:
        return context.value(tree, place)
    except SpecError as error:
        context.report(*error.problems)
    except Unknown:
        pass
    return UNKNOWN
