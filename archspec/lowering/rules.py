"""What a whole network has to hold, beyond what its graph shows."""

from __future__ import annotations

from collections.abc import Sequence

from archspec.errors import Problem, Where, nearest
from archspec.graph.ir import Value
from archspec.graph.verify import ends_in_logits
from archspec.lowering.calls import is_required
from archspec.lowering.lowering import Call, Lowering
from archspec.lowering.stages import Plan
from archspec.spec.dump import called_in
from archspec.spec.source import Mapping as MappingTree

STAGED = {"width", "stride"}
"""Parameters that every stage gives its block."""


def check_logits(lowering: Lowering, value: Value) -> None:
    """Reports where a head, or an auxiliary classifier, does not end in logits."""
    nodes = lowering.builder.nodes
    where, classes = nodes[-1].where, lowering.spec.classes
    if value.type.is_map:
        lowering.problems.report(Problem("logits", where, f"the head ends in a feature map of {value.type}, not in logits",
                                         "end it in global_avg_pool and dense: $classes"))
    elif classes is not None and value.type.channels != classes:
        lowering.problems.report(Problem("logits", where, f"the head ends in {value.type} logits, classes says {classes}",
                                         "end it in dense: $classes"))
    lowering.problems.report(*ends_in_logits(nodes, value))


def check_stride(call: Call, plan: Plan, entered: Value | None, left: Value | None) -> None:
    """Reports a stride that a stage gives and its first block does not act on."""


def check_parameters(lowering: Lowering, stage_blocks: Sequence[str]) -> None:
    """Every entry of `parameters` has to reach a block in use."""
    spec, used = lowering.spec, set[str]()
    for name in called_in(spec, lowering.called):
        used.update(spec.blocks.signature(name).arguments)
    blocks = [found for name in lowering.called if (found := spec.blocks.get(name)) is not None]
    required = {name for block in blocks for name, tree in block.parameters.items() if is_required(tree)}
    for name in spec.parameters:
        if name in required or name in STAGED:
            lowering.problems.report(Problem("parameters", _key(lowering, name), f"'{name}' belongs to each stage and is "
                                             "not given here", f"stages: {{{name}: …}}"))
        elif name not in used and all(stage_blocks):
            lowering.problems.report(Problem("parameters", _key(lowering, name), f"no block in use has a parameter '{name}'",
                                             f"{nearest(name, used)} {_known(used - required - STAGED)}".strip()))


def _key(lowering: Lowering, name: str) -> Where:
    tree = lowering.spec.resolved.tree.entries["parameters"]
    assert isinstance(tree, MappingTree)
    return tree.key(name)


def _known(parameters: set[str]) -> str:
    return f"their parameters: {' '.join(sorted(parameters))}" if parameters else "they have none"
