"""The typed spec: what the merged tree of a file says, checked as far as it can be without lowering."""

from __future__ import annotations

import re
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import cached_property, lru_cache
from itertools import pairwise
from types import MappingProxyType
from typing import Any, TypeVar, cast

from archspec.errors import Problem, SpecError, Where, hinted
from archspec.schema.keys import Key, Section
from archspec.schema.kinds import SEVERAL, hint_for_text
from archspec.schema.read import read, take
from archspec.schema.tree import BROKEN, ListTree, MappingTree, Scalar, Tree, kind
from archspec.schema.words import meant, suggestion
from archspec.spec.arguments import STAGE_NAME, convert, value_of
from archspec.spec.blocks import BlockTable, named_values
from archspec.spec.compact import kind_called
from archspec.spec.export import ExportSection
from archspec.spec.expressions import Unknown
from archspec.spec.files import spec_names
from archspec.spec.inherit import Resolved
from archspec.spec.item_reader import ItemReader
from archspec.spec.items import Items
from archspec.spec.longform import PLURALS, STAGE_LISTS, entries_of
from archspec.spec.merge import merge
from archspec.spec.operations import ACT, NORM, OPERATIONS, PADDINGS, Signature
from archspec.spec.published import Published
from archspec.spec.reading import words
from archspec.spec.recipe import Recipe
from archspec.spec.scope import Scope
from archspec.spec.sections import DEFAULTS, SPEC, STAGE, WHOLE, everywhere
from archspec.spec.stage_keys import columns_of, names_in

T = TypeVar("T", bound=Section)
REPLACED: dict[tuple[type, type], str] = {
    (ListTree, MappingTree): "the stages that are extended are rows, and columns replace rows whole: write the rows, each "
                             "with what changes",
    (MappingTree, ListTree): "the stages that are extended are columns, and rows replace columns whole: write a column with "
                             "what changes, stages: {width: […]}",
}
"""What to write where stages of one form stand on stages of the other."""
NETWORK_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
SIDE = re.compile(r"[0-9]+|\?|None|none|null|-1")
ALMOST_SIZE = re.compile(rf"\s*[(\[]?\s*({SIDE.pattern})(\s*[xX*×,]?\s*({SIDE.pattern})){{0,3}}\s*[)\]]?\s*")
OPEN = ("None", "none", "null", "-1", "~")
INPUT = re.compile(r"(\?|[1-9][0-9]{0,4})x(\?|[1-9][0-9]{0,4})x([1-9][0-9]{0,4})")


@dataclass(frozen=True, slots=True, eq=False)
class Stage:
    """One stage as written: a block, how often, and the arguments it is given."""

    name: str
    where: Where
    block: Tree
    repeats: Tree | None
    stride: Tree | None
    lists: Mapping[str, Items]
    arguments: Mapping[str, Tree]
    keys: Mapping[str, Where]
    recompute: bool


@dataclass(frozen=True, eq=False)
class Spec:
    """A whole network as written, with inheritance resolved."""

    name: str
    description: str
    reference: str
    input: tuple[int | None, int | None, int]
    classes: int | None
    let: Mapping[str, Tree]
    defaults: Mapping[str, Mapping[str, Tree]]
    unit: str
    padding: Tree | None
    parameters: Mapping[str, Tree]
    blocks: BlockTable
    output_stride: int | None
    """The stride that no stage passes."""
    stem: Items
    stages: tuple[Stage, ...]
    head: Items
    auxiliary: Mapping[str, Items]
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
        return section_in(self.resolved, "train", Recipe, [])

    @cached_property
    def export(self) -> ExportSection:
        """The export section, or its defaults."""
        return section_in(self.resolved, "export", ExportSection, [])

    def to_yaml(self, expand: bool = False) -> str:
        """The resolved spec as YAML that stands on its own; with the shipped blocks it uses written out."""
        from archspec.spec.dump import dump
        return dump(self, expand)


