"""The keys and values of a text, each with its place: what stands under a cursor, and where a name is used."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from archspec.editor.paths import Path
from archspec.errors import Where
from archspec.schema.tree import ListTree, MappingTree, Scalar, Tree

WORD = re.compile(r"\$?[A-Za-z_]\w*")
"""What a cursor may stand in."""
AHEAD = re.compile(r"(&[^\s,\[\]{}]+\s+)?['\"]?")
"""What may stand ahead of a value."""


@dataclass(frozen=True, slots=True)
class Place:
    """A key, or a single value, and where it is written. A key's path ends with the key itself."""

    path: Path
    where: Where
    text: str
    of_key: bool

    @property
    def last(self) -> str:
        """The last key of the path."""
        return next((part for part in reversed(self.path) if isinstance(part, str)), "")

    def bare(self) -> Place:
        """The same without the anchor and the quote ahead of it."""
        ahead = AHEAD.match(self.where.text, self.where.column - 1)
        return self if ahead is None else replace(self, where=replace(self.where, column=ahead.end() + 1))

    def words(self) -> Iterator[tuple[str, Where]]:
        """The words of the line that it is, each with its place."""
        for found in re.finditer(r"\S+", self.text.split("\n")[0]):
            yield found[0], replace(self.where, column=self.where.column + found.start())


def places(tree: Tree, path: Path = ()) -> Iterator[Place]:
    """Every key and single value of a tree, in the order of the text."""
    match tree:
        case MappingTree(entries=entries):
            for key, value in entries.items():
                yield Place((*path, key), tree.key(key), key, True)
                yield from places(value, (*path, key))
        case ListTree(items=items):
            for number, item in enumerate(items):
                yield from places(item, (*path, number))
        case Scalar():
            yield Place(path, tree.where, tree.text, False)


def place_at(tree: Tree, line: int, column: int) -> Place | None:
    """What stands at a place of the text, counted from 1."""
    found = None
    for each in places(tree):
        where = each.where
        if where.line == line and where.column <= column <= where.column + len(each.text) + 2:
            found = each
    return found


def word_at(text: str, column: int) -> tuple[str, int]:
    """The word of a line at a column from 1, and where it begins; '' of none."""
    return next(((found[0], found.start() + 1) for found in WORD.finditer(text)
                 if found.start() < column <= found.end() + 1), ("", column))

