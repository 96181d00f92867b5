"""The boxes of a picture: nodes of a graph, folded where the eye takes them as one, with what is said of them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from archspec.errors import Where
from archspec.graph.axes import BlurPool, Coordinates, Permute, Position, Reduce, Reshape, Resize
from archspec.graph.ir import Frame, Graph, Node, Value
from archspec.graph.learned import Attention, ConvTranspose, GlobalResponseNorm, Rows, Select, Weighted
from archspec.graph.ops import (
    Activation,
    BatchNorm,
    Blend,
    Concat,
    Conv,
    Dense,
    Depthwise,
    Dropout,
    DropPath,
    Flatten,
    Gate,
    GlobalPool,
    GroupNorm,
    LayerNorm,
    LayerScale,
    LocalResponseNorm,
    Merge,
    Op,
    Pad,
    PadChannels,
    Pool,
    Scale,
    Shuffle,
    SliceChannels,
    Upsample,
)
from archspec.graph.types import Pair, Tensor

Kind = Literal["conv", "pool", "merge", "gate", "dense", "attention", "plain", "name"]
"""What a box is, as far as colour says it; `name` is no box but the name of a value from elsewhere."""
NORMS = (BatchNorm, LayerNorm, GroupNorm, GlobalResponseNorm, LocalResponseNorm)
UNITS = (Conv, Depthwise, Dense, ConvTranspose)
"""What norms and activations fold into."""
JOINS = (Merge, Concat, Gate, Blend, Rows, Weighted, Select)


@dataclass(frozen=True, slots=True)
class Strip:
    """The norm and the activation at one side of a convolution, by their words; none of one: empty."""

    norm: str = ""
    act: str = ""

    def __bool__(self) -> bool:
        return bool(self.norm or self.act)

    @property
    def form(self) -> Literal["full", "open", "line"]:
        """How it is drawn: filled for both, hollow for a norm alone, a thin line for an activation alone."""
        return "full" if self.norm and self.act else "open" if self.norm else "line"


@dataclass(frozen=True, slots=True)
class Box:
    """Nodes drawn as one, called after the layer that gives it its word. `nodes` are in the order of computation.

    `words` are its label in parts, the first what it is: `3×3 conv`, `128`, `/2`. `inputs` are names of boxes, or of
    values from elsewhere.
    """

    name: str
    kind: Kind
    words: tuple[str, ...]
    nodes: tuple[Node, ...]
    inputs: tuple[str, ...]
    before: Strip = Strip()
    after: Strip = Strip()
    sign: Literal["", "+", "×"] = ""
    """Drawn as a circle with this sign; the activation behind it stands beside it."""
    block: str = ""
    """The name of the block that it stands for, which is drawn elsewhere."""
    dashed: bool = False

    @property
    def node(self) -> Node:
        """The node it is called after."""
        return next((node for node in self.nodes if node.name == self.name), self.nodes[-1])

    @property
    def where(self) -> Where:
        """Where it is written: its layer, or the call of its block."""
        frames = [frame for frame in self.nodes[0].calls if frame.prefix == self.name and self.block]
        return frames[0].where if frames else self.node.where

    @property
    def output(self) -> Tensor:
        """The type of what it gives."""
        return self.nodes[-1].output.type

    @property
    def op(self) -> Op | None:
        """The operation that it is drawn for; none for a block."""
        return self.node.op if self.nodes and not self.block else None

    @property
    def sheets(self) -> bool:
        """Whether it stands for a block, and so for several layers."""
        return bool(self.block)

    @property
    def label(self) -> str:
        """All of its words."""
        return ", ".join(self.words)

    @property
    def joins(self) -> bool:
        """Whether values meet in it."""
        return isinstance(self.op, JOINS)


@dataclass(frozen=True, slots=True)
class Part:
    """What one picture shows of a graph: boxes in the order of computation.

    `entry` is the value that it starts from; `outside` are others it takes, by what they are called. `exit` is the box
    whose value goes on.
    """

    boxes: tuple[Box, ...]
    entry: str
    exit: str
    outside: Mapping[str, str] = field(default_factory=dict)


def part(graph: Graph, nodes: Sequence[Node], entry: str, names: Mapping[str, str] | None = None,
         level: int | None = None) -> Part:
    """Consecutive nodes of a graph as boxes; `names` say what values from elsewhere are called.

    With `level`, blocks that so many others are around are boxes themselves. The exit is the last box that something
    behind the nodes takes, or the last.
    """
    inside = {node.name for node in nodes}
    frames = {node.name: node.calls[level] for node in nodes if level is not None and len(node.calls) > level}
    boxes = tuple(_grown(box, entry) for box in fold(graph, nodes, frames))
    owner = {node.name: box.name for box in boxes for node in box.nodes}
    outer = {value.name for node in nodes for value in node.inputs if value.name not in inside} - {entry}
    taken = [node.name for node in nodes if node.name == graph.output.name
             or any(user.name not in inside and user.role != "auxiliary" for user in graph.users[node.name])]
    last = owner[taken[-1]] if taken else boxes[-1].name
    return Part(boxes, entry, last, {name: (names or {}).get(name, name) for name in sorted(outer)})


def fold(graph: Graph, nodes: Sequence[Node], called: Mapping[str, Frame] | None = None) -> tuple[Box, ...]:
    """The nodes as boxes: norm and activation go into the convolution whose name they carry, else stand as one.

    `called` are the calls of blocks that are one box each, by the names of the nodes in them.
    """
    inside = {node.name: node for node in nodes}
    frames = called or {}
    alone = {name for name in inside if len(graph.users[name]) == 1 and graph.users[name][0].name in inside
             and frames.get(name) == frames.get(graph.users[name][0].name)}
    into: dict[str, str] = {}
    for node in reversed(nodes):
        into[node.name] = _ahead(node, graph.users[node.name][0], inside, into) if node.name in alone else node.name
    for node in nodes:
        before = node.inputs[0].name if len(node.inputs) == 1 else ""
        if into[node.name] == node.name and before in alone:
            into[node.name] = _behind(node, inside[into[before]], inside[before])
    into |= {name: frame.prefix for name, frame in frames.items()}
    groups: dict[str, list[Node]] = {}
    for node in nodes:
        groups.setdefault(into[node.name], []).append(node)
    # a box stands where its last node is computed: all that it takes stands before it
    places = {node.name: place for place, node in enumerate(nodes)}
    order = sorted(groups, key=lambda name: places[groups[name][-1].name])
    blocks = {frame.prefix: frame for frame in frames.values()}
    return tuple(_closed(blocks[name], tuple(groups[name]), into) if name in blocks
                 else _box(inside[name], tuple(groups[name]), into) for name in order)


def _ahead(node: Node, user: Node, inside: Mapping[str, Node], into: Mapping[str, str]) -> str:
    """The convolution that a norm or activation stands right before; else the node itself.

    One that another layer is called after stays with that.
    """
    head = inside[into[user.name]]
    if not isinstance(node.op, (*NORMS, Activation)) or not isinstance(head.op, UNITS):
        return node.name
    before = node.inputs[0].name
    # a norm of the same convolution stands before an activation
    other = before in inside and before.removesuffix("_norm") != head.name and _carries(node, before)
    named = node.name.startswith(f"{head.name}_")
    bare = user.name == head.name and isinstance(node.op, Activation)
    return head.name if not other and (named or bare) else node.name


def _carries(node: Node, before: str) -> bool:
    """Whether a norm or activation is called after what stands before it, or after what that is called after."""
    return node.name.startswith((f"{before}_", f"{before.removesuffix('_norm')}_"))


def _behind(node: Node, head: Node, before: Node) -> str:
    """The box before a norm or activation that it goes into; else the node itself.

    An activation goes into what joins values and behind a norm whatever it is called: it stands beside their sign.
    """
    if not isinstance(node.op, (*NORMS, Activation)) or isinstance(before.op, Activation):
        return node.name
    named = isinstance(head.op, UNITS) and node.name.startswith(f"{head.name}_")
    beside = isinstance(node.op, Activation) and before is head and isinstance(head.op, (*JOINS, *NORMS))
    return head.name if named or beside else node.name


def _box(head: Node, nodes: tuple[Node, ...], into: Mapping[str, str]) -> Box:
    place = nodes.index(head)
    own = {node.name for node in nodes}
    inputs = tuple(into.get(value.name, value.name) for node in nodes for value in node.inputs if value.name not in own)
    kind, words, sign = said(head)
    if isinstance(head.op, NORMS):
        words = (", ".join((words[0], *(act_word(node.op) for node in nodes[1:]))),)
        return Box(head.name, kind, words, nodes, inputs)
    return Box(head.name, kind, words, nodes, inputs, _strip(nodes[:place]), _strip(nodes[place + 1:]), sign)


def _grown(box: Box, entry: str) -> Box:
    """A concatenation of what entered and something new says how much that adds."""
    if not isinstance(box.op, Concat) or len(box.inputs) != 2 or box.inputs.count(entry) != 1:
        return box
    new = next(value for value in box.node.inputs if value.name != entry)
    return replace(box, words=("concat", f"+ {new.type.channels}", *box.words[2:]))


def _closed(frame: Frame, nodes: tuple[Node, ...], into: Mapping[str, str]) -> Box:
    """A called block as one box: its name, its largest kernel, its stride."""
    own = {node.name for node in nodes}
    outer = [value for node in nodes for value in node.inputs if value.name not in own]
    kernel = max((node.op.kernel for node in nodes if isinstance(node.op, Conv | Depthwise | Pool)), default=(1, 1))
    shown = "" if kernel == (1, 1) or f"{kernel[0]}x{kernel[1]}" in frame.name else f" {_pair(kernel)}"
    kinds = [said(node)[0] for node in nodes]
    kind = min(kinds, key=_RANK.index)
    words = (f"{frame.name}{shown}", *_scaled(outer, nodes[-1].output.type))
    inputs = tuple(dict.fromkeys(into.get(value.name, value.name) for value in outer))
    return Box(frame.prefix, kind, words, nodes, inputs, block=frame.name)


_RANK: tuple[Kind, ...] = ("attention", "conv", "dense", "gate", "pool", "merge", "plain", "name")
"""What a block is, as far as colour says it: the first of these that is in it."""


def _scaled(entered: Sequence[Value], left: Tensor) -> tuple[str, ...]:
    """/2 where a block halves the map that enters it first, ×2 where it doubles it."""
    before, after = (entered[0].type.stride if entered else None), left.stride
    if before is None or after is None or before == after:
        return ()
    down = [b / a for a, b in zip(before, after, strict=True)]
    if all(ratio.denominator == 1 for ratio in down):
        return _stride((int(down[0]), int(down[1])))
    up = [1 / ratio for ratio in down]
    return _stride((int(up[0]), int(up[1])), "×") if all(ratio.denominator == 1 for ratio in up) else ()


def _strip(nodes: Iterable[Node]) -> Strip:
    norm = act = ""
    for node in nodes:
        if isinstance(node.op, Activation):
            act = act_word(node.op)
        else:
            norm = norm_word(node.op)
    return Strip(norm, act)


def act_word(op: Op) -> str:
    """An activation in the field's words."""
    return op.function.replace("_", " ") if isinstance(op, Activation) else ""


