"""Standard output and standard error, when whoever reads them is gone."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import IO


def drop(stream: IO[str] | None) -> None:
    """From now on what is written to a stream goes nowhere, what it still holds too."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[union-attr]
