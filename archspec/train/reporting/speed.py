"""How much a training has to do, how fast it goes, and when it will be done."""

from __future__ import annotations

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
    """Images a second over the last seconds, and the time that is left at that speed, evaluations counted.

    How long an evaluation takes is known from the first one on.
    """

    def __init__(self, extent: Extent) -> None:
        self._extent = extent
        self._marks: deque[tuple[float, int]] = deque()
        self._evaluation = 0.0
        """Seconds that the last one took."""
        self._began: float | None = None
        self._share = (0.0, 0.0)
        """Of the evaluation that goes on: seconds that it has taken, and the share of it that is done."""

    def mark(self, step: int) -> None:
        """Takes note that so many steps are done."""
        now = time.monotonic()
        self._marks.append((now, step))
        while len(self._marks) > 2 and now - self._marks[0][0] > WINDOW_SECONDS:
            self._marks.popleft()

    def evaluating(self, done: int, of: int) -> None:
        """An evaluation has begun, or so many of its batches are done."""
        now = time.monotonic()
        self._began = now if self._began is None else self._began
        self._share = now - self._began, done / of

    def resume(self) -> None:
        """It is over, or something else that is no training, such as compiling a step: the speed is measured anew."""
        if self._began is not None:
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
        """Seconds until the end; None while there is too little to tell."""
        if not self.images:
            return None
        step = self._marks[-1][1]
        steps, after = self._extent.total - step, self._extent.epochs - self._epoch(step)
        return steps * self._extent.each / self.images + (self.evaluation_left or 0.0) + after * self._whole

    @property
    def epoch_left(self) -> float | None:
        """Seconds until the end of the epoch, and of its evaluation; None while there is too little to tell."""
        if not self.images:
            return None
        step = self._marks[-1][1]
        steps = self._epoch(step) * self._extent.steps - step
        return steps * self._extent.each / self.images + (self.evaluation_left or 0.0)

    @property
    def evaluation_left(self) -> float | None:
        """Seconds of the evaluation that goes on, or is the next; None while there is too little to tell."""
        if self._began is None:
            return self._evaluation
        taken, done = self._share
        return taken / done - taken if done else None

    @property
    def _whole(self) -> float:
        """Seconds that an evaluation takes, by the one that goes on, else by the last."""
        taken, done = self._share
        return taken / done if self._began is not None and done else self._evaluation

    def _epoch(self, step: int) -> int:
        """In which so many steps end, from 1: its evaluation is still to come."""
        return (max(step, 1) - 1) // self._extent.steps + 1


def duration(seconds: float) -> str:
    """`8 s`, `3 min 20 s`, `2 h 5 min`, `5 d 3 h`."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60} min {whole % 60} s"
    if whole < 2 * 24 * 3600:
        return f"{whole // 3600} h {whole % 3600 // 60} min"
    return f"{whole // (24 * 3600)} d {whole % (24 * 3600) // 3600} h"
