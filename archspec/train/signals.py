"""Stopping on request: the first signal asks, the second ends the process."""

from __future__ import annotations

import signal
from types import FrameType, TracebackType
from typing import Self

from archspec.io.signals import came, heeded
from archspec.train.devices.vote import Vote
from archspec.train.progress import Interrupted


class StopRequest:
    """While it is entered, signals are noted instead of acted on.

    To be entered after the strategy is made: TensorFlow's for several workers installs handlers of its own.
    """

    def __init__(self, vote: Vote | None = None) -> None:
        self._vote = vote or Vote()

    def check(self) -> None:
        """Raises Interrupted if a signal has come: to one of several workers, at all of them after the same step."""
        if why := self._vote.stops:
            raise Interrupted(why)

    def __enter__(self) -> Self:
        self._before = {number: signal.signal(number, self._note) for number in heeded()}
        asked = self._vote.asked
        self._vote.asked = next((number.name for number, handler in self._before.items() if came(handler)), asked)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None,
                 trace: TracebackType | None) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)
        if kind is None:
            self.check()  # one that came when all steps were done: what comes after them can be done another time

    def _note(self, number: int, frame: FrameType | None) -> None:
        self._vote.asked = signal.Signals(number).name
        for each in self._before:
            signal.signal(each, signal.SIG_DFL)
