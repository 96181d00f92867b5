"""Operations that hold operation lists, one function each; residual stands in residual.py."""

from __future__ import annotations

from collections.abc import Sequence

from archspec.errors import Problem, SpecError
from archspec.graph import learned, ops
from archspec.graph.ir import Value
from archspec.graph.ops import Op
from archspec.lowering.flow import named
from archspec.lowering.lowering import Call, Handler, Notes
from archspec.lowering.place import Place
from archspec.lowering.residual import residual
from archspec.schema.tree import ListTree, Scalar
from archspec.spec.arguments import Quoted, resolve_padding
from archspec.spec.expressions import UNKNOWN, describe
from archspec.spec.items import Arg, Items, Paths

MERGE_OPS: dict[str, Op] = {"concat": ops.Concat(), "add": ops.Merge("add"), "multiply": ops.Merge("multiply"),
                         "max": ops.Merge("max"), "average": ops.Merge("average"), "rows": learned.Rows(),
                         "weighted": learned.Weighted()}

ATTENDING = ("query", "key", "value")


def _level(call: Call) -> Place:
    """The place of what an item holds: one level down if the item was given a name."""
    return call.place if call.item.given_name is None else call.place.level(call.item.given_name)


def _joined(call: Call, start: Value | None, values: list[Value | None], names: Sequence[str]) -> Value | None:
    how = str(call.get("merge"))
    by, rate = _by(call, how, len(values)), _drop_path(call, how)
    heads = _heads(call, how)
    if how == "attend":
        values, names = _attending(call, values, names)
    if len(values) == 1:
        _check_one(call, how, rate)
        return values[0]
    opened = call.item.given_name and call.item.name != "join"  # a name of its own is a level for what it holds
    suffix = f"_{how}" if opened else ""

    def notes() -> tuple[str, ...]:
        return tuple(f"{name}: {call.chain(value, start)}" for name, value in zip(names, values, strict=True)
                     if value is not None and start is not None)

    if by is not None:
        return _selected(call, by, values, suffix, notes)
    op = learned.Attend(heads) if how == "attend" else ops.Merge("average", rate) if rate else MERGE_OPS[how]
    return call.add(op, *values, suffix=suffix, notes=notes)


def _by(call: Call, how: str, count: int) -> Arg | None:
    """What the merge select weighs its paths by; None for any other."""
    by = call.tree("by")
    if isinstance(by, Scalar) and call.lowering.value(by, call.place) is None:
        by = None
    if by is not None and how != "select":
        raise SpecError([Problem("merge", by.where, f"by does nothing with merge {how}", "say merge: select, or leave it out")])
    if by is None and how == "select":
        raise SpecError([Problem("merge", call.where, "select needs by: operations on the sum of the paths",
                                 "by: [global_avg_pool: keepdims, conv: 1x1 32, conv: 1x1 $(2 * gated) bare], for two paths")])
    if by is not None and count < 2:
        raise SpecError([Problem("merge", call.where, "select has one path, so there is nothing to select",
                                 "give it two or more, or leave the merge out")])
    return by


def _check_one(call: Call, how: str, rate: float) -> None:
    """Raises SpecError for what one path leaves without effect."""
    if how == "weighted":
        raise SpecError([Problem("merge", call.where, "weighted has one path, so there is nothing to weigh",
                                 "give it two or more, or leave the merge out")])
    if rate:
        tree = call.tree("drop_path")
        raise SpecError([Problem("merge", call.where if tree is None else tree.where,
                                 "drop_path of one path, which always stays", "give it two or more, or leave drop_path out")])


def _heads(call: Call, how: str) -> int:
    """The heads of the merge attend; 1 for any other."""
    heads = call.tree("heads")
    if heads is not None and how != "attend":
        raise SpecError([Problem("merge", heads.where, f"heads does nothing with merge {how}",
                                 "say merge: attend, or leave it out")])
    count = 1 if heads is None else call.get("heads")
    assert isinstance(count, int)
    return count


