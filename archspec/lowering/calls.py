"""Calls of blocks: parameters get their values, then the body is lowered in a place of its own."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.errors import Problem, SpecError
from archspec.graph.ir import Value
from archspec.lowering.context import Call, Context, Frame, Place
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
    above = [frame.name for frame in context.stack]
    if name in above:
        circle = " -> ".join((*above[above.index(name):], name))
        raise SpecError([Problem("recursion", call.where, f"blocks call each other in a circle: {circle}",
                                 "a block cannot hold itself; use repeat")])
    block = context.block(name)
    context.called.add(name)
    if block is None:
        return None
    arguments = evaluated(call, block, given)
    with context.within(Frame(name, place.prefix, call.where)):
        names = bind(context, block, arguments, call.place, value)
        return context.items(block.body, value, Place(place.prefix, names, block.unit or context.spec.unit))


def evaluated(call: Call, block: Block, given: Mapping[str, Tree]) -> dict[str, Datum]:
    """The arguments of a call: those given, else the spec's `parameters`. Reports the required ones that are missing."""
    context = call.context
    base = {**context.base_names, **{key: call.place.names[key] for key in POSITION if key in call.place.names}}
    outside = Place("", base, context.spec.unit)
    found = {name: known_value(context, given[name], call.place) for name in block.parameters if name in given}
    found |= {name: known_value(context, context.spec.parameters[name], outside)
              for name in block.parameters if name in context.spec.parameters and name not in found}
    missing = [name for name, tree in block.parameters.items() if name not in found and is_required(tree)]
    if missing:
        context.report(Problem("missing", call.where, f"the block {block.name} needs {' and '.join(missing)}",
                               f"give it {' and '.join(f'{name}: …' for name in missing)}"))
    return found | dict.fromkeys(missing, UNKNOWN)


def is_required(default: Tree) -> bool:
    """Whether a parameter has no default."""
    return isinstance(default, Scalar) and default.value == "required"


def bind(context: Context, block: Block, arguments: Mapping[str, Datum], caller: Place,
         value: Value | None) -> dict[str, Datum]:
    """The names that a block's body knows. Reports what is wrong with a default and goes on without its value."""
    names = dict(context.base_names)
    names.update((key, caller.names[key]) for key in POSITION if key in caller.names)
    names["in_channels"] = names["channels"] = UNKNOWN if value is None else value.type.channels
    own = Place("", names, block.unit or context.spec.unit)
    for name, default in block.parameters.items():
        names[name] = arguments[name] if name in arguments else known_value(context, default, own)
    for name, tree in block.let.items():
        names[name] = known_value(context, tree, own)
    return names


def known_value(context: Context, tree: Tree, place: Place) -> Datum:
    """A value; UNKNOWN after a problem, which is reported."""
    try:
        return context.value(tree, place)
    except SpecError as error:
        context.report(*error.problems)
    except Unknown:
        pass
    return UNKNOWN
