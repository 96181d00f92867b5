"""Tables of many columns: as wide as they are where nobody sees an edge, else in parts, and nothing broken within a word."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.cells import cell_len
from rich.console import Console
from rich.markup import escape

GAP = 2
"""Letters between two columns."""
EDGELESS = 10_000
"""The width of a screen that is none: of a file or a pipe."""
SHORT = 32
"""Letters of a value in a table."""
Column = list[str]
"""The head, then a cell a row."""


def show(console: Console, columns: Sequence[Column], left: int = 1, title: str | None = None) -> None:
    """Prints columns, those without room in tables below, each with the first column. `left`: so many columns are words."""
    from archspec.views.tables import grid
    for number, part in enumerate(parts(columns[0], columns[1:], console.width)):
        console.print("\n" * (number > 0), end="")
        words = sum(any(column is each for each in columns[:left]) for column in part)
        table = grid(*(escape(name) for name, *_ in part), left=words, title=title if title and not number else None)
        for row in zip(*(cells for _, *cells in part), strict=True):
            table.add_row(*map(escape, row))
        console.print(table)


def parts(first: Column, columns: Sequence[Column], width: int) -> list[list[Column]]:
    """The columns in as few tables as have room, and these about equally wide, so that none is left with one column."""
    found = list(_filled(first, columns, width))
    return next(each for limit in range(width + 1) if len(each := list(_filled(first, columns, limit))) == len(found)) \
        if 1 < len(found) <= len(columns) else found


def _filled(first: Column, columns: Sequence[Column], width: int) -> Iterator[list[Column]]:
    """The columns in tables, each filled before the next is begun."""
    part, used = [first], _width(first)
    for column in columns:
        if used + _width(column) > width + GAP and len(part) > 1:
            yield part
            part, used = [first], _width(first)
        part.append(column)
        used += _width(column)
    yield part


def _width(column: Column) -> int:
    return max(map(cell_len, column)) + GAP


def short_keys(keys: Sequence[str]) -> list[str]:
    """Key paths for heads: of each as many last parts as tell it from the others."""
    def ending(key: str, count: int) -> str:
        return ".".join(key.split(".")[-count:])
    return [next(found for count in range(1, len(key.split(".")) + 1)
                 if (found := ending(key, count)) == key or sum(ending(each, count) == found for each in keys) == 1)
            for key in keys]


def short_value(text: str) -> str:
    """A value for a cell; of a long one the beginning."""
    return text if len(text) <= SHORT else f"{text[:SHORT - 1]}…"
