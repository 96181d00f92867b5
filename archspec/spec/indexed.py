"""`[i]` in --set: one entry of a list, and behind an item of an operation list its arguments."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path

from archspec.errors import Problem, SpecError, Where, listed, nearest
from archspec.schema.tree import ListTree, MappingTree, Scalar, Tree, kind
from archspec.spec.blocks import BlockTable
from archspec.spec.include import included
from archspec.spec.item_reader import ItemReader
from archspec.spec.longform import PLURALS, STAGE_LISTS, entries_of
from archspec.spec.merge import merge
from archspec.spec.operations import OPERATIONS, Signature
from archspec.spec.rewrite import parted, with_arguments
from archspec.spec.stage_keys import names_in

PART = re.compile(r"([^\[\]]+)((?:\[(?:0|[1-9][0-9]{0,5})\])*)")
INDEX = re.compile(r"\[([0-9]+)\]")
NETWORK = ("blocks", "stem", "stages", "head", "auxiliary")
"""Where lists hold items."""

Step = str | int


def is_indexed(change: MappingTree) -> bool:
    """Whether what --set says has an entry of a list in its path."""
    return "[" in change.where.path and bool(change.entries)


def steps_of(path: str) -> list[Step]:
    """The keys and numbers of a path, keys of stages in the singular. Raises ValueError."""
    found: list[Step] = []
    for part in path.split("."):
        match = PART.fullmatch(part)
        if match is None:
            raise ValueError(part)
        name = PLURALS.get(match[1], match[1]) if found[:1] == ["stages"] else match[1]
        found.extend((name, *map(int, INDEX.findall(match[2]))))
    return found


def with_entry(tree: MappingTree, change: MappingTree, path: Path, problems: list[Problem]) -> MappingTree:
    """The merged tree of the spec in a file with what one --set says of an entry of a list."""
    steps = steps_of(change.where.path)
    said: Tree = change
    for key in change.where.path.split("."):
        assert isinstance(said, MappingTree)
        said = said.entries[key]
    try:
        changed = _Placer(tree, path, change.where, said).mapping(tree, steps, "")
    except SpecError as error:
        problems.extend(error.problems)
        return tree
    assert isinstance(changed, MappingTree)
    return _heard(changed, steps)


def _heard(tree: MappingTree, steps: list[Step]) -> MappingTree:
    """A tree in which a stage says no other than what was set in a column for it."""
    stages = tree.entries.get("stages")
    if steps[0] != "stages" or not isinstance(stages, MappingTree) or len(steps) < 3 or not isinstance(steps[2], int):
        return tree
    name = names_in(stages)[steps[2]] if steps[2] < len(names_in(stages)) else ""
    one = stages.entries.get(name)
    if not isinstance(one, MappingTree):
        return tree
    rest = MappingTree({key: part for key, part in one.entries.items() if key != steps[1]}, one.where, one.keys)
    stages = MappingTree({**stages.entries, name: rest}, stages.where, stages.keys)
    return MappingTree({**tree.entries, "stages": stages}, tree.where, tree.keys)


class _Placer:
    """Puts a value at a path; raises SpecError where there is no such place."""

    def __init__(self, whole: MappingTree, path: Path, where: Where, value: Tree) -> None:
        self.whole, self.path, self.where, self.value = whole, path, where, value
        self.network = steps_of(where.path)[0] in NETWORK

    def fail(self, message: str, hint: str) -> SpecError:
        return SpecError([Problem("set", self.where, message, hint)])

    def put(self, tree: Tree, steps: list[Step], path: str) -> Tree:
        """What stands at a path, with the value put into it."""
        if not steps:
            return self.value
        if isinstance(steps[0], int):
            return self.entry(tree, steps[0], steps[1:], path)
        if isinstance(tree, ListTree) and path == "stages" and steps[0] in names_in(tree):
            return self.entry(tree, names_in(tree).index(steps[0]), steps[1:], path)
        if isinstance(tree, MappingTree):
            return self.mapping(tree, steps, path)
        raise self.fail(f"{path} is {kind(tree)}, and no mapping of keys", f"set it whole: {path}=…")

    def mapping(self, tree: MappingTree, steps: list[Step], path: str) -> Tree:
        """A mapping with the value below one of its keys."""
        key = str(steps[0])
        below = f"{path}.{key}".lstrip(".")
        if all(isinstance(step, str) for step in steps):
            return merge(tree, self.nested(steps), tuple(path.split(".")))
        if key not in tree.entries:
            raise self.fail(f"nothing sets '{below}'",
                            nearest(key, tree.entries) or "[i] changes an entry of a list that a file has: set the list whole")
        return MappingTree({**tree.entries, key: self.put(tree.entries[key], steps[1:], below)}, tree.where,
                           {**tree.keys, key: tree.key(key)})

    def entry(self, tree: Tree, index: int, rest: list[Step], path: str) -> Tree:
        """A list with the value in one of its entries."""
        if not isinstance(tree, ListTree):
            raise self.fail(f"{path} is {kind(tree)}, and no list", self.instead(path, index))
        if index >= len(tree.items):
            raise self.fail(f"{path} has {entries_of(tree)}, counted from 0", f"the last is {path}[{len(tree.items) - 1}]"
                            if tree.items else f"set it whole: {path}=[…]")
        if not rest and isinstance(self.value, Scalar) and self.value.value is None:
            raise self.fail("null takes no entry out of a list", f"set the whole list: {path}=[…]")
        below, entry = f"{path}[{index}]", tree.items[index]
        signature = self.item(entry) if rest and isinstance(rest[0], str) else None
        changed = self.put(entry, rest, below) if signature is None else self.argument(entry, signature, rest, below)
        return ListTree((*tree.items[:index], changed, *tree.items[index + 1:]), tree.where)

    def instead(self, path: str, index: int) -> str:
        """Hint for what is no list: one value for all stages, or one of another kind."""
        names = names_in(self.whole.entries.get("stages"))
        section, _, key = path.partition(".")
        if section == "stages" and key and key not in STAGE_LISTS and index < len(names):
            return f"it holds for all stages; for one: stages.{names[index]}.{key}=…"
        return f"set it whole: {path}=…"

    # -- items --------------------------------------------------------------------------------------------------------

    @cached_property
    def signatures(self) -> Mapping[str, Signature]:
        """Operations and blocks; these are read where something other than an operation is met."""
        blocks = self.whole.entries.get("blocks")
        files = included(self.whole.entries.get("include"), self.path, [])
        return BlockTable(blocks if isinstance(blocks, MappingTree) else None, [file.blocks for file in files]).signatures

    def item(self, tree: Tree) -> Signature | None:
        """What an entry takes that is an item."""
        if not self.network or not (isinstance(tree, Scalar) or (isinstance(tree, MappingTree) and len(tree.entries) == 1)):
            return None
        name = parted(tree)[0]
        return OPERATIONS.get(name) or self.signatures.get(name)

    def argument(self, tree: Tree, signature: Signature, steps: list[Step], path: str) -> Tree:
        """An item in long form with the value in one of its arguments."""
        reader = ItemReader(OPERATIONS if signature.name in OPERATIONS else self.signatures, [])
        if all(isinstance(step, str) for step in steps):
            return with_arguments(reader, signature, tree, self.nested(steps))
        name, where, argument = parted(tree)
        written, key = dict(reader.arguments(signature, argument)), str(steps[0])
        if key not in written:
            raise self.fail(f"{path}, {name}, is given no '{key}'",
                            nearest(key, written) or f"it is given {listed(written) or 'nothing'}")
        written[key] = self.put(written[key], steps[1:], f"{path}.{key}")
        long = MappingTree(written, where, {key: part.where for key, part in written.items()})
        return MappingTree({name: long}, where, {name: where})

    def nested(self, steps: list[Step]) -> MappingTree:
        """The value below the keys of a path."""
        tree = self.value
        for step in reversed(steps):
            tree = MappingTree({str(step): tree}, self.where, {str(step): self.where})
        assert isinstance(tree, MappingTree)
        return tree
