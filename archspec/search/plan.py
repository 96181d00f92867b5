"""A sweep's file: a base, the keys that are varied, which combinations are looked at, and how they are trained."""

from __future__ import annotations

import random
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from itertools import islice
from math import prod
from pathlib import Path

from archspec.errors import InputError, Problem, SpecError, Where, listed, nearest
from archspec.io.places import expanded, kind_of, shipped
from archspec.records import Record, record
from archspec.schema.kinds import Unfit
from archspec.schema.tree import ListTree, MappingTree, Scalar, Tree, kind, plain
from archspec.search.conditions import EXAMPLE as CONDITION
from archspec.search.conditions import Condition, condition
from archspec.spec.arch import NETWORK_NAME
from archspec.spec.dump import to_inline
from archspec.spec.files import locate
from archspec.spec.inherit import SET, assignment
from archspec.spec.measured import MEASURED, METRIC
from archspec.spec.source import read

MOST = 100_000
"""Candidates of one sweep."""
DRAWS = 50
"""Candidates that are drawn at most for each one asked for, where conditions leave some out."""
PROBES = 50
"""Candidates that are checked at most before a key that is wrong in all of them is taken to be wrong."""
MOST_SEEDS = 1000
LARGEST_SEED = 2**31 - 1
MOST_KEYS = 100
LARGEST = 2**53
"""That the ends of a range may be, and how much finer than its ends its numbers: whole numbers are exact so far."""
KEYS = ("name", "base", "set", "vary", "where", "sample", "seed", "seeds", "halving", "metric", "plot")
PLOT = ("x", "lines")
SEEDS = "seeds: 3, of which the first is the spec's; or seeds: [0, 1, 7]"
PLOTTED = "plot: {x: stages.repeats, lines: stages.shortcut}"
RANGE = ("from", "to", "steps", "choices", "scale", "round")
EXAMPLE = "vary: {stages.se: [none, 8, 16], stages.base_width: {from: 16, to: 64, steps: 4}}"


@record
class Axes(Record):
    """A plot of results: the varied key from left to right, and the keys of whose values each combination is a line."""

    x: str
    lines: tuple[str, ...]


