"""What a search may turn: a key of the stages, the input's size or a number anywhere, as a function of one exponent.

A dial has a base, as in compound scaling (Tan and Le 2019, 1905.11946): at the exponent p its values are those of the spec
times base ** p. Several dials turn together.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from math import ceil

from archspec.errors import InputError, SpecError, listed, nearest, shorten
from archspec.lowering.sink import Problems
from archspec.network import base_scope
from archspec.records import Record, record
from archspec.schema.tree import ListTree, MappingTree, Scalar, Tree
from archspec.spec.arch import Spec, Stage
from archspec.spec.arguments import value_of
from archspec.spec.expressions import Datum, Unknown
from archspec.spec.indexed import Step, steps_of
from archspec.spec.item_reader import ItemReader
from archspec.spec.kept import Kept
from archspec.spec.longform import PLURALS
from archspec.spec.operations import OPERATIONS
from archspec.spec.reading import words
from archspec.spec.rewrite import parted
from archspec.spec.scope import Scope
from archspec.spec.stage_keys import names_in

COMPOUND = {"depth_and_width": "repeats=1.2,widths=1.1", "compound": "repeats=1.2,widths=1.1,input=1.15"}
"""Words for several dials at once, with the bases of EfficientNet (section 3.3 of the paper)."""
ALONE = 2.0
"""The base where none is said."""
WIDTH_STEP = 8
LEAST = 0.9
"""A width is rounded to the nearest multiple, but not below this share of it, as the papers' code does."""
FREE = re.compile(r"([A-Za-z][\w.\[\]]*)(?:=([0-9.]+))?")
Number = int | float
Values = tuple[Number, ...]


@record
class Dial(Record):
    """One key that a search turns. `start`: the spec's values, one for each of `stages`, or one for all.

    `step`: what values are multiples of; 0 for real numbers. `stages` are numbered from 0; () for a key outside of them.
    """

    key: str
    base: float
    step: int
    start: Values
    stages: tuple[int, ...] = ()
    names: tuple[str, ...] = ()
    """The names of all stages where a stage's own name is the key: where the spec has rows, or one stage alone is turned."""
    count: int = 0
    """The number of all stages."""
    together: bool = False
    """Whether one value stands for all stages."""
    way: int = 1
    """-1 where a larger value costs less, as of a divisor: then it falls while the exponent grows."""
    held: tuple[int, ...] = ()
    """Positions in `start` that stay as they are."""
    stem: str = ""
    """The key path of the stem's width, where it is that of the first stage and goes with it."""

    def at(self, exponent: float) -> Values:
        """The values at an exponent."""
        return tuple(value if index in self.held else self._rounded(value * self.base ** (self.way * exponent))
                     for index, value in enumerate(self.start))

    def _rounded(self, value: float) -> Number:
        if not self.step:
            return float(f"{value:.4g}")
        if self.key == "repeats":
            return max(1, ceil(value - 1e-9))
        found = max(self.step, int(value / self.step + 0.5) * self.step)
        return found + self.step if self.key == "width" and found < LEAST * value else found

    def nearby(self, values: Values) -> Iterator[Values]:
        """The values with one of them a step larger or smaller."""
        for index, value in enumerate(values):
            for other in (value + self.step, value - self.step):
                if self.step and other >= self.step and index not in self.held:
                    yield (*values[:index], other, *values[index + 1:])

    def override(self, values: Values) -> Iterator[str]:
        """What --set says of these values."""
        if self.stem:
            yield f"{self.stem}={values[0]}"
        if not self.stages:
            yield f"{self.key}={values[0]}"
        elif self.together:
            yield f"stages.{self.key}={values[0]}"
        elif self.names:
            yield from (f"stages.{self.names[stage]}.{self.key}={value}"
                        for stage, value in zip(self.stages, values, strict=True))
        else:
            given = dict(zip(self.stages, values, strict=True))
            plural = next((many for many, one in PLURALS.items() if one == self.key), self.key)
            yield f"stages.{plural}=[{', '.join(str(given.get(stage, 'default')) for stage in range(self.count))}]"