def section_in(resolved: Resolved, name: str, kind_of: type[T], problems: list[Problem]) -> T:
    """A section of the spec, its defaults where it is not written or has problems."""
    tree = resolved.tree.entries.get(name)
    files = tuple(layer.tree.where.file for layer in reversed(resolved.layers))
    if tree is None:
        return kind_of()
    value, found = _section(cast(Hashable, kind_of), tree, name, files)
    problems.extend(found)
    return kind_of() if value is None else value


@lru_cache(maxsize=8)
def _section(kind_of: Any, tree: Tree, name: str, files: tuple[str, ...]) -> tuple[Any, tuple[Problem, ...]]:
    """A section and its problems. It is asked for by several rules, and variants of a spec share the tree."""
    problems: list[Problem] = []
    return read(kind_of, tree, name, problems, everywhere, files), tuple(problems)


def parse_spec(resolved: Resolved) -> Spec:
    """The typed spec, with what is wrong with its parts. Raises TooLarge."""
    problems = list(resolved.problems)
    reader = _SpecReader(resolved, problems)
    spec = reader.spec()
    for key in resolved.tree.entries:
        if key not in SPEC:
            reader.problem("unknown-key", resolved.tree.key(key), f"a spec has no section '{key}'",
                           whole_network(key, resolved.tree.entries[key]) or _below(key) or reader.of_stages(key)
                           or hinted(problems, suggestion, key, SPEC, everywhere) or "sections: " + " ".join(SPEC))
    return replace(spec, problems=tuple(problems))


