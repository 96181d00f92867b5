"""Blocks and kept values by their names: where one is defined, where it is used, and how it is called otherwise."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from archspec.author.complete import block_table
from archspec.editor.paths import is_item
from archspec.editor.places import Place, place_at, places, word_at
from archspec.errors import SpecError, Where
from archspec.io.places import shipped
from archspec.schema.tree import MappingTree, Scalar, Tree
from archspec.spec.files import extended, included_file
from archspec.spec.inherit import Resolved
from archspec.spec.operations import OPERATIONS

Kind = Literal["block", "kept", "name", "file"]
TAKING = ("use", "join", "with", "value")
"""Operations, and arguments of them, that name kept values."""


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name at a cursor: what it is the name of, and where it begins."""

    kind: Kind
    name: str
    where: Where


def symbol_at(tree: Tree, line: int, column: int) -> Symbol | None:
    """The name at a place of a text; None where there is none."""
    for each in symbols(tree):
        if each.where.line == line and each.where.column <= column <= each.where.column + len(each.name):
            return each
    place = place_at(tree, line, column)
    if place is None:
        return None
    if place.path in (("extends",), ("train", "recipe")) or place.path[:1] == ("include",):
        return None if place.of_key else Symbol("file", place.text, place.where)
    word, begin = word_at(place.where.text, column)
    where = Where(place.where.file, line, begin, place.where.path)
    return Symbol("name", word[1:], where) if word.startswith("$") else None


def symbols(tree: Tree) -> Iterator[Symbol]:
    """Every name of a block or a kept value in a text."""
    for place in places(tree):
        yield from _of_place(place)


def _of_place(place: Place) -> Iterator[Symbol]:
    path = place.path
    called = path[-1] if path and isinstance(path[-1], str) else ""
    if place.of_key:
        if (len(path) == 2 and path[0] == "blocks") or (is_item(path[:-1]) and called not in OPERATIONS):
            yield Symbol("block", place.text, place.where)
        return
    if _names_block(place):
        yield Symbol("block", place.text, place.where)
    elif called == "keep" or path[-2:] == ("keep", "value"):
        yield Symbol("kept", place.text.split(" ")[0], place.where)
    elif "use" in path or "join" in path:
        for word, where in place.words():
            if place.last in TAKING and "=" not in word:
                yield Symbol("kept", word, where)


def _names_block(place: Place) -> bool:
    """Whether a value is the name of a block: of stages, of `like`, or an entry of a list of operations."""
    path = place.path
    return (path[:1] == ("stages",) and place.last in ("block", "blocks")) or (
        len(path) == 3 and path[::2] == ("blocks", "like")) or (
        is_item(path) and place.text not in OPERATIONS and not place.text.startswith("$"))


def uses(tree: Tree, symbol: Symbol) -> list[Where]:
    """Where a text has a name, its definition among them."""
    return [each.where for each in symbols(tree) if (each.kind, each.name) == (symbol.kind, symbol.name)]


def definition(symbol: Symbol, path: Path, tree: Tree, resolved: Resolved | None) -> Where | None:
    """Where a name is defined: in the text, in a file that it extends or includes, or in one that ships."""
    match symbol.kind:
        case "file":
            return _file(symbol, path)
        case "kept":
            return next((each.where for each, place in _kept(tree) if each.name == symbol.name), None)
        case "block":
            table = None if resolved is None else block_table(resolved)
            return table.as_written(symbol.name).where if table is not None and symbol.name in table else None
    return _name(symbol, tree, resolved)


def _kept(tree: Tree) -> Iterator[tuple[Symbol, Place]]:
    for place in places(tree):
        if not place.of_key and ("keep" in place.path):
            yield from ((each, place) for each in _of_place(place))


def _file(symbol: Symbol, path: Path) -> Where | None:
    scalar = Scalar(symbol.name, symbol.name, symbol.where)
    try:
        match symbol.where.path.split(".")[0].partition("[")[0]:
            case "extends":
                found = extended(scalar, path)
            case "include":
                found = included_file(scalar, path)
            case _:
                found = shipped() / "recipes" / f"{symbol.name}.yaml"
    except SpecError:
        return None
    return Where(str(found)) if found.is_file() else None


def _name(symbol: Symbol, tree: Tree, resolved: Resolved | None) -> Where | None:
    """A name of an expression: a parameter or a name of `let` of its block, else of the spec."""
    parts = symbol.where.path.split(".")
    around = _mapping(tree, parts[:2]) if parts[0] == "blocks" else None
    whole = tree if resolved is None else resolved.tree
    for mapping in (around, whole):
        for key in ("let", "parameters"):
            found = _mapping(mapping, [key])
            if found is not None and symbol.name in found.entries:
                return found.key(symbol.name)
    return None


def _mapping(tree: Tree | None, path: list[str]) -> MappingTree | None:
    for part in path:
        tree = tree.entries.get(part) if isinstance(tree, MappingTree) else None
    return tree if isinstance(tree, MappingTree) else None
