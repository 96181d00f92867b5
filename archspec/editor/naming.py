"""Blocks and kept values by their names: where one is defined, where it is used, and how it is called otherwise."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from archspec.author.complete import block_table, parameters
from archspec.editor.cursor import BREAK
from archspec.editor.paths import Path as Steps
from archspec.editor.paths import call_of, is_item
from archspec.editor.places import Place, place_at, places, word_at
from archspec.errors import InputError, SpecError, Where, shorten
from archspec.io.places import shipped
from archspec.schema.tree import MappingTree, Scalar, Tree
from archspec.spec.arguments import IDENTIFIER
from archspec.spec.files import extended, included_file
from archspec.spec.inherit import Resolved
from archspec.spec.library import shipped_blocks
from archspec.spec.longform import PLURALS
from archspec.spec.operations import KEPT, NAME, NAMES, OPERATIONS, RESERVED

OPEN = re.compile(r"\$\([^$]*$")
"""A text that goes on within an expression."""
Kind = Literal["block", "kept", "name", "parameter", "file"]


@dataclass(frozen=True, slots=True)
class Symbol:
    """A name in a text: what it is the name of, and where it begins."""

    kind: Kind
    name: str
    where: Where
    defines: bool = False
    """Whether the name is given here."""
    scope: str = ""
    """Of a kept value the block in whose body it is known, '' outside of blocks; of a parameter its block, '' of stages."""

    @property
    def same(self) -> tuple[str, str, str]:
        """What is alike in all places of one name."""
        return self.kind, self.name, self.scope


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
    if (parameter := _parameter(place)) is not None:
        return parameter
    word, begin = word_at(place.where.text, column)
    before = place.where.text[:begin - 1]
    where = Where(place.where.file, line, begin, place.where.path)
    if word.startswith("$"):
        return Symbol("name", word[1:], where)
    named = (len(place.path) > 1 and place.of_key and place.path[-2] in ("let", "parameters"))
    return Symbol("name", word, where) if named or OPEN.search(before) else None


def _parameter(place: Place) -> Symbol | None:
    """What a key gives a block: in a call of it, or in the stages."""
    call, path = call_of(place.path), place.path
    if not place.of_key:
        return None
    if call is not None:
        own = len(call[1]) == 1 and call[0] not in OPERATIONS
        return Symbol("parameter", place.text, place.where, scope=call[0]) if own else None
    given = path[0] in ("stages", "parameters") and 1 < len(path) <= (3 if path[0] == "stages" else 2)
    return Symbol("parameter", PLURALS.get(place.text, place.text), place.where) if given else None


def symbols(tree: Tree, kept: Collection[str] = ()) -> Iterator[Symbol]:
    """Every name of a block or a kept value in a text. `kept` are values that a file keeps that it extends."""
    found = [*places(tree)]
    known = [[*symbols_of(place)] for place in found]
    kept = {*kept, *(each.name for names in known for each in names if each.defines and each.kind == "kept")}
    for place, names in zip(found, known, strict=True):
        yield from names or _given(place, kept)


def _given(place: Place, kept: Collection[str]) -> Iterator[Symbol]:
    """The kept values that a block is given by their names, in a call of it or by a stage: its body takes them by those."""
    call, path = call_of(place.path), place.path
    of_block = call is not None and call[0] not in OPERATIONS
    if place.of_key or not (of_block or (call is None and path[0] == "stages")):
        return
    scope = str(path[1]) if path[0] == "blocks" else ""
    for word, where in place.bare().words():
        value = word.rpartition("=")[2]
        if value in kept:
            yield Symbol("kept", value, replace(where, column=where.column + len(word) - len(value)), scope=scope)


def symbols_of(place: Place) -> Iterator[Symbol]:
    """The names of blocks and kept values that a key or value is, or holds."""
    path, place = place.path, place.bare()
    if place.of_key:
        own = len(path) == 2 and path[0] == "blocks"
        if own or (is_item(path[:-1]) and path[-1] not in OPERATIONS):
            yield Symbol("block", place.text, place.where, own)
    elif _names_block(place):
        yield Symbol("block", place.text, place.where)
    elif call := call_of(path):
        yield from _of_call(place, *call)


def _names_block(place: Place) -> bool:
    """Whether a value is the name of a block: of stages, of `like`, or an entry of a list of operations."""
    path = place.path
    return (path[:1] == ("stages",) and place.last in ("block", "blocks")) or (
        len(path) == 3 and path[::2] == ("blocks", "like") and path[1] != place.text) or (  # else the one that ships
        is_item(path) and place.text not in OPERATIONS and not place.text.startswith("$"))


def _of_call(place: Place, name: str, behind: Steps) -> Iterator[Symbol]:
    """The kept values that an argument of an operation names, by what its declaration says of it."""
    signature = OPERATIONS.get(name)
    if signature is None:
        return
    scope = str(place.path[1]) if place.path[0] == "blocks" else ""
    said = next((part for part in behind if isinstance(part, str)), signature.main if behind else None)
    for word, where in place.words():
        argument, _, value = word.rpartition("=") if said is None else (said, "", word)
        key = signature.arguments.get(argument or signature.main or "")
        if key is not None and key.kind in (KEPT, NAME, NAMES):
            for found in IDENTIFIER.finditer(value):
                column = where.column + len(word) - len(value) + found.start()
                yield Symbol("kept", found[0], replace(where, column=column), key.kind == KEPT, scope)


def uses(tree: Tree, symbol: Symbol) -> list[Where]:
    """Where a text has a name, its definition among them, each place once."""
    kept = (symbol.name,) if symbol.kind == "kept" else ()
    found = [each.where for each in symbols(tree, kept) if each.same == symbol.same]
    return list({(where.line, where.column): where for where in found}.values())


def with_name(text: str, places: Iterable[Where], old: str, new: str) -> str:
    """A text with another name at some places."""
    parts = re.split(f"({BREAK.pattern})", text)  # a line, what ends it, the next line, …
    for where in sorted(places, key=lambda where: (where.line, where.column), reverse=True):
        line, at = parts[2 * where.line - 2], where.column - 1
        parts[2 * where.line - 2] = line[:at] + new + line[at + len(old):]
    return "".join(parts)


def refuse_name(new: str, symbol: Symbol, tree: Tree, resolved: Resolved | None, own: bool = True) -> None:
    """Raises InputError where a block or kept value cannot be called so in a text, its `own` or one that is made of that."""
    if not IDENTIFIER.fullmatch(new):
        raise InputError(f"'{shorten(new)}' is no name: a letter, then letters, digits and _")
    table = None if resolved is None else block_table(resolved)
    blocks = {*OPERATIONS, *(() if table is None else table.names())}
    if new in (blocks if symbol.kind == "block" else RESERVED) or any(
            (each.kind, each.name) == (symbol.kind, new) for each in symbols(tree)):
        raise InputError(f"'{new}' is the name of something else")
    hidden = () if resolved is None else [each.tree.entries.get("blocks") for each in resolved.layers[:-1]]
    if own and symbol.kind == "block" and (symbol.name in shipped_blocks() or any(
            isinstance(blocks, MappingTree) and symbol.name in blocks.entries for blocks in hidden)):
        raise InputError(f"'{symbol.name}' takes the place of another block of that name, and what this file extends means it")


def definition(symbol: Symbol, path: Path, tree: Tree, resolved: Resolved | None) -> Where | None:
    """Where a name is defined: in the text, in a file that it extends or includes, or in one that ships."""
    whole = tree if resolved is None else resolved.tree
    match symbol.kind:
        case "file":
            return _file(symbol, path)
        case "kept":
            return next((each.where for text in (tree, whole) for each in symbols(text)
                         if each.defines and each.same == symbol.same), None)
        case "block":
            table = None if resolved is None else block_table(resolved)
            return table.as_written(symbol.name).where if table is not None and symbol.name in table else None
        case "parameter":
            block = symbol.scope or (parameters(resolved).get(symbol.name, ("",))[0] if resolved is not None else "")
            return _of_block(symbol.name, block, tree, resolved)
    return _name(symbol, tree, whole, resolved)


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


def _name(symbol: Symbol, tree: Tree, whole: Tree, resolved: Resolved | None) -> Where | None:
    """A name of an expression: a parameter or a name of `let` of its block, else of the spec."""
    parts = symbol.where.path.split(".")
    of_block = _of_block(symbol.name, parts[1], tree, resolved) if parts[0] == "blocks" and len(parts) > 1 else None
    return of_block or _given_name(symbol.name, whole)


def _of_block(name: str, block: str, tree: Tree, resolved: Resolved | None) -> Where | None:
    """Where a parameter or a name of `let` of a block is given: in the text, else where it is copied from or declared."""
    table = None if resolved is None else block_table(resolved)
    return _given_name(name, _mapping(tree, ["blocks", block])) or (
        _given_name(name, table.tree(block)) if table is not None and block in table else None)


def _given_name(name: str, tree: Tree | None) -> Where | None:
    """Where the `let` or the parameters of a block, or of a spec, give a name."""
    found = (_mapping(tree, [key]) for key in ("let", "parameters"))
    return next((each.key(name) for each in found if each is not None and name in each.entries), None)


def _mapping(tree: Tree | None, path: list[str]) -> MappingTree | None:
    for part in path:
        tree = tree.entries.get(part) if isinstance(tree, MappingTree) else None
    return tree if isinstance(tree, MappingTree) else None