class _SpecReader:
    """Reads section by section; goes on after a problem."""

    def __init__(self, resolved: Resolved, problems: list[Problem]) -> None:
        self.resolved, self.tree, self.problems = resolved, resolved.tree, problems

    def problem(self, code: str, where: Where, message: str, hint: str = "") -> None:
        self.problems.append(Problem(code, where, message, hint))

    def spec(self) -> Spec:
        self.blocks = BlockTable(self.mapping("blocks"), [file.blocks for file in self.resolved.included])
        self.problems.extend(self.blocks.problems)
        self.reader = ItemReader(self.blocks.signatures, self.problems)
        let = self.names("let")
        defaults = self.mapping("defaults")
        self.everywhere = self.declared(SPEC["memory"], "memory", self.tree) == "recompute"
        return Spec(
            name=self.name(), description=self.text("description"), reference=self.text("reference"), input=self.input(),
            classes=self.classes(), let=let, defaults=self.defaults(defaults), unit=self.unit(defaults),
            padding=self.padding(defaults), parameters=self.names("parameters"), blocks=self.blocks,
            output_stride=self.output_stride(), stem=self.items("stem"),
            stages=tuple(self.stages()), head=self.items("head"), auxiliary=self.auxiliary(), recompute=self.everywhere,
            published=section_in(self.resolved, "published", Published, self.problems), resolved=self.resolved)

    def of_stages(self, key: str) -> str:
        """Hint for a key that belongs into stages: one of theirs, or a parameter of a block that they name; ''."""
        stages = self.tree.entries.get("stages")
        named = [] if stages is None else [name for name in words(stages) if name in self.blocks]
        single = PLURALS.get(key, key)
        known = single in STAGE or any(single in self.blocks.signature(name).arguments for name in named)
        return f"write it in stages: {{{key}: …}}" if known else ""

    # -- simple sections -------------------------------------------------------------------------------------------

    def mapping(self, key: str) -> MappingTree | None:
        tree = self.tree.entries.get(key)
        if tree is None or isinstance(tree, MappingTree):
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
        if not NETWORK_NAME.fullmatch(name):
            where = self.tree.entries["name"].where if "name" in self.tree.entries else self.tree.where
            self.problem("name", where, f"'{name}' cannot name a network", "letters, digits and . _ -, a letter or digit first")
            return "unnamed"
        return name

    def removed(self, key: str) -> Where:
        """Where a null takes a key away; the spec's place where none does."""
        for layer in reversed(self.resolved.layers):
            tree = layer.tree.entries.get(key)
            if tree is not None:
                return layer.tree.key(key)
        return self.tree.where

    def input(self) -> tuple[int | None, int | None, int]:
        tree = self.tree.entries.get("input")
        if tree is None:
            self.problem("missing", self.removed("input"), "the spec says no input",
                         "add input: 224x224x3 (height x width x channels)")
            return None, None, 3
        match = INPUT.fullmatch(tree.text) if isinstance(tree, Scalar) else None
        if match is None:
            self.problem("input", tree.where, f"input is height x width x channels, this is {kind(tree)}",
                         f"write {size_meant(tree) or '224x224x3, or ?x?x3 where the size is open'}")
            return None, None, 3
        height, width = (None if side == "?" else int(side) for side in match.groups()[:2])
        return height, width, int(match[3])

    def declared(self, key: Key, name: str, tree: MappingTree | None) -> object:
        """The value of a key that is read where it is declared; its default after a problem."""
        part = None if tree is None else tree.entries.get(name)
        if part is None:
            return key.default
        try:
            return take(key, part, name)
        except SpecError as error:
            self.problems.extend(error.problems)
            return key.default

    def classes(self) -> int | None:
        tree = self.tree.entries.get("classes")
        if isinstance(tree, Scalar) and tree.value == 1 and tree.value is not True:
            self.problem("classes", tree.where, "a softmax over one class is always 1, and there is nothing to learn",
                         "yes or no are two classes: classes: 2")
            return 1
        found = self.declared(SPEC["classes"], "classes", self.tree)
        return found if isinstance(found, int) else None

    def output_stride(self) -> int | None:
        found = self.declared(SPEC["output_stride"], "output_stride", self.tree)
        return found if isinstance(found, int) else None

    def names(self, key: str) -> Mapping[str, Tree]:
        tree = self.mapping(key)
        return MappingProxyType({}) if tree is None else named_values(tree, key, self.problems)

    def items(self, key: str) -> Items:
        tree = self.tree.entries.get(key)
        return Items((), self.tree.where) if tree is None else self.reader.items(tree)

    def auxiliary(self) -> Mapping[str, Items]:
        tree = self.mapping("auxiliary")
        entries = {} if tree is None else tree.entries
        return MappingProxyType({name: self.reader.items(value) for name, value in entries.items()})

    # -- defaults --------------------------------------------------------------------------------------------------

    def unit(self, defaults: MappingTree | None) -> str:
        return str(self.declared(DEFAULTS["unit"], "unit", defaults))

    def padding(self, defaults: MappingTree | None) -> Tree | None:
        tree = None if defaults is None else defaults.entries.get("padding")
        if tree is not None and not self.fits("padding", OPERATIONS["conv"], "padding", tree):
            return Scalar(PADDINGS[0], PADDINGS[0], tree.where)
        return tree

    def fits(self, what: str, signature: Signature, argument: str, tree: Tree) -> bool:
        """Whether a literal value suits an argument; reports it if not."""
        self.no_dollar(tree)
        declared = signature.arguments[argument]
        if declared.kind in (NORM, ACT) or (isinstance(tree, Scalar) and "$" in tree.text):
            return True
        try:
            convert(what, declared, value_of(tree, Scope.empty()), tree.where)
        except SpecError as error:
            self.problems.extend(error.problems)
            return False
        except Unknown:  # it cannot be read, which is reported already
            return False
        return True

    def defaults(self, tree: MappingTree | None) -> Mapping[str, Mapping[str, Tree]]:
        found: dict[str, Mapping[str, Tree]] = {}
        for name, value in ({} if tree is None else tree.entries).items():
            assert tree is not None
            signature = OPERATIONS.get(name)
            if name in ("unit", "padding"):
                continue
            if signature is not None and signature.holds:
                self.problem("unknown-key", tree.key(name), f"{name} holds operations and has no defaults",
                             "give its arguments where it stands")
            elif signature is not None and signature.layerless:
                self.problem("unknown-key", tree.key(name), f"{name} makes no layer and has no defaults",
                             "say the name where it stands")
            elif signature is None:
                self.problem("unknown-key", tree.key(name), f"defaults has no '{name}'",
                             hinted(self.problems, _default_meant, name)
                             or "it has unit norm act padding, and operations that hold no lists")
            elif not isinstance(value, MappingTree):
                self.problem("not-a-mapping", value.where, f"defaults.{name} is a mapping of arguments, this is {kind(value)}")
            else:
                found[name] = MappingProxyType(dict(self.default_arguments(signature, value)))
        return MappingProxyType(found)

    def default_arguments(self, signature: Signature, tree: MappingTree) -> Iterator[tuple[str, Tree]]:
        for key, value in tree.entries.items():
            if key not in signature.arguments:
                self.problem("unknown-argument", tree.key(key), f"{signature.name} takes no '{key}'",
                             hinted(self.problems, meant, key, signature.arguments) or f"it takes {signature.takes()}")
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
        rows = self.rows(tree) if isinstance(tree, ListTree) else self.columns(tree)
        for number, (row, keys, where) in enumerate(rows, 1):
            stage = self.stage(number, row, keys, where)
            if stage is not None:
                yield stage

    def rows(self, tree: ListTree) -> Iterator[tuple[dict[str, Tree], Mapping[str, Where], Where]]:
        for row in tree.items:
            if not isinstance(row, MappingTree):
                self.problem("stage", row.where, f"a stage is a mapping, this is {kind(row)}", "- {block: basic, width: 64}")
                continue
            if "between" in row.entries:
                self.problem("between", row.key("between"), "a row has no 'between': it stands between all stages",
                             "write before: in the rows that need it")
            yield dict(row.entries), row.keys, row.where

    def lengths(self, tree: MappingTree, lists: Mapping[str, ListTree], first: str) -> None:
        """Reports columns that are empty, or of another length than the first; one of each length."""
        for key, column in lists.items():
            if not column.items:
                self.problem("column-length", tree.key(key), f"'{_said(tree, key)}' is a column without entries",
                             "it has one entry a stage")
        count, other, told = len(lists[first].items), tree.key(first), set[int]()
        for key, column in lists.items():
            if column.items and lists[first].items and len(column.items) not in (count, *told):
                told.add(len(column.items))
                place = f"line {other.line}" if other.file == tree.key(key).file else str(other)
                self.problem("column-length", tree.key(key), f"'{_said(tree, key)}' has {entries_of(column)}, "
                             f"'{_said(tree, first)}' in {place} has {count}", self.for_all(column))

    def for_all(self, column: ListTree) -> str:
        """How one value is written for all stages."""
        if all(isinstance(item, MappingTree) and self.blocks.signatures.keys() >= item.entries.keys() for item in column.items):
            return "a list has one entry a stage; where each entry is an operation list: [[…], […], …]"
        return "a list has one entry a stage; a single value holds for all"

    def layer_of(self, where: Where) -> int:
        """Which file, or --set, says something: 0 for the one that extends none. The latest is the one to change."""
        files = [layer.tree.where.file for layer in self.resolved.layers]
        return len(files) - 1 - files[::-1].index(where.file) if where.file in files else 0

    def columns(self, tree: MappingTree) -> Iterator[tuple[dict[str, Tree], Mapping[str, Where], Where]]:
        lists = columns_of(tree)
        broken = {key: self.unparted(key, tree, lists[key]) for key in list(lists) if _is_unparted(lists[key])}
        lists = {key: value for key, value in lists.items() if key not in broken}
        base_first = sorted(lists, key=lambda key: self.layer_of(tree.key(key)))
        if base_first:
            self.lengths(tree, {key: lists[key] for key in base_first}, base_first[0])
        single = self.single(tree)
        count = min((len(column.items) for column in lists.values()), default=1)
        for index, name in enumerate(names_in(tree)[:count]):
            row = {key: value for key, value in tree.entries.items() if key not in lists and key not in single}
            row |= broken
            row |= {key: column.items[index] for key, column in lists.items() if not _is_default(column.items[index])}
            if index == 0:
                row.pop("between", None)
            if name not in single:
                yield row, tree.keys, tree.where
                continue
            whole = merge(MappingTree(row, tree.where, tree.keys), single[name], ("stages", name))
            yield {key: value for key, value in whole.entries.items() if not _is_default(value)}, whole.keys, tree.where

    def single(self, tree: MappingTree) -> dict[str, MappingTree]:
        """What columns say of single stages, by name; a parameter of a block that is called so is none."""
        named = tree.entries.get("block")
        if named is None:
            return {}
        blocks = [name for name in words(named) if name in self.blocks]
        return {name: part for name in names_in(tree) if isinstance(part := tree.entries.get(name), MappingTree)
                and not any(name in self.blocks.signature(block).arguments for block in blocks)}

    def unparted(self, key: str, tree: MappingTree, column: ListTree) -> Scalar:
        """Reports a column whose entries are one text, as no commas part them; BROKEN in its place."""
        entry = column.items[0]
        assert isinstance(entry, Scalar)
        self.problem("column-length", entry.where, f"'{_said(tree, key)}' has one entry, {kind(entry)}",
                     hint_for_text(entry.text))
        return Scalar(BROKEN, entry.text, entry.where)

    def stage(self, number: int, row: dict[str, Tree], keys: Mapping[str, Where], where: Where) -> Stage | None:
        if "name" in row:
            where = row["name"].where
        name = self.stage_name(row.pop("name", None), number)
        block = row.pop("block", None)
        lists = {key: self.stage_list(key, row.pop(key)) for key in STAGE_LISTS if key in row}
        repeats, stride = row.pop("repeats", None), row.pop("stride", None)
        recompute = self.recompute(row.pop("memory", None))
        block = self.no_operation(block)
        if block is None:
            self.problem("missing", where, "a stage says no block", self.how_to_say_a_block(row))
            return None
        return Stage(name, where, block, repeats, stride, MappingProxyType(lists), MappingProxyType(row), keys, recompute)

    def stage_list(self, key: str, tree: Tree) -> Items:
        """The operations around the blocks of a stage; a list for each stage is reported."""
        if not isinstance(tree, ListTree) or len(tree.items) < 2 or not all(isinstance(each, ListTree) for each in tree.items):
            return self.reader.items(tree)
        one = "before" if key == "between" else key
        self.problem("item-form", tree.where, f"'{key}' is one list for all stages, here stand {len(tree.items)}",
                     f"an item has a condition, if=$(stage == 1) for the second stage, or a stage a list of its own: "
                     f"stage2: {{{one}: […]}}")
        return Items((), tree.where)

    def how_to_say_a_block(self, row: Mapping[str, Tree]) -> str:
        """Hint for a stage without a block: rows are written as columns, as an item, or below names."""
        replaced = self.replaced()
        called = next((name for name in row if name in self.blocks), "")
        if called and len(row) == 1 and not replaced:
            return f"write {{block: {called}, …}}"
        if row and all(isinstance(value, MappingTree) and "block" in value.entries for value in row.values()):
            return f"stages is a list: - {{name: {next(iter(row))}, block: …}}"
        return replaced or "add block: NAME; `archspec list --blocks` shows those that ship"

    def recompute(self, tree: Tree | None) -> bool:
        """Whether the backward pass of a stage computes activations again."""
        if tree is None:
            return self.everywhere
        return self.declared(STAGE["memory"], "memory", MappingTree({"memory": tree}, tree.where)) == "recompute"

    def no_operation(self, block: Tree | None) -> Tree | None:
        """The block of a stage; BROKEN where an operation stands in its place."""
        if not isinstance(block, Scalar) or block.text not in OPERATIONS or block.text in self.blocks.own:
            return block
        written = self.tree.entries.get("blocks")
        if isinstance(written, MappingTree) and block.text in written.entries:  # that it cannot be called so is told there
            return Scalar(BROKEN, block.text, block.where)
        self.problem("unknown-block", block.where, f"'{block.text}' is an operation, and a stage repeats a block",
                     f"blocks: {{mine: {{body: [{block.text}: …]}}}}, and here mine")
        return Scalar(BROKEN, block.text, block.where)

    def replaced(self) -> str:
        """Hint where columns stand where a file that is extended has rows, or rows where it has columns; ''."""
        kinds = [type(layer.tree.entries["stages"]) for layer in self.resolved.layers if "stages" in layer.tree.entries]
        return next((REPLACED[pair] for pair in reversed(list(pairwise(kinds))) if pair in REPLACED), "")

    def stage_name(self, tree: Tree | None, number: int) -> str:
        if tree is None:
            return f"stage{number}"
        if isinstance(tree, Scalar) and STAGE_NAME.fullmatch(tree.text):
            return tree.text
        self.problem("name", tree.where, f"a stage's name is letters, digits and _, this is {kind(tree)}")
        return f"stage{number}"