def norm_word(op: Op) -> str:
    """A norm in the field's words."""
    if isinstance(op, GroupNorm):
        return f"group norm, {op.groups} groups"
    return {BatchNorm: "batch norm", LayerNorm: "layer norm", GlobalResponseNorm: "global response norm",
            LocalResponseNorm: "local response norm"}[type(op)]


def words_of(node: Node) -> str:
    """A node by itself in the field's words: `3×3 conv, 64, /2`."""
    return ", ".join(said(node)[1])


def _pair(pair: Pair) -> str:
    """3×3, 7×1."""
    return f"{pair[0]}×{pair[1]}"


def _stride(stride: Pair, sign: str = "/") -> tuple[str, ...]:
    """/2, or /2×1 where the sides differ; nothing for 1."""
    if stride == (1, 1):
        return ()
    return (f"{sign}{stride[0]}" if stride[0] == stride[1] else f"{sign}{_pair(stride)}",)


def _unit(op: Conv | Depthwise) -> tuple[str, ...]:
    dilation = () if op.dilation == (1, 1) else (
        f"dilation {op.dilation[0]}" if op.dilation[0] == op.dilation[1] else f"dilation {_pair(op.dilation)}",)
    if isinstance(op, Depthwise):
        more = () if op.multiplier == 1 else (f"× {op.multiplier}",)
        return (f"{_pair(op.kernel)} depthwise", *more, *_stride(op.stride), *dilation)
    groups = () if op.groups == 1 else (f"{op.groups} groups",)
    return (f"{_pair(op.kernel)} conv", str(op.filters), *_stride(op.stride), *groups, *dilation)


