"""What commands print on, and what happens when nobody reads it any more."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import IO

from rich.console import Console


class Screen(Console):
    """rich's, that says no more where rich would end the process: a training outlives the terminal that shows it."""

    def on_broken_pipe(self) -> None:
        """Whoever read what is printed has gone."""
        self.quiet = True
        drop(self.file)


def screen(width: int) -> Screen:
    """For results: as wide as the terminal, or `width` where there is none."""
    return Screen(width=None if Screen().is_terminal else width, highlight=False)


def drop(stream: IO[str] | None) -> None:
    """From now on what is written to a stream goes nowhere, what it still holds too."""
    with suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())  # type: ignore[union-attr]
