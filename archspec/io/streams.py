"""Standard output and standard error, when whoever reads them is gone."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import IO


def told(code: int, tell: Callable[[], object]) -> int:
    """The exit code, after its reason is told on standard error: whoever reads that may be gone, and the code stays right."""
    try:
        tell()
    except OSError:
        drop(sys.stderr)
    return code


def aside(text: str) -> None:
    """A line on standard error, if it is open and somebody reads it; the work goes on in any case."""
    if sys.stderr is not None:
        told(0, partial(print, text, file=sys.stderr))


def drop(stream: IO[str] | None) -> None:
    """From now on what is written to a stream goes nowhere, what it still holds too."""
    if stream is not None:  # closed by whoever started this
        with suppress(OSError, ValueError), open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), stream.fileno())
