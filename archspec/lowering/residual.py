"""The residual operation and its shortcuts (He et al. 2015, 1512.03385, section 3.3; 2016, 1603.05027)."""

from __future__ import annotations

from collections.abc import Callable
from typing import cast

from archspec.errors import Problem, SpecError, Where, nearest
from archspec.graph import ops
from archspec.graph.ir import Value
from archspec.graph.types import VALID, Pair, Tensor, coarser, told_apart
from archspec.lowering.blame import blamed
from archspec.lowering.lowering import Call
from archspec.lowering.place import Place
from archspec.lowering.primitives import of_kind, written_part
from archspec.schema.tree import ListTree, Scalar
from archspec.spec.arguments import Quoted
from archspec.spec.expressions import describe
from archspec.spec.items import Arg, Items, ShortcutCases
from archspec.spec.operations import BIAS, SHORTCUT_PARTS, SHORTCUTS, STANDARDIZE

Part = str | tuple[Items, Place]
"""A named shortcut, or an operation list and where it is read."""

DOES_NOTHING = {"scale": 1, "drop_path": 0}
"""Values of arguments that change nothing."""
NAMED: dict[str, tuple[str, str]] = {
    "identity": ("identity", "identity"), "pad": ("identity", "pad"), "projection": ("identity", "projection"),
    "projection_always": ("projection", "projection"), "avg_projection": ("identity", "avg_projection"),
    "matched": ("identity", "none"), "none": ("none", "none"),
}
"""A shortcut's name: what it is where shapes match, and where they differ."""


def residual(call: Call, x: Value | None) -> Value | None:
    """act(shortcut(x) + scale · body(x))."""
    place = call.place if call.item.given_name is None else call.place.level(call.item.given_name)
    before_body = _listed(call, "pre", x, place)
    body = _listed(call, "body", before_body, place.at(before_body))
    cases = _cases(call)
    if x is None or before_body is None or body is None:
        return None
    _check_bias(call)
    if cases == ("none", "none"):
        _check_plain(call)
    part = cases[0] if ops.same_shape(x.type, body.type) else cases[1]
    shortcut = _shortcut(call, part, x, before_body, body)
    value = _added(call, x, shortcut, body) if part != "none" else body
    act = _activation(call)
    return value if act is None else call.add(act, value, suffix="_act" if not call.item.given_name else "_add_act")


def _check_bias(call: Call) -> None:
    """Reports a bias that no projection can take."""
    bias, shortcut = call.args.get("shortcut_bias"), call.args.get("shortcut")
    if bias is not None and isinstance(shortcut, Scalar) and shortcut.text in NAMED and "projection" not in shortcut.text:
        call.report(Problem("inert", bias.where, f"shortcut_bias does nothing with the shortcut {shortcut.text}",
                                    "only projections have a bias: leave it out"))


def _check_plain(call: Call) -> None:
    """Reports what acts on an addition where there is none."""
    for key, value in call.values("scale", "drop_path").items():
        tree = call.tree(key)
        if isinstance(tree, Scalar) and value not in (None, DOES_NOTHING[key]):
            problem = Problem("inert", tree.where, f"{key} does nothing without a shortcut",
                              "leave it out, or say another shortcut than none")
            call.report(*blamed(SpecError([problem]), tree, call.place.scope).problems)


def _listed(call: Call, key: str, value: Value | None, place: Place) -> Value | None:
    arg = call.tree(key)
    if arg is None and key == "body":
        raise SpecError([Problem("missing", call.where, "residual needs a body", "body: [...], a list of operations")])
    return value if arg is None else call.lowering.lower_listed(arg, key, value, place)


def _has_pre(call: Call) -> bool:
    arg = call.tree("pre")
    return arg is not None and call.lowering.listed(arg, "pre", call.place) is not None


def _activation(call: Call) -> ops.Op | None:
    """The activation after the addition: as said; none with `pre` or `matched`; else the default's."""
    said = call.tree("act")
    if said is not None:
        return written_part(call.lowering, "act", said, call.place)
    shortcut = call.tree("shortcut")
    matched = isinstance(shortcut, Scalar) and call.lowering.value(shortcut, call.place) == "matched"
    return None if matched or _has_pre(call) else of_kind(call.lowering, "act", {}, call.place, call.where)