@record
class Plan(Record):
    """What a sweep looks at. `vary`: the values of each key path, in order; `sample`: how many are drawn, None for all.

    `common` is what is set in all. How they are trained: `seeds`, so many from the spec's on, or which; `halving`, one of how
    many goes on after each part, None for all; `metric`, a word of MEASURED by which they are compared. `places` is where the
    file says a key path, and where it says what --set is given, `key=value`.
    """

    name: str
    base: str
    vary: Mapping[str, tuple[object, ...]]
    where: tuple[Condition, ...]
    sample: int | None
    seed: int
    common: Mapping[str, object]
    seeds: int | tuple[int, ...]
    halving: int | None
    metric: str
    axes: Axes | None
    places: Mapping[str, Where]

    @property
    def total(self) -> int:
        """Combinations of all values."""
        return prod(map(len, self.vary.values()))

    def combination(self, number: int) -> dict[str, object]:
        """The combination of this number, counted from 0, the last key turning fastest."""
        found: dict[str, object] = {}
        for key, values in reversed(list(self.vary.items())):
            number, index = divmod(number, len(values))
            found[key] = values[index]
        return dict(reversed(list(found.items())))

    def candidates(self) -> Iterator[tuple[int, dict[str, object]]]:
        """Numbers and combinations that the conditions on keys allow, in the order of the grid or as they are drawn."""
        numbers = iter(range(self.total)) if self.sample is None else self._drawn(self.sample)
        found = ((number, self.combination(number)) for number in numbers)
        return islice((each for each in found if self.allows(each[1])), self.most)

    @property
    def most(self) -> int | None:
        """Of so many candidates at most the costs are looked at; None for all."""
        return None if self.sample is None else self.sample * DRAWS

    def allows(self, said: Mapping[str, object]) -> bool:
        """Whether the conditions on keys hold of a combination."""
        return all(rule.holds(said) for rule in self.where if not rule.of_cost)

    def probes(self) -> Iterator[dict[str, object]]:
        """A few combinations that have, between them, every value of every key, or the first of many."""
        count = min(PROBES, max(map(len, self.vary.values())))
        found = ({key: values[index % len(values)] for key, values in self.vary.items()} for index in range(count))
        yield from filter(self.allows, found)
        yield from (said for _, said in islice(self.candidates(), PROBES))

    def placed(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """The same, those of what --set says at their places in the file."""
        return tuple(self._placed(each) for each in problems)

    def _placed(self, problem: Problem) -> Problem:
        at = self.places.get(problem.where.text if of_value(problem) else problem.where.text.partition("=")[0])
        return problem if problem.where.file != SET or at is None else replace(problem, where=at)

    def _drawn(self, sample: int) -> Iterator[int]:
        """Numbers drawn at random by the seed, none twice."""
        drawn, seen = random.Random(self.seed), set[int]()
        if self.total <= MOST:
            yield from drawn.sample(range(self.total), self.total)
            return
        for _ in range(sample * DRAWS):
            number = drawn.randrange(self.total)
            if number not in seen:
                seen.add(number)
                yield number


def of_value(problem: Problem) -> bool:
    """Whether a problem of what --set says is one of the value, and not of its key."""
    return problem.where.column > len(problem.where.text.partition("=")[0]) + 1


def written(said: Mapping[str, object]) -> tuple[str, ...]:
    """What --set says of a combination."""
    return tuple(f"{key}={to_inline(value)}" for key, value in said.items())


def study_names() -> list[str]:
    """The sweeps that ship with archspec: the studies of papers on small data, specs/studies/NAME.yaml."""
    return sorted(path.stem for path in (shipped() / "studies").glob("*.yaml"))


def plan_file(reference: str) -> Path:
    """The file of a sweep's FILE argument: a path, or the name of a study that ships. Raises InputError."""
    path = expanded(reference)
    if kind_of(path) == "file":
        return path
    if reference in study_names():
        return shipped() / "studies" / f"{reference}.yaml"
    if kind_of(path) != "none":
        raise InputError(f"{path}: this is no file\n  hint: a sweep is a YAML file, or one of {listed(study_names())}")
    hint = nearest(reference, study_names()) or f"a sweep is a YAML file: base: resnet50, {EXAMPLE}"
    raise InputError(f"{path}: there is no such file, and no study of that name ships\n  hint: {hint}")


def read_plan(path: Path) -> Plan:
    """The plan of a sweep's file. Raises SpecError with every problem of it."""
    problems: list[Problem] = []
    plan = _Reader(read(path, problems, "a sweep"), problems).plan(path.stem)
    if problems or plan is None:
        raise SpecError(problems)
    return plan


class _Reader:
    """Reads key by key; goes on after a problem."""

    def __init__(self, tree: MappingTree, problems: list[Problem]) -> None:
        self.tree, self.problems = tree, problems

    def problem(self, tree: Tree, message: str, hint: str = "") -> None:
        self.problems.append(Problem("sweep", tree.where, message, hint))

    def plan(self, stem: str) -> Plan | None:
        for key in self.tree.entries:
            if key not in KEYS:
                hint = nearest(key, KEYS) or f"it has {' '.join(KEYS)}"
                self.problems.append(Problem("unknown-key", self.tree.key(key), f"a sweep has no key '{key}'", hint))
        base, vary = self.text("base", ""), self.vary()
        if "base" not in self.tree.entries:
            self.problem(self.tree, "a sweep says no base", "base: resnet50, a spec by its name or path")
        elif base:
            base = self.located(base)
        seed = self.whole("seed", 0)
        values = self.values(vary, seed or 0)
        plan = Plan(self.text("name", re.sub(r"[^\w.-]", "-", stem)), base, values, self.conditions(values),
                    self.whole("sample", 1), seed or 0, self.common(tuple(vary)), self.seeds(tuple(vary)),
                    self.whole("halving", 2), self.metric(), self.axes(values), dict(self.places()))
        count = plan.total if plan.sample is None else plan.sample
        if not NETWORK_NAME.fullmatch(plan.name):
            self.problem(self.tree.entries.get("name", self.tree), f"'{plan.name}' cannot name a sweep",
                         "letters, digits and . _ -")
        if count > MOST:
            self.problem(self.tree.entries.get("vary", self.tree), f"these are {count:,} candidates, a sweep has at "
                         f"most {MOST:,}", "sample: 1000 draws so many at random")
        return None if self.problems else plan

    def located(self, base: str) -> str:
        """The base as a SPEC argument: a file beside this one, as of `extends`, else what such an argument means."""
        tree = self.tree.entries["base"]
        beside = Path(tree.where.file).parent / base
        if kind_of(beside) == "file":
            return str(beside)
        try:
            locate(base)
        except SpecError as error:
            self.problems.extend(replace(each, where=tree.where) for each in error.problems)
        return base

    def places(self) -> Iterator[tuple[str, Where]]:
        """Where a key path stands, and where each value of it."""
        for section in ("set", "vary"):
            tree = self.tree.entries.get(section)
            if not isinstance(tree, MappingTree):
                continue
            for key, each in tree.entries.items():
                yield key, tree.key(key)
                for value in each.items if section == "vary" and isinstance(each, ListTree) else (each,):
                    yield f"{key}={to_inline(plain(value))}", value.where

    def text(self, key: str, default: str) -> str:
        tree = self.tree.entries.get(key)
        if tree is None:
            return default
        if not isinstance(tree, Scalar) or not tree.text or tree.value is None:
            self.problem(tree, f"{key} is a text, this is {kind(tree)}")
            return default
        return tree.text

    def whole(self, key: str, least: int) -> int | None:
        tree = self.tree.entries.get(key)
        if tree is None:
            return None
        if not isinstance(tree, Scalar) or isinstance(tree.value, bool) or not isinstance(tree.value, int) \
                or tree.value < least:
            self.problem(tree, f"{key} is a whole number from {least} on, this is {kind(tree)}")
            return None
        return tree.value

    def common(self, varied: tuple[str, ...]) -> dict[str, object]:
        tree = self.tree.entries.get("set")
        if tree is None:
            return {}
        if not isinstance(tree, MappingTree):
            self.problem(tree, f"set is a mapping of key paths and values, this is {kind(tree)}", "set: {train.epochs: 10}")
            return {}
        self.paths(tree)
        for key in tree.entries:
            if key in varied:
                self.problems.append(Problem("sweep", tree.key(key), f"{key} is set for all, and varied", "leave one out"))
        return {key: plain(each) for key, each in tree.entries.items()}

    def seeds(self, varied: tuple[str, ...]) -> int | tuple[int, ...]:
        tree = self.tree.entries.get("seeds")
        if tree is None:
            return 1
        if "train.seed" in varied:
            self.problem(tree, "train.seed is varied, and seeds says seeds, too", "leave one out")
        values = [each.value if isinstance(each, Scalar) else None for each in tree.items] if isinstance(tree, ListTree) else []
        whole = [each for each in values if type(each) is int and 0 <= each <= LARGEST_SEED]
        if isinstance(tree, Scalar) and type(tree.value) is int and 0 < tree.value <= MOST_SEEDS:
            return tree.value
        if not whole or len(set(whole)) < len(values) or len(values) > MOST_SEEDS:
            self.problem(tree, f"seeds says how many runs a candidate has, from 1 to {MOST_SEEDS:,}, or lists different "
                         f"whole numbers from 0 to {LARGEST_SEED}", SEEDS)
        return tuple(whole)

    def metric(self) -> str:
        tree = self.tree.entries.get("metric")
        if tree is None:
            return MEASURED[0]
        try:
            return str(METRIC.take(tree.value if isinstance(tree, Scalar) else kind(tree)))
        except Unfit as error:
            self.problem(tree, f"metric is {error}", error.hint)
            return MEASURED[0]

    def axes(self, values: Mapping[str, tuple[object, ...]]) -> Axes | None:
        """Each key that has several values is on one of the axes: else a point would be several candidates."""
        tree = self.tree.entries.get("plot")
        if tree is None:
            return None
        if not isinstance(tree, MappingTree) or "x" not in tree.entries:
            self.problem(tree, "plot says which key is x, and which keys are lines", PLOTTED)
            return None
        for name in tree.entries:
            if name not in PLOT:
                self.problems.append(Problem("sweep", tree.key(name), f"plot has no '{name}'", nearest(name, PLOT) or PLOTTED))
        x, lines = tree.entries["x"], tree.entries.get("lines")
        named = [x, *(lines.items if isinstance(lines, ListTree) else () if lines is None else (lines,))]
        for each in named:
            if not isinstance(each, Scalar) or each.text not in values:
                what = f"'{each.text}'" if isinstance(each, Scalar) else kind(each)
                self.problem(each, f"plot names keys that are varied, this is {what}",
                             (nearest(each.text, values) if isinstance(each, Scalar) else "") or f"keys: {listed(values)}")
        keys = [each.text for each in named if isinstance(each, Scalar)]
        left = [key for key, several in values.items() if len(several) > 1 and key not in keys]
        if len(set(keys)) < len(keys):
            self.problem(tree, "plot has a key twice", PLOTTED)
        if left:
            self.problem(tree, f"plot says nothing of {listed(left)}: a point of it would be several candidates",
                         f"lines: [{', '.join([*keys[1:], *left])}]")
        return Axes(keys[0], tuple(keys[1:])) if len(keys) == len(named) else None

    def vary(self) -> dict[str, Tree]:
        tree = self.tree.entries.get("vary")
        if not isinstance(tree, MappingTree) or not tree.entries:
            what = "says nothing to vary" if tree is None else f"varies a mapping of key paths, this is {kind(tree)}"
            self.problem(tree or self.tree, f"a sweep {what}", EXAMPLE)
            return {}
        if len(tree.entries) > MOST_KEYS:
            self.problem(tree, f"a sweep varies at most {MOST_KEYS} keys, these are {len(tree.entries):,}",
                         "set: says what is alike in all")
            return {}
        self.paths(tree)
        return dict(tree.entries)

    def paths(self, tree: MappingTree) -> None:
        """Each key is a path of --set."""
        for key in tree.entries:
            path, sign, value = key.partition("=")
            if sign:
                self.problems.append(Problem("sweep", tree.key(key), f"'{key}' is no key path: it says a value",
                                             f"{path}: [{value}]"))
                continue
            try:
                assignment(f"{key}=1")
            except SpecError as error:
                first = error.problems[0]
                self.problems.append(Problem("sweep", tree.key(key), first.message, "key paths as --set takes them: stages.se"))

    def values(self, vary: Mapping[str, Tree], seed: int) -> dict[str, tuple[object, ...]]:
        found: dict[str, tuple[object, ...]] = {}
        for key, tree in vary.items():
            if isinstance(tree, ListTree) and tree.items:
                texts = {_same(plain(each)): plain(each) for each in tree.items}
                if len(texts) < len(tree.items):
                    self.problem(tree, f"{key} has a value twice", "leave one out")
                found[key] = tuple(texts.values())
            elif isinstance(tree, MappingTree):
                found[key] = self.range(key, tree, seed)
                if sum(map(len, found.values())) > MOST:
                    self.problem(tree, f"these are more than {MOST:,} values", "fewer steps, or choices")
                    break
            else:
                what = kind(tree) if isinstance(tree, Scalar) else "an empty list"
                self.problem(tree, f"{key} needs a list of values or a range, this is {what}",
                             f"{key}: [8, 16], or {{from: 8, to: 64, steps: 4}}")
        return found

    def conditions(self, values: Mapping[str, tuple[object, ...]]) -> tuple[Condition, ...]:
        tree = self.tree.entries.get("where")
        if tree is None:
            return ()
        found: list[Condition] = []
        for each in tree.items if isinstance(tree, ListTree) else (tree,):
            if not isinstance(each, Scalar):
                self.problem(each, f"a condition is a text, this is {kind(each)}", CONDITION)
                continue
            try:
                found.append(condition(each, values))
            except SpecError as error:
                self.problems.extend(error.problems)
        return tuple(found)

    def range(self, key: str, tree: MappingTree, seed: int) -> tuple[object, ...]:
        """Values from `from` to `to`: so many `steps` evenly apart, or so many `choices` drawn."""
        for name in tree.entries:
            if name not in RANGE:
                self.problems.append(Problem("sweep", tree.key(name), f"the range of {key} has no '{name}'",
                                             nearest(name, RANGE) or f"it has {' '.join(RANGE)}"))
        numbers = {name: each.value for name, each in tree.entries.items() if isinstance(each, Scalar)
                   and isinstance(each.value, int | float) and not isinstance(each.value, bool)}
        wrong = [name for name in tree.entries if name in RANGE and name != "scale" and name not in numbers]
        count, scale = numbers.get("steps", numbers.get("choices")), tree.entries.get("scale")
        step, logarithmic = numbers.get("round", 0), isinstance(scale, Scalar) and scale.value == "log"
        low, high = numbers.get("from"), numbers.get("to")
        if wrong or low is None or high is None or count is None or ("steps" in numbers) == ("choices" in numbers) \
                or not isinstance(count, int) or not 1 < count <= MOST or low >= high or (logarithmic and low <= 0) \
                or step < 0 or not all(each == 0 or 1 / LARGEST <= abs(each) <= LARGEST for each in (low, high, step)) \
                or (scale is not None and not (isinstance(scale, Scalar) and scale.value in ("linear", "log"))):
            self.problem(tree, f"the range of {key} is not whole: numbers from below to, and steps or choices from 2 on",
                         f"{key}: {{from: 16, to: 64, steps: 4}}; choices: 4 draws them, scale: log spreads them by ratio "
                         "(from above 0), round: 8 takes multiples")
            return ()
        drawn = random.Random(f"{seed} {key}")  # so that another key's range moves none of this one's
        even = "steps" in numbers
        shares = [index / (count - 1) if even else drawn.random() for index in range(count)]
        spread = [low * (high / low) ** each if logarithmic else low + (high - low) * each for each in shares]
        whole = isinstance(low, int) and isinstance(high, int)
        rounded = [_multiple(each, step) if step else round(each) if whole else float(f"{each:.6g}") for each in spread]
        within = tuple(dict.fromkeys(each for each in rounded if low <= each <= high))
        if not within:
            self.problem(tree, f"the range of {key} has no multiple of {step} in it", "a smaller round")
        return within


def _same(value: object) -> str:
    """A value as text, the same for numbers that are equal."""
    return to_inline(int(value) if isinstance(value, float) and value.is_integer() else value)


def _multiple(value: float, step: float) -> float:
    """The nearest multiple, without the last digits that binary numbers add."""
    found = round(value / step) * step
    return found if isinstance(step, int) else float(f"{found:.12g}")
