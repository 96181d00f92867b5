"""One long form: every compact form of a spec's sections that can be merged into, written out."""

from __future__ import annotations

from collections.abc import Mapping

from archspec.errors import Problem
from archspec.schema.keys import Key, Named, OneOf, Sub
from archspec.schema.kinds import Choice, Text
from archspec.schema.tree import BROKEN, ListTree, MappingTree, Scalar, Tree
from archspec.spec.item_reader import ItemReader
from archspec.spec.operations import IMPLIED, OPERATIONS
from archspec.spec.recipe import Recipe

STAGE_LISTS = ("before", "after", "between")
PLURALS = {"widths": "width", "strides": "stride", "blocks": "block"}


def _tag(key: Key) -> tuple[str, str | None] | None:
    """The key that says of which kind a section is, and the kind that holds where it is not said.

    It is the tag, or the word of a preset or a file, which says all that is not said beside it: there is no kind then, and
    to name it is to begin anew. A bare number is a setting among others.
    """
    match key.kind:
        case OneOf(tag=tag):
            return tag, getattr(key.default, tag, "")
        case Sub(section=section) if section.main and isinstance(section.declared[section.main].kind, Choice | Text):
            return section.main, None
    return None


KINDS = {("train", name): tag for name, key in Recipe.declared.items() if (tag := _tag(key))}
NAMED = {("train", name, inner) for name, key in Recipe.declared.items() if isinstance(key.kind, Sub)
         for inner, below in key.kind.section.declared.items() if isinstance(below.kind, Named)}
"""The paths of what is named by the one key of its mapping."""
PARTS = {part: ("kind", implied) for part, implied in IMPLIED.items()}
"""Mappings that are of a kind: the key that says it, and the kind that holds where it is not said."""


def normal(tree: MappingTree, problems: list[Problem]) -> MappingTree:
    """The tree with every compact form that can be merged into in its long form."""
    rows = {"stages": _stages, "defaults": _defaults, "train": _train}
    entries = {key: rows[key](value, problems) if key in rows else value for key, value in tree.entries.items()}
    return MappingTree(entries, tree.where, tree.keys)


def _train(tree: Tree, problems: list[Problem]) -> Tree:
    """The train section with its kinds as mappings."""
    return kinds_written_out(tree) if isinstance(tree, MappingTree) else tree


def kinds_written_out(tree: MappingTree) -> MappingTree:
    """A train section with each word for a kind, a preset or a rule as a mapping."""
    return _written_out(tree, Recipe.declared)


def _written_out(tree: MappingTree, keys: Mapping[str, Key]) -> MappingTree:
    entries = {name: _long(value, keys[name]) if name in keys else value for name, value in tree.entries.items()}
    return MappingTree(entries, tree.where, tree.keys)


def _long(tree: Tree, key: Key) -> Tree:
    said = isinstance(tree, Scalar) and tree.value is not None
    match key.kind:
        case OneOf(tag=name) if said:
            return _only(name, tree)
        case Sub(section=section):
            bare = said or isinstance(tree, ListTree)
            whole = _only(section.main, tree) if bare and section.main else tree
            return _written_out(whole, section.declared) if isinstance(whole, MappingTree) else whole
        case Named() as named:
            whole = _only(tree.text, MappingTree({}, tree.where)) if said and isinstance(tree, Scalar) else tree
            return _arguments(whole, named) if isinstance(whole, MappingTree) else whole
    return tree


def _only(name: str, value: Tree) -> MappingTree:
    """A mapping of one key."""
    return MappingTree({name: value}, value.where, {name: value.where})


def _arguments(tree: MappingTree, named: Named) -> MappingTree:
    """A bare value behind a word as its main key."""
    entries = {word: _only(section.main, value) if isinstance(value, Scalar) and (section := named.kinds().get(word)) and
               section.main else value for word, value in tree.entries.items()}
    return MappingTree(entries, tree.where, tree.keys)


def _defaults(tree: Tree, problems: list[Problem]) -> Tree:
    if not isinstance(tree, MappingTree):
        return tree
    reader = ItemReader(OPERATIONS, problems)
    entries: dict[str, Tree] = {}
    for name, value in tree.entries.items():
        signature = OPERATIONS.get(name)
        compact = isinstance(value, Scalar) and value.value is not None
        if signature is not None and not signature.holds and compact:
            found = reader.arguments(signature, value)
            value = MappingTree(dict(found), value.where, {key: part.where for key, part in found})
        entries[name] = _parts(value, reader) if signature is not None and isinstance(value, MappingTree) else value
    return MappingTree(entries, tree.where, tree.keys)


