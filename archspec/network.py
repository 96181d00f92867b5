"""From a spec to a graph: the stem, the stages with their repeats, the head. Read this file first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache, partial
from os import PathLike, fspath

from archspec.errors import Problem, SpecError, Where
from archspec.graph.builder import Builder
from archspec.graph.ir import Cursor, Feature, Graph, Value
from archspec.graph.names import IMAGES
from archspec.graph.ops import Input
from archspec.graph.verify import verify
from archspec.io.stopping import go_on
from archspec.lowering.calls import call_block
from archspec.lowering.compositors import COMPOSITORS
from archspec.lowering.culprit import told_at_causes
from archspec.lowering.dense import at_output_stride, check_output_stride
from archspec.lowering.flow import FLOW, report_missing, report_unused
from archspec.lowering.lowering import Call, Lowering
from archspec.lowering.named import misnamed
from archspec.lowering.place import Place
from archspec.lowering.primitives import PRIMITIVES
from archspec.lowering.replay import Player, Repeats
from archspec.lowering.rules import check_logits, check_parameters, check_stride
from archspec.lowering.sink import Limits, Problems
from archspec.lowering.stages import StagePlan, listed_names, names_of, plans_of
from archspec.schema.tree import Tree
from archspec.spec.arch import Spec
from archspec.spec.arguments import value_of
from archspec.spec.dump import to_inline
from archspec.spec.expressions import UNKNOWN, Datum, Unknown
from archspec.spec.inherit import SET, Resolved, changed, resolve, undone
from archspec.spec.items import Items
from archspec.spec.kept import PREVIOUS, Kept
from archspec.spec.rules import read_spec
from archspec.spec.scope import Names, Scope, Seen, TooLarge, Work

STEM = "stem"
PYRAMID = {2: "P1", 4: "P2", 8: "P3", 16: "P4", 32: "P5"}


def load(reference: str | PathLike[str], overrides: Mapping[str, object] | Sequence[str] = ()) -> Spec:
    """The spec of a path or a shipped name, with overrides as `key.path=value` or as a mapping of key paths to values.

    Raises SpecError with every problem, those that only lowering finds among them.
    """
    written = [f"{key}={to_inline(value)}" for key, value in overrides.items()] if isinstance(overrides, Mapping) else overrides
    return loaded(resolve(fspath(reference), written))


def with_overrides(spec: Spec, overrides: Sequence[str]) -> Spec:
    """A spec with `key.path=value` overrides beside its own. Raises SpecError as `load` does."""
    return loaded(changed(spec.resolved, overrides))


def loaded(resolved: Resolved) -> Spec:
    """The spec of files that have been read and merged. Raises SpecError as `load` does."""
    try:
        spec = read_spec(resolved)
    except TooLarge as error:
        raise SpecError([error.problem]) from None
    lower(spec)
    return spec


def without(spec: Spec, path: Sequence[str]) -> Graph:
    """The graph of a spec without what its own file says at a path. Raises SpecError where it cannot do without."""
    number = max(number for number, layer in enumerate(spec.resolved.layers) if layer.file != SET)
    return lower(loaded(undone(spec.resolved, number, path)))


@lru_cache(maxsize=1)
def lower(spec: Spec) -> Graph:
    """The graph of a spec. Raises SpecError with every problem of the spec.

    A pure function; the last graph is kept, since who loads a spec most often wants its graph next.
    """
    problems = Problems()
    graph, cost = _lowered(spec, problems)
    if problems.found or graph is None:
        raise SpecError(told_at_causes(spec.resolved, problems.found, _problems, cost))
    return graph


def beginning(spec: Spec) -> Graph | None:
    """The stem and the first block of the graph of a spec: for who compares it with many. None where it has neither.

    Its problems are those of `lower`.
    """
    return _Run(spec, Problems()).beginning()


def evaluated(spec: Spec, watched: Callable[[Where], bool]) -> Sequence[Seen]:
    """What the expressions of a spec without problems come to that stand where it is watched, each as often as it is read."""
    work = Work(watched)
    _Run(spec, Problems(), work=work).graph()
    return work.seen


class Variants:
    """Variants of a spec, one after the other: what their networks have in common is lowered once."""

    def __init__(self, spec: Spec) -> None:
        self.spec, self._repeats = spec, Repeats()

    def graph(self, overrides: Sequence[str]) -> Graph:
        """The graph of the spec with `key.path=value` overrides beside its own. Raises SpecError as `load` does."""
        try:
            spec = read_spec(changed(self.spec.resolved, overrides))
        except TooLarge as error:
            raise SpecError([error.problem]) from None
        problems = Problems()
        with suppress(SpecError):
            graph, _ = _lowered(spec, problems, self._repeats)
            if graph is not None and not problems.found:
                return graph
        return lower(spec)  # what is wrong is told as of this spec alone


def _lowered(spec: Spec, problems: Problems, repeats: Repeats | None = None) -> tuple[Graph | None, int]:
    """The graph, and how many items and values it took; adds what is wrong with the spec.

    Raises SpecError for a spec that is too large to go on with.
    """
    problems.report(*spec.problems)
    try:
        run = _Run(spec, problems, repeats)
        graph = run.graph()
    except TooLarge as error:
        raise SpecError([*problems.found, error.problem]) from None
    go_on()
    if graph is not None and not problems.found:
        problems.report(*verify(graph))
        go_on()
        problems.report(*misnamed(spec, graph))
        report_unused(run.lowering, graph)
    return graph, run.lowering.limits.items + run.lowering.base.work.steps


def _problems(resolved: Resolved) -> Sequence[Problem]:
    """Every problem of a spec, each where it shows."""
    problems = Problems()
    try:
        _lowered(read_spec(resolved), problems)
    except TooLarge as error:
        return [error.problem]
    except SpecError as error:
        return error.problems
    return problems.found


@dataclass(frozen=True, slots=True)
class _At:
    """How far the lowering is: the value there, and the last value at each level of the pyramid."""

    value: Value | None
    features: Mapping[str, Feature]


def _pyramid(at: _At, value: Value | None, builder: Builder) -> _At:
    """One step further at top level."""
    stride = None if value is None else value.type.stride
    if value is None or stride is None or not value.type.is_map or stride[0] != stride[1] or stride[0].denominator != 1:
        return _At(value, at.features)
    level, node = PYRAMID.get(int(stride[0])), builder.node(value.name)
    feature = Feature(value, "" if node is None else node.section, int(stride[0]))
    return _At(value, at.features if level is None else {**at.features, level: feature})


def base_scope(spec: Spec, problems: Problems, kept: Kept, work: Work | None = None) -> Scope:
    """The names that are known everywhere in a spec: `classes` and `let`, each of which knows those before it."""
    given = Names(Scope.empty(kept, work))
    if "classes" in spec.resolved.tree.entries and "classes" not in spec.let:
        given.define("classes", UNKNOWN if spec.classes is None else spec.classes)
    names = Names(given.scope, spec.let)
    for name, tree in spec.let.items():
        scope = names.scope
        names.define(name, _let_value(tree, scope, spec.unit, problems), tree, scope)
    return names.scope


def _let_value(tree: Tree, scope: Scope, unit: str, problems: Problems) -> Datum:
    try:
        return value_of(tree, scope, unit)
    except SpecError as error:
        problems.report(*error.problems)
    except Unknown:
        pass
    return UNKNOWN


class _Run:
    """One run through a spec, in the order of the network."""

    def __init__(self, spec: Spec, problems: Problems, repeats: Repeats | None = None, work: Work | None = None) -> None:
        repeats = Repeats() if repeats is None else repeats
        self.spec = spec
        self.problems = problems
        self.kept = Kept(reserved=(IMAGES, STEM, *(stage.name for stage in spec.stages)))
        self.lowering = Lowering(spec, Builder(spec.name), problems, Limits(),
                                 base_scope(spec, problems, self.kept, work), {**PRIMITIVES, **COMPOSITORS, **FLOW}, call_block)
        self.player = Player(self.lowering, repeats, repeats.context(spec))
        self.plans = plans_of(self.lowering)
        self.auxiliary: dict[str, Value] = {}
        self.rate = 1
        """The dilation that the output stride asks for by now."""

    def graph(self) -> Graph | None:
        """The whole network; None where a problem leaves it without an end."""
        spec, at = self.spec, self._stem()
        for plan in self.plans:
            at = self._stage(plan, at)
        check_output_stride(self.lowering, at.value)
        end = self._list("head", spec.head, at, self.lowering.base, Cursor("head", recompute=spec.recompute))
        check_parameters(self.lowering, [plan.block for plan in self.plans])
        report_missing(self.lowering)
        if end.value is None:
            return None
        if "head" in spec.resolved.tree.entries:
            check_logits(self.lowering, end.value, spec.head)
        sections = (STEM, *(plan.stage.name for plan in self.plans), "head")
        return self.lowering.builder.graph(end.value, self.auxiliary, at.features, sections)

    def beginning(self) -> Graph | None:
        """What comes before the second block."""
        at = self._stem()
        for plan in self.plans[:1]:
            at = self._repeat(plan, 0, self._before(plan, at))
        return None if at.value is None else self.lowering.builder.graph(at.value, {}, {}, ())

    def _stem(self) -> _At:
        images, cursor = self._input(), Cursor(STEM, recompute=self.spec.recompute)
        self.kept.put(IMAGES, images)
        at = self._list(STEM, self.spec.stem, _At(images, {}), self.lowering.base, cursor)
        self.kept.put(STEM, at.value)
        return at

    def _input(self) -> Value:
        tree = self.spec.resolved.tree
        where = tree.entries["input"].where if "input" in tree.entries else tree.where
        cursor = Cursor(recompute=self.spec.recompute)
        return self.lowering.builder.add(Input(self.spec.input), name=IMAGES, where=where, cursor=cursor)

    def _list(self, prefix: str, items: Items, at: _At, scope: Scope, cursor: Cursor) -> _At:
        """A list at top level, item by item, so that each result may be a level of the feature pyramid."""
        place = Place(prefix, scope, self.spec.unit, cursor)
        for item in items.items:
            at = _pyramid(at, self.lowering.item(item, at.value, place), self.lowering.builder)
        return at

    def _stage(self, plan: StagePlan, at: _At) -> _At:
        stage, at = plan.stage, self._before(plan, at)
        if not plan.block:
            self.kept.put(stage.name, None)
            return _At(None, at.features)
        plan, self.rate = at_output_stride(self._call(plan, 0, at.value), plan, at.value, self.rate)
        for index in range(plan.repeats):
            at = self._repeat(plan, index, at)
        at = self._stage_list("after", plan, plan.repeats - 1, at)
        self.kept.put(stage.name, at.value)
        if stage.name in self.spec.auxiliary:
            with self.kept.apart():
                self._auxiliary(plan, at)
        return at

    def _before(self, plan: StagePlan, at: _At) -> _At:
        for key in ("between", "before"):
            at = self._stage_list(key, plan, 0, at)
        return at

    def _repeat(self, plan: StagePlan, index: int, at: _At) -> _At:
        """One block of a stage. What enters it is what the next knows as `previous`."""
        call, known = partial(self._call, plan, index, at.value), len(self.problems.found)
        value = self.player.run(call, self._cursor(plan, index), plan, index, at.value, self.kept.entered(at.value))
        if index == 0 and len(self.problems.found) == known:
            check_stride(call(), plan, at.value, value)
        self.kept.put(PREVIOUS, at.value)
        return _pyramid(at, value, self.lowering.builder)

    def _call(self, plan: StagePlan, index: int, value: Value | None) -> Call:
        scope = names_of(self.lowering, plan, index, value)
        return plan.call(self.lowering, Place(plan.prefix(index), scope, self.spec.unit, self._cursor(plan, index)))

    def _cursor(self, plan: StagePlan, index: int) -> Cursor:
        return Cursor(plan.stage.name, index + 1, recompute=plan.stage.recompute)

    def _stage_list(self, key: str, plan: StagePlan, index: int, at: _At) -> _At:
        """before, between or after: they know the parameters of the stage's block."""
        items = plan.stage.lists.get(key)
        if items is None:
            return at
        scope = listed_names(self._call(plan, index, at.value), plan, index, at.value)
        cursor = Cursor(plan.stage.name, recompute=plan.stage.recompute)
        return self._list(f"{plan.stage.name}_{key}", items, at, scope, cursor)

    def _auxiliary(self, plan: StagePlan, at: _At) -> None:
        """An extra classifier behind a stage."""
        name = plan.stage.name
        cursor = Cursor(name, role="auxiliary", recompute=plan.stage.recompute)
        logits = self._list(f"{name}_auxiliary", self.spec.auxiliary[name], at, self.lowering.base, cursor).value
        if logits is not None:
            self.auxiliary[name] = logits
            check_logits(self.lowering, logits, self.spec.auxiliary[name])