def _attending(call: Call, values: list[Value | None], names: Sequence[str]) -> tuple[list[Value | None], Sequence[str]]:
    """What attends, in the order of ATTENDING: by their names where the paths have some, else as they stand."""
    if len(values) != len(ATTENDING):
        raise SpecError([Problem("merge", call.where, f"attend merges three: query, key and value; here are {len(values)}",
                                 "branches: {merge: attend, paths: {query: […], key: […], value: […]}}")])
    if call.item.name != "branches" or not _paths(call)[1].named:
        return values, ATTENDING
    if set(names) != set(ATTENDING):
        called = " ".join(names)
        raise SpecError([Problem("merge", call.where, f"attend merges query, key and value; the paths are called {called}",
                                 "call them query, key and value, or give them as a list in this order")])
    known = dict(zip(names, values, strict=True))
    return [known[name] for name in ATTENDING], ATTENDING


def _drop_path(call: Call, how: str) -> float:
    """The rate at which paths are dropped; 0 where nothing is said, as in what takes no such argument."""
    assert call.item.signature is not None
    rate = call.get("drop_path") if "drop_path" in call.item.signature.arguments else None
    if rate and how != "average":
        tree = call.tree("drop_path")
        raise SpecError([Problem("merge", call.where if tree is None else tree.where, f"drop_path of paths with merge {how}",
                                 "say merge: average, the mean of the paths that stay, or leave it out")])
    return float(rate) if isinstance(rate, int | float) else 0.0


def _selected(call: Call, by: Arg, values: list[Value | None], suffix: str, notes: Notes) -> Value | None:
    """The paths, weighted by what `by` makes of their sum."""
    total = call.add(ops.Merge("add"), *values, name=f"{call.name}_sum", notes=notes)
    place = _level(call).level(call.item.level_of_paths + "by").knowing(
        gated=UNKNOWN if total is None else total.type.channels).on("gate")
    weights = call.lowering.lower_listed(by, "by", total, place)

    def chain() -> tuple[str, ...]:
        return (f"by: {call.chain(weights, total)}",) if weights is not None and total is not None else ()

    return call.add(learned.Select(), *values, weights, suffix=suffix, notes=chain)


def _branches(call: Call, value: Value | None) -> Value | None:
    place, paths = _paths(call)
    prefix = call.item.level_of_paths
    parts = _split(call, value, len(paths.paths))
    values = []
    for (name, path), part in zip(paths.paths, parts, strict=True):
        inner = place.level(prefix + name).at(part)
        values.append(call.lowering.lower_listed(path, name, part, inner))
    if not values:
        raise SpecError([Problem("paths", call.where, "branches has no paths", "give it two or more operation lists")])
    return _joined(call, value, values, [name for name, _ in paths.paths])


def _paths(call: Call) -> tuple[Place, Paths]:
    """The paths, written here or passed as an argument, and the place where they are read."""
    arg = call.tree("paths")
    if arg is None:
        raise SpecError([Problem("missing", call.where, "branches needs paths", "branches: [[...], [...]]")])
    if isinstance(arg, Paths):
        return _level(call), arg
    value = call.lowering.value(arg, call.place)
    if not isinstance(value, Quoted):
        raise SpecError([Problem("paths", arg.where, f"branches needs paths, this is {describe(value)}")])
    return _level(call).reading(value.scope, value.unit), call.lowering.paths(value.tree, call.place)


