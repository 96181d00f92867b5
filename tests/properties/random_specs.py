"""Hypothesis strategies that write valid specs over the whole language, and the same spec written otherwise.

A list is written item by item from what is known of the value at that point: its channels, and its size where it is no open one
and no block's. Values are written as numbers, names or expressions, arguments in the compact form or the long one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import yaml
from hypothesis import strategies as st

from archspec.spec.dump import to_text
from archspec.spec.operations import FLAGS, OPERATIONS, PADDINGS, SHORTCUTS, UNITS

Items = list[Any]
Channels = int | str
"""A number, or in a block the expression that is one."""
LARGEST, MOST_CHANNELS = 24, 96
ACTS = ("relu", "relu6", "leaky_relu slope=0.2", "prelu", "elu alpha=0.5", "selu", "gelu", "gelu approximate=true", "silu", "mish",
        "softplus", "hard_swish", "hard_sigmoid", "sigmoid", "tanh", "none")
PLAIN_NORMS = ("batch_norm", "batch_norm epsilon=0.001 scale=false", "batch_norm center=false momentum=0.99", "layer_norm", "none")
PLAIN_MERGES = ("add", "concat", "multiply", "max", "average", "weighted", "select")
NAME = re.compile(r"[A-Za-z_]\w*")


@dataclass(frozen=True)
class At:
    """What is known of a value: its channels, what surely divides them, its size (None: open, or a block's)."""

    channels: Channels
    by: int
    size: tuple[int, int] | None
    vector: bool = False

    def of(self, channels: Channels, by: int) -> At:
        """A map of as many places with other channels."""
        return replace(self, channels=channels, by=by)


@dataclass(frozen=True)
class Block:
    """A block as callers see it: how many channels come out, in its parameters, and arguments that it takes beside width."""

    name: str
    result: str
    by: int
    strided: bool
    arguments: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    fixed: bool = False
    """Whether width has to be what comes in."""
    smallest: int = 1
    """The side of a map below which it is none."""
    least: int = 4
    """The width below which it takes another."""


SEEN = {"se": ("none", 4), "drop_path": ("none", 0.25)}
SHIPPED = (
    Block("basic", "width", 4, True, {**SEEN, "shortcut": ("projection", "pad", "avg_projection", "projection_always"),
                                      "residual_scale": (1, 0.5)}),
    Block("bottleneck", "width * 2", 4, True, {**SEEN, "expansion": (2,), "stride_at": (2, 1), "cardinality": (1, 2)}),
    Block("basic_preact", "width", 4, True, {"shortcut": ("projection", "pad"), "dropout": ("none", 0.1)}),
    Block("bottleneck_preact", "width * 2", 4, True, {"expansion": (2,)}),
    Block("resnext_grouped", "width * 2", 4, True, {"expansion": (2,), "cardinality": (2,), "base_width": (32,)}),
    Block("resnext_aggregated", "width * 2", 4, True, {"expansion": (2,), "cardinality": (2,), "base_width": (32,)}),
    Block("inverted_residual", "width", 4, True, {"expansion": (2, 1), "drop_path": ("none", 0.2)}, least=8),
    Block("depthwise_separable", "width", 4, True),
    Block("bneck", "width", 4, True, {"expanded": (8, 12), "kernel": (3, 5), "act": ("relu", "hard_swish"), "se": ("none", 4)}),
    Block("repvgg", "width", 4, True, {"groups": (1, 2)}),
    Block("pyramid", "width", 4, True, {"se": ("none", 4)}, fixed=True),
    Block("selective_bottleneck", "width * 2", 4, True, {"expansion": (2,), "cardinality": (2,), "least": (4,), "base_width": (32,)}),
    Block("resnest", "width * 2", 4, True, {"expansion": (2,)}, smallest=2),
    Block("basic_se_post", "width", 4, True, {"se": (4, 2)}),
)
"""Blocks that ship, with channels that are multiples of four."""


def simple(channels: Channels) -> bool:
    """Whether an expression is a name or a number."""
    return isinstance(channels, int) or NAME.fullmatch(channels) is not None


def kind_of(words: str | dict[str, Any]) -> dict[str, Any]:
    """A kind of norm or activation, and its arguments, as an item of its own takes them."""
    if isinstance(words, dict):
        return words
    kind, *given = words.split()
    return {"kind": kind, **{key: yaml.safe_load(value) for key, value in (each.split("=") for each in given)}}


class Writer:
    """Writes one spec. `draw` is hypothesis's."""

    def __init__(self, draw: st.DrawFn) -> None:
        self.draw, self.fuel, self.count = draw, 14, 0
        self.names: dict[str, int] = {}
        self.kept: dict[str, At] = {}
        self.unit = "conv-norm-act"
        self.blocks: dict[str, tuple[Block, dict[str, Any]]] = {}
        self.inside = False
        self.lists: dict[str, Items] = {}

    # What is drawn; the first of several is what hypothesis makes an example simpler with.

    def whole(self, least: int, most: int) -> int:
        return self.draw(st.integers(least, most))

    def of(self, *choices: Any) -> Any:
        return choices[self.whole(0, len(choices) - 1)]

    def maybe(self, times: int = 2) -> bool:
        """True once in so many."""
        return self.whole(1, times) == times

    def fresh(self, stem: str) -> str:
        self.count += 1
        return f"{stem}{self.count}"

    # Values

    def number(self, value: Channels | float) -> Any:
        """A number, a name or an expression that comes out as it."""
        if isinstance(value, str):
            return f"${value}" if NAME.fullmatch(value) else f"$({value})"
        ways: list[Any] = [value, value, value]
        if isinstance(value, int):
            ways += [f"$({value - 1} + 1)", f"$(max(1, {value}))", f"$({value} if 2 > 1 else none)", f"$(int({value} / 1))",
                     f"$(divisible({value}, 1))", f"$(abs(-{value}) // 1)", f"$({value * 2} % {value * 2 + 1} // 2)"]
            ways += [f"${name}" for name, known in self.names.items() if known == value]
        else:
            ways += [f"$({value} * 1)", f"$(min({value}, 9.5))"]
        return self.of(*ways)

    def item(self, op: str, **given: Any) -> Any:
        """An item in the compact form or the long one; arguments that are None are not given."""
        given = {key: value for key, value in given.items() if value is not None}
        if self.maybe(8):
            given["if"] = self.of("$(1 < 2)", "$(not (1 == 2))", True)
        if self.maybe(12) and op not in ("keep", "use"):
            given["name"] = self.fresh("own")
        main = OPERATIONS[op].main if op in OPERATIONS else None
        if not given:
            return op
        if any(isinstance(value, list | dict) for value in given.values()) or self.maybe(3):
            return {op: {key: self.plain(key, value) for key, value in given.items()}}
        words = [word for key, value in given.items() for word in self.words(op, key, value, main)]
        alone = given.get(main) if main and len(given) == 1 else None
        return {op: alone if alone is not None and "kernel" not in given else " ".join(words)}

    def plain(self, key: str, value: Any) -> Any:
        """As the long form has it."""
        return int(value) if isinstance(value, str) and value.isdecimal() else value

    def words(self, op: str, key: str, value: Any, main: str | None) -> list[str]:
        text = str(value).lower() if isinstance(value, bool) else str(value)
        if key == main and "x" not in text and text not in FLAGS:
            return [text]
        if key == "kernel" and re.fullmatch(r"\d+x\d+", text):
            return [text]
        if key == "stride" and re.fullmatch(r"\d+(x\d+)?", text):
            return [self.of(f"/{text}", f"stride={text}")]
        if key == "padding" and text in PADDINGS:
            return [text]
        if key in FLAGS and value is True:
            return [key]
        if key == "act" and text == "none" and op != "dense":
            return ["linear"]
        return [f"{key}={text}" if " " not in text or text.startswith("$(") else f'{key}="{text}"']

    def kernel(self, *sides: int) -> Any:
        side = self.of(*sides)
        other = self.of(side, side, 1) if side % 2 else side
        return self.of(f"{side}x{other}", [side, other]) if side != other or self.maybe() else self.of(f"{side}x{side}", side)

    # Items that keep the size

    def normed(self, at: At, channels: int, given: bool = True) -> Any:
        """A norm for so many channels, or for what comes in, whichever the unit has it on."""
        groups = next(each for each in (4, 2, 1) if channels % each == 0 and at.by % each == 0)
        return self.of(*([None] * 3 if given else []), *PLAIN_NORMS[:-1], f"group_norm groups={groups}", "global_response",
                       {"kind": "layer_norm", "epsilon": 0.001}, *(["none"] if given else []))

    def act(self) -> Any:
        return self.of(None, None, *ACTS)

    def filters(self, at: At) -> tuple[Channels, int]:
        """Channels to come, and what divides them."""
        if isinstance(at.channels, str):
            return self.of(("width", 4), ("width * 2", 4), ("in_channels", 4))
        return self.of(8, 4, 12, 16, 24), 4

    def conv(self, at: At, channels: Channels | None = None, by: int = 4, *, stride: Any = None, linear: bool = False,
             kernels: tuple[int, ...] = (3, 1, 5, 2)) -> tuple[Items, At]:
        """A convolution of its kind; the size is divided by the stride and rounded up."""
        if channels is None:
            channels, by = self.filters(at)
        kernel = self.kernel(*kernels)
        groups = self.of(None, *(each for each in (2, 4) if at.by % each == 0 and by % each == 0))
        one = kernel in (1, "1x1") or kernel == [1, 1]
        even = re.search(r"[24]", str(kernel)) is not None
        item = self.item("conv", kernel=None if one and self.maybe() else kernel, filters=self.number(channels), stride=stride,
                         groups=groups, padding="same" if even else self.of(None, None, "same", "symmetric"),
                         dilation=self.of(None, None, 2) if stride is None and not even else None,
                         bias=self.of(None, None, True, False), norm=self.normed(at, by),
                         act="none" if linear else self.act(), standardize=True if not one and self.maybe(8) else None)
        return [item], at.of(channels, by)

    def depthwise(self, at: At) -> tuple[Items, At]:
        times = self.of(1, 1, 2)
        found = f"({at.channels}) * {times}" if isinstance(at.channels, str) else at.channels * times
        item = self.item("depthwise", kernel=self.of(None, "3x3", "5x1"), multiplier=None if times == 1 else times,
                         norm=self.normed(at, at.by), act=self.act(), bias=self.of(None, True))
        return [item], at if times == 1 else at.of(found, at.by)

    def pool(self, at: At) -> tuple[Items, At]:
        op = self.of("max_pool", "avg_pool")
        return [self.item(op, kernel=self.of("3x3", "2x2", [1, 3]), stride=self.of(1, "1x1"), padding="same",
                          count_padding=True if op == "avg_pool" and self.maybe(3) else None)], at

    def small(self, at: At) -> tuple[Items, At]:
        """Something that changes neither size nor channels."""
        groups = 2 if at.by % 2 == 0 else 1
        return [self.of(
            self.item("norm", **kind_of(self.normed(at, at.by, given=False))), self.item("act", **kind_of(self.of(*ACTS[:-1]))),
            self.item("dropout", rate=self.number(0.25)), self.item("scale", factor=self.number(0.5)),
            self.item("scale", factor=2, learned=True, bias=self.of(None, True)),
            self.item("layer_scale", init=self.of(None, 0.5)), self.item("lrn", size=self.of(None, 3), alpha=0.01),
            self.item("shuffle", groups=groups), self.item("norm"), self.item("act"), {"repeat": {"times": 0, "body": ["flatten"]}},
            {"conv": "3x3 7 if=$(1 > 2)"}, {"dropout": "none"}, {"lrn": True}, {"act": "none"},
        )], at

    def coordinates(self, at: At) -> tuple[Items, At]:
        found = f"({at.channels}) + 2" if isinstance(at.channels, str) else at.channels + 2
        return [self.item("coordinates")], at.of(found, 2 if at.by % 2 == 0 else 1)

    def more(self, at: At) -> tuple[Items, At]:
        """Channels beside, or a part of them."""
        if isinstance(at.channels, str):
            twice = f"({at.channels}) * 2"
            return ([self.item("pad_channels", channels=self.number("channels * 2"))], at.of(twice, at.by)) \
                if self.maybe() or at.by != 4 else \
                ([self.item("slice", channels=self.number("channels // 2"), first=1)], at.of(f"({at.channels}) // 2", 2))
        if self.maybe() and at.channels > 4:
            return [self.item("slice", channels=4, first=self.of(None, at.channels - 4))], at.of(4, 4)
        return [self.item("pad_channels", channels=self.number(at.channels + 4))], at.of(at.channels + 4, 1 if at.by == 1 else
                                                                                         2 if at.by == 2 else 4)

    def path(self, at: At, channels: Channels, by: int) -> Items:
        """Operations that keep the size and end in so many channels."""
        items, end = self.list(at, self.whole(0, 2))
        if end.channels == channels and self.maybe():
            return items
        return [*items, *self.conv(end, channels, by, linear=self.maybe())[0]]

    def branches(self, at: At) -> tuple[Items, At]:
        """Paths from here, merged in one of the ways."""
        merge, (channels, by) = self.of(*PLAIN_MERGES), self.filters(at)
        paths: list[Items] = [self.path(at, channels, by) for _ in range(self.whole(2, 3))]
        found = paths if self.maybe() else {self.fresh("path"): path for path in paths}
        given = {"merge": merge if merge != "concat" or self.maybe() else None, "paths": found,
                 "drop_path": 0.1 if merge == "average" and self.maybe(3) else None}
        if merge == "select":
            given["by"] = [{"global_avg_pool": "keepdims"}, {"conv": f"1x1 $({len(paths)} * gated) bare"}]
        plain = merge == "concat" and "drop_path" not in given and self.maybe()
        item = {"branches": found if plain else {key: value for key, value in given.items() if value is not None}}
        if merge != "concat":
            return [item], at.of(channels, by)
        total = f"({channels}) * {len(paths)}" if isinstance(channels, str) else channels * len(paths)
        return [item], at.of(total, by)

    def split(self, at: At) -> tuple[Items, At]:
        """Each path takes a part of the channels, and gives as many."""
        part: Channels = f"({at.channels}) // 2" if isinstance(at.channels, str) else at.channels // 2
        paths = [self.path(at.of(part, at.by // 2), part, at.by // 2) for _ in range(2)]
        sizes = self.of(True, [part, part]) if isinstance(part, int) else True
        return [{"branches": {"split": sizes, "paths": paths}}], at.of(f"(({part}) * 2)" if isinstance(part, str) else part * 2,
                                                                       at.by)

    def attend(self, at: At) -> tuple[Items, At]:
        """Attention of projections, or of its own."""
        if self.maybe() and at.by == 4:
            return [self.item("attention", heads=self.of(1, 2, 4), bias=self.of(None, False), key=self.of(None, 4))], at
        width = self.number(at.channels)
        one, same = {"conv": {"filters": width, "act": "none"}}, at.of(at.channels, at.by)
        heads = self.of(None, 2 if at.by % 2 == 0 else None)
        merged = {"merge": "attend", "paths": {"query": [one], "key": [one], "value": [one, *self.small(same)[0]]}}
        return [{"branches": {**merged, **({"heads": heads} if heads else {})}}], at

    def parallel(self, at: At) -> tuple[Items, At]:
        channels, by = self.filters(at)
        merge, times = self.of("concat", "add", "average"), self.whole(2, 3)
        item = {"parallel": {"times": self.number(times), "body": self.path(at, channels, by), "merge": merge}}
        if merge != "concat":
            return [item], at.of(channels, by)
        return [item], at.of(f"({channels}) * {times}" if isinstance(channels, str) else channels * times, by)

    def repeat(self, at: At) -> tuple[Items, At]:
        """A body that gives what it takes."""
        body = self.path(at, at.channels, at.by)
        body = [*body, {"dropout": "0.1 if=$last"}] if self.maybe(3) else body
        return [{"repeat": {"times": self.number(self.whole(1, 3)), "body": body}}], at

    def residual(self, at: At) -> tuple[Items, At]:
        """With each of the shortcuts; a body that strides has its own place, `strided`."""
        shortcut = self.of(None, *SHORTCUTS, {"matching": "identity", "differing": "projection"},
                           {"matching": "none", "differing": "pad"})
        same = shortcut == "identity"
        channels, by = (at.channels, at.by) if same or self.maybe() else self.filters(at)
        if shortcut == "pad" or isinstance(shortcut, dict):
            channels, by = at.channels, at.by
        body = self.path(at, channels, by)
        given: dict[str, Any] = {"body": body or [{"act": "tanh"}], "shortcut": shortcut, "act": self.of(None, "none", "silu")}
        if shortcut == "none" or shortcut == "matched" or isinstance(shortcut, dict):
            given["act"] = self.of(None, "none")
        elif self.maybe(3):
            given["scale"] = self.number(0.5)
        elif self.maybe(3):
            given["drop_path"] = 0.2
        if self.maybe(4) and shortcut in (None, "identity", "projection", "projection_always"):
            given["pre"] = [self.of("norm", {"norm": "batch_norm"}), "act"]
        if not body and (shortcut == "matched" or shortcut is None):
            given["shortcut"] = "identity"
        short = set(given) == {"body"} or (not any(value is not None for key, value in given.items() if key != "body"))
        return [{"residual": given["body"] if short and self.maybe() else
                 {key: value for key, value in given.items() if value is not None}}], \
            at.of(channels, by) if body else at

    def densely(self, at: At) -> tuple[Items, At]:
        channels, by = self.filters(at)
        found = f"({at.channels}) + ({channels})" if isinstance(at.channels, str) else at.channels + int(channels)
        return [{"densely": self.path(at, channels, by) or ["act"]}], at.of(found, next(
            each for each in (4, 2, 1) if at.by % each == 0 and by % each == 0))

    def gate(self, at: At) -> tuple[Items, At]:
        """A weight for each channel, for each place, or for all of both."""
        body = self.of(
            ["global_avg_pool", {"dense": "$gated act=sigmoid"}],
            [{"global_avg_pool": "keepdims"}, {"conv": "1x1 $gated norm=none act=sigmoid bias"}],
            [{"reduce": "mean"}, {"conv": {"kernel": 3, "filters": 1, "act": "hard_sigmoid", "norm": "none", "padding": "same"}}],
            [{"branches": [[{"reduce": "max"}], [{"reduce": "mean"}]]}, {"conv": "3x3 1 same norm=none act=sigmoid"}],
            [{"branches": {"merge": "rows", "paths": [[{"global_avg_pool": "keepdims"}], [{"global_max_pool": "keepdims"}]]}},
             {"conv": "1x1 $gated bare"}, "global_avg_pool", {"act": "sigmoid"}],
            [{"conv": "1x1 $gated linear"}, {"act": "tanh"}])
        return [{"gate": body if self.maybe() else {"body": body, "name": self.fresh("own")}}], at

    def highway(self, at: At) -> tuple[Items, At]:
        body = self.path(at, at.channels, at.by) or [{"act": "tanh"}]
        given = {"body": body, **self.of({}, {"gate_bias": -2}, {"gate": [{"conv": f"1x1 {self.number(at.channels)} bare bias"}]})}
        return [{"highway": body if len(given) == 1 and self.maybe() else given}], at

    def diamond(self, at: At) -> tuple[Items, At]:
        """Two ways from a kept value that meet again."""
        a, b = self.fresh("kept"), self.fresh("kept")
        channels, by = self.filters(at)
        one, other, merge = self.path(at, channels, by), self.path(at, channels, by), self.of("add", "max", "concat", "weighted")
        joined = {"join": b if merge == "concat" else self.of(f"{b} merge={merge}", {"with": [b], "merge": merge})}
        total = channels if merge != "concat" else f"({channels}) * 2" if isinstance(channels, str) else channels * 2
        return [{"keep": a}, *one, {"keep": b}, {"use": a}, *other, joined], at.of(total, by)

    def kept_here(self, at: At) -> tuple[Items, At]:
        """A value of another place, brought here."""
        fit = [name for name, known in self.kept.items() if at.size is not None and known.size is not None and not known.vector]
        name = self.of(*fit)
        known = self.kept[name]
        brought: Items = [{"use": name}]
        assert known.size and at.size
        if known.size != at.size:
            if known.size[0] > at.size[0] or known.size[1] > at.size[1]:
                return self.conv(at)
            here = self.fresh("here")
            brought.append({"upsample": self.of(f"to={here}", {"to": here, "method": "bilinear"})})
            path, _ = self.conv(known, at.channels, at.by)
            return [{"keep": here}, {"branches": {"merge": "add", "paths": [[], [*brought, *path]]}}], at
        path, _ = self.conv(known, at.channels, at.by)
        return [{"branches": {"merge": self.of("add", "max"), "paths": [[], [*brought, *path]]}}], at

    def call(self, at: At) -> tuple[Items, At]:
        """A block of the spec, or one that ships."""
        block = self.block(at)
        if block is None:
            return self.small(at)
        width, by = (at.channels, at.by) if block.fixed else self.filters(at)
        width = max(width, block.least) if isinstance(width, int) else width
        given = {"width": self.number(width), **self.arguments(block, at, width)}
        item = {block.name: given["width"] if len(given) == 1 and block.name in self.blocks and self.maybe() else given}
        return [item], self.after(block, at, width, by)

    def block(self, at: At) -> Block | None:
        """One that can stand here."""
        if at.by != 4:
            return None
        own = [block for block, _ in self.blocks.values()]
        side = 4 if at.size is None else min(at.size)
        return self.of(*own, *(each for each in SHIPPED if each.smallest <= side and (each.least == 4 or not self.inside)))

    def arguments(self, block: Block, at: At, width: Channels) -> dict[str, Any]:
        """Some of what it takes; what has one value has to be given. A padded shortcut adds channels, and takes none away."""
        narrower = not (isinstance(at.channels, int) and isinstance(width, int) and at.channels <= width)
        taken = {key: [value for value in values if value != "pad" or not narrower] for key, values in block.arguments.items()}
        return {key: self.of(*values) for key, values in taken.items() if len(values) == 1 or key == "expanded" or self.maybe(3)}

    def after(self, block: Block, at: At, width: Channels, by: int) -> At:
        words = {"width": str(width), "in_channels": str(at.channels)}
        said = NAME.sub(lambda found: f"({words.get(found[0], found[0])})", block.result)
        if isinstance(at.channels, str) or isinstance(width, str):
            return at.of(said, 4)
        return at.of(int(eval(said)), 4)

    # Items that change the size

    def smaller(self, at: At) -> tuple[Items, At]:
        """Half as large, rounded up."""
        size = None if at.size is None else (-(-at.size[0] // 2), -(-at.size[1] // 2))
        if self.maybe(3):
            padding = self.of("same", "same", "symmetric")
            op = self.of("max_pool", "avg_pool")
            return [self.item(op, kernel=self.of("3x3", 3), stride=2, padding=padding)], replace(at, size=size)
        if self.maybe(3):
            return [self.item("blur_pool", kernel=self.of("3x3", 3), stride=2)], replace(at, size=size)
        if self.maybe(3):
            channels, by = self.filters(at)
            shortcut = self.of(None, "projection", "avg_projection", "none", [{"avg_pool": "3x3 /2 same"}, {"conv": {
                "filters": self.number(channels), "act": "none"}}])
            body, end = self.conv(at, channels, by, stride=2, kernels=(3, 1))
            given = {"body": [*body, *self.path(end, channels, by)], "shortcut": shortcut}
            return [{"residual": {key: value for key, value in given.items() if value is not None}}], replace(end, size=size)
        items, end = self.conv(at, stride=2, kernels=(3, 1, 5))
        return items, replace(end, size=size)

    def resized(self, at: At) -> tuple[Items, At]:
        """Of a size that is known, other sizes."""
        assert at.size is not None
        height, width = at.size
        assert isinstance(at.channels, int)
        ways: list[Callable[[], tuple[Items, At]]] = [
            lambda: ([self.item("pad", size=1, mode=self.of(None, "zero"))], replace(at, size=(height + 2, width + 2))),
            lambda: ([self.item("pad", size=[0, 1, 0, 1])], replace(at, size=(height + 1, width + 1))),
            lambda: ([self.item("position")], at),
            lambda: ([self.item("permute", order="whc")], replace(at, size=(width, height))),
            lambda: ([self.item("reshape", to=self.of([width, height, at.channels], f"{width}x{height}x?", [width, "?",
                                                                                                   self.number(at.channels)]))],
                     replace(at, size=(width, height))),
        ]
        if min(height, width) >= 4:
            ways += [
                lambda: ([self.item("pad", size=-1)], replace(at, size=(height - 2, width - 2))),
                lambda: ([self.item("pad", size=1, mode="reflect")], replace(at, size=(height + 2, width + 2))),
                lambda: ([self.item("conv", kernel=3, filters=8, padding="valid")], At(8, 4, (height - 2, width - 2))),
                lambda: ([self.item("conv", kernel="3x3", filters=8, padding=[1, 0, 0, 1], stride=2)],
                         At(8, 4, ((height - 2) // 2 + 1, (width - 2) // 2 + 1))),
                lambda: ([self.item("max_pool", kernel="2x2", stride=2, padding="valid")],
                         replace(at, size=(height // 2, width // 2))),
                lambda: ([self.item("avg_pool", kernel="3x3", stride=3, padding="valid", ceil=True)],
                         replace(at, size=(-(-height // 3), -(-width // 3)))),
                lambda: ([self.item("conv", kernel="2x2", filters=self.number(8), stride="2x1", padding="valid")],
                         At(8, 4, (height // 2, width - 1))),
            ]
        if max(height, width) * 2 <= LARGEST:
            larger = (height * 2, width * 2)
            ways += [
                lambda: ([self.item("upsample", factor=2, method=self.of(None, "bilinear"))], replace(at, size=larger)),
                lambda: ([self.item("conv_transpose", kernel=self.of("2x2", "3x3"), filters=8, stride=2, act=self.act())],
                         At(8, 4, larger)),
                lambda: ([{"branches": {"merge": "rows", "paths": [[], ["act"]]}}], replace(at, size=(height * 2, width))),
            ]
        if height * width <= MOST_CHANNELS:
            hidden = self.of(8, 4)
            ways.append(lambda: ([{"residual": {"shortcut": "identity", "act": "none", "body": [
                {"reshape": [1, "?", at.channels]}, {"permute": "hcw"}, {"conv": f"1x1 {hidden} norm=none"},
                {"conv": f"1x1 {height * width} bare"}, {"permute": "hcw"}, {"reshape": [height, width, "?"]}]}}], at))
        return self.of(*ways)()

    def streams(self, at: At) -> tuple[Items, At]:
        """Two sizes side by side that take from one another, as in HRNet."""
        large, little, mixed = self.fresh("large"), self.fresh("little"), self.fresh("mixed")
        assert isinstance(at.channels, int)
        width = self.number(at.channels)
        return [{"keep": large}, {"conv": {"kernel": 3, "filters": width, "stride": 2, "padding": "same"}}, {"keep": little},
                {"branches": {"merge": "add", "paths": [[], [{"use": large}, {"conv": {
                    "kernel": 3, "filters": width, "stride": 2, "padding": "same", "act": "none"}}]]}}, {"keep": mixed},
                {"use": large},
                {"branches": {"merge": "add", "paths": [[], [{"use": mixed}, {"upsample": f"to={large}"}]]}}], at

    # Lists

    def list(self, at: At, most: int) -> tuple[Items, At]:
        """Up to so many items that keep the size."""
        items: Items = []
        for _ in range(self.whole(0, most)):
            if self.fuel <= 0:
                break
            self.fuel -= 1
            found, at = self.step(at)
            items += found
        return items, at

    def step(self, at: At) -> tuple[Items, At]:
        ways: list[Callable[[At], tuple[Items, At]]] = [self.conv, self.small, self.conv, self.depthwise, self.pool, self.branches,
                                                        self.residual, self.gate, self.densely, self.diamond, self.parallel,
                                                        self.repeat, self.highway, self.call, self.coordinates, self.more]
        if at.by % 2 == 0:
            ways.append(self.split)
        if at.size is not None and at.size[0] * at.size[1] <= MOST_CHANNELS:
            ways.append(self.attend)
        if isinstance(at.channels, int) and at.channels > MOST_CHANNELS:
            return self.conv(at, 8, 4)
        return self.of(*ways)(at)

    def section(self, at: At, most: int = 3) -> tuple[Items, At]:
        """A list outside of blocks: sizes change, values are kept, lists of the spec stand in it."""
        items: Items = []
        for _ in range(self.whole(0, most)):
            kind = self.whole(0, 9)
            side = 9 if at.size is None else min(at.size)
            if kind == 1 and side >= 4:
                found, at = self.smaller(at)
            elif kind in (2, 3) and at.size is not None and isinstance(at.channels, int):
                found, at = self.resized(at)
            elif kind == 4 and not at.vector:
                name = self.fresh("kept")
                self.kept[name] = at
                found = [{"keep": name}]
            elif kind == 5 and self.kept and at.size is not None:
                found, at = self.kept_here(at)
            elif kind == 6 and at.size is not None and side >= 4 and isinstance(at.channels, int):
                found, at = self.streams(at)
            elif kind == 7 and at.by == 4 and isinstance(at.channels, int):
                name = self.fresh("list")
                body = self.of([{"act": "tanh"}, {"se": 2}], [{"conv": "3x3 $channels same"}], [{"dropout": 0.1}])
                self.lists[name] = body
                found = [f"${name}"]
            else:
                self.fuel += 1
                found, at = self.list(at, 1)
            items += found
        return items, at

    def own_block(self) -> None:
        """A block of the spec, with what its body reads of its parameters and names."""
        name = self.fresh("mine")
        before = self.unit
        strided = self.maybe()
        self.inside, self.fuel = True, 6
        at, items = At("in_channels", 4, None), []
        head, at = self.list(at, 2)
        items += head
        if strided:
            self.fuel += 1
            found, at = self.conv(at, "width", 4, stride="$stride", kernels=(3, 1))
            items += found
            more, at = self.list(at, 2)
            items += more
        items += self.of([], ["$extra"], [{"se": "$se"}] if at.by == 4 else [], [{"dropout": "$rate"}], [{"act": "$act"}])
        found, at = self.conv(at, *self.of(("width", 4), ("width * 2", 4)), kernels=(3, 1))
        items += found
        if self.maybe(3):
            items.append({"scale": "$factor"})
        text = to_text(items)
        values = {"stride": 1, "extra": "none", "se": "none", "rate": "none", "act": "relu", "factor": 0.5}
        read = {key for key in values if re.search(rf"\${key}\b", text)}
        block: dict[str, Any] = {"parameters": {"width": "required", **{key: values[key] for key in values if key in read}},
                                 "body": items}
        if self.maybe(3):
            block["unit"] = self.of(*UNITS)
        if self.maybe(3):
            block["description"] = "écrit: at random $x"
        takes = {"extra": ("none",), "se": ("none", 2), "rate": ("none", 0.1), "act": ("relu", "silu"), "factor": (1.5, 0.5)}
        self.blocks[name] = Block(name, str(at.channels), 4, strided,
                                  {key: value for key, value in takes.items() if key in read and key != "extra"}), block
        self.inside, self.unit = False, before

    def like_block(self) -> None:
        """A copy of a shipped block with a little of it changed."""
        name, base = self.fresh("like"), self.of(*SHIPPED[:3])
        change = self.of(
            {"parameters": {"drop_path": 0.1}} if "drop_path" in base.arguments else {"description": "a copy"},
            {"edit": {"conv2": {"change": {"kernel": "5x5", "act": "silu"}}}},
            {"edit": {"conv1": {"before": [{"dropout": 0.1}], "after": ["act"]}}},
            {"edit": {"conv2": {"replace": [{"conv": "1x3 $width"}, {"conv": {"kernel": [3, 1], "filters": "$width"}}]}}}
            if base.name == "basic_preact" else {"unit": "norm-act-conv"})
        fixed = replace(base, name=name, strided=base.strided and "replace" not in str(change))
        if "cardinality" in fixed.arguments:
            fixed = replace(fixed, arguments={"expansion": (2,)})
        self.blocks[name] = fixed, {"like": base.name, **change}

    def cells(self, at: At) -> tuple[Any, At]:
        """Stages of a block that takes what entered the one before, too."""
        name, width = self.fresh("cell"), self.of(8, 4)
        merge = self.of("concat", "add") if at.channels == width else "concat"
        body = [*self.of([], [{"conv": "1x1 $width"}]), {"keep": "here"}, {"join": "previous" + ("" if merge == "concat" else " merge=add")},
                {"conv": "3x3 $width"}, *self.of([], [{"join": {"with": ["here", "previous"]}}, {"conv": "1x1 $width linear"}])]
        self.blocks[name] = Block(name, "width", 4, False), {"parameters": {"width": "required"}, "body": body}
        rows = [{"block": name, "repeats": self.whole(1, 3), "width": width} for _ in range(self.whole(1, 2))]
        return rows, at.of(width, 4)

    def dilated(self) -> dict[str, Any]:
        """A network whose later stages keep their size."""
        blocks = self.of("basic", "bottleneck", "resnext_grouped", "basic_se_post")
        given = {"cardinality": 2, "base_width": 32} if blocks == "resnext_grouped" else {"se": 2} if "se" in blocks else {}
        rows = [{"block": blocks, "repeats": self.whole(1, 3), "width": width, "stride": stride, **given}
                for width, stride in ((8, 1), (8, 2), (16, self.of(2, 1)), (16, 2))]
        return {"name": "net", "input": self.of("32x32x3", "48x32x1", "?x?x3"), "classes": 3, "output_stride": 8,
                "stem": [{"conv": "3x3 8 /2"}, {"max_pool": "3x3 /2"}], "stages": rows,
                "head": ["global_avg_pool", {"dense": "$classes"}]}

    def stages(self, at: At) -> tuple[Any, At]:
        """Rows, whose columns are written in one of three ways."""
        if self.maybe(8):
            return self.cells(at)
        count, rows = self.whole(1, 3), list[dict[str, Any]]()
        one = self.block(at.of(at.channels, 4))
        for number in range(count):
            block = one if self.maybe() else self.block(at.of(at.channels, 4))
            assert block is not None
            if block.fixed and number == 0 and at.channels != 8:
                block = SHIPPED[0]
            width: int = max(self.of(8, 4, 16), block.least)
            if block.fixed:
                assert isinstance(at.channels, int)
                width = at.channels
            even = at.size is None or (min(at.size) >= 4 and at.size[0] % 2 == 0 and at.size[1] % 2 == 0)
            stride = 2 if block.strided and even and self.maybe() else 1
            row: dict[str, Any] = {"block": block.name, "repeats": self.whole(1, 3), "width": width}
            if stride == 2 or (block.strided and self.maybe(3)):
                row["stride"] = stride
            row |= self.arguments(block, at, width)
            at = self.after(block, at, width, 4)
            if stride == 2 and at.size is not None:
                at = replace(at, size=(at.size[0] // 2, at.size[1] // 2))
            for _ in range(1, row["repeats"]):
                at = self.after(block, at, width, 4)
            if self.maybe(6):
                row["before"] = self.of([{"dropout": 0.1}], ["act"], [{"se": 2}])
            if self.maybe(4):
                row["after"], at = self.section(at, 1)
                if at.by != 4:
                    found, at = self.conv(at, 8, 4)
                    row["after"] += found
            elif self.maybe(6):
                row["memory"] = "recompute"
            rows.append(row)
            self.kept[f"stage{number + 1}"] = at
        return rows, at

    def head(self, at: At, classes: int) -> Items:
        """Ends in logits."""
        end, stated = self.number(classes), self.of("$classes", self.number(classes))
        if self.maybe(4):
            return [{"conv": {"kernel": 1, "filters": stated, "norm": "none", "act": "none", "bias": True}}, "global_avg_pool",
                    *self.of([], [{"scale": 0.5}])]
        pool = self.of(["global_avg_pool"], ["global_max_pool"], [{"global_avg_pool": "keepdims"}, "flatten"])
        if at.size is not None and at.size[0] * at.size[1] <= 64 and self.maybe(3):
            pool = ["flatten"]
        hidden = self.of([], [{"dense": self.of("16 act=relu", {"units": 12, "act": "tanh", "bias": False})}, {"dropout": 0.2}],
                         [{"norm": "layer_norm"}], [{"dense": 8}, {"norm": "batch_norm"}, "act"])
        return [*pool, *hidden, {"dense": self.of(stated, {"units": end, "bias": False})}]

    def spec(self) -> dict[str, Any]:
        """A whole spec."""
        if self.maybe(16):
            return self.dilated()
        size = (self.of(16, 8, 12, 15), self.of(16, 8, 12, 9))
        at = At(self.of(3, 1, 4), 1, None if self.maybe(8) else size)
        classes = self.whole(2, 9)
        sides = "?x?" if at.size is None else f"{size[0]}x{size[1]}"
        found: dict[str, Any] = {"name": "net", "input": f"{sides}x{at.channels}", "classes": classes}
        defaults = {"unit": self.of(None, None, *UNITS), "padding": self.of(None, None, "symmetric"),
                    "norm": self.of(None, None, *PLAIN_NORMS), "act": self.of(None, None, *ACTS),
                    "conv": self.of(None, None, {"bias": True})}
        found["defaults"] = {key: value for key, value in defaults.items() if value is not None}
        self.names = {name: value for name, value in (("eight", 8), ("four", 4), ("some", 12)) if self.maybe()}
        names = dict(self.names)
        for _ in range(self.of(0, 1, 2)):
            self.of(self.own_block, self.own_block, self.like_block)()
        self.fuel = 8
        stem, at = self.section(at, 2)
        first, at = self.conv(at, 8, 4, kernels=(3, 1))
        more, at = self.section(at, 3)
        if at.by != 4:
            last, at = self.conv(at, 8, 4, kernels=(1, 3))
            more += last
        found["stem"] = [*stem, *first, *more]
        self.fuel = 4
        if not self.maybe(5):
            found["stages"], at = self.stages(at)
        before, at = self.section(at, 3)
        found["head"] = [*before, *self.head(at, classes)]
        if "stages" in found and self.maybe(6):
            found["auxiliary"] = {"stage1": ["global_avg_pool", {"dense": "$classes"}]}
        if self.maybe(8):
            found["memory"] = "recompute"
        taken = [key for key in SEEN for row in found.get("stages", ()) for block in SHIPPED
                 if row["block"] == block.name and key in block.arguments]
        if taken and self.maybe(4):
            key = self.of(*taken)
            found["parameters"] = {key: self.of(*SEEN[key])}
        if self.maybe(8):
            found["train"] = {"epochs": 3, "schedule": "constant"}
        found["let"] = {**names, **self.lists}
        found["blocks"] = {name: block for name, (_, block) in self.blocks.items()}
        return {key: value for key, value in found.items() if value or key == "head"}


@st.composite
def specs(draw: st.DrawFn) -> dict[str, Any]:
    """A valid spec, as plain data with its stages in rows."""
    return Writer(draw).spec()


def columns(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The same stages in columns."""
    keys = dict.fromkeys(key for row in rows for key in row)
    return {key: [row.get(key, "default") for row in rows] for key in keys}


def table(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The same stages as a paper's table."""
    named = columns(rows)
    return {"table": [list(named), *([column[number] for column in named.values()] for number in range(len(rows)))]}


LISTS = {"before", "after", "between"}


@st.composite
def otherwise(draw: st.DrawFn, spec: dict[str, Any]) -> dict[str, str]:
    """The files of the same network: stages in another form, sections in a file that is extended, blocks in one included."""
    spec, parent = dict(spec), dict[str, Any]()
    rows = spec.get("stages")
    if rows and not any(LISTS & set(row) for row in rows):
        spec["stages"] = draw(st.sampled_from((columns, table)))(rows)
    files: dict[str, str] = {}
    if "blocks" in spec and draw(st.booleans()):
        files["shared.yaml"] = to_text({"blocks": spec.pop("blocks")})
        spec["include"] = "shared"
    for key in list(spec):
        if key not in ("name", "stages", "blocks", "include") and draw(st.booleans()):
            parent[key] = spec.pop(key)
    for key, old in (("memory", "recompute"), ("stem", ["flatten"]), ("classes", 77), ("head", [{"conv": "no such"}])):
        if key in spec and draw(st.booleans()):
            parent[key] = old
    if "memory" in parent and "memory" not in spec and spec.get("memory") is None and draw(st.booleans()):
        spec["train"] = {**spec.get("train", {}), "batch": 8}
    files["parent.yaml"] = to_text(parent) if parent else to_text({"description": "nothing"})
    files["net.yaml"] = to_text({"extends": "parent", **spec})
    return files
