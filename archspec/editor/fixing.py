"""What to write instead: the guesses of a problem's hint, as changes of the text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from archspec.errors import Problem

GUESS = re.compile(r"did you mean ([^?]*)\?")
QUOTED = re.compile(r"'([^'\n]+)'")
TOKEN = re.compile(r""""[^"\n]*"|'[^'\n]*'|[^\s,\[\]{}]+""")
"""What a problem is underlined for: a word, or a text in quotes."""


@dataclass(frozen=True, slots=True)
class Fix:
    """A guess: the text to write from a column on, counted from 1, up to another, in the line of the problem."""

    title: str
    begin: int
    end: int
    text: str


def extent(line: str, column: int) -> tuple[int, int]:
    """The columns, from 1, of what stands at a place of a line: from where it begins to behind its end."""
    found = TOKEN.match(line, min(column - 1, len(line)))
    if found is None:
        return column, column + 1
    end = found.end()
    if line[end - 1] == ":" and found.start() < end - 1:
        end -= 1
    return column, end + 1


def fixes(problem: Problem) -> Iterator[Fix]:
    """A fix for each word that the hint guesses, where the word that is wrong stands at the problem's place."""
    guess = GUESS.search(problem.hint)
    if guess is None:
        return
    line, column = problem.where.text, problem.where.column
    wrong = next((word for word in QUOTED.findall(problem.message) if line.startswith(word, column - 1)), "")
    if not wrong:  # it stands within what the problem is at: a word of an operation's line
        begin, _ = extent(line, column)
        wrong = next((word for word in QUOTED.findall(problem.message) if word in line[begin - 1:]), "")
        column = line.index(wrong, begin - 1) + 1 if wrong else column
    if wrong:
        for word in QUOTED.findall(guess[1]):
            yield Fix(f"write '{word}'", column, column + len(wrong), word)