def _parts(tree: MappingTree, reader: ItemReader) -> MappingTree:
    """The norm and act among the arguments of an operation in long form."""
    entries = dict(tree.entries)
    for name in PARTS:
        value = entries.get(name)
        if isinstance(value, Scalar) and value.value is not None:
            found = reader.arguments(OPERATIONS[name], value)
            entries[name] = MappingTree(dict(found), value.where, {key: part.where for key, part in found})
    return MappingTree(entries, tree.where, tree.keys)


def _stages(tree: Tree, problems: list[Problem]) -> Tree:
    if isinstance(tree, ListTree):
        rows = (singular(row, problems) if isinstance(row, MappingTree) else row for row in tree.items)
        return ListTree(tuple(rows), tree.where)
    if isinstance(tree, MappingTree):
        columns = _columns(tree, problems)
        return singular(columns, problems) if isinstance(columns, MappingTree) else columns
    return tree


def singular(stage: MappingTree, problems: list[Problem]) -> MappingTree:
    """The keys of a stage, or of columns, with widths as width; a key given as both is a problem."""
    entries: dict[str, Tree] = {}
    keys = dict(stage.keys)
    for key, value in stage.entries.items():
        single = PLURALS.get(key, key)
        if single in entries:
            plural = next(name for name, singular in PLURALS.items() if singular == single)
            problems.append(Problem("singular-and-plural", stage.key(key), f"both '{single}' and '{plural}' are given",
                                    "keep one of them"))
        entries[single] = value
        keys[single] = stage.key(key)
    return MappingTree(entries, stage.where, keys)


def entries_of(found: ListTree) -> str:
    """How many entries a list has, for messages."""
    return "1 entry" if len(found.items) == 1 else f"{len(found.items)} entries"


def _columns(stages: MappingTree, problems: list[Problem]) -> MappingTree | Scalar:
    """A table as columns: its first row names them. BROKEN if it cannot be read."""
    table = stages.entries.get("table")
    if table is None or (isinstance(table, Scalar) and table.value is None):
        return stages
    entries = {key: value for key, value in stages.entries.items() if key != "table"}
    keys = dict(stages.keys)
    rows = [row for row in table.items if isinstance(row, ListTree)] if isinstance(table, ListTree) else []
    named = bool(rows) and all(isinstance(cell, Scalar) and isinstance(cell.value, str) for cell in rows[0].items)
    if not isinstance(table, ListTree) or len(rows) != len(table.items) or len(rows) < 2 or not named:
        problems.append(Problem("table", table.where, "a table is a list of rows, its first row names the columns",
                                "write one list a stage: - [width, stride] and then - [64, 1]"))
        return Scalar(BROKEN, "", table.where)
    ragged = [row for row in rows[1:] if len(row.items) != len(rows[0].items)]
    problems.extend(Problem("table-row", row.where, f"this row has {entries_of(row)}, the first row names "
                            f"{len(rows[0].items)} columns", "`default` leaves an entry out") for row in ragged)
    for index, column in enumerate(rows[0].items):
        single = _column_name(column, {*entries, *(PLURALS.get(key, key) for key in stages.entries)}, problems)
        if single is not None:
            default = Scalar("default", "default", column.where)
            cells = tuple(row.items[index] if index < len(row.items) else default for row in rows[1:])
            entries[single], keys[single] = ListTree(cells, column.where), column.where
    return MappingTree(entries, stages.where, keys)


def _column_name(column: Tree, taken: set[str], problems: list[Problem]) -> str | None:
    """What the head of a table's column names, in the singular; None after a problem."""
    name = column.text if isinstance(column, Scalar) else ""
    single = PLURALS.get(name, name)
    if single in taken:
        problems.append(Problem("table-and-beside", column.where, f"'{name}' is in the table and beside it or twice in it",
                                "keep one of them"))
        return None
    if name in STAGE_LISTS:
        problems.append(Problem("table", column.where, f"'{name}' is an operation list and no column",
                                f"write {name}: [...] beside the table"))
        return None
    return single
