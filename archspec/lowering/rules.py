"""What a whole network has to hold, beyond what its graph shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archspec.errors import Problem, Where, nearest
from archspec.graph.ir import Node, Value
from archspec.graph.ops import Activation, BatchNorm, Dense, Dropout, GroupNorm, LayerNorm, LocalResponseNorm
from archspec.graph.text import op_text
from archspec.graph.verify import ends_in_logits
from archspec.lowering.calls import is_required
from archspec.lowering.lowering import Call, Lowering
from archspec.lowering.stages import StagePlan
from archspec.schema.tree import MappingTree
from archspec.spec.dump import called_in
from archspec.spec.items import Items

SPOILERS = (Activation, BatchNorm, LayerNorm, GroupNorm, LocalResponseNorm, Dropout)
"""Logits behind one of these are no longer the log-odds that softmax and its loss take: none below 0, or all of one scale."""
STAGED = {"width", "stride"}
"""Parameters that every stage gives its block."""


def check_logits(lowering: Lowering, value: Value, head: Items) -> None:
    """Reports where a head, or an auxiliary classifier, does not end in logits: at its last operation, or at its empty list."""
    nodes = lowering.builder.nodes
    where, classes = nodes[-1].where if head.items else head.where, lowering.spec.classes
    if value.type.is_map:
        lowering.problems.report(Problem("logits", where, f"the head ends in a feature map of {value.type}, not in logits",
                                         "end it in global_avg_pool and dense: $classes"))
    elif classes is not None and value.type.channels != classes:
        lowering.problems.report(Problem("logits", where, f"the head ends in {value.type} logits, classes says {classes}",
                                         "end it in dense: $classes"))
    softmax = list(ends_in_logits(nodes, value))
    lowering.problems.report(*softmax or _behind_dense(lowering, value))


def _behind_dense(lowering: Lowering, value: Value) -> Iterator[Problem]:
    """What stands between the last dense layer and the logits and spoils them; a constant factor does not."""
    spoilers: list[Node] = []
    node = lowering.builder.node(value.name)
    while node is not None and len(node.inputs) == 1:
        if isinstance(node.op, Dense):
            yield from (Problem("logits", found.where, f"the head ends in logits, and {op_text(found.op)} stands behind its "
                                "last dense layer", "the loss wants them as the dense layer gives them: leave it out")
                        for found in spoilers[-1:])
            return
        if isinstance(node.op, SPOILERS):
            spoilers.append(node)
        node = lowering.builder.node(node.inputs[0].name)


def check_stride(call: Call, plan: StagePlan, entered: Value | None, left: Value | None) -> None:
    """Reports a stride that a stage gives and its first block does not act on."""
    tree, signature = plan.stage.stride, call.lowering.spec.blocks.signature(plan.block)
    if tree is None or "stride" not in signature.arguments or entered is None or left is None:
        return
    before, behind = entered.type.stride, left.type.stride
    value = call.lowering.known_value(tree, call.place)
    if before is None or behind is None or not isinstance(value, int) or isinstance(value, bool) or value < 2:
        return
    if any((after / ahead) % value for ahead, after in zip(before, behind, strict=True)):
        problem = Problem("stride", tree.where, f"the stride {value} does nothing: {plan.stage.name} begins as {entered.type}, "
                          f"its first block gives {left.type}", f"let the block {plan.block} read it, as in "
                          "conv: 3x3 $width /$stride, or leave it out")
        call.report(problem)


def check_parameters(lowering: Lowering, stage_blocks: Sequence[str]) -> None:
    """Every entry of `parameters` has to reach a block in use."""
    spec, used = lowering.spec, set[str]()
    for name in called_in(spec, lowering.called):
        used.update(spec.blocks.signature(name).arguments)
    blocks = [found for name in lowering.called if (found := spec.blocks.get(name)) is not None]
    required = {name for block in blocks for name, tree in block.parameters.items() if is_required(tree)}
    for name in spec.parameters:
        if name in required or name in STAGED:
            lowering.problems.report(Problem("parameters", _key(lowering, name), f"parameters cannot give '{name}': each "
                                             "stage or call gives its own", f"write it there, stages: {{{name}: …}}"))
        elif name not in used and all(stage_blocks):
            lowering.problems.report(Problem("parameters", _key(lowering, name), f"no block in use has a parameter '{name}'",
                                             f"{nearest(name, used)} {_known(used - required - STAGED)}".strip()))


def _key(lowering: Lowering, name: str) -> Where:
    tree = lowering.spec.resolved.tree.entries["parameters"]
    assert isinstance(tree, MappingTree)
    return tree.key(name)


def _known(parameters: set[str]) -> str:
    return f"their parameters: {' '.join(sorted(parameters))}" if parameters else "they have none"