def _added(call: Call, x: Value, shortcut: Value | None, body: Value) -> Value | None:
    """shortcut + scale · body, where stochastic depth may drop the body."""
    name = call.name if not call.item.given_name else f"{call.name}_add"
    given = call.values("scale", "drop_path")
    scaled: Value | None = body
    if given["scale"] != 1:
        scaled = call.add(ops.Scale(float(cast(float, given["scale"]))), scaled, name=f"{name}_scale")
    if given["drop_path"]:
        drop = ops.DropPath(cast(float, given["drop_path"]))
        scaled = call.add(drop, scaled, name=f"{name}_drop_path")

    def notes() -> tuple[str, ...]:
        return (f"shortcut: {call.chain(shortcut, x)}", f"body: {call.chain(body, x)}") if shortcut is not None else ()

    return call.add(ops.Merge("add"), shortcut, scaled, name=name, notes=notes)


# -- which shortcut ------------------------------------------------------------------------------------------------------

def _cases(call: Call) -> tuple[Part, Part]:
    """The shortcut where shapes match and where they differ."""
    arg = call.tree("shortcut")
    if isinstance(arg, Items):
        return (_path(call, arg, call.place),) * 2
    if isinstance(arg, ShortcutCases):
        return _one_case(call, arg.matching, call.place), _one_case(call, arg.differing, call.place)
    value = "projection" if arg is None else call.lowering.value(arg, call.place)
    if isinstance(value, Quoted):
        place = call.place.reading(value.scope, value.unit)
        if isinstance(value.tree, ListTree):
            return (_path(call, call.lowering.read(value.tree, call.place), place),) * 2
        read = call.lowering.shortcut(value.tree, call.place)
        return _one_case(call, read.matching, place), _one_case(call, read.differing, place)
    return NAMED[_known(call, arg, value, SHORTCUTS)]


def _one_case(call: Call, arg: Items | Scalar, place: Place) -> Part:
    if isinstance(arg, Items):
        return _path(call, arg, place)
    value = call.lowering.value(arg, place)
    if isinstance(value, Quoted):
        return _path(call, call.lowering.read(value.tree, place), place.within(value.scope, value.unit))
    return _known(call, arg, value, SHORTCUT_PARTS)


def _path(call: Call, items: Items, place: Place) -> Part:
    item = call.item
    around = place.level(item.given_name) if item.apart and item.given_name is not None else place
    return items, around.level("shortcut" + item.suffix)


def _known(call: Call, arg: Arg | None, value: object, known: tuple[str, ...]) -> str:
    word = "none" if value is None else value
    if isinstance(word, str) and word in known:
        return word
    raise SpecError([Problem("shortcut", call.where if arg is None else arg.where, f"there is no shortcut {describe(value)}",
                             nearest(str(word), known) or "shortcuts: " + " ".join(known))])


# -- building it ---------------------------------------------------------------------------------------------------------

def _shortcut(call: Call, part: Part, x: Value, before_body: Value, body: Value) -> Value | None:
    if part == "none":
        return None
    if isinstance(part, tuple):
        items, place = part
        return call.lowering.items(items, x, place.at(x).on("shortcut"))
    start = before_body if part in ("projection", "avg_projection") else x
    return BUILDERS[part](call.on("shortcut"), start, body)


def _name(call: Call, part: str) -> str:
    level = call.place if call.item.given_name is None else call.place.level(call.item.given_name)
    return f"{level.prefix}_shortcut{call.item.suffix}_{part}"


def _said(call: Call) -> Where:
    """Where the shortcut is named; the item where it is not."""
    arg = call.tree("shortcut")
    return arg.where if isinstance(arg, Scalar) else call.where


