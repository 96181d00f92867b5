"""The lines of a text that stayed as they were in another state of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from difflib import SequenceMatcher
from typing import Literal

Run = tuple[Literal["equal", "replace", "delete", "insert"], int, int, int, int]
"""What became of lines: which they were, from one up to another, from 0, and which they are."""


def runs(old: Sequence[str], new: Sequence[str], most: int | None = None) -> Iterator[Run]:
    """How an old text became a new one, in the order of both; what is equal at both ends is told in any case.

    Of more than `most` lines between the first and the last change all count as replaced.
    """
    least = min(len(old), len(new))
    first = next((at for at in range(least) if old[at] != new[at]), least)
    last = next((at for at in range(least - first) if old[-1 - at] != new[-1 - at]), least - first)
    ours, theirs = old[first:len(old) - last], new[first:len(new) - last]
    yield "equal", 0, first, 0, first
    if most is None or max(len(ours), len(theirs)) <= most:
        for kind, a, end_a, b, end_b in SequenceMatcher(None, ours, theirs, autojunk=most is None).get_opcodes():
            yield kind, first + a, first + end_a, first + b, first + end_b
    else:
        yield "replace", first, first + len(ours), first, first + len(theirs)
    yield "equal", len(old) - last, len(old), len(new) - last, len(new)