@record
class Sides(Dial):
    """The input's height and width; its channels stay."""

    channels: int = 3

    def override(self, values: Values) -> Iterator[str]:
        """What --set says of these values."""
        yield f"input={values[0]}x{values[1]}x{self.channels}"

    def nearby(self, values: Values) -> Iterator[Values]:
        """Both sides a step larger or smaller: a square stays one."""
        for by in (self.step, -self.step):
            if min(values) + by >= self.step:
                yield tuple(value + by for value in values)


def dials_of(spec: Spec, free: Sequence[str], step: int | None) -> tuple[Dial, ...]:
    """The dials that --free names: `widths`, `repeats=1.2,widths=1.1`, `let.wider`. `step`: what they are rounded to.

    Raises InputError where one is no number that can be turned.
    """
    parts = [part.strip() for word in free for part in COMPOUND.get(word.strip(), word).split(",")]
    found: list[Dial] = []
    for part in parts:
        match = FREE.fullmatch(part)
        base = float(match[2] or ALONE) if match and _is_number(match[2]) else 0.0
        if match is None or base <= 1:
            raise InputError(f"--free {shorten(part)}: it is KEY, or KEY=BASE with a base above 1\n"
                             "  hint: widths, repeats=1.2,widths=1.1, depth_and_width, input, let.wider")
        found.append(_dial(spec, match[1], base, step))
    turned = [(dial.key, stage) for dial in found for stage in dial.stages or (None,)]
    if len({*turned}) < len(turned):
        raise InputError(f"--free names a key twice: {' '.join(parts)}")
    return tuple(found)


def _is_number(text: str | None) -> bool:
    return not text or re.fullmatch(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", text) is not None


def _dial(spec: Spec, key: str, base: float, step: int | None) -> Dial:
    if key == "input":
        height, width, channels = spec.input
        if height is None or width is None:
            raise InputError(f"--free input: the size of {spec.name}'s input is open\n  hint: --set input=224x224x{channels}")
        return Sides(key, base, step or 1, (height, width), channels=channels)
    said, key = key, key.removeprefix("stages.")
    names = [stage.name for stage in spec.stages]
    stage, dot, rest = key.partition(".")
    if dot and stage in names and "." not in rest and "[" not in rest:
        return _of_stages(spec, said, PLURALS.get(rest, rest), base, step, names.index(stage))
    if "." in key or "[" in key:
        value, path = _number_at(spec, said), steps_of(said)
        whole = isinstance(value, int) and any(isinstance(each, int) for each in path)  # an argument of an operation, an entry
        return Dial(said, base, step or int(whole), (value,))
    return _of_stages(spec, said, PLURALS.get(key, key), base, step)


def _of_stages(spec: Spec, said: str, key: str, base: float, step: int | None, only: int | None = None) -> Dial:
    """A key of the stages, or of the stage `only`; `said`: as it was typed.

    A parameter that no stage gives has the default of the spec or of the block.
    """
    if not spec.stages:
        raise InputError(f"--free {said}: {spec.name} has no stages\n  hint: free a number of let, such as --free let.NAME")
    scope = base_scope(spec, Problems(), Kept())
    trees = {index: tree for index, stage in enumerate(spec.stages)
             if only in (None, index) and (tree := _tree(spec, stage, key)) is not None}
    if not trees:
        given = dict.fromkeys(name for stage in spec.stages for name in (*stage.arguments, *_parameters(spec, stage)))
        known = ["repeats", *(next((many for many, one in PLURALS.items() if one == name), name) for name in given)]
        which = f"no stage of {spec.name}" if only is None else f"{spec.stages[only].name} of {spec.name}"
        raise InputError(f"--free {said}: {which} has {'it' if only is None else f'no {key}'}\n"
                         f"  hint: {nearest(key, known) or f'they have {listed(known)}, and there are input and let.NAME'}")
    values = tuple(_whole(spec, index, said, key, tree, scope) for index, tree in trees.items())
    own = all(tree is next(iter(trees.values())) for tree in trees.values()) and len(trees) == len(spec.stages)
    rows = isinstance(spec.resolved.tree.entries.get("stages"), ListTree)
    together = own and not rows and len(spec.stages) > 1
    return Dial(key, base, 1 if key == "repeats" else step or (WIDTH_STEP if key == "width" else 1),
                values[:1] if together else values, tuple(trees),
                tuple(each.name for each in spec.stages) if rows or only is not None else (), len(spec.stages), together)


def _tree(spec: Spec, stage: Stage, key: str) -> Tree | None:
    if key == "repeats":
        return stage.repeats or Scalar(1, "1", stage.where)
    if key in stage.arguments:
        return stage.arguments[key]
    default = _parameters(spec, stage).get(key)
    found = spec.parameters.get(key, default) if default is not None else None
    return found if isinstance(found, Scalar) and found.value not in ("required", "none") else None


def _parameters(spec: Spec, stage: Stage) -> dict[str, Tree]:
    names = [name for name in words(stage.block) if name in spec.blocks]
    blocks = [block for name in names if (block := spec.blocks.get(name)) is not None]
    return {name: tree for block in blocks for name, tree in block.parameters.items()}


def _whole(spec: Spec, index: int, said: str, key: str, tree: Tree, scope: Scope) -> int:
    where = f"{key} of {spec.stages[index].name}"
    value: Datum = None
    try:
        value = value_of(tree, scope)
    except (SpecError, Unknown):
        text = f" {tree.text}" if isinstance(tree, Scalar) else ""
        raise InputError(f"--free {said}: {where} is computed where it stands:{text}\n"
                         f"  hint: free a number that it is computed from, or set it first: --set stages.{key}=[…]") from None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"--free {said}: {where} is no whole number above 0, so it cannot be scaled\n"
                         f"  hint: set it first: --set stages.{key}=…")
    return value


