"""What a whole network has to hold, beyond what its graph shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from archspec.errors import Problem, Where, nearest
from archspec.graph.ir import Node, Value
from archspec.graph.learned import GlobalResponseNorm
from archspec.graph.ops import (
    Activation,
    BatchNorm,
    Conv,
    Dense,
    Dropout,
    GlobalPool,
    GroupNorm,
    LayerNorm,
    LocalResponseNorm,
    Op,
)
from archspec.graph.text import op_text
from archspec.graph.types import Tensor
from archspec.graph.verify import ends_in_logits
from archspec.lowering.calls import is_required
from archspec.lowering.lowering import Call, Lowering
from archspec.lowering.stages import StagePlan
from archspec.schema.keys import Key
from archspec.schema.tree import ListTree, MappingTree
from archspec.schema.words import key_called
from archspec.spec.dump import called_in
from archspec.spec.elsewhere import PARAMETERS
from archspec.spec.items import Items
from archspec.spec.operations import ANY

SPOILERS = (Activation, BatchNorm, LayerNorm, GroupNorm, GlobalResponseNorm, LocalResponseNorm, Dropout)
"""Logits behind one of these are no longer the log-odds that softmax and its loss take: none below 0, or all of one scale."""
LAYERS: dict[type[Op], str] = {Dense: "dense layer", Conv: "convolution", GlobalPool: "pooling"}
"""How messages call what gives logits."""
STAGED = {"width", "stride"}
"""Parameters that every stage gives its block."""


def check_logits(lowering: Lowering, value: Value, head: Items) -> None:
    """Reports where a head, or an auxiliary classifier, does not end in logits: at its last operation, or at its empty list."""
    nodes, end = lowering.builder.nodes, lowering.builder.node(value.name)
    where, classes = head.items[-1].where if head.items else head.where, lowering.spec.classes
    if head.items and end is not None and end.section == nodes[-1].section == "head":
        where = end.where
    if value.type.is_map:
        lowering.problems.report(Problem("logits", where, f"the head ends in a feature map of {value.type}, not in logits",
                                         "end it in global_avg_pool and dense: $classes"))
    elif classes is not None and value.type.channels != classes:
        lowering.problems.report(Problem("logits", where, f"the head ends in {value.type} logits, classes says {classes}",
                                         "end it in dense: $classes"))
    softmax = list(ends_in_logits(nodes, value))
    lowering.problems.report(*softmax or _spoiled(lowering, value))


def _spoiled(lowering: Lowering, value: Value) -> Iterator[Problem]:
    """What stands between the layer that gives the logits and their end, and spoils them; a constant factor does not.

    A map that is pooled may be of activations: so SqueezeNet and NIN have it. What is a vector, or 1x1, before that may not.
    """
    spoiler: Node | None = None
    node = lowering.builder.node(value.name)
    while node is not None and len(node.inputs) == 1 and not isinstance(node.op, (Dense, Conv, GlobalPool)):
        if node.types[0].is_map and node.types[0].shape[:2] != (1, 1):
            break
        if isinstance(node.op, SPOILERS):
            spoiler = node
        node = lowering.builder.node(node.inputs[0].name)
    if spoiler is not None and node is not None:
        layer = LAYERS.get(type(node.op), "operation")
        yield Problem("logits", spoiler.where,
                      f"the head ends in logits, and {op_text(spoiler.op)} stands behind its last {layer}",
                      f"the loss wants them as the {layer} gives them: {_how_to_leave_out(spoiler, node)}")


def _how_to_leave_out(spoiler: Node, layer: Node) -> str:
    """Where it is an item of its own it can go; an argument of the layer is switched off."""
    if spoiler.where != layer.where:
        return "leave it out"
    return "write it bare" if isinstance(layer.op, Conv) else "leave its act out"


def check_stride(call: Call, plan: StagePlan, entered: Value | None, left: Value | None) -> None:
    """Reports a stride that a stage gives and its first block does not act on."""
    tree, signature = plan.stage.stride, call.lowering.spec.blocks.signature(plan.block)
    if tree is None or "stride" not in signature.arguments or entered is None or left is None:
        return
    value = call.lowering.known_value(tree, call.place)
    if not isinstance(value, int) or isinstance(value, bool) or value < 2:
        return
    if not _divided(entered.type, left.type, value):
        problem = Problem("stride", tree.where, f"the stride {value} does nothing: {plan.stage.name} begins as {entered.type}, "
                          f"its first block gives {left.type}", f"let the block {plan.block} read it, as in "
                          "conv: 3x3 $width /$stride, or leave it out")
        call.report(problem)


def _divided(before: Tensor, after: Tensor, stride: int) -> bool:
    """Whether a stride has acted on what entered: by its stride against the image, else by its size, where either is known."""
    if before.stride is not None and after.stride is not None:
        return not any((behind / ahead) % stride for ahead, behind in zip(before.stride, after.stride, strict=True))
    sides = zip(before.shape[:-1], after.shape[:-1], strict=False)
    return not any(a is not None and b is not None and b > -(-a // stride) for a, b in sides)


def check_parameters(lowering: Lowering, stage_blocks: Sequence[str]) -> None:
    """Every entry of `parameters` has to reach a block in use."""
    spec, used = lowering.spec, set[str]()
    for name in called_in(spec, lowering.called):
        used.update(spec.blocks.signature(name).arguments)
    blocks = [found for each in sorted(lowering.called) if (found := spec.blocks.get(each)) is not None]
    required = {name: block.name for block in blocks for name, tree in block.parameters.items() if is_required(tree)}
    for name in spec.parameters:
        if name in required or name in STAGED:
            lowering.problems.report(_given_for_all(lowering, name, required.get(name), stage_blocks))
        elif name not in used and all(stage_blocks):
            near = key_called(name, {each: Key(ANY, synonyms=PARAMETERS.get(each, ())) for each in used})
            hint = f"did you mean '{near}'?" if near else nearest(name, used)
            lowering.problems.report(Problem("parameters", _key(lowering, name), f"no block in use has a parameter '{name}'",
                                             f"{hint} {_known(used - required.keys() - STAGED)}".strip()))


def _given_for_all(lowering: Lowering, name: str, block: str | None, stage_blocks: Sequence[str]) -> Problem:
    """One value for all blocks, of a parameter that each stage or call has to give."""
    stages = lowering.spec.resolved.tree.entries.get("stages")
    if block is None or (block in stage_blocks and not isinstance(stages, ListTree)):
        hint = f"write it in stages: {{{name}: …}}"
    elif block in stage_blocks:
        hint = f"write it in the rows of stages: {{block: {block}, {name}: …}}"
    else:
        hint = f"write it where the block is called: {block}: {{{name}: …}}"
    why = "each stage gives its own" if block is None else f"the block {block} requires it of each stage or call"
    return Problem("parameters", _key(lowering, name), f"parameters cannot give '{name}': {why}", hint)


def _key(lowering: Lowering, name: str) -> Where:
    tree = lowering.spec.resolved.tree.entries["parameters"]
    assert isinstance(tree, MappingTree)
    return tree.key(name)


def _known(parameters: set[str]) -> str:
    return f"their parameters: {' '.join(sorted(parameters))}" if parameters else "they have none"
