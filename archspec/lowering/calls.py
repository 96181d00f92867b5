"""Calls of blocks: parameters get their values, then the body is lowered in a place of its own."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.errors import Problem, SpecError
from archspec.graph.ir import Frame, Value
from archspec.lowering.lowering import Call
from archspec.lowering.place import Place, shape_names
from archspec.schema.tree import ListTree, MappingTree, Scalar, Tree
from archspec.spec.blocks import Block
from archspec.spec.expressions import UNKNOWN
from archspec.spec.kept import Kept
from archspec.spec.scope import Binding, Names, Scope


def call_block(call: Call, value: Value | None) -> Value | None:
    """A block as an operation."""
    trees = {key: arg for key, arg in call.args.items() if isinstance(arg, Scalar | ListTree | MappingTree)}
    return run_block(call, trees, value, f"{call.place.prefix}_{call.item.label}")


def run_block(call: Call, given: Mapping[str, Tree], value: Value | None, prefix: str,
              kept: Kept | None = None) -> Value | None:
    """Lowers a block's body under a layer name, with the arguments given at the call's place.

    `kept` are the values that its body knows by name; none unless said.
    """
    lowering, name = call.lowering, call.item.name
    lowering.limits.item(call.where)
    above = [frame.name for frame in call.place.calls]
    if name in above:
        circle = " -> ".join((*above[above.index(name):], name))
        raise SpecError([Problem("recursion", call.where, f"blocks call each other in a circle: {circle}",
                                 "a block cannot hold itself; use repeat")])
    read = lowering.spec.blocks.read(name)
    call.report(*read.problems)
    lowering.called.add(name)
    if read.block is None:
        return None
    unit = read.block.unit or lowering.spec.unit
    inside = call.place.calling(Frame(name, prefix, call.where, value.name if value else ""), lowering.base, unit)
    scope = bind(call, read.block, evaluated(call, read.block, given), value, inside, kept)
    return lowering.items(read.block.body, value, inside.within(scope))


def evaluated(call: Call, block: Block, given: Mapping[str, Tree]) -> dict[str, Binding]:
    """The arguments of a call: those given, else the spec's `parameters`. Reports the required ones that are missing."""
    lowering, spec = call.lowering, call.lowering.spec
    outside = call.place.within(call.place.scope.around, spec.unit)
    found: dict[str, Binding] = {}
    for name in block.parameters:
        if name in given:
            found[name] = Binding(lowering.known_value(given[name], call.place), 0, given[name], call.place.scope, True)
        elif name in spec.parameters:
            tree = spec.parameters[name]
            found[name] = Binding(lowering.known_value(tree, outside), 0, tree, outside.scope, True)
    missing = [name for name, tree in block.parameters.items() if name not in found and is_required(tree)]
    if missing:
        call.report(Problem("missing", call.where, f"the block {block.name} needs {' and '.join(missing)}",
                            f"give it {' and '.join(f'{name}: …' for name in missing)}"))
    return found | {name: Binding(UNKNOWN) for name in missing}


def is_required(default: Tree) -> bool:
    """Whether a parameter has no default."""
    return isinstance(default, Scalar) and default.value == "required"


def bind(call: Call, block: Block, arguments: Mapping[str, Binding], value: Value | None, inside: Place,
         kept: Kept | None = None) -> Scope:
    """The names that a block's body knows. Reports what is wrong with a default and goes on without its value."""
    entered = UNKNOWN if value is None else value.type.channels
    around = call.place.scope.around.knowing(in_channels=entered).holding(shape_names(value)).keeping(kept or Kept(block.name))
    parameters = Names(around, {**block.parameters, **block.let})
    for name, default in block.parameters.items():
        if name in arguments:
            parameters.take(name, arguments[name])
        else:
            define(call, parameters, name, default, inside)
    let = Names(parameters.scope, block.let)
    for name, tree in block.let.items():
        define(call, let, name, tree, inside)
    return let.scope


def define(call: Call, names: Names, name: str, tree: Tree, place: Place) -> None:
    """A name with the value of a tree that knows the names before it."""
    known = place.within(names.scope)
    names.define(name, call.lowering.known_value(tree, known), tree, known.scope)