def _number(value: float) -> str:
    return f"{value:.3g}"


def said(node: Node) -> tuple[Kind, tuple[str, ...], Literal["", "+", "×"]]:
    """Kind, words and sign of the box of an operation."""
    match node.op:
        case Conv() | Depthwise() as op:
            return "conv", _unit(op), ""
        case ConvTranspose() as op:
            return "conv", (f"{_pair(op.kernel)} conv transpose", str(op.filters), *_stride(op.stride, "×")), ""
        case Dense(units):
            return "dense", ("dense", str(units)), ""
        case Attention(heads):
            return "attention", ("attention", f"{heads} heads" if heads > 1 else "1 head"), ""
        case Merge("add") if len(node.inputs) == 2:
            return "merge", ("add",), "+"
        case Merge("multiply") if len(node.inputs) == 2:
            return "merge", ("multiply",), "×"
        case Gate():
            return "gate", ("gate",), "×"
        case Merge(how):
            return "merge", (how,), ""
        case Concat():
            return "merge", ("concat", str(node.output.type.channels)), ""
        case Rows() | Weighted() | Select() | Blend() as op:
            return "merge", (_JOINS[type(op)],), ""
        case Pool() | GlobalPool() | BlurPool() | Upsample() | Resize() | Reduce() as op:
            return "pool", _resampled(op), ""
        case SliceChannels() | Reshape() | Permute() | Flatten() | Shuffle() | Pad() | PadChannels() as op:
            return "pool", _rearranged(op), ""
        case op:
            return "plain", (_plain(op),), ""


