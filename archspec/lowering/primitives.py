"""Operations that hold no lists: from an item to nodes of the graph, one function an operation."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Literal, cast

from archspec.errors import Problem, SpecError, Where
from archspec.graph import axes, learned, ops
from archspec.graph.ir import Value
from archspec.graph.ops import Op
from archspec.graph.types import VALID
from archspec.lowering.flow import chains, named
from archspec.lowering.lowering import Call, Handler, Lowering
from archspec.lowering.place import Place
from archspec.schema.tree import ListTree, MappingTree, Scalar
from archspec.spec.arguments import Quoted, resolve_padding
from archspec.spec.expressions import describe
from archspec.spec.items import Arg, Items
from archspec.spec.operations import IMPLIED, KIND_ARGUMENTS, OPERATIONS

# -- norm and act, which are both operations and arguments of others -------------------------------------------------------

NORMS: dict[str, Callable[..., Op]] = {"batch_norm": ops.BatchNorm, "layer_norm": ops.LayerNorm, "group_norm": ops.GroupNorm,
                                     "global_response": learned.GlobalResponseNorm}


def of_kind(lowering: Lowering, section: str, given: Mapping[str, Arg], place: Place, where: Where) -> Op | None:
    """The norm or activation that the arguments name, filled up from defaults of the same kind; None for none."""
    defaults = lowering.spec.defaults.get(section, {})
    declared = OPERATIONS[section].arguments
    usual = _kind(lowering, section, defaults, place, IMPLIED[section])
    said = _kind(lowering, section, given, place, usual)
    if said == "none":
        return None
    known = KIND_ARGUMENTS.get(said, {})
    settings, problems = dict(known), list[Problem]()
    for key, tree in {**(defaults if said == usual else {}), **given}.items():
        if key not in known and key != "kind":
            problems.append(Problem("unknown-argument", tree.where, f"{said} takes no '{key}'",
                                    f"it takes {' '.join(known) or 'no arguments'}"))
        elif key != "kind":
            try:
                settings[key] = lowering.converted(f"{said}: {key}", declared[key], tree, place)
            except SpecError as error:
                problems.extend(error.problems)
    if problems:
        raise SpecError(problems)
    return NORMS[said](**settings) if section == "norm" else ops.Activation(said, **cast(dict[str, Any], settings))


def _kind(lowering: Lowering, section: str, given: Mapping[str, Arg], place: Place, otherwise: str) -> str:
    tree = given.get("kind")
    if tree is None:
        return otherwise
    return str(lowering.converted(section, OPERATIONS[section].arguments["kind"], tree, place))


def part(call: Call, section: str, absent: str | None = None) -> Op | None:
    """The norm or act argument of an item. `absent` is the kind where nothing is written; None: the default's."""
    tree = call.tree(section)
    if tree is None:
        if absent == "none":
            return None
        return of_kind(call.lowering, section, {}, call.place, call.where)
    return written_part(call.lowering, section, tree, call.place)


def written_part(lowering: Lowering, section: str, tree: Arg, place: Place) -> Op | None:
    """A norm or act as an argument: a kind, a mapping, or one of them passed on by a name."""
    if isinstance(tree, Items):
        item = tree.items[0]
        return None if item.broken else of_kind(lowering, section, item.args, place, item.where)
    value = lowering.value(tree, place)
    if isinstance(value, Quoted):
        items = lowering.read(ListTree((MappingTree({section: value.tree}, tree.where),), tree.where), place)
        return written_part(lowering, section, items, place.within(value.scope, value.unit))
    if value is None:
        return None
    if not isinstance(value, str):
        raise SpecError([Problem("argument", tree.where, f"{section} needs a kind, this is {describe(value)}")])
    return of_kind(lowering, section, {"kind": Scalar(value, value, tree.where)}, place, tree.where)


def _norm(call: Call, value: Value | None) -> Value | None:
    op = of_kind(call.lowering, "norm", call.args, call.place, call.where)
    return value if op is None else call.add(op, value)


