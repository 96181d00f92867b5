"""A network whose maps become no smaller than one stride: windows with gaps in place of further strides.

That is the atrous rule of DeepLab (Chen et al. 2017, 1706.05587, section 3.1, Figure 3b) and of dilated residual networks (Yu
et al. 2017, 1705.09914, section 2): the window whose stride goes keeps its gaps, and all behind it have that many times more.
Every weight keeps its name and shape, so the numbers of a classification network fit.

Each value of the network is found again in its dense counterpart: of every `rate` pixels the first. It is the same number to
the last rounding, with zeros around the maps as before, where the image has a size, or sides that are a multiple of the
network's stride. Two things change it, both meant so: means over a whole map (squeeze-and-excitation, group norm, attention)
are over more pixels, and numbers near the lower and right border of an open size that is no such multiple.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from archspec.errors import InputError
from archspec.graph.axes import BlurPool, Coordinates, Permute, Position, Reshape, Resize
from archspec.graph.ir import Graph, Node, Value, is_input
from archspec.graph.learned import ConvTranspose, Rows
from archspec.graph.ops import Conv, Depthwise, Flatten, GlobalPool, Op, Pad, Pool, Upsample, reach
from archspec.graph.pads import same, unstrided
from archspec.graph.types import Padding, Pads, Pair, ShapeError, Tensor

Window = Conv | Depthwise | Pool
ONCE: Pair = (1, 1)
REFUSED: Mapping[type[Op], str] = {
    Flatten: "makes a vector of its map, whose length the weights behind it have",
    Upsample: "enlarges a map that the stride has not made small",
    ConvTranspose: "enlarges a map that the stride has not made small",
    Rows: "puts maps one below the other",
    Resize: "enlarges a map that the stride has not made small",
    Reshape: "deals out the pixels of its map anew", Permute: "makes another axis of the pixels of its map",
    Coordinates: "numbers the pixels of its map", Position: "has a number for each pixel of its map",
    BlurPool: "reflects the pixels of its map at its borders",
}
"""Why these cannot stand behind a stride that has gone."""
OPEN = 2048
"""What a side of open size is taken for where the padding of a window depends on it."""


@dataclass(frozen=True, slots=True)
class _Dense:
    """A value of the new network beside its original: the types of both where every size is known, and the rate.

    Pixel i of the original is pixel i · rate of the new one; a value without places (a vector, a mean) has no rate.
    """

    value: Value
    before: Tensor
    after: Tensor
    rate: Pair | None


class _Refused(Exception):
    """What cannot be dilated, and what to do: message and hint."""


def dilated(graph: Graph, output_stride: int) -> Graph:
    """The graph with no map beyond this stride; names and weights stay, and so do the levels of the feature pyramid.

    A level keeps its name and its place in the network: where output_stride is 8, P3, P4 and P5 all have stride 8. Raises
    InputError for a layer that needs the smaller map: one that makes a vector of it, or enlarges it.
    """
    found: dict[str, _Dense] = {}
    nodes: list[Node] = []
    for node in graph.nodes:
        try:
            op, dense = _counterpart(node, [found[value.name] for value in node.inputs], output_stride)
        except (_Refused, ShapeError) as error:
            raise InputError(f"{graph.name} has no form of output stride {output_stride}: {node.name} {error}\n"
                             "  hint: ask for levels before that layer, or leave output_stride out") from None
        found[node.name] = dense
        nodes.append(replace(node, op=op, inputs=tuple(found[value.name].value for value in node.inputs), output=dense.value))
    return _put_together(graph, nodes, {name: dense.value for name, dense in found.items()})


def _put_together(graph: Graph, nodes: Sequence[Node], values: Mapping[str, Value]) -> Graph:
    features = {}
    for level, feature in graph.features.items():
        value = values[feature.value.name]
        assert value.type.stride is not None
        features[level] = replace(feature, value=value, stride=int(value.type.stride[0]))
    return replace(graph, nodes=tuple(nodes), output=values[graph.output.name], features=features,
                   auxiliary={stage: values[logits.name] for stage, logits in graph.auxiliary.items()})


def _counterpart(node: Node, inputs: Sequence[_Dense], output_stride: int) -> tuple[Op, _Dense]:
    """The operation that a node becomes, and what that gives."""
    if is_input(node):
        sized = Tensor(tuple(OPEN if side is None else side for side in node.output.type.shape), node.output.type.stride)
        return node.op, _Dense(node.output, sized, sized, ONCE)
    rate = _common_rate(inputs)
    before = node.op.infer(*(each.before for each in inputs))
    op, rate = _rewritten(node.op, rate, inputs[0], before, output_stride)
    value = Value(node.name, op.infer(*(each.value.type for each in inputs)))
    return op, _Dense(value, before, op.infer(*(each.after for each in inputs)), rate)


def _common_rate(inputs: Sequence[_Dense]) -> Pair | None:
    rates = {each.rate for each in inputs if each.rate is not None}
    if len(rates) > 1:
        raise _Refused(f"joins maps that are {' and '.join(f'{tall}x{wide}' for tall, wide in sorted(rates))} times as dense")
    return next(iter(rates), None)


def _rewritten(op: Op, rate: Pair | None, x: _Dense, before: Tensor, output_stride: int) -> tuple[Op, Pair | None]:
    """The operation on maps that are `rate` times as dense, and how many times as dense its result is."""
    if rate is None:
        return op, None
    if isinstance(op, Window):
        return _window(op, rate, x, before, output_stride)
    if isinstance(op, GlobalPool):
        return op, None
    if rate != ONCE and type(op) in REFUSED:
        raise _Refused(REFUSED[type(op)])
    if isinstance(op, BlurPool) and x.after.stride is not None and any(
            at * step > output_stride for at, step in zip(x.after.stride, op.stride, strict=True)):
        raise _Refused(REFUSED[BlurPool])
    if isinstance(op, Pad) and op.mode == "reflect" and rate != ONCE:
        raise _Refused(REFUSED[BlurPool])
    if isinstance(op, Pad):
        top, bottom, left, right = op.size
        return replace(op, size=(top * rate[0], bottom * rate[0], left * rate[1], right * rate[1])), rate
    return op, rate if before.is_map else None


def _window(op: Window, rate: Pair, x: _Dense, before: Tensor, output_stride: int) -> tuple[Window, Pair]:
    stride = _strides(op, rate, x.after, output_stride)
    if rate == ONCE and stride == op.stride:
        return op, rate
    dense = (rate[0] * op.stride[0] // stride[0], rate[1] * op.stride[1] // stride[1])
    gaps = _gaps(op, rate)
    pads = (*_pads(op, 0, rate, x, before, stride, dense), *_pads(op, 1, rate, x, before, stride, dense))
    if isinstance(op, Pool):
        return _pool(op, stride, pads, gaps, x.before), dense
    return replace(op, stride=stride, dilation=gaps, padding=_in_a_word(pads, reach(op.kernel, gaps), stride)), dense


def _strides(op: Window, rate: Pair, x: Tensor, output_stride: int) -> Pair:
    """The largest part of each stride that stays below the output stride; none once a side is dilated."""
    if x.stride is None:  # nothing of it lies as the image does
        return op.stride
    known = x.stride

    def kept(axis: int) -> int:
        parts = [part for part in range(1, op.stride[axis] + 1)
                 if op.stride[axis] % part == 0 and known[axis] * part <= output_stride]
        return 1 if rate[axis] > 1 else max(parts, default=1)
    return kept(0), kept(1)


def _gaps(op: Window, rate: Pair) -> Pair:
    """The dilation; a side of one pixel has none."""
    tall, wide = (1 if kernel == 1 else gap * times for kernel, gap, times in zip(op.kernel, op.dilation, rate, strict=True))
    return tall, wide


def _pads(op: Window, axis: int, rate: Pair, x: _Dense, before: Tensor, stride: Pair, dense: Pair) -> tuple[int, int]:
    """Pixels before and behind the map, so that the original's windows are there again, and no more than `dense` times as many.

    Behind the map there may be more than the rate asks for: a 2x2 pool then gives as many pixels as it takes.
    """
    side, count, wide = x.before.shape[axis], before.shape[axis], x.after.shape[axis]
    assert side is not None
    assert count is not None
    assert wide is not None
    window = reach(op.kernel, op.dilation)[axis]
    first, last = (pad * rate[axis] for pad in _pixels(op, axis, window, side, x.before))
    span = (window - 1) * rate[axis] + 1
    least = (wide + first + last - span) // stride[axis] + 1
    windows = max(least, min(count * dense[axis], -(-wide // stride[axis])))
    return first, max(last, (windows - 1) * stride[axis] + span - wide - first)


def _pixels(op: Window, axis: int, window: int, side: int, x: Tensor) -> Pair:
    """The original's padding along one side."""
    padding: Padding = op.pads(x) if isinstance(op, Pool) else op.padding
    if padding == "same":
        return same(side, window, op.stride[axis])
    return padding[2 * axis], padding[2 * axis + 1]


def _pool(op: Pool, stride: Pair, pads: Pads, gaps: Pair, x: Tensor) -> Pool:
    """A mean counts padding as before, if there was any; never what `ceil` adds."""
    counts = op.count_padding and op.padding != (0, 0, 0, 0)
    if counts and op.mode == "avg" and op.pads(x) != op.padding:
        raise _Refused("is a mean that counts some of its padding and, by `ceil`, not the rest")
    return replace(op, stride=stride, padding=pads, ceil=False, count_padding=counts, dilation=gaps)


def _in_a_word(pads: Pads, span: Pair, stride: Pair) -> Padding:
    """`same` where that is what it is: the short form that every runtime knows."""
    return "same" if stride == ONCE and pads == unstrided(span) else pads
