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
from archspec.spec.kept import Kept
from archspec.spec.longform import PLURALS
from archspec.spec.reading import words
from archspec.spec.scope import Scope

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
    """The names of all stages where the spec has rows, in which a stage's own name is the key."""
    count: int = 0
    """The number of all stages."""
    together: bool = False
    """Whether one value stands for all stages."""

    def at(self, exponent: float) -> Values:
        """The values at an exponent."""
        return tuple(self._rounded(value * self.base ** exponent) for value in self.start)

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
                if self.step and other >= self.step:
                    yield (*values[:index], other, *values[index + 1:])

    def override(self, values: Values) -> Iterator[str]:
        """What --set says of these values."""
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
    keys = [dial.key for dial in found]
    if len({*keys}) < len(keys):
        raise InputError(f"--free names a key twice: {' '.join(keys)}")
    return tuple(found)


def _is_number(text: str | None) -> bool:
    return not text or re.fullmatch(r"[0-9]+(\.[0-9]*)?|\.[0-9]+", text) is not None


def _dial(spec: Spec, key: str, base: float, step: int | None) -> Dial:
    if key == "input":
        height, width, channels = spec.input
        if height is None or width is None:
            raise InputError(f"--free input: the size of {spec.name}'s input is open\n  hint: --set input=224x224x{channels}")
        return Sides(key, base, step or 1, (height, width), channels=channels)
    key = key.removeprefix("stages.")
    if "." in key or "[" in key:
        return Dial(key, base, step or 0, (_number_at(spec, key),))
    return _of_stages(spec, PLURALS.get(key, key), base, step)


def _of_stages(spec: Spec, key: str, base: float, step: int | None) -> Dial:
    """A key of the stages. A parameter that no stage gives has the default of the spec or of the block."""
    if not spec.stages:
        raise InputError(f"--free {key}: {spec.name} has no stages\n  hint: free a number of let, such as --free let.NAME")
    scope = base_scope(spec, Problems(), Kept())
    trees = {index: tree for index, stage in enumerate(spec.stages) if (tree := _tree(spec, stage, key)) is not None}
    if not trees:
        known = ["widths", "repeats", *dict.fromkeys(name for stage in spec.stages for name in _parameters(spec, stage))]
        raise InputError(f"--free {key}: no stage of {spec.name} has it\n"
                         f"  hint: {nearest(key, known) or f'they have {listed(known)}, and there are input and let.NAME'}")
    values = tuple(_whole(spec, index, key, tree, scope) for index, tree in trees.items())
    own = all(tree is next(iter(trees.values())) for tree in trees.values()) and len(trees) == len(spec.stages)
    rows = isinstance(spec.resolved.tree.entries.get("stages"), ListTree)
    together = own and not rows and len(spec.stages) > 1
    return Dial(key, base, 1 if key == "repeats" else step or (WIDTH_STEP if key == "width" else 1),
                values[:1] if together else values, tuple(trees), tuple(each.name for each in spec.stages) if rows else (),
                len(spec.stages), together)


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


def _whole(spec: Spec, index: int, key: str, tree: Tree, scope: Scope) -> int:
    where = f"{key} of {spec.stages[index].name}"
    value: Datum = None
    try:
        value = value_of(tree, scope)
    except (SpecError, Unknown):
        text = f" {tree.text}" if isinstance(tree, Scalar) else ""
        raise InputError(f"--free {key}: {where} is computed where it stands:{text}\n"
                         f"  hint: free a number that it is computed from, or set it first: --set stages.{key}=[…]") from None
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise InputError(f"--free {key}: {where} is no whole number above 0, so it cannot be scaled\n"
                         f"  hint: set it first: --set stages.{key}=…")
    return value


def _number_at(spec: Spec, path: str) -> Number:
    """The number at a key path of the spec. Raises InputError where there is none."""
    tree: Tree | None = spec.resolved.tree
    for part in path.split("."):
        tree = tree.entries.get(part) if isinstance(tree, MappingTree) else None
    value = tree.value if isinstance(tree, Scalar) else None
    if isinstance(value, bool) or not isinstance(value, int | float) or value <= 0:
        numbers = [f"let.{name}" for name, each in spec.let.items() if isinstance(each, Scalar) and _is_plain(each)]
        raise InputError(f"--free {path}: {spec.name} says no number above 0 there\n"
                         f"  hint: {nearest(path, numbers) or 'keys of the stages, such as widths; input; a number of let'}")
    return value


def _is_plain(tree: Scalar) -> bool:
    return isinstance(tree.value, int | float) and not isinstance(tree.value, bool)
