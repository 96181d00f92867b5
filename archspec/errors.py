"""What went wrong and where: the one way every part of archspec reports a user's mistake."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a text: file, line and column counted from 1, and the key path in the document."""

    file: str
    line: int = 1
    column: int = 1
    path: str = ""
    text: str = field(default="", compare=False, repr=False)
    """The whole line, so that the message can show it."""

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: a stable code, the place, what is wrong, and what to write instead."""

    code: str
    where: Where
    message: str
    hint: str = ""
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.where}: {self.message}"]
        if self.where.text:
            gutter = f"{self.where.line:5d} | "
            lines.append(gutter + self.where.text)
            lines.append(" " * (len(gutter) - 2) + "| " + " " * (self.where.column - 1) + "^")
        lines.extend(f"  {note}" for note in self.notes)
        if self.hint:
            lines.append(f"  hint: {self.hint}")
        return "\n".join(lines)


class InputError(Exception):
    """The user's input is wrong: exit code 2. The message says where, what was expected and what to do."""


class SpecError(InputError):
    """Every problem found in a spec, in the order of the text."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(dict.fromkeys(problems), key=_position))
        super().__init__("\n".join(map(str, self.problems)))


def _position(problem: Problem) -> tuple[str, int, int]:
    return problem.where.file, problem.where.line, problem.where.column


def nearest(word: str, known: Iterable[str]) -> str:
    """'did you mean …?' for a word that is not known, or ''."""
    found = difflib.get_close_matches(word, list(known), n=1, cutoff=0.6)
    return f"did you mean '{found[0]}'?" if found else ""
