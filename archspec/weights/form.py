"""What decides the numbers of a network and a file of weights does not show, as the weights' library has it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from archspec.graph.ir import Graph, Node
from archspec.graph.ops import Activation, BatchNorm, Conv, Depthwise, GroupNorm, LayerNorm, Merge, Pad, Pool, epsilon_of
from archspec.graph.types import VALID, Pads

UNIT = re.compile(r"(.+_block\d+_conv)(\d+)")
"""A convolution of a unit, as blocks number them."""
GATES = frozenset({"sigmoid", "hard_sigmoid"})
"""Activations that gates end with; a form without one says nothing of gates."""


@dataclass(frozen=True, slots=True)
class Form:
    """What a mapping says of the networks it names; None, or empty, where they have nothing of the kind."""

    padding: str | None = None
    """Of convolutions with a stride: symmetric, same (TensorFlow's), valid, or a number of pixels; `same and valid`."""
    pool: str | None = None
    """Of max pools with a stride: symmetric, same or valid, and `ceil` where sizes are rounded up."""
    epsilon: float | None = None
    """Of the norms."""
    act: tuple[str, ...] = ()
    """The activations, the usual one first: relu, leaky_relu 0.01."""
    stride_at: int | None = None
    """Which convolution of a unit that begins with a 1x1 has the stride: 1 (v1), 2 (v1.5)."""
    grouped_stride_at: int | None = None
    """The same where the unit's 3x3 is grouped, if it differs."""
    identity: str | None = None
    """What identity shortcuts add, where norms come first: raw, or activated."""
    standardize: bool | float | None = None
    """Whether kernels are standardised when they are used; a number is another epsilon than the usual one."""


@dataclass(frozen=True, slots=True)
class Difference:
    """What a network does otherwise, and the overrides of its spec that mend it, unless a block says it otherwise."""

    text: str
    overrides: tuple[str, ...]


def differences(form: Form, graph: Graph) -> list[Difference]:
    """All that the network does otherwise than the one in which the weights were trained."""
    return [difference for check in CHECKS for difference in check(form, graph)]


def _padding(form: Form, graph: Graph) -> Iterator[Difference]:
    found = {_pads_word(op.padding, op.dilation[0] * (op.kernel[0] - 1) + 1) for op in _strided(graph)}
    usual, *others = (form.padding or "").split(" and ")
    if usual and found - {usual, *others}:
        yield Difference(f"padding of convolutions with a stride: {form.padding} there, {_listed(found)} here",
                         (f"defaults.padding={usual}",))


def _strided(graph: Graph) -> Iterator[Conv | Depthwise]:
    for node in graph.predicting:
        if isinstance(node.op, Conv | Depthwise) and max(node.op.stride) > 1 and max(node.op.kernel) > 1:
            yield node.op


def _pads_word(padding: Pads | str, window: int) -> str:
    """The padding of a window, that of a dilated kernel as wide as it reaches."""
    if isinstance(padding, str):
        return "same"
    if padding == VALID:
        return "valid"
    return "symmetric" if set(padding) == {(window - 1) // 2} else ",".join(sorted({str(pixels) for pixels in padding}))


def _pool(form: Form, graph: Graph) -> Iterator[Difference]:
    words = {node.name: _pool_word(node, graph) for node in graph.predicting if _overlaps(node)}
    if form.pool is not None and set(words.values()) - {form.pool}:
        sections = {graph.node(name).section for name, word in words.items() if word != form.pool}
        mends = (f"stem={stem(graph, form.pool)}",) if sections == {"stem"} else (f"defaults.padding={form.pool}",)
        yield Difference(f"max pools with a stride: {form.pool} there, {_listed(set(words.values()))} here", mends)


def _overlaps(node: Node) -> bool:
    return isinstance(node.op, Pool) and node.op.mode == "max" and 1 < node.op.stride[0] < node.op.kernel[0]


def _pool_word(node: Node, graph: Graph) -> str:
    """symmetric, same or valid, `ceil` where sizes are rounded up; zero-padded where zeros count as pixels."""
    assert isinstance(node.op, Pool)
    before = graph.node(node.inputs[0].name)
    if isinstance(before.op, Pad):  # to what an activation gives, zeros add nothing
        activated = isinstance(graph.node(before.inputs[0].name).op, Activation)
        return _pads_word(before.op.size, node.op.kernel[0]) if activated else "zero-padded"
    return _pads_word(node.op.padding, node.op.kernel[0]) + " ceil" * node.op.ceil


def stem(graph: Graph, pool: str = "", bare: bool = False) -> str:
    """The stem as a list of convolutions and pools; with the padding `pool` for these, and the convolutions bare."""
    return "[" + ", ".join(_items(graph, pool, bare)) + "]"


def _items(graph: Graph, pool: str, bare: bool) -> Iterator[str]:
    for node in graph.nodes:
        match node.op:
            case Conv(filters=filters, kernel=(height, width), stride=(stride, _)) if node.section == "stem":
                yield f"{{conv: {height}x{width} {filters}{f' /{stride}' * (stride > 1)}{' bare' * bare}}}"
            case Pool(mode="max", kernel=(height, width), stride=(stride, _)) if node.section == "stem":
                yield f"{{max_pool: {height}x{width} /{stride} {pool}}}"


def _epsilon(form: Form, graph: Graph) -> Iterator[Difference]:
    found = {node.op.epsilon for node in graph.predicting if isinstance(node.op, BatchNorm | LayerNorm | GroupNorm)}
    if form.epsilon is not None and found - {form.epsilon}:
        yield Difference(f"epsilon of norms: {form.epsilon:g} there, {_listed(f'{each:g}' for each in found)} here",
                         (f"defaults.norm.epsilon={form.epsilon:g}",))


def _act(form: Form, graph: Graph) -> Iterator[Difference]:
    gated = not GATES.isdisjoint(form.act)
    found = {_act_word(node.op) for node in graph.predicting
             if isinstance(node.op, Activation) and (gated or node.role != "gate")}
    if form.act and found - set(form.act):
        kind, _, slope = form.act[0].partition(" ")
        usual = f"{{kind: {kind}, slope: {slope}}}" if slope else kind
        yield Difference(f"activation: {_listed(form.act)} there, {_listed(found)} here", (f"defaults.act={usual}",))


def _act_word(op: Activation) -> str:
    if op.function == "leaky_relu":
        return f"leaky_relu {op.slope:g}"
    return op.function + " approximate" * (op.function == "gelu" and op.approximate)


def _stride(form: Form, graph: Graph) -> Iterator[Difference]:
    grouped = any(isinstance(node.op, Conv) and node.op.groups > 1 for node in graph.predicting)
    wanted = form.grouped_stride_at if grouped and form.grouped_stride_at else form.stride_at
    found = set(_places(graph))
    if wanted is not None and found - {wanted}:
        yield Difference(f"stride of a unit: in its convolution {wanted} there, in {_listed(map(str, found))} here",
                         (f"stages.stride_at={wanted}",))


def _places(graph: Graph) -> Iterator[int]:
    """Which convolution has the stride, in units whose first is a 1x1."""
    convs = {node.name: node.op for node in graph.predicting if isinstance(node.op, Conv)}
    for name, op in convs.items():
        place = UNIT.fullmatch(name)
        if place is not None and op.stride[0] > 1:
            first = convs.get(f"{place[1]}1")
            if first is not None and first.kernel == (1, 1):
                yield int(place[2])


def _identity(form: Form, graph: Graph) -> Iterator[Difference]:
    sums = [node for node in graph.predicting if isinstance(node.op, Merge)]
    activated = any(isinstance(graph.node(value.name).op, Activation) for node in sums for value in node.inputs)
    if form.identity == "raw" and activated:
        yield Difference("identity shortcuts: what came in there, its activation here",
                         ("stages.activate=true", f"stem={stem(graph, bare=True)}"))


def _standardize(form: Form, graph: Graph) -> Iterator[Difference]:
    """Some kernels may be left as they are in a network that standardises."""
    kernels = [node.op for node in graph.predicting if isinstance(node.op, Conv | Depthwise)]
    here = {epsilon_of(op) for op in kernels if op.standardize}
    if form.standardize is None:
        return
    wanted = {epsilon_of(Conv(1, standardize=form.standardize))} if form.standardize else set()
    if here != wanted:
        there, ours = (f"standardised with {_listed(f'{each:g}' for each in found)}" if found else "as they are"
                       for found in (wanted, here))
        said = str(form.standardize).lower() if isinstance(form.standardize, bool) else f"{form.standardize:g}"
        yield Difference(f"kernels of convolutions: {there} there, {ours} here", (f"defaults.conv.standardize={said}",))


def _listed(words: Iterable[str]) -> str:
    return " and ".join(sorted(words))


CHECKS: tuple[Callable[[Form, Graph], Iterator[Difference]], ...] = (_padding, _pool, _epsilon, _act, _stride, _identity,
                                                                       _standardize)
