"""How far a long piece of work is, on standard error: a bar that moves on a terminal, else a line now and then."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from archspec.io.signals import heed

if TYPE_CHECKING:
    from archspec.data.looking import Tick

LINE_SECONDS = 10.0
"""Without a terminal: the least time between two lines."""


@contextmanager
def ticking(console: Console) -> Iterator[Tick]:
    """Gives what shows progress, while it lasts; nothing of it stays on a terminal. It heeds a signal that was lost."""
    with _shown(console) as show:
        def tick(what: str, done: int, of: int) -> None:
            heed()
            show(what, done, of)
        yield tick


@contextmanager
def _shown(console: Console) -> Iterator[Tick]:
    if not console.is_terminal or console.is_dumb_terminal:
        yield _lines(console)
        return
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=console, transient=True) as progress:
        task = progress.add_task("", total=None)
        yield lambda what, done, of: progress.update(task, description=what, completed=done, total=of)


def _lines(console: Console) -> Tick:
    last, now = time.monotonic(), ""

    def show(what: str, done: int, of: int) -> None:
        nonlocal last, now
        if what != now:  # it begins: what came before is not its time
            last, now = time.monotonic(), what
        elif time.monotonic() - last >= LINE_SECONDS:
            last = time.monotonic()
            console.print(f"{what}: {done:,} of {of:,}", highlight=False, markup=False, soft_wrap=True)
    return show