_JOINS: Mapping[type[Op], str] = {Rows: "rows", Weighted: "weighted sum", Select: "select", Blend: "highway"}


def _resampled(op: Pool | GlobalPool | BlurPool | Upsample | Resize | Reduce) -> tuple[str, ...]:
    match op:
        case Pool():
            return (f"{_pair(op.kernel)} {op.mode} pool", *_stride(op.stride))
        case GlobalPool():
            return (f"global {op.mode} pool",)
        case BlurPool():
            return (f"{_pair(op.kernel)} blur", *_stride(op.stride))
        case Upsample():
            return (f"upsample ×{op.factor}",)
        case Resize():
            return ("upsample to size",)
        case Reduce():
            return (f"{op.how} over channels",)


def _rearranged(op: SliceChannels | Reshape | Permute | Flatten | Shuffle | Pad | PadChannels) -> tuple[str, ...]:
    match op:
        case SliceChannels():
            return (f"channels {op.start}–{op.start + op.size - 1}",)
        case Reshape():
            return ("reshape",)
        case Permute():
            return (f"permute {' '.join(op.order)}",)
        case Flatten():
            return ("flatten",)
        case Shuffle():
            return ("shuffle", f"{op.groups} groups")
        case Pad():
            same = len(set(op.size)) == 1
            word = "crop" if max(op.size) <= 0 else "pad"
            return (f"{word} {abs(op.size[0])}" if same else f"{word} {' '.join(map(str, op.size))}",)
        case PadChannels():
            return ("zero channels", f"to {op.channels}")


def _plain(op: Op) -> str:
    match op:
        case Activation():
            return act_word(op)
        case BatchNorm() | LayerNorm() | GroupNorm() | GlobalResponseNorm() | LocalResponseNorm():
            return norm_word(op)
        case Dropout(rate):
            return f"dropout {_number(rate)}"
        case DropPath(rate):
            return f"drop path {_number(rate)}"
        case Scale(factor, learned):
            return f"× learned, {_number(factor)} at first" if learned else f"× {_number(factor)}"
        case LayerScale():
            return "layer scale"
        case Coordinates():
            return "coordinates"
        case Position():
            return "position"
        case other:
            return other.kind.replace("_", " ")