def _stride(call: Call, x: Tensor, body: Tensor) -> Pair:
    """The body's stride. Raises SpecError where a shortcut cannot follow it."""
    ratios = coarser(x, body)
    if ratios is None:
        of_vectors = not (x.is_map and body.is_map)
        hint = ("a residual body on a vector has to keep its size" if of_vectors
                else "the size is open and the stride against the image not known: give the input a size")
        raise SpecError([Problem("shortcut", _said(call), f"a shortcut from {x} to {body}",
                                 f"{hint}, or give shortcut a list")])
    if min(ratios) < 1:
        raise SpecError([Problem("shortcut", _said(call), f"the body enlarges {x} to {body}, no shortcut follows it",
                                 "give shortcut a list of operations: [upsample: 2]")])
    if any(ratio.denominator != 1 for ratio in ratios):
        raise SpecError([Problem("shortcut", _said(call), f"no stride leads from {x} to {body}",
                                 "let the body keep or divide the size, or give shortcut a list of operations")])
    return int(ratios[0]), int(ratios[1])


def _identity(call: Call, x: Value, body: Value) -> Value | None:
    if not ops.same_shape(x.type, body.type):
        start, end = told_apart(x.type, body.type)
        raise SpecError([Problem("identity", _said(call), f"the shortcut cannot be the identity: it starts as {start}, "
                                 f"the body ends in {end}", "let the body keep the shape, or use shortcut: projection",
                                 (f"body: {call.chain(body, x)}",))])
    return x


def _subsampled(call: Call, x: Value, stride: Pair) -> Value | None:
    if stride == (1, 1):
        return x
    return call.add(ops.Pool("max", (1, 1), stride, VALID), x, name=_name(call, "subsample"))


def _pad(call: Call, x: Value, body: Value) -> Value | None:
    """Option A: every other pixel, new channels zero."""
    value = _subsampled(call, x, _stride(call, x.type, body.type))
    if value is None or value.type.channels == body.type.channels:
        return value
    pad = ops.PadChannels(body.type.channels)
    return call.add(pad, value, name=_name(call, "pad_channels"))


def _project(call: Call, x: Value | None, body: Value, stride: Pair) -> Value | None:
    """1x1 convolution, then norm; no norm after a `pre` and in conv-act."""
    lowering, unit = call.lowering, call.place.unit
    said = call.get("shortcut_bias")
    default = lowering.spec.defaults.get("conv", {}).get("bias")
    usual = unit == "conv-act" if default is None else bool(lowering.converted("conv: bias", BIAS, default, call.place))
    said_of_kernels = lowering.spec.defaults.get("conv", {}).get("standardize")
    standardize = (False if said_of_kernels is None
                   else lowering.converted("conv: standardize", STANDARDIZE, said_of_kernels, call.place))
    conv = ops.Conv(body.type.channels, stride=stride, padding=VALID, bias=usual if said is None else bool(said),
                    standardize=cast(bool | float, standardize))
    value = call.add(conv, x, name=_name(call, "conv"))
    if unit == "conv-act" or _has_pre(call):
        return value
    norm = lowering.spec.defaults.get("conv", {}).get("norm")
    op = (of_kind(lowering, "norm", {}, call.place, call.where) if norm is None
          else written_part(lowering, "norm", norm, call.place))
    return value if op is None else call.add(op, value, name=_name(call, "conv_norm"))


def _projection(call: Call, x: Value, body: Value) -> Value | None:
    return _project(call, x, body, _stride(call, x.type, body.type))


def _avg_projection(call: Call, x: Value, body: Value) -> Value | None:
    """ResNet-D: the mean of a stride's pixels, then a projection (He et al. 2018, 1812.01187, Figure 2c)."""
    stride = _stride(call, x.type, body.type)
    value: Value | None = x
    if stride != (1, 1):
        pool = ops.Pool("avg", stride, stride, VALID, ceil=True)
        value = call.add(pool, x, name=_name(call, "avg_pool"))
    return _project(call, value, body, (1, 1))


BUILDERS: dict[str, Callable[[Call, Value, Value], Value | None]] = {
    "identity": _identity, "pad": _pad, "projection": _projection, "avg_projection": _avg_projection,
}