def _number_at(spec: Spec, path: str) -> Number:
    """The number at a key path of the spec. Raises InputError where there is none."""
    tree = tree_at(spec, path)
    value = tree.value if isinstance(tree, Scalar) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        numbers = [f"let.{name}" for name, each in spec.let.items() if isinstance(each, Scalar) and _is_plain(each)]
        stages = [stage.name for stage in spec.stages]
        other = f"the stages are {listed(stages)}" if path.startswith("stages.") else \
            "keys of the stages, such as widths; input; a number of let"
        raise InputError(f"--free {path}: {spec.name} says no number above 0 there\n  hint: {nearest(path, numbers) or other}")
    return value


def tree_at(spec: Spec, path: str) -> Tree | None:
    """What a spec says at a path as of --set, with everything merged; None where it says nothing."""
    try:
        steps = steps_of(path)
    except ValueError:
        return None
    tree: Tree | None = spec.resolved.tree
    for step in steps:
        tree = _below(tree, step)
    return tree


def _below(tree: Tree | None, step: Step) -> Tree | None:
    """What stands at a key, in an entry, in the row of a stage or in an argument of an operation."""
    if isinstance(tree, ListTree):
        index = step if isinstance(step, int) else names_in(tree).index(step) if step in names_in(tree) else len(tree.items)
        return tree.items[index] if index < len(tree.items) else None
    if tree is None or isinstance(step, int):
        return None
    if isinstance(tree, MappingTree) and step in tree.entries:
        return tree.entries[step]
    return arguments_of(tree).get(step)


def arguments_of(tree: Tree) -> dict[str, Tree]:
    """What an item gives an operation, by name; nothing where it is none."""
    if isinstance(tree, ListTree) or (isinstance(tree, MappingTree) and len(tree.entries) != 1):
        return {}
    name, _, argument = parted(tree)
    return dict(ItemReader(OPERATIONS, []).arguments(OPERATIONS[name], argument)) if name in OPERATIONS else {}


def _is_plain(tree: Scalar) -> bool:
    return isinstance(tree.value, int | float) and not isinstance(tree.value, bool)
