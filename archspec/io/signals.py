"""The signals that ask a process to stop, all alike."""

from __future__ import annotations

import signal
from types import FrameType

SIGNALS = tuple(signal.Signals[name] for name in ("SIGINT", "SIGTERM", "SIGHUP", "SIGUSR1") if hasattr(signal, name))
"""Ctrl-C; a scheduler's end; a closed terminal; Slurm's warning ahead of the end. Not all of them exist on Windows."""

INTERRUPTED = 130
"""The exit code of a command that one of them has ended: 128 and the number of Ctrl-C."""


def heeded() -> list[signal.Signals]:
    """Those that this process listens to: nohup has the closed terminal ignored, and so it stays."""
    return [each for each in SIGNALS if each.name != "SIGHUP" or signal.getsignal(each) is not signal.SIG_IGN]


class Interrupt:
    """A handler that raises KeyboardInterrupt, as Ctrl-C does, and knows that it did.

    For what is raised while a library's C code calls Python, or while an object is taken apart, is lost there in silence.
    """

    def __init__(self) -> None:
        self.came = False

    def __call__(self, number: int, frame: FrameType | None) -> None:
        self.came = True
        raise KeyboardInterrupt


def interrupt() -> None:
    """From now on each of them interrupts."""
    handler = Interrupt()
    for each in heeded():
        signal.signal(each, handler)


def came(handler: object) -> bool:
    """Whether a handler has interrupted. Work that goes on after that was not told of it."""
    return isinstance(handler, Interrupt) and handler.came


def heed() -> None:
    """Raises KeyboardInterrupt if one of them came and was lost."""
    if any(came(signal.getsignal(each)) for each in SIGNALS):
        raise KeyboardInterrupt


def no_more() -> None:
    """From now on none of them changes how this process ends: its work is done, and told.

    But Ctrl-C ends it at once, should a person not want to wait for what threads have begun.
    """
    for each in heeded():
        signal.signal(each, signal.SIG_DFL if each is signal.SIGINT else signal.SIG_IGN)
