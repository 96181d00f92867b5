"""How much a training has to do, how fast it goes, and when it will be done."""

from __future__ import annotations

import math
import time
from collections import deque
from dataclasses import dataclass

WINDOW_SECONDS = 10.0
"""Over which the speed is measured."""


@dataclass(frozen=True)
class Extent:
    """How much there is to do: epochs, steps and images in each."""

    epochs: int
    steps: int
    images: int

    @property
    def total(self) -> int:
        """All steps."""
        return self.epochs * self.steps

    @property
    def each(self) -> float:
        """Images a step, on the average of an epoch: the last batch of it is filled up."""
        return self.images / self.steps


class Speed:
    """Images a second over the last seconds, and the time that is left at that speed, evaluations counted."""

    def __init__(self, extent: Extent) -> None:
        self._extent = extent
        self._marks: deque[tuple[float, int]] = deque()
        self._evaluation = 0.0
        """Seconds that the last one took."""
        self._began: float | None = None

    def mark(self, step: int) -> None:
        """Takes note that so many steps are done."""
        now = time.monotonic()
        self._marks.append((now, step))
        while len(self._marks) > 2 and now - self._marks[0][0] > WINDOW_SECONDS:
            self._marks.popleft()

    def pause(self) -> None:
        """An evaluation goes on."""
        self._began = self._began or time.monotonic()

    def resume(self) -> None:
        """It is over; the speed is measured anew, for its time is none of training."""
        if self._began:
            self._evaluation = time.monotonic() - self._began
        self._began = None
        self._marks.clear()

    @property
    def images(self) -> float | None:
        """Images a second; None while there is too little to tell."""
        if len(self._marks) < 2:
            return None
        (begin, first), (end, last) = self._marks[0], self._marks[-1]
        return (last - first) * self._extent.each / max(end - begin, 1e-9)

    @property
    def left(self) -> float | None:
        """Seconds until the end."""
        return None if not self._marks else self._seconds(self._extent.total - self._marks[-1][1])

    @property
    def epoch_left(self) -> float | None:
        """Seconds until the end of the epoch."""
        return None if not self._marks else self._seconds(-self._marks[-1][1] % self._extent.steps)

    def _seconds(self, steps: int) -> float | None:
        """What so many steps take, each evaluation after them counted."""
        if not self.images:
            return None
        return steps * self._extent.each / self.images + math.ceil(steps / self._extent.steps) * self._evaluation


def duration(seconds: float) -> str:
    """`8 s`, `3 min 20 s`, `2 h 5 min`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    return f"{whole // 3600} h {whole % 3600 // 60} min"
