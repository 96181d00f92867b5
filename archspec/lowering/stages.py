"""Stages: which block a stage repeats and how often, what an expression knows there, what the block is given."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate

from archspec.errors import Problem, SpecError, Where, hinted, nearest
from archspec.graph.ir import Cursor, Value
from archspec.lowering.blame import distance
from archspec.lowering.calls import bind, evaluated, run_block
from archspec.lowering.lowering import Call, Lowering
from archspec.lowering.place import Place, shape_names
from archspec.schema.keys import Key
from archspec.schema.tree import MappingTree, Scalar, Tree
from archspec.schema.words import key_called
from archspec.spec.arch import Stage
from archspec.spec.arguments import convert
from archspec.spec.expressions import UNKNOWN, describe
from archspec.spec.items import Item
from archspec.spec.kept import PREVIOUS, Kept
from archspec.spec.longform import PLURALS, STAGE_LISTS
from archspec.spec.scope import Names, Scope
from archspec.spec.sections import STAGE
from archspec.spec.strict import by_stage, read_around

STAGE_KEYS = ("memory", "repeats", "widths", "strides", "stride", *STAGE_LISTS, "name", "block")


@dataclass(frozen=True, slots=True)
class StagePlan:
    """A stage with what is known of it before its first block: its repeats and its place among all blocks and stages.

    `block` is empty where the stage names none that there is.
    """

    stage: Stage
    index: int
    block: str
    repeats: int
    before: int
    blocks: int
    stages: int
    dilations: tuple[Scalar, Scalar] | None = None
    """The dilation of its first repeat and of the others, where the spec's output stride gives it one."""

    def prefix(self, index: int) -> str:
        """What the names of the layers of a repeat begin with."""
        return f"{self.stage.name}_block{index + 1}"

    def call(self, lowering: Lowering, place: Place) -> Call:
        """The call of its block at a place."""
        signature = lowering.spec.blocks.signature(self.block) if self.block else None
        return Call(lowering, Item(self.block, self.stage.block.where, signature), place, {})


def plans_of(lowering: Lowering) -> tuple[StagePlan, ...]:
    """The stages in order."""
    place = Place("", lowering.base, lowering.spec.unit, Cursor())
    blocks = [_block_name(lowering, stage, place) for stage in lowering.spec.stages]
    repeats = [_repeats(lowering, stage, place) for stage in lowering.spec.stages]
    before = [0, *accumulate(repeats)]
    return tuple(StagePlan(stage, index, blocks[index], repeats[index], before[index], before[-1], len(blocks))
                 for index, stage in enumerate(lowering.spec.stages))


def _block_name(lowering: Lowering, stage: Stage, place: Place) -> str:
    value, table = lowering.known_value(stage.block, place), lowering.spec.blocks
    if isinstance(value, str) and value in table:
        return value
    if value is not UNKNOWN:
        lowering.problems.report(Problem("unknown-block", stage.block.where, f"there is no block {describe(value)}",
                                         hinted(lowering.problems.found, table.meant, str(value))))
    return ""


def _repeats(lowering: Lowering, stage: Stage, place: Place) -> int:
    if stage.repeats is None:
        return 1
    value = lowering.known_value(stage.repeats, place)
    try:
        repeats = 1 if value is UNKNOWN else convert("repeats", STAGE["repeats"], value, stage.repeats.where)
    except SpecError as error:
        lowering.problems.report(*error.problems)
        return 1
    assert isinstance(repeats, int)
    return repeats


def names_of(lowering: Lowering, plan: StagePlan, index: int, value: Value | None) -> Scope:
    """What an expression of a stage knows of where its repeat stands."""
    block = plan.before + index
    return lowering.base.standing(
        stage=plan.index, stages=plan.stages, index=index, repeats=plan.repeats, first=index == 0,
        last=index == plan.repeats - 1, block=block, blocks=plan.blocks,
        depth=block / (plan.blocks - 1) if plan.blocks > 1 else 0.0,
    ).holding(shape_names(value))


def run_repeat(call: Call, plan: StagePlan, index: int, value: Value | None, previous: Value | None) -> Value | None:
    """One repeat of a stage's block; `previous` is what entered the block before it."""
    kept = Kept(plan.block)
    kept.put(PREVIOUS, previous)
    try:
        return run_block(call, _arguments(call, plan, index), value, call.place.prefix, kept)
    except SpecError as error:
        call.report(*error.problems)
        return None


