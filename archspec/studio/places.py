"""Places of a text as the page counts them: lines from 1, columns from 1 in units of UTF-16, as JavaScript has them."""

from __future__ import annotations

import os
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Any

from archspec.editor.cursor import BREAK
from archspec.editor.fixing import extent
from archspec.errors import Where, visible
from archspec.io.places import relative, shipped
from archspec.studio.documents import SHIPPED

Json = dict[str, Any]


def told(error: Exception) -> tuple[str, str]:
    """What is wrong and what to do, for the page, without signs that are not shown."""
    message, _, hint = str(error).partition("\n  hint: ")
    return "\n".join(map(visible, message.split("\n"))), "\n".join(map(visible, hint.split("\n")))


def units(text: str) -> int:
    """How many a text has."""
    return len(text) + sum(char > "\uffff" for char in text) if not text.isascii() else len(text)


def signs(line: str, count: int) -> int:
    """How many signs of a line so many units are; all where it has fewer."""
    if line.isascii():
        return min(count, len(line))
    found = 0
    while found < len(line) and count > 0:
        count, found = count - (2 if line[found] > "\uffff" else 1), found + 1
    return found


@dataclass(frozen=True)
class Text:
    """A text in the editor, and the file that it is or may become, links resolved."""

    path: Path
    text: str

    @cached_property
    def file(self) -> str:
        """What places in it call the file."""
        return relative(self.path)

    @cached_property
    def lines(self) -> list[str]:
        """Its lines without what ends them."""
        return BREAK.split(self.text)

    def cursor(self, line: int, column: int) -> tuple[int, int]:
        """A place of the page's in signs; the end of the line, or of the text, for one behind it."""
        line = max(1, min(line, len(self.lines)))
        return line, signs(self.lines[line - 1], max(0, column - 1)) + 1

    def is_own(self, where: Where) -> bool:
        """Whether a place is in this text."""
        return where.file == self.file

    def span(self, where: Where, length: int | None = None) -> Json:
        """What stands at a place, or so many signs from there: where it begins and ends."""
        line = self.lines[min(where.line, len(self.lines)) - 1] if self.is_own(where) else where.text
        begin, end = (where.column, where.column + length) if length is not None else extent(line, where.column)
        return {"line": where.line, "column": units(line[:begin - 1]) + 1,
                "end_line": where.line, "end_column": units(line[:end - 1]) + 1 + max(0, end - 1 - len(line))}

    def place(self, where: Where, length: int | None = None) -> Json:
        """The same with its file; None of one is this text."""
        return {"file": None if self.is_own(where) else file_name(where.file), **self.span(where, length)}


def file_name(file: str) -> str:
    """What the page calls a file: relative to the folder, or as one that ships."""
    return _file_name(file, os.getcwd())


@lru_cache(maxsize=1024)
def _file_name(file: str, here: str) -> str:
    path = Path(file).resolve()
    if path.is_relative_to(shipped()):
        return f"{SHIPPED}{path.relative_to(shipped()).as_posix()}"
    return path.relative_to(here).as_posix() if path.is_relative_to(here) else path.name
