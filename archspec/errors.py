"""What went wrong and where: the one way every part of archspec reports a user's mistake."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Iterable, Sized
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import islice

MAX_SHOWN = 100
WIDEST = 120
"""How many problems and words a message shows, and how much of a line."""
LONGEST = 2000
"""How many characters of one sentence are shown."""
FEW = 5
"""How many names are enough for an example."""
MOST_SAID = 400
"""How many characters of a library's error are told."""
BEGUN = 4
"""A word of so many letters, case and signs aside, is what one that begins so was meant for."""
MAX_KNOWN = 1000
"""Among more words than these the nearest is not looked for."""


@dataclass(frozen=True, slots=True)
class Where:
    """A place in a text: file, line and column counted from 1, and the key path in the document."""

    file: str
    line: int = 1
    column: int = 1
    path: str = ""
    text: str = field(default="", compare=False, repr=False)
    """The whole line, so that the message can show it."""
    called: str = field(default="", compare=False, repr=False)
    """What messages call the file, where that is not its path."""

    def __str__(self) -> str:
        return f"{visible(self.called or self.file)}:{self.line}:{self.column}"


UNREAD = {"empty-value", "open-expression", "number-size", "alias", "tag", "key", "merge-key", "table"}
"""Codes of parts that cannot be read."""


@dataclass(frozen=True, slots=True)
class Problem:
    """One mistake: a stable code, the place, what is wrong, and what to write instead."""

    code: str
    where: Where
    message: str
    hint: str = ""
    notes: tuple[str, ...] = ()
    calls: tuple[Where, ...] = field(default=(), compare=False, repr=False)
    """Where the blocks are called that lead to the place, the innermost first."""

    def __str__(self) -> str:
        lines = [f"{self.where}: {visible(self.message)}"]
        if self.where.text:
            lines.extend(_shown(self.where))
        lines.extend(f"  {visible(note)}" for note in self.notes)
        if self.hint:
            lines.append(f"  hint: {visible(self.hint)}")
        return "\n".join(lines)


def _shown(where: Where) -> tuple[str, str]:
    """The line and the caret below its column; of a long line the part around the column."""
    gutter = f"{where.line:5d} | "
    start = max(0, where.column - WIDEST // 2) if len(where.text) > WIDEST else 0
    text = where.text[start:start + WIDEST]
    text = ("…" if start else "") + text + ("…" if start + WIDEST < len(where.text) else "")
    text = "".join(char if char.isprintable() or char == "\t" else "?" for char in text)  # one sign each: the caret stays
    before = text[:where.column - 1 - start + (start > 0)]
    blank = "".join("\t" if char == "\t" else " " for char in before)
    return gutter + text, " " * (len(gutter) - 2) + "| " + blank + "^"


class InputError(Exception):
    """The user's input is wrong: exit code 2. The message says where, what was expected and what to do."""


class SpecError(InputError):
    """Every problem found in a spec, in the order of the text."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(sorted(dict.fromkeys(_without_echoes(problems)), key=position))
        super().__init__(self.problems)

    def __str__(self) -> str:
        more = len(self.problems) - MAX_SHOWN
        shown = [str(problem) for problem in self.problems[:MAX_SHOWN]]
        return "\n".join([*shown, f"and {more} more problems"] if more > 0 else shown)


def _without_echoes(problems: Iterable[Problem]) -> list[Problem]:
    """Of a value that cannot be read that alone; of a null what it should be, rather than that it is one, and that once."""
    placed = [(position(problem), problem) for problem in problems]
    unread = {place for place, problem in placed if problem.code in UNREAD}
    told = {place for place, problem in placed if problem.code != "null"}
    kept: list[Problem] = []
    for place, problem in placed:
        if problem.code in UNREAD or place not in (told if problem.code == "null" else unread):
            kept.append(problem)
            told.add(place)
    return kept


def position(problem: Problem) -> tuple[str, int, int]:
    """By which problems are sorted: file, line and column."""
    return problem.where.file, problem.where.line, problem.where.column


def hinted(problems: Sized, search: Callable[..., str], *arguments: object) -> str:
    """What a search for a hint finds, as long as the problems are few enough to be shown; else ''.

    A search costs as much as reading a hundred items, and a file may have one mistake in each item.
    """
    return search(*arguments) if len(problems) < MAX_SHOWN else ""


def closest(word: str, known: Iterable[str], least: float = 0.6) -> str:
    """The known word that goes on from this one, else one that is spelt much like it, or ''.

    `least` is the share of the letters that is the same.
    """
    words = list(islice(known, MAX_KNOWN))
    begun = _letters(word) if len(word) < WIDEST else ""
    going_on = [each for each in words if _letters(each).startswith(begun)] if len(begun) >= BEGUN else []
    if going_on:
        return min(going_on, key=len)
    few = len(word) < WIDEST and len(words) < MAX_KNOWN
    found = difflib.get_close_matches(word, words, n=1, cutoff=least) if few else []
    return found[0] if found else ""


@lru_cache(maxsize=4096)
def _letters(word: str) -> str:
    """In lower case and without signs."""
    return re.sub(r"[_.-]", "", word.lower())


def nearest(word: str, known: Iterable[str]) -> str:
    """'did you mean …?' for a word that is not known, or ''."""
    found = closest(word, known)
    return f"did you mean '{found}'?" if found else ""


def listed(words: Iterable[str]) -> str:
    """Words for a message, the first of them where there are many."""
    found = list(words)
    more = f" and {len(found) - MAX_SHOWN} more" if len(found) > MAX_SHOWN else ""
    return " ".join(map(shorten, found[:MAX_SHOWN])) + more


def some(names: Iterable[str]) -> str:
    """The first few names, for a message that is not about all of them."""
    found = list(islice(names, FEW + 1))
    return ", ".join(found[:FEW]) + (", …" if len(found) > FEW else "")


def visible(text: str) -> str:
    r"""A stranger's text for a message: what a terminal would obey or not show as \x1b, \n, \u202e; not more than LONGEST."""
    if len(text) > LONGEST:
        text = text[:LONGEST] + "…"
    return text if text.isprintable() else "".join(char if char.isprintable() else repr(char)[1:-1] for char in text)


def one_line(error: Exception) -> str:
    """A library's error for a message: its kind and its text, which may have many lines, or none."""
    text = " ".join(str(error).split())
    told = f": {text[:MOST_SAID]}{'…' * (len(text) > MOST_SAID)}" if text else ""
    return visible(f"{type(error).__name__}{told}")


def shorten(text: str) -> str:
    """What a user wrote, short enough for a message."""
    return text if len(text) <= WIDEST // 2 else text[:WIDEST // 2] + "…"
