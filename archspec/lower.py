"""From a spec to a graph: the stem, the stages with their repeats, the head. Read this file first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from archspec.errors import Problem, SpecError, Where, nearest
from archspec.graph.builder import Builder
from archspec.graph.ir import Feature, Graph, Value
from archspec.graph.ops import Input
from archspec.graph.verify import ends_in_logits, verify
from archspec.lowering.calls import bind, call_block, evaluated, is_required, known_value, run_block
from archspec.lowering.compositors import COMPOSITORS
from archspec.lowering.context import Call, Context, Place, TooLarge
from archspec.lowering.primitives import PRIMITIVES
from archspec.spec.arch import Spec, Stage, read_spec
from archspec.spec.arguments import convert
from archspec.spec.dump import called_in
from archspec.spec.expressions import UNKNOWN, describe
from archspec.spec.expressions import Value as Datum
from archspec.spec.inherit import STAGE_LISTS, resolve
from archspec.spec.items import Item, Items
from archspec.spec.sections import STAGE
from archspec.spec.source import Mapping as MappingTree
from archspec.spec.source import Scalar, Tree

STAGE_KEYS = ("memory", "repeats", "widths", "strides", "stride", *STAGE_LISTS, "name", "block")
STAGED = {"width", "stride"}
"""Parameters that every stage gives its block."""
PYRAMID = {2: "P1", 4: "P2", 8: "P3", 16: "P4", 32: "P5"}


def load(reference: str, overrides: Mapping[str, object] | Sequence[str] = ()) -> Spec:
    """The spec of a path or a shipped name, with overrides as `key.path=value` or as a mapping of key paths to values.

    Raises SpecError with every problem, those that only lowering finds among them.
    """
    written = [f"{key}={_yaml(value)}" for key, value in overrides.items()] if isinstance(overrides, Mapping) else overrides
    spec = read_spec(resolve(str(reference), written))
    if spec.problems:
        lower(spec)
    return spec


def lower(spec: Spec) -> Graph:
    """The graph of a spec. Raises SpecError with every problem of the spec."""
    return _Lowering(spec).graph()


def _yaml(value: object) -> str:
    from archspec.spec.dump import to_inline
    return to_inline(value)


@dataclass(frozen=True, slots=True)
class _Plan:
    """A stage with what is known of it before its first block: its repeats and the number of blocks before it."""

    stage: Stage
    index: int
    block: str
    repeats: int
    before: int


class _Lowering:
    """One run through a spec, in the order of the network."""

    def __init__(self, spec: Spec) -> None:
        self.spec = spec
        self.builder = Builder(spec.name)
        self.context = Context(spec, self.builder, {**PRIMITIVES, **COMPOSITORS}, call_block)
        self.context.report(*spec.problems)
        self.features: dict[str, Feature] = {}
        self.auxiliary: dict[str, Value] = {}
        self.unknown_blocks = False

    def graph(self) -> Graph:
        """The whole network, verified."""
        try:
            return self._graph()
        except TooLarge:
            raise SpecError(self.context.problems) from None

    def _graph(self) -> Graph:
        self.builder.recompute = self.spec.recompute
        value = self._input()
        self.context.base_names.update(self._let())
        value = self._list("stem", self.spec.stem, value, self.context.base_names)
        plans = list(self._plans())
        for plan in plans:
            self.builder.recompute = plan.stage.recompute
            value = self._stage(plan, value, plans)
        self.builder.recompute = self.spec.recompute
        features = dict(self.features)
        value = self._list("head", self.spec.head, value, self.context.base_names)
        self._check_parameters()
        if value is not None and "head" in self.spec.resolved.tree.entries:
            self._check_logits(value)
        if self.context.problems or value is None:
            raise SpecError(self.context.problems)
        sections = ("stem", *(plan.stage.name for plan in plans), "head")
        graph = self.builder.graph(value, self.auxiliary, features, sections)
        if problems := verify(graph):
            raise SpecError(problems)
        return graph

    def _input(self) -> Value | None:
        where = self.spec.resolved.tree.where
        tree = self.spec.resolved.tree.entries.get("input")
        return self.context.add(Input(self.spec.input), name="images", where=where if tree is None else tree.where)

    def _let(self) -> dict[str, Datum]:
        """The names that are known everywhere in the spec."""
        names: dict[str, Datum] = {} if self.spec.classes is None else {"classes": self.spec.classes}
        if self.spec.classes is None and "classes" in self.spec.resolved.tree.entries:
            names["classes"] = UNKNOWN
        for name, tree in self.spec.let.items():
            names[name] = known_value(self.context, tree, Place("", names, self.spec.unit))
        return names

    def _list(self, section: str, items: Items, value: Value | None, names: Mapping[str, Datum],
              level: str = "") -> Value | None:
        """A list at top level, item by item, so that each result may be a level of the feature pyramid."""
        self.builder.section, self.builder.block = section, 0
        place = Place(f"{section}{level}", names, self.spec.unit)
        for item in items.items:
            value = self.context.item(item, value, place)
            self._feature(value, section)
        return value

    def _feature(self, value: Value | None, section: str) -> None:
        """Remembers the last value at each stride of the pyramid."""
        stride = None if value is None else value.type.stride
        if value is not None and stride is not None and value.type.is_map and stride[0] == stride[1]:
            level = PYRAMID.get(int(stride[0])) if stride[0].denominator == 1 else None
            if level is not None:
                self.features[level] = Feature(value, section, int(stride[0]))

    # -- stages ----------------------------------------------------------------------------------------------------

    def _plans(self) -> list[_Plan]:
        plans: list[_Plan] = []
        place = Place("", self.context.base_names, self.spec.unit)
        for index, stage in enumerate(self.spec.stages):
            name, repeats = self._block_name(stage, place), self._repeats(stage, place)
            before = plans[-1].before + plans[-1].repeats if plans else 0
            plans.append(_Plan(stage, index, name, repeats, before))
        return plans

    def _block_name(self, stage: Stage, place: Place) -> str:
        value = known_value(self.context, stage.block, place)
        if isinstance(value, str) and value in self.spec.blocks:
            return value
        self.unknown_blocks = True
        if value is not UNKNOWN:
            known = self.spec.blocks.names()
            self.context.report(Problem("unknown-block", stage.block.where, f"there is no block {describe(value)}",
                                        nearest(str(value), known) or "blocks: " + " ".join(known)))
        return ""

    def _repeats(self, stage: Stage, place: Place) -> int:
        if stage.repeats is None:
            return 1
        value = known_value(self.context, stage.repeats, place)
        try:
            repeats = 1 if value is UNKNOWN else convert("repeats", STAGE["repeats"], value, stage.repeats.where)
        except SpecError as error:
            self.context.report(*error.problems)
            return 1
        assert isinstance(repeats, int)
        return repeats

    def _stage(self, plan: _Plan, value: Value | None, plans: list[_Plan]) -> Value | None:
        stage = plan.stage
        for key in ("between", "before"):
            value = self._stage_list(key, plan, 0, value, plans)
        if not plan.block:
            return None
        for index in range(plan.repeats):
            self.builder.section, self.builder.block = stage.name, index + 1
            names = self._names(plan, index, value, plans)
            value = self._repeat(plan, index, value, names)
            self._feature(value, stage.name)
        value = self._stage_list("after", plan, plan.repeats - 1, value, plans)
        if stage.name in self.spec.auxiliary:
            self._auxiliary(stage.name, value)
        return value

    def _names(self, plan: _Plan, index: int, value: Value | None, plans: list[_Plan]) -> dict[str, Datum]:
        """What an expression of a stage knows of where its repeat stands."""
        blocks = plans[-1].before + plans[-1].repeats
        block = plan.before + index
        return {**self.context.base_names, "stage": plan.index, "stages": len(plans), "index": index, "repeats": plan.repeats,
                "first": index == 0, "last": index == plan.repeats - 1, "block": block, "blocks": blocks,
                "depth": block / (blocks - 1) if blocks > 1 else 0.0,
                "channels": UNKNOWN if value is None else value.type.channels}

    def _repeat(self, plan: _Plan, index: int, value: Value | None, names: Mapping[str, Datum]) -> Value | None:
        place = Place(f"{plan.stage.name}_block{index + 1}", names, self.spec.unit)
        try:
            return run_block(self._call(plan, place), self._arguments(plan, index, names), value, place)
        except SpecError as error:
            self.context.report(*error.problems)
            return None

    def _call(self, plan: _Plan, place: Place) -> Call:
        item = Item(plan.block, plan.stage.block.where, self.spec.blocks.signature(plan.block))
        return Call(self.context, item, place, {})

    def _arguments(self, plan: _Plan, index: int, names: Mapping[str, Datum]) -> dict[str, Tree]:
        """What the stage gives its block; the stride goes to the first repeat, the others have 1."""
        signature = self.spec.blocks.signature(plan.block)
        given = dict(plan.stage.arguments)
        for key in [key for key in given if key not in signature.arguments]:
            if not signature.broken:
                near = nearest(key, (*signature.arguments, *STAGE_KEYS))
                self.context.report(Problem("unknown-argument", plan.stage.keys.get(key, given[key].where),
                                            f"the block {plan.block} takes no '{key}'",
                                            f"{near} it takes {signature.takes()}".strip()))
            del given[key]
        stride = plan.stage.stride or Scalar(1, "1", plan.stage.where)
        if "stride" in signature.arguments:
            given["stride"] = stride if index == 0 else Scalar(1, "1", stride.where)
        elif index == 0 and not signature.broken and self._strides(stride, names):
            self.context.report(Problem("unknown-argument", stride.where, f"the block {plan.block} takes no 'stride'",
                                        f"it takes {signature.takes()}; put a pooling into before"))
        return given

    def _strides(self, stride: Tree, names: Mapping[str, Datum]) -> bool:
        value = known_value(self.context, stride, Place("", names, self.spec.unit))
        return value is not UNKNOWN and (value != 1 or isinstance(value, bool))

    def _stage_list(self, key: str, plan: _Plan, index: int, value: Value | None, plans: list[_Plan]) -> Value | None:
        """before, between or after: they know the parameters of the stage's block."""
        items = plan.stage.lists.get(key)
        if items is None:
            return value
        names = self._names(plan, index, value, plans)
        block = self.context.block(plan.block) if plan.block else None
        if block is not None:
            place = Place("", names, self.spec.unit)
            arguments = evaluated(self._call(plan, place), block, self._arguments(plan, index, names))
            bound = bind(self.context, block, arguments, place, value)
            names.update((name, bound[name]) for name in block.parameters)
        return self._list(plan.stage.name, items, value, names, f"_{key}")

    def _auxiliary(self, stage: str, value: Value | None) -> None:
        features = dict(self.features)
        with self.context.role("auxiliary"):
            logits = self._list(stage, self.spec.auxiliary[stage], value, self.context.base_names, "_auxiliary")
        self.features = features
        if logits is not None:
            self.auxiliary[stage] = logits
            self._check_logits(logits)

    # -- what a whole network has to hold --------------------------------------------------------------------------

    def _check_logits(self, value: Value) -> None:
        where = self.builder.nodes[-1].where
        if value.type.is_map:
            self.context.report(Problem("logits", where, f"the head ends in a feature map of {value.type}, not in logits",
                                        "end it in global_avg_pool and dense: $classes"))
        elif self.spec.classes is not None and value.type.channels != self.spec.classes:
            self.context.report(Problem("logits", where, f"the head ends in {value.type} logits, "
                                        f"classes says {self.spec.classes}", "end it in dense: $classes"))
        self.context.report(*ends_in_logits(self.builder.nodes, value))

    def _check_parameters(self) -> None:
        """Every entry of `parameters` has to reach a block in use."""
        used: set[str] = set()
        for name in called_in(self.spec, self.context.called):
            used.update(self.spec.blocks.signature(name).arguments)
        blocks = [found for name in self.context.called if (found := self.spec.blocks.get(name)) is not None]
        required = {name for block in blocks for name, tree in block.parameters.items() if is_required(tree)}
        for name in self.spec.parameters:
            if name in required or name in STAGED:
                self.context.report(Problem("parameters", self._parameter_key(name), f"'{name}' belongs to each stage and is "
                                            "not given here", f"stages: {{{name}: …}}"))
            elif name not in used and not self.unknown_blocks:
                self.context.report(Problem("parameters", self._parameter_key(name),
                                            f"no block in use has a parameter '{name}'",
                                            f"{nearest(name, used)} {_known(used - required - STAGED)}".strip()))

    def _parameter_key(self, name: str) -> Where:
        tree = self.spec.resolved.tree.entries["parameters"]
        assert isinstance(tree, MappingTree)
        return tree.key(name)


def _known(parameters: set[str]) -> str:
    return f"their parameters: {' '.join(sorted(parameters))}" if parameters else "they have none"
