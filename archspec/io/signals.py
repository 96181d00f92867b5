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


def interrupt() -> None:
    """From now on each of them raises KeyboardInterrupt, as Ctrl-C does."""
    for each in heeded():
        signal.signal(each, _raise)


def no_more() -> None:
    """From now on none of them changes how this process ends: its work is done, and told.

    But Ctrl-C ends it at once, should a person not want to wait for what threads have begun.
    """
    for each in heeded():
        signal.signal(each, signal.SIG_DFL if each is signal.SIGINT else signal.SIG_IGN)


def _raise(number: int, frame: FrameType | None) -> None:
    raise KeyboardInterrupt