def _split(call: Call, value: Value | None, count: int) -> list[Value | None]:
    """What each path starts from: the same value, or its part of the channels."""
    split = call.get("split")
    if split is False or value is None:
        return [value] * count
    channels = value.type.channels
    if split is True:
        if channels % count:
            raise SpecError([Problem("split", call.where, f"{channels} channels do not split into {count} equal parts",
                                     "give split the sizes of the parts")])
        split = (channels // count,) * count
    assert isinstance(split, tuple)
    if len(split) != count or sum(split) != channels:
        sizes = " and ".join(map(str, split))
        raise SpecError([Problem("split", call.where, f"a split into {sizes} does not divide {channels} channels over "
                                 f"{count} paths", f"{count} sizes that sum to {channels}")])
    starts = [sum(split[:index]) for index in range(count)]
    return [call.add(ops.SliceChannels(start, size), value, suffix=f"_split{index}")
            for index, (start, size) in enumerate(zip(starts, split, strict=True), 1)]


def _body(call: Call) -> Items | Scalar:
    body = call.tree("body")
    if body is None:
        raise SpecError([Problem("missing", call.where, f"{call.item.name} needs a body", "body: [...], a list of operations")])
    assert isinstance(body, Items | Scalar)
    return body


def _parallel(call: Call, value: Value | None) -> Value | None:
    times = call.get("times")
    assert isinstance(times, int)
    prefix = call.item.level_of_paths
    names = [f"{prefix}path{index}" for index in range(1, times + 1)]
    paths = [call.lowering.lower_listed(_body(call), "body", value, _level(call).level(name)) for name in names]
    return _joined(call, value, paths, names)


def _repeat(call: Call, value: Value | None) -> Value | None:
    times = call.get("times")
    assert isinstance(times, int)
    for index in range(times):
        turn = call.place.scope.standing(index=index, repeats=times, first=index == 0, last=index == times - 1)
        place = call.place.level(f"{call.item.label}_{index + 1}").within(turn).at(value)
        last = call.place.first_bias if index == times - 1 else None
        value = call.lowering.lower_listed(_body(call), "body", value, place.starting(last))
    return value


def _join(call: Call, value: Value | None) -> Value | None:
    """The value here and those of names, in that order."""
    tree = call.tree("with")
    if tree is None:
        call.get("with")
    trees = tree.items if isinstance(tree, ListTree) else [tree]
    names = [(each.text, each.where) for each in trees if isinstance(each, Scalar)]
    if not names:
        raise SpecError([Problem("paths", call.where, "join has no values", "name one or more: join: [early, late]")])
    values = [value, *(named(call, name, where) for name, where in names)]
    return _joined(call, call.lowering.builder.nodes[0].output, values, ["here", *(name for name, _ in names)])


def _densely(call: Call, value: Value | None) -> Value | None:
    grown = call.lowering.lower_listed(_body(call), "body", value, _level(call))
    name, rate = f"{call.name}_concat" if call.item.given_name else call.name, call.get("drop_path")
    if rate:
        assert isinstance(rate, float)
        grown = call.add(ops.DropPath(rate), grown, name=f"{name}_drop_path")
    return call.add(ops.Concat(), value, grown, name=name)


def _gate(call: Call, value: Value | None) -> Value | None:
    place = _level(call).knowing(gated=UNKNOWN if value is None else value.type.channels).on("gate")
    gate = call.lowering.lower_listed(_body(call), "body", value, place)
    return call.add(ops.Gate(), value, gate, suffix="_gate" if call.item.given_name else "")


def _highway(call: Call, value: Value | None) -> Value | None:
    transformed = call.lowering.lower_listed(_body(call), "body", value, _level(call))
    gate = _transform_gate(call.on("gate"), value)
    return call.add(ops.Blend(), gate, transformed, value, suffix="_highway" if call.item.given_name else "")


def _transform_gate(call: Call, value: Value | None) -> Value | None:
    """T: the operations of `gate`, or a 3x3 convolution, with the bias that keeps it closed; then a sigmoid."""
    place = _level(call).level("gate" + call.item.suffix)
    start = call.get("gate_bias")
    assert isinstance(start, int | float)
    arg = call.tree("gate")
    if value is None:
        return None
    if arg is None or call.lowering.listed(arg, "gate", place) is None:
        padding = resolve_padding(call.lowering.default_padding("conv"), (3, 3))
        conv = ops.Conv(value.type.channels, (3, 3), padding=padding, bias=True, bias_init=float(start))
        gate = call.add(conv, value, name=f"{place.prefix}_conv")
    else:
        gate = call.lowering.lower_listed(arg, "gate", value, place.starting(float(start)))
        _check_closed(call, value, gate)
    return call.add(ops.Activation("sigmoid"), gate, name=f"{place.prefix}_sigmoid")


def _check_closed(call: Call, value: Value, gate: Value | None) -> None:
    """Raises SpecError where a gate does not end in an operation with a bias."""
    node = None if gate is None else call.lowering.builder.node(gate.name)
    if node is None:
        return
    closed = getattr(node.op, "bias", False) and getattr(node.op, "bias_init", None) == call.get("gate_bias")
    if gate == value or not closed:  # what a `use` ends in has a bias that starts elsewhere
        raise SpecError([Problem("highway-gate", call.where, "a highway's gate has to end in an operation with a bias",
                                 "end it in conv: 1x1 $channels bare bias")])


COMPOSITORS: dict[str, Handler] = {
    "branches": _branches, "parallel": _parallel, "repeat": _repeat, "residual": residual, "densely": _densely,
    "gate": _gate, "highway": _highway, "join": _join,
}
