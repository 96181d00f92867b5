"""Parts of Markdown pages on how a network fares."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from archspec.errors import visible
from archspec.evaluate.outcome import Outcome


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    """The lines of a table."""
    yield f"| {' | '.join(head)} |"
    yield f"|{' --- |' * len(head)}"
    yield from (f"| {' | '.join(cell(each) for each in row)} |" for row in rows)


def cell(value: object) -> str:
    """A text that Markdown takes for nothing but itself."""
    return "".join(f"\\{sign}" if sign in "\\`*_[]|<>#" else sign for sign in visible(str(value)))


def pairs(judged: Outcome, names: Sequence[str], most: int) -> Iterator[str]:
    """The table of the classes that are confused most, of one label an image; nothing where none is."""
    if not judged.several and (found := judged.confused(most)):
        yield from table(("true", "said", "images"), [(names[true], names[said], count) for true, said, count in found])
        yield ""
