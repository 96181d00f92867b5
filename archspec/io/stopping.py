"""Work that nobody waits for any more: it looks now and then, where it is counted, whether it should go on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Event

_STOP: ContextVar[Event | None] = ContextVar("stop", default=None)


class Stopped(Exception):
    """Ends work that nobody waits for. Nothing goes on after it, so nothing in between catches it."""


@contextmanager
def stoppable(stop: Event) -> Iterator[None]:
    """Within, work ends by Stopped once the event is set, from whichever thread."""
    token = _STOP.set(stop)
    try:
        yield
    finally:
        _STOP.reset(token)


def go_on() -> None:
    """Called as work goes on. Raises Stopped where nobody waits for it."""
    stop = _STOP.get()
    if stop is not None and stop.is_set():
        raise Stopped
