"""The typed spec: what the merged tree of a file says, checked as far as it can be without lowering."""

from __future__ import annotations

import re
from collections.abc import Iterator
from collections.abc import Mapping as MappingABC
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise
from types import MappingProxyType
from typing import TYPE_CHECKING

from archspec.errors import Problem, SpecError, Where, nearest
from archspec.spec.arguments import convert, value_of
from archspec.spec.blocks import BlockTable, names
from archspec.spec.inherit import STAGE_LISTS, Resolved, entries_of
from archspec.spec.items import ItemReader, Items
from archspec.spec.operations import MEMORIES, OPERATIONS, PADDINGS, SECTIONS, UNITS, Signature
from archspec.spec.scope import Scope
from archspec.spec.source import Mapping, Scalar, Sequence, Tree, hint_for_text, kind

if TYPE_CHECKING:
    from archspec.spec.export import ExportSection
    from archspec.spec.recipe import Recipe

VERSION = 1
SETTINGS = ("unit", "norm", "act", "padding")
REPLACED = "the stages that are extended are rows, and columns replace rows whole: write the rows, each with what changes"
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
STAGE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]{0,63}")
"""GoogLeNet's are 3a, 3b, …; a Keras layer's name may begin with a digit."""
INPUT = re.compile(r"(\?|[1-9][0-9]{0,4})x(\?|[1-9][0-9]{0,4})x([1-9][0-9]{0,4})")


