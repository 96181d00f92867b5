"""The word at a cursor: what can stand there instead of it, and the columns that it takes up."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from archspec.editor.completing import Suggestion, suggestions
from archspec.editor.cursor import BREAK, cursor
from archspec.spec.inherit import Resolved

REST = re.compile(r"(\w*)([ \t]*[:=])?")
"""What a word goes on with behind the cursor, and what ends it."""
ALONE = re.compile(r"(- +)*(-|\w*)")
"""A line with nothing but a word."""


@dataclass(frozen=True, slots=True)
class Completed:
    """What is offered at a place, instead of what stands in its line from one column, counted from 1, up to another."""

    begin: int
    end: int
    options: Sequence[Suggestion]


def completed(text: str, line: int, column: int, path: Path, resolved: Callable[[str], Resolved | None]) -> Completed:
    """What can stand at a place of a text, instead of the whole word there: a colon or = that stands behind it stays.

    `resolved` gives what a text of the file is made of, or was when it could last be read.
    """
    at, whole = cursor(text, line, column), BREAK.split(text)[line - 1]
    rest = REST.match(whole, column - 1)
    assert rest is not None
    found = suggestions(at, text, path, resolved(_with_key(text, line, column)))
    return Completed(column - len(at.word), column + len(rest[1]),
                     [replace(each, text=each.text.rstrip(": =")) for each in found] if rest[2] else found)


def _with_key(text: str, line: int, column: int) -> str:
    """The text in which a word that is all of its line, or no word, is a key: below `stages:` it is no value of it then."""
    lines = BREAK.split(text)
    whole = lines[line - 1].rstrip(" \t")
    if not ALONE.fullmatch(whole.lstrip(" ")):
        return text
    key = whole if whole.strip(" -") else f"{lines[line - 1][:column - 1]}_"
    return "\n".join([*lines[:line - 1], f"{key}:", *lines[line:]])