def _act(call: Call, value: Value | None) -> Value | None:
    op = of_kind(call.lowering, "act", call.args, call.place, call.where)
    return value if op is None else call.add(op, value)


# -- units ---------------------------------------------------------------------------------------------------------------

def unit(call: Call, value: Value | None, op: Op) -> Value | None:
    """A convolution with its norm and activation, in the order that the unit says."""
    norm = part(call, "norm", absent="none" if call.place.unit == "conv-act" else None)
    act = part(call, "act")
    if call.place.unit == "norm-act-conv":
        return call.add(op, around(call, value, norm, act))
    return around(call, call.add(op, value), norm, act)


def around(call: Call, value: Value | None, norm: Op | None, act: Op | None, stem: str = "") -> Value | None:
    """Norm and activation after a value, where there are any."""
    if norm is not None:
        value = call.add(norm, value, suffix=f"{stem}_norm")
    return value if act is None else call.add(act, value, suffix=f"{stem}_act")


def bias(call: Call) -> bool:
    """Whether a convolution has a bias: as said, else only in conv-act."""
    said = call.get("bias")
    return call.place.unit == "conv-act" if said is None else bool(said)


def first_bias(call: Call) -> float:
    """Where a bias starts: at 0, unless a list around it says otherwise for its last operation."""
    return 0.0 if call.place.first_bias is None else call.place.first_bias


def _conv(call: Call, value: Value | None) -> Value | None:
    given = cast(dict[str, Any], call.values("filters", "kernel", "stride", "padding", "dilation", "groups", "standardize"))
    given["padding"] = resolve_padding(given["padding"], given["kernel"], given["dilation"])
    return unit(call, value, ops.Conv(**given, bias=bias(call), bias_init=first_bias(call)))


def _depthwise(call: Call, value: Value | None) -> Value | None:
    given = cast(dict[str, Any], call.values("multiplier", "kernel", "stride", "padding", "dilation", "standardize"))
    given["padding"] = resolve_padding(given["padding"], given["kernel"], given["dilation"])
    return unit(call, value, ops.Depthwise(**given, bias=bias(call), bias_init=first_bias(call)))


def _conv_transpose(call: Call, value: Value | None) -> Value | None:
    given = cast(dict[str, Any], call.values("filters", "kernel", "stride"))
    return unit(call, value, learned.ConvTranspose(**given, bias=bias(call), bias_init=first_bias(call)))


