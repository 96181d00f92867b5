"""`output_stride`: stages that would pass it keep the size of their maps, and their windows get gaps instead.

As torchvision's `replace_stride_with_dilation`: the first repeat of a stage that loses its stride keeps the dilation before.
The pass `graph.passes.dilation` does the same to a finished graph, for any operation.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from archspec.errors import Problem, Where
from archspec.graph.ir import Value
from archspec.lowering.blame import distance
from archspec.lowering.lowering import Call, Lowering
from archspec.lowering.stages import StagePlan
from archspec.schema.tree import Scalar


def at_output_stride(call: Call, plan: StagePlan, value: Value | None, rate: int) -> tuple[StagePlan, int]:
    """A stage whose stride does not pass the spec's, and the dilation behind it. `rate` is the dilation before it."""
    limit, stride = call.lowering.spec.output_stride, _stride(call, plan)
    if limit is None or not plan.block or value is None or value.type.stride is None:
        return plan, rate
    passes = stride > 1 and max(value.type.stride) * stride > limit
    if not passes and rate == 1:
        return plan, rate
    where = said_at(call.lowering)
    problems = list(_unfit(call, plan, where))
    call.report(*problems)
    dilations = None if problems else (Scalar(rate, str(rate), where), Scalar(rate * stride, str(rate * stride), where))
    if not passes:
        return replace(plan, dilations=None if dilations is None else dilations[:1] * 2), rate
    kept = Scalar(1, "1", plan.stage.where if plan.stage.stride is None else plan.stage.stride.where)
    return replace(plan, stage=replace(plan.stage, stride=kept), dilations=dilations), rate * stride


def _stride(call: Call, plan: StagePlan) -> int:
    """The stride that a stage gives its block; 1 for what is none, which is told elsewhere."""
    tree = plan.stage.stride
    if tree is None or "stride" not in (call.item.signature.arguments if call.item.signature else ()):
        return 1
    value = call.lowering.known_value(tree, call.place)
    return value if isinstance(value, int) and not isinstance(value, bool) else 1


def _unfit(call: Call, plan: StagePlan, where: Where) -> Iterator[Problem]:
    """What keeps a stage from being given a dilation."""
    spec, name = call.lowering.spec, plan.stage.name
    signature, block = spec.blocks.signature(plan.block), spec.blocks.get(plan.block)
    if signature.broken or block is None:
        return
    if "dilation" not in signature.arguments:
        yield Problem("output-stride", where, f"{name} needs a dilation, and its block {plan.block} takes none",
                      "write a block whose 3x3 has dilation=$dilation, or leave output_stride out",
                      (f"{name} is at {plan.stage.block.where}",))
        return
    said = plan.stage.arguments.get("dilation") or spec.parameters.get("dilation") or block.parameters["dilation"]
    if said is not block.parameters["dilation"] or not isinstance(said, Scalar) or said.value != 1:
        place = said.where if distance(said.where) <= distance(where) else where
        yield Problem("output-stride", place, f"{name} says a dilation, and output_stride gives it one",
                      "leave one of them out", () if place == said.where else (f"the dilation is said at {said.where}",))


def check_output_stride(lowering: Lowering, value: Value | None) -> None:
    """Reports a network whose last stage ends at another stride."""
    limit = lowering.spec.output_stride
    stride = None if value is None else value.type.stride
    if limit is None or value is None or (stride is not None and set(stride) == {limit}):
        return
    ends = "in a vector" if stride is None else f"at stride {'x'.join(map(str, dict.fromkeys(stride)))}"
    hint = "leave output_stride out"
    if stride is not None and max(stride) > limit:
        hint = "only the strides of stages are taken back, not those inside of before, between, after or a block"
    lowering.problems.report(Problem("output-stride", said_at(lowering), f"the last stage ends {ends}, not at {limit}", hint))


def said_at(lowering: Lowering) -> Where:
    """Where the spec says its output stride."""
    return lowering.spec.resolved.tree.entries["output_stride"].where