@dataclass(frozen=True, slots=True, eq=False)
class Published:
    """What others counted: trainable parameters, all parameters, and multiply-adds to the last digit written."""

    params: int | None = None
    total: int | None = None
    macs: float | None = None
    macs_digit: float = 1
    """The value of the last digit written of `macs`."""


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One stage as written: a block, how often, and the arguments it is given."""

    name: str
    where: Where
    block: Tree
    repeats: Tree | None
    stride: Tree | None
    lists: MappingABC[str, Items]
    arguments: MappingABC[str, Tree]
    keys: MappingABC[str, Where]
    recompute: bool


@dataclass(frozen=True, eq=False)
class Spec:
    """A whole network as written, with inheritance resolved."""

    name: str
    description: str
    reference: str
    input: tuple[int | None, int | None, int]
    classes: int | None
    let: MappingABC[str, Tree]
    defaults: MappingABC[str, MappingABC[str, Tree]]
    unit: str
    padding: Tree | None
    parameters: MappingABC[str, Tree]
    blocks: BlockTable
    stem: Items
    stages: tuple[Stage, ...]
    head: Items
    auxiliary: MappingABC[str, Items]
    recompute: bool
    published: Published
    resolved: Resolved
    problems: tuple[Problem, ...] = ()
    """What is wrong with it, as far as reading shows."""
    warnings: tuple[Problem, ...] = ()
    """What is right, and most likely not meant."""

    @cached_property
    def train(self) -> Recipe:
        """The training recipe: the train section, or the defaults."""
        from archspec.spec.recipe import Recipe
        return Recipe.model_validate(_data(self.resolved.tree, "train"))

    @cached_property
    def export(self) -> ExportSection:
        """The export section, or its defaults."""
        from archspec.spec.export import ExportSection
        return ExportSection.model_validate(_data(self.resolved.tree, "export"))

    def to_yaml(self, expand: bool = False) -> str:
        """The resolved spec as YAML that stands on its own; with the shipped blocks it uses written out."""
        from archspec.spec.dump import dump
        return dump(self, expand)


def _data(tree: Mapping, key: str) -> object:
    from archspec.spec.source import plain
    section = tree.entries.get(key)
    return {} if section is None else plain(section)


def parse_spec(resolved: Resolved) -> Spec:
    """The typed spec, with what is wrong with its parts. Raises TooLarge."""
    problems = list(resolved.problems)
    reader = _SpecReader(resolved, problems)
    for key in resolved.tree.entries:
        if key not in SECTIONS:
            reader.problem("unknown-key", resolved.tree.key(key), f"a spec has no section '{key}'",
                           nearest(key, SECTIONS) or "sections: " + " ".join(SECTIONS))
    spec = reader.spec()
    return replace(spec, problems=tuple(problems))


class _SpecReader:
    """Reads section by section; goes on after a problem."""

    def __init__(self, resolved: Resolved, problems: list[Problem]) -> None:
        self.resolved, self.tree, self.problems = resolved, resolved.tree, problems

    def problem(self, code: str, where: Where, message: str, hint: str = "") -> None:
        self.problems.append(Problem(code, where, message, hint))

    def spec(self) -> Spec:
        self.blocks = BlockTable(self.section("blocks"))
        self.problems.extend(self.blocks.problems)
        self.reader = ItemReader(self.blocks.signatures, self.problems)
        let = self.names("let")
        defaults = self.section("defaults")
        self.everywhere = self.recompute(self.tree.entries.get("memory"), False)
        return Spec(
            name=self.name(), description=self.text("description"), reference=self.text("reference"), input=self.input(),
            classes=self.whole("classes"), let=let, defaults=self.defaults(defaults), unit=self.unit(defaults),
            padding=self.padding(defaults), parameters=self.names("parameters"), blocks=self.blocks, stem=self.items("stem"),
            stages=tuple(self.stages()), head=self.items("head"), auxiliary=self.auxiliary(), recompute=self.everywhere,
            published=self.published(),
            resolved=self.resolved)

    # -- simple sections -------------------------------------------------------------------------------------------

    def section(self, key: str) -> Mapping | None:
        tree = self.tree.entries.get(key)
        if tree is None or isinstance(tree, Mapping):
            return tree
        self.problem("not-a-mapping", tree.where, f"{key} is a mapping of keys, this is {kind(tree)}")
        return None

    def text(self, key: str, default: str = "") -> str:
        tree = self.tree.entries.get(key)
        if tree is None:
            return default
        if not isinstance(tree, Scalar):
            self.problem("not-a-text", tree.where, f"{key} is a text, this is {kind(tree)}")
            return default
        if key != "description" and key != "reference":
            self.no_dollar(tree)
        return tree.text

    def no_dollar(self, tree: Tree) -> None:
        if isinstance(tree, Scalar) and "$" in tree.text:
            self.problem("dollar", tree.where, "$ is not read here",
                         "it is read in let, parameters, blocks, stem, stages, head and auxiliary; write the value")

    def name(self) -> str:
        stem = self.resolved.path.stem
        name = self.text("name", stem)
        if "$" in name:
            return "unnamed"
        if not NAME.fullmatch(name):
            where = self.tree.entries["name"].where if "name" in self.tree.entries else self.tree.where
            self.problem("name", where, f"'{name}' cannot name a network", "letters, digits and . _ -, a letter or digit first")
            return "unnamed"
        return name

    def input(self) -> tuple[int | None, int | None, int]:
        tree = self.tree.entries.get("input")
        if tree is None:
            self.problem("missing", self.tree.where, "the spec says no input",
                         "add input: 224x224x3 (height x width x channels)")
            return None, None, 3
        match = INPUT.fullmatch(tree.text) if isinstance(tree, Scalar) else None
        if match is None:
            self.problem("input", tree.where, f"input is height x width x channels, this is {kind(tree)}",
                         "write 224x224x3, or ?x?x3 where the size is open")
            return None, None, 3
        height, width = (None if side == "?" else int(side) for side in match.groups()[:2])
        return height, width, int(match[3])

    def whole(self, key: str) -> int | None:
        tree = self.tree.entries.get(key)
        if tree is None:
            return None
        value = tree.value if isinstance(tree, Scalar) else None
        if value == 1 and not isinstance(value, bool):
            self.problem("classes", tree.where, "a softmax over one class is always 1, and there is nothing to learn",
                         "yes or no are two classes: classes: 2")
        if isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= 10**6:
            return value
        self.problem("argument", tree.where, f"{key} is a whole number from 1 to 1000000, this is {kind(tree)}",
                     hint_for_text(value))
        return None

    def names(self, key: str) -> MappingABC[str, Tree]:
        tree = self.section(key)
        return MappingProxyType({}) if tree is None else names(tree, key, self.problems)

    def items(self, key: str) -> Items:
        tree = self.tree.entries.get(key)
        return Items((), self.tree.where) if tree is None else self.reader.items(tree)

    def auxiliary(self) -> MappingABC[str, Items]:
        tree = self.section("auxiliary")
        entries = {} if tree is None else tree.entries
        return MappingProxyType({name: self.reader.items(value) for name, value in entries.items()})

    def recompute(self, tree: Tree | None, otherwise: bool) -> bool:
        """Whether the backward pass computes activations again: the key `memory`, of the spec or of a stage."""
        if tree is None:
            return otherwise
        if isinstance(tree, Scalar) and tree.text in MEMORIES:
            return tree.text == "recompute"
        hint = nearest(tree.text, MEMORIES) if isinstance(tree, Scalar) else ""
        self.problem("memory", tree.where, f"memory is one of {' '.join(MEMORIES)}, this is {kind(tree)}", hint)
        return otherwise

    # -- published -------------------------------------------------------------------------------------------------

    def published(self) -> Published:
        tree = self.section("published")
        found: dict[str, Scalar] = {}
        for key, value in ({} if tree is None else tree.entries).items():
            if key not in ("params", "total", "macs"):
                assert tree is not None
                self.problem("unknown-key", tree.key(key), f"published has no key '{key}'",
                             nearest(key, ("params", "total", "macs")) or "it has params, total and macs")
            elif isinstance(value, Scalar) and _is_count(value, key):
                found[key] = value
            else:
                what = "a number, as 4.089e9" if key == "macs" else "a whole number"
                self.problem("published", value.where, f"published.{key} is {what}, this is {kind(value)}")
        counts = {key: int(found[key].value) for key in ("params", "total") if key in found}  # type: ignore[arg-type]
        if "macs" not in found:
            return Published(**counts)
        return Published(macs=float(found["macs"].value), macs_digit=_last_digit(found["macs"].text), **counts)  # type: ignore[arg-type]

    # -- defaults --------------------------------------------------------------------------------------------------

    def unit(self, defaults: Mapping | None) -> str:
        tree = None if defaults is None else defaults.entries.get("unit")
        if tree is None:
            return UNITS[0]
        if isinstance(tree, Scalar) and tree.text in UNITS:
            return tree.text
        self.problem("unit", tree.where, f"a unit is one of {' '.join(UNITS)}, this is {kind(tree)}",
                     nearest(tree.text, UNITS) if isinstance(tree, Scalar) else "")
        return UNITS[0]

    def padding(self, defaults: Mapping | None) -> Tree | None:
        tree = None if defaults is None else defaults.entries.get("padding")
        if tree is not None and not self.fits("padding", OPERATIONS["conv"], "padding", tree):
            return Scalar(PADDINGS[0], PADDINGS[0], tree.where)
        return tree

    def fits(self, what: str, signature: Signature, argument: str, tree: Tree) -> bool:
        """Whether a literal value suits an argument; reports it if not."""
        self.no_dollar(tree)
        declared = signature.arguments[argument]
        if declared.kind in ("norm", "act") or (isinstance(tree, Scalar) and "$" in tree.text):
            return True
        try:
            convert(what, declared, value_of(tree, Scope.empty()), tree.where)
        except SpecError as error:
            self.problems.extend(error.problems)
            return False
        return True

    def defaults(self, tree: Mapping | None) -> MappingABC[str, MappingABC[str, Tree]]:
        found: dict[str, MappingABC[str, Tree]] = {}
        for name, value in ({} if tree is None else tree.entries).items():
            assert tree is not None
            signature = OPERATIONS.get(name)
            if name in ("unit", "padding"):
                continue
            if signature is not None and signature.holds:
                self.problem("unknown-key", tree.key(name), f"{name} holds operations and has no defaults",
                             "give its arguments where it stands")
            elif signature is None:
                self.problem("unknown-key", tree.key(name), f"defaults has no '{name}'",
                             nearest(name, (*SETTINGS, *OPERATIONS))
                             or "it has unit norm act padding, and operations that hold no lists")
            elif not isinstance(value, Mapping):
                self.problem("not-a-mapping", value.where, f"defaults.{name} is a mapping of arguments, this is {kind(value)}")
            else:
                found[name] = MappingProxyType(dict(self.default_arguments(signature, value)))
        return MappingProxyType(found)

    def default_arguments(self, signature: Signature, tree: Mapping) -> Iterator[tuple[str, Tree]]:
        for key, value in tree.entries.items():
            if key not in signature.arguments:
                self.problem("unknown-argument", tree.key(key), f"{signature.name} takes no '{key}'",
                             nearest(key, signature.arguments) or f"it takes {signature.takes()}")
            elif self.fits(f"{signature.name}: {key}", signature, key, value):
                yield key, value

    # -- stages ----------------------------------------------------------------------------------------------------

    def stages(self) -> Iterator[Stage]:
        tree = self.tree.entries.get("stages")
        if tree is None:
            return
        if isinstance(tree, Scalar):
            self.problem("stages", tree.where, f"stages is a mapping of columns or a list of rows, this is {kind(tree)}",
                         "stages: {block: basic, repeats: [2, 2], widths: [64, 128], strides: [1, 2]}")
            return
        rows = self.rows(tree) if isinstance(tree, Sequence) else self.columns(tree)
        for number, (row, keys, where) in enumerate(rows, 1):
            stage = self.stage(number, row, keys, where)
            if stage is not None:
                yield stage

    def rows(self, tree: Sequence) -> Iterator[tuple[dict[str, Tree], MappingABC[str, Where], Where]]:
        for row in tree.items:
            if not isinstance(row, Mapping):
                self.problem("stage", row.where, f"a stage is a mapping, this is {kind(row)}", "- {block: basic, width: 64}")
                continue
            if "between" in row.entries:
                self.problem("between", row.key("between"), "a row has no 'between': it stands between all stages",
                             "write before: in the rows that need it")
            yield dict(row.entries), row.keys, row.where

    def lengths(self, tree: Mapping, lists: MappingABC[str, Sequence], first: str) -> None:
        """Reports columns that are empty, or of another length than the first; one of each length."""
        for key, column in lists.items():
            if not column.items:
                self.problem("column-length", tree.key(key), f"'{key}' is a column without entries", "it has one entry a stage")
        count, other, told = len(lists[first].items), tree.key(first), set[int]()
        for key, column in lists.items():
            if column.items and lists[first].items and len(column.items) not in (count, *told):
                told.add(len(column.items))
                place = f"line {other.line}" if other.file == tree.key(key).file else str(other)
                self.problem("column-length", tree.key(key),
                             f"'{key}' has {entries_of(column)}, '{first}' in {place} has {count}",
                             "a list has one entry a stage; a single value holds for all")

    def layer_of(self, where: Where) -> int:
        """Which file, or --set, says something: 0 for the one that extends none. The latest is the one to change."""
        files = [layer.tree.where.file for layer in self.resolved.layers]
        return len(files) - 1 - files[::-1].index(where.file) if where.file in files else 0

    def columns(self, tree: Mapping) -> Iterator[tuple[dict[str, Tree], MappingABC[str, Where], Where]]:
        lists = {key: value for key, value in tree.entries.items() if isinstance(value, Sequence) and key not in STAGE_LISTS}
        base_first = sorted(lists, key=lambda key: self.layer_of(tree.key(key)))
        if base_first:
            self.lengths(tree, {key: lists[key] for key in base_first}, base_first[0])
        for index in range(min((len(column.items) for column in lists.values()), default=1)):
            row = {key: value for key, value in tree.entries.items() if key not in lists}
            row |= {key: column.items[index] for key, column in lists.items() if not _is_default(column.items[index])}
            if index == 0:
                row.pop("between", None)
            yield row, tree.keys, tree.where

    def stage(self, number: int, row: dict[str, Tree], keys: MappingABC[str, Where], where: Where) -> Stage | None:
        if "name" in row:
            where = row["name"].where
        name = self.stage_name(row.pop("name", None), number)
        block = row.pop("block", None)
        lists = {key: self.reader.items(row.pop(key)) for key in STAGE_LISTS if key in row}
        repeats, stride = row.pop("repeats", None), row.pop("stride", None)
        recompute = self.recompute(row.pop("memory", None), self.everywhere)
        if block is None:
            self.problem("missing", where, "a stage says no block",
                         REPLACED if self.replaced_rows() else
                         "add block: NAME; `archspec list --blocks` shows those that ship")
            return None
        return Stage(name, where, block, repeats, stride, MappingProxyType(lists), MappingProxyType(row), keys, recompute)

    def replaced_rows(self) -> bool:
        """Whether columns stand where a file that is extended has rows."""
        stages = [layer.tree.entries.get("stages") for layer in self.resolved.layers]
        return any(isinstance(below, Sequence) and isinstance(above, Mapping) for below, above in pairwise(stages))

    def stage_name(self, tree: Tree | None, number: int) -> str:
        if tree is None:
            return f"stage{number}"
        if isinstance(tree, Scalar) and STAGE_NAME.fullmatch(tree.text):
            return tree.text
        self.problem("name", tree.where, f"a stage's name is letters, digits and _, this is {kind(tree)}")
        return f"stage{number}"


def _is_default(tree: Tree) -> bool:
    return isinstance(tree, Scalar) and tree.value == "default"


def _is_count(tree: Scalar, key: str) -> bool:
    allowed = int | float if key == "macs" else int
    return isinstance(tree.value, allowed) and not isinstance(tree.value, bool) and tree.value > 0


def _last_digit(text: str) -> float:
    """The value of the last digit written: 1e6 of `4.089e9`."""
    mantissa, _, exponent = text.lower().partition("e")
    decimals = len(mantissa.partition(".")[2])
    return float(10.0 ** (int(exponent or 0) - decimals))
