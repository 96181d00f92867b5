"""Stopping on request: the first SIGINT or SIGTERM asks, the second ends the process."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Self


class StopRequest:
    """While it is entered, signals are noted instead of acted on."""

    _SIGNALS = (signal.SIGINT, signal.SIGTERM)

    def __init__(self) -> None:
        self.name = ""

    def __bool__(self) -> bool:
        """Whether a signal has come."""
        return bool(self.name)

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._note) for number in self._SIGNALS}
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.name = signal.Signals(number).name
        for each in self._SIGNALS:
            signal.signal(each, signal.SIG_DFL)