def listed_names(call: Call, plan: StagePlan, index: int, value: Value | None) -> Scope:
    """What `before`, `between` and `after` know: the place of a repeat, and the parameters of the stage's block there."""
    block = call.lowering.spec.blocks.get(plan.block) if plan.block else None
    if block is None:
        return call.place.scope
    bound = bind(call, block, evaluated(call, block, _arguments(call, plan, index)), value, call.place)
    names = Names(call.place.scope)
    for name in block.parameters:
        binding = bound.find(name)
        assert binding is not None
        names.take(name, binding)
    return names.scope


def _arguments(call: Call, plan: StagePlan, index: int) -> dict[str, Tree]:
    """What the stage gives its block; the stride goes to the first repeat, the others have 1."""
    signature, written = call.lowering.spec.blocks.signature(plan.block), plan.stage.arguments
    given = {key_called(key, signature.arguments): tree for key, tree in written.items() if key not in signature.arguments}
    given.pop("", None)  # what is given by another name is reported below, and is not missing then
    given |= {key: tree for key, tree in written.items() if key in signature.arguments}
    stride = plan.stage.stride or Scalar(1, "1", plan.stage.where)
    if "stride" in signature.arguments:
        given["stride"] = stride if index == 0 else Scalar(1, "1", stride.where)
    if plan.dilations is not None:
        given["dilation"] = plan.dilations[min(index, 1)]
    if not signature.broken:
        strange = [_not_taken(call, plan, key) for key in plan.stage.arguments if key not in signature.arguments]
        if index == 0 and "stride" not in given and _strides(call, stride):
            strange.append(_no_stride(call, plan, stride.where))
        call.report(*strange)  # all at once: what stands at one place is otherwise taken for one problem
    return given


def _no_stride(call: Call, plan: StagePlan, where: Where) -> Problem:
    """Stands at the block where that is nearer to the user than the stride: named or written anew in a file that extends."""
    table = call.lowering.spec.blocks
    own = table.written.get(plan.block)
    places = [where, plan.stage.block.where, *([] if own is None else [own.where])]
    closest = min(places, key=distance)
    hint = f"it takes {table.signature(plan.block).takes()}; put a pooling into before"
    if "stride" in table.lost(plan.block):
        hint = "its body does not read $stride, as that of the block it copies does: write /$stride at one of its operations"
    notes = () if closest == where else (f"a stride other than 1 is given at {where}",)
    return Problem("unknown-argument", closest, f"the block {plan.block} takes no 'stride'", hint, notes)


def _not_taken(call: Call, plan: StagePlan, key: str) -> Problem:
    table = call.lowering.spec.blocks
    signature = table.signature(plan.block)
    where, block = plan.stage.keys.get(key, plan.stage.arguments[key].where), plan.stage.block.where
    inherited = distance(where) > distance(block)
    stages = [stage.name for stage in call.lowering.spec.stages] if isinstance(plan.stage.arguments[key], MappingTree) else []
    near = hinted(call.lowering.problems.found, _meant, key, signature.arguments, stages)
    hint = by_stage(key) if key in read_around(call.lowering.spec) else f"{near} it takes {signature.takes()}".strip()
    given = plan.stage.arguments[key]
    if key in [stage.name for stage in call.lowering.spec.stages]:
        changed = next(iter(given.entries), "width") if isinstance(given, MappingTree) else "width"
        hint = f"what differs in one stage is a mapping beside the columns: {key}: {{{changed}: …}}"
    elif inherited:
        hint = f"take it away: stages: {{{key}: null}}"
    elif key in table.lost(plan.block):
        hint = f"its body does not read ${key}, as that of the block it copies does: leave it out"
    notes = (f"'{key}' is given at {where}",) if inherited else ()
    return Problem("unknown-argument", block if inherited else where, f"the block {plan.block} takes no '{key}'", hint, notes)


def _strides(call: Call, stride: Tree) -> bool:
    value = call.lowering.known_value(stride, call.place)
    return value is not UNKNOWN and (value != 1 or isinstance(value, bool))


def _meant(key: str, arguments: Mapping[str, Key], stages: Sequence[str]) -> str:
    """Hint for a word that is no argument of a block, no key of a stage and no stage."""
    same = key_called(key, arguments) or key_called(key, STAGE)
    others = [name for name in (*stages, *arguments, *STAGE_KEYS) if PLURALS.get(name) != key]
    return f"did you mean '{same}'?" if same else nearest(key, others)