def _attention(call: Call, value: Value | None) -> Value | None:
    given = cast(dict[str, Any], call.values("heads", "key", "bias", "dropout"))
    if value is None:
        return None
    heads, channels = given["heads"], value.type.channels
    if given["key"] is None and channels % heads:
        tree = call.tree("heads")
        where = call.where if tree is None else tree.where
        raise SpecError([Problem("argument", where, f"{channels} channels are not divisible by {heads} heads",
                                 f"a number of heads that divides {channels}, or say how wide each is: key=…")])
    given |= {"key": given["key"] or channels // heads, "dropout": given["dropout"] or 0.0}
    return call.add(learned.Attention(**given), value)


def _dense(call: Call, value: Value | None) -> Value | None:
    given = cast(dict[str, Any], call.values("units", "bias"))
    act = part(call, "act", absent="none")
    return around(call, call.add(ops.Dense(**given, bias_init=first_bias(call)), value), None, act)


def _pool(call: Call, value: Value | None) -> Value | None:
    counting = ("count_padding",) if call.item.name == "avg_pool" else ()
    given = cast(dict[str, Any], call.values("kernel", "stride", "padding", "ceil", *counting))
    given["padding"] = resolve_padding(given["padding"], given["kernel"])
    _check_pool(call, given)
    return call.add(ops.Pool(mode="max" if call.item.name == "max_pool" else "avg", **given), value)


def _check_pool(call: Call, given: Mapping[str, Any]) -> None:
    """Reports what is written and does nothing with the padding there is."""
    ceil, counting = call.args.get("ceil"), call.args.get("count_padding")
    if ceil is not None and given["ceil"] and given["padding"] == "same":
        call.report(Problem("inert", ceil.where, "ceil does nothing with padding same, which rounds up already",
                                    "leave it out, or say another padding: valid ceil"))
    if counting is not None and given["count_padding"] and given["padding"] == VALID:
        call.report(Problem("inert", counting.where, "count_padding does nothing without padding",
                                    "leave it out, or say a padding: symmetric count_padding"))


def _global_pool(call: Call, value: Value | None) -> Value | None:
    mode: Literal["max", "avg"] = "max" if call.item.name == "global_max_pool" else "avg"
    return call.add(ops.GlobalPool(mode, **cast(dict[str, Any], call.values("keepdims"))), value)


def _upsample(call: Call, value: Value | None) -> Value | None:
    """By a factor, or to the size of a value that is known."""
    given = cast(dict[str, Any], call.values("factor", "method"))
    to = call.args.get("to") if "factor" in call.args else call.tree("to")
    if to is None:
        if given["factor"] is None:
            raise SpecError([Problem("missing", call.where, "upsample needs factor or to", "upsample: 2 or upsample: to=stem")])
        return call.add(ops.Upsample(**given), value)
    if "factor" in call.args:
        raise SpecError([Problem("upsample", to.where, "upsample: both factor and to are given", "keep one of them")])
    name = str(call.get("to"))
    like = named(call, name, to.where)
    return call.add(axes.Resize(given["method"]), value, like, notes=lambda: chains(call, ("here", value), (name, like)))


def _pad(call: Call, value: Value | None) -> Value | None:
    given = cast(dict[str, Any], call.values("size", "mode"))
    mode = call.args.get("mode")
    if mode is not None and given["mode"] != "zero" and max(given["size"]) <= 0:
        call.report(Problem("inert", mode.where, "mode does nothing where no pixel is added",
                            "leave it out: a negative size crops"))
    return call.add(ops.Pad(**given), value)


def _slice(call: Call, value: Value | None) -> Value | None:
    given = cast(dict[str, Any], call.values("channels", "first"))
    return call.add(ops.SliceChannels(given["first"], given["channels"]), value)


def _reduce(call: Call, value: Value | None) -> Value | None:
    return call.add(axes.Reduce(cast(Any, call.get("kind"))), value)


def _plain(make: Callable[..., Op], *keys: str) -> Handler:
    """An operation that is one node with the arguments as they are."""
    def lower(call: Call, value: Value | None) -> Value | None:
        return call.add(make(**call.values(*keys)), value)
    return lower


def _scale(call: Call, value: Value | None) -> Value | None:
    given = call.values("factor", "learned", "bias")
    biased = given.pop("bias")
    scaled = call.add(ops.Scale(**cast(Any, given)), value)
    return call.add(learned.Shift(), scaled, suffix="_bias") if biased else scaled


PRIMITIVES: dict[str, Handler] = {
    "conv": _conv, "depthwise": _depthwise, "dense": _dense, "norm": _norm, "act": _act,
    "max_pool": _pool, "avg_pool": _pool, "global_avg_pool": _global_pool, "global_max_pool": _global_pool,
    "dropout": _plain(ops.Dropout, "rate"), "scale": _scale,
    "conv_transpose": _conv_transpose, "attention": _attention,
    "layer_scale": _plain(ops.LayerScale, "init"), "lrn": _plain(ops.LocalResponseNorm, "size", "alpha", "beta", "k"),
    "pad_channels": _plain(ops.PadChannels, "channels"), "flatten": _plain(ops.Flatten), "pad": _pad,
    "shuffle": _plain(ops.Shuffle, "groups"), "upsample": _upsample,
    "slice": _slice, "reshape": _plain(axes.Reshape, "to"), "permute": _plain(axes.Permute, "order"), "reduce": _reduce,
    "blur_pool": _plain(axes.BlurPool, "kernel", "stride"), "coordinates": _plain(axes.Coordinates),
    "position": _plain(axes.Position),
}
