"""What each operation of the language takes: its main argument, the others and their defaults, in one table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

from archspec.graph.ops import ACTIVATIONS

SECTIONS = ("archspec", "name", "description", "reference", "extends", "input", "classes", "let", "defaults", "parameters",
            "blocks", "stem", "stages", "head", "auxiliary", "memory", "published", "train", "export")
"""The keys of a spec, in the order in which it is written."""
REQUIRED: Final = "required"
MAX_TIMES = 10_000
FLAGS = ("bias", "linear", "bare", "keepdims", "ceil", "count_padding")
SHORTHANDS = {"linear": ("act",), "bare": ("norm", "act")}
PADDINGS = ("same", "valid", "symmetric")
MERGES = ("concat", "add", "multiply", "max", "average")
MEMORIES = ("recompute", "none")
UNITS = ("conv-norm-act", "norm-act-conv", "conv-act")
SHORTCUTS = ("identity", "pad", "projection", "projection_always", "avg_projection", "matched", "none")
SHORTCUT_PARTS = ("none", "identity", "projection", "pad", "avg_projection")
RESERVED = {"in_channels", "channels", "classes", "stage", "index", "repeats", "first", "last", "block", "blocks", "stages",
            "depth", "gated", "name", "if", "before", "after", "between", "memory", "none", "true", "false", "and", "or",
            "not", "else"}


@dataclass(frozen=True, slots=True)
class Argument:
    """An argument: what kind of value it takes (a key of lowering/arguments.py) and its default."""

    kind: str
    default: object = None
    choices: tuple[str, ...] = ()
    least: int = 1
    most: int = 10**7


@dataclass(frozen=True, slots=True)
class Signature:
    """What an operation or a block can be given. `main` is the argument that a bare value stands for."""

    name: str
    main: str | None
    arguments: Mapping[str, Argument] = field(default_factory=dict)
    is_block: bool = False
    holds: bool = False
    """Whether it holds operation lists."""
    broken: bool = False
    """Whether it is a block with a problem that has been reported, so that nothing is known of what it takes."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "arguments", MappingProxyType(dict(self.arguments)))

    def takes(self) -> str:
        """Its arguments, for messages."""
        return " ".join(self.arguments) or "no arguments"


def _operation(name: str, main: str | None, holds: bool = False, /, **arguments: Argument) -> tuple[str, Signature]:
    return name, Signature(name, main, arguments, holds=holds)


_WHOLE = Argument("whole", REQUIRED)
_FLAG = Argument("flag", False)
_WINDOW = {"stride": Argument("pair", 1), "padding": Argument("padding", "same"), "dilation": Argument("pair", 1)}
_UNIT = {"bias": Argument("flag"), "norm": Argument("norm"), "act": Argument("act")}
_POOL = {"kernel": Argument("pair", REQUIRED), "stride": Argument("pair", REQUIRED), "padding": Argument("padding", "same"),
         "ceil": _FLAG}
_EPSILON = Argument("positive")
_BODY = Argument("items", REQUIRED)
_MERGE = Argument("choice", "concat", MERGES)

OPERATIONS: dict[str, Signature] = dict((
    _operation("conv", "filters", filters=_WHOLE, kernel=Argument("pair", 1), **_WINDOW, groups=Argument("whole", 1), **_UNIT),
    _operation("depthwise", None, multiplier=Argument("whole", 1), kernel=Argument("pair", 3), **_WINDOW, **_UNIT),
    _operation("max_pool", "kernel", **_POOL),
    _operation("avg_pool", "kernel", **_POOL, count_padding=_FLAG),
    _operation("global_avg_pool", None, keepdims=_FLAG),
    _operation("global_max_pool", None, keepdims=_FLAG),
    _operation("dense", "units", units=_WHOLE, bias=Argument("flag", True), act=Argument("act", "none")),
    _operation("norm", "kind", kind=Argument("choice", None, ("batch_norm", "layer_norm", "group_norm", "none")),
               epsilon=_EPSILON, momentum=Argument("share"), scale=Argument("flag"), center=Argument("flag"),
               groups=Argument("whole")),
    _operation("act", "kind", kind=Argument("choice", None, (*ACTIVATIONS, "none")), slope=Argument("number"),
               alpha=Argument("number"), approximate=Argument("flag")),
    _operation("dropout", "rate", rate=Argument("rate", REQUIRED)),
    _operation("scale", "factor", factor=Argument("number", REQUIRED)),
    _operation("layer_scale", "init", init=Argument("number", 1e-6)),
    _operation("lrn", "size", size=Argument("whole", 5), alpha=Argument("number", 1e-4), beta=Argument("number", 0.75),
               k=Argument("number", 1.0)),
    _operation("pad_channels", "channels", channels=_WHOLE),
    _operation("flatten", None),
    _operation("pad", "size", size=Argument("pads", REQUIRED)),
    _operation("shuffle", "groups", groups=_WHOLE),
    _operation("upsample", "factor", factor=_WHOLE, method=Argument("choice", "nearest", ("nearest", "bilinear"))),
    _operation("branches", "paths", True, paths=Argument("paths", REQUIRED), merge=_MERGE, split=Argument("split", False)),
    _operation("parallel", "times", True, times=Argument("whole", REQUIRED, most=MAX_TIMES), body=_BODY, merge=_MERGE),
    _operation("repeat", "times", True, times=Argument("whole", REQUIRED, least=0, most=MAX_TIMES), body=_BODY),
    _operation("residual", "body", True, body=_BODY, shortcut=Argument("shortcut", "projection"),
               scale=Argument("number", 1), act=Argument("act"), drop_path=Argument("rate", "none"),
               pre=Argument("items", "none"), shortcut_bias=Argument("flag")),
    _operation("densely", "body", True, body=_BODY),
    _operation("gate", "body", True, body=_BODY),
    _operation("highway", "body", True, body=_BODY, gate=Argument("items", "none"), gate_bias=Argument("number", -1)),
))

KIND_ARGUMENTS: dict[str, dict[str, object]] = {
    "batch_norm": {"epsilon": 1e-5, "momentum": 0.9, "scale": True, "center": True},
    "layer_norm": {"epsilon": 1e-6, "scale": True, "center": True},
    "group_norm": {"groups": 32, "epsilon": 1e-5, "scale": True, "center": True},
    "leaky_relu": {"slope": 0.01}, "elu": {"alpha": 1.0}, "gelu": {"approximate": False},
}
"""The arguments that a kind of norm or act has, with the values they take unless said."""