def whole_network(key: str, tree: Tree) -> str:
    """Hint for a section that is to hold the whole network, or to name another's; ''."""
    if key.lower() not in WHOLE:
        return ""
    if isinstance(tree, Scalar):
        return f"write extends: {tree.text if tree.text in spec_names() else 'NAME, one that `archspec list` shows'}"
    return "a network is stem, a list of operations, then stages, then head: [global_avg_pool, dense: $classes]"


def _below(key: str) -> str:
    """Hint for a path that --set takes, as a key of a file; ''."""
    section, _, rest = key.partition(".")
    return f"write {section}: {{{rest}: …}}; --set has paths with dots" if rest and section in SPEC else ""


def size_meant(tree: Tree) -> str:
    """What an image's size is written as that was given as a list, a mapping, a text with other signs or one number; ''."""
    found = ["?" if side in OPEN else side for side in _sides(tree)]
    if len(found) == 4:
        found = found[1:]  # behind the batch
    if len(found) in (1, 2):
        found = [found[0], found[-1], "3"]
    if len(found) == 3 and found[0] in ("1", "3") and found[1] == found[2] != found[0]:  # PyTorch's order
        found = [*found[1:], found[0]]
    size = "x".join(found)
    return size if INPUT.fullmatch(size) else ""


def _sides(tree: Tree) -> list[str]:
    """The numbers in what was given as a size."""
    if isinstance(tree, Scalar):
        return SIDE.findall(tree.text) if tree.value is not None and ALMOST_SIZE.fullmatch(tree.text) else []
    parts = tree.items if isinstance(tree, ListTree) else [tree.entries.get(side) for side in ("height", "width", "channels")]
    return [part.text for part in parts if isinstance(part, Scalar)]


def _said(tree: MappingTree, column: str) -> str:
    """A column as the user wrote it, `widths` for width; its key's path ends so, but for a table's."""
    written = tree.key(column).path.rpartition(".")[2]
    return written if PLURALS.get(written, written) == column else column


def _is_unparted(column: ListTree) -> bool:
    """Whether a column holds one text of several numbers."""
    return len(column.items) == 1 and isinstance(column.items[0], Scalar) and bool(SEVERAL.fullmatch(column.items[0].text))


def _default_meant(name: str) -> str:
    """Hint for a key that defaults do not have: a kind of norm or activation, or a key that is near."""
    part = next((part for part in ("norm", "act") if kind_called(part, name)), "")
    return f"write {part}: {{kind: {kind_called(part, name)}, …}}" if part else suggestion(name, DEFAULTS, everywhere)


def _is_default(tree: Tree) -> bool:
    return isinstance(tree, Scalar) and tree.value == "default"
