"""How much work something is, counted: a bound that no load of the machine, no clock and no CPU changes."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class TooMuchWork(BaseException):
    """More calls than allowed. No `except Exception` catches it, so what would run for ever ends here."""


@contextmanager
def at_most(calls: int) -> Iterator[None]:
    """Bounds the calls of functions, Python's and C's, in this thread. Raises TooMuchWork."""
    left, before = calls, sys.getprofile()

    def count(frame: FrameType, event: str, argument: object) -> None:
        nonlocal left
        left -= event in ("call", "c_call")
        if left < 0:
            sys.setprofile(before)
            raise TooMuchWork(f"more than {calls:,} calls; the last one in {frame.f_code.co_qualname}")

    sys.setprofile(count)
    try:
        yield
    finally:
        sys.setprofile(before)
