"""How much work something is, counted: a bound that no load of the machine, no clock and no CPU changes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType


class TooMuchWork(BaseException):
    """More calls than allowed. No `except Exception` catches it, so what would run for ever ends here."""


@dataclass
class Work:
    """The calls so far."""

    done: int = 0


@contextmanager
def at_most(calls: int) -> Iterator[Work]:
    """Bounds the calls of functions, Python's and C's, in this thread, and counts them. Raises TooMuchWork."""
    work, before = Work(), sys.getprofile()

    def count(frame: FrameType, event: str, argument: object) -> None:
        work.done += event in ("call", "c_call")
        if work.done > calls:
            sys.setprofile(before)
            raise TooMuchWork(f"more than {calls:,} calls; the last one in {frame.f_code.co_qualname}")

    sys.setprofile(count)
    try:
        yield work
    finally:
        sys.setprofile(before)
