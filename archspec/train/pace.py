"""How long a training takes, and how fast it goes: images a second without evaluation and saving."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from archspec.train.progress import Progress


class Pace:
    """Counts into a progress: the seconds of the whole, and images and seconds of the training between `go` and `pause`.

    A step stands for `each` images, on the average of an epoch: the last batch of it is filled up.
    """

    def __init__(self, progress: Progress, each: float) -> None:
        self._progress, self._each = progress, each
        self._clock = time.monotonic()
        self.go()

    def go(self) -> None:
        """Training goes on; what has passed since the last `pause` is not counted."""
        self._progress.read()  # waits for the device
        self._begin, self._step, self._waited = time.monotonic(), self._progress.step, 0.0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While it lasts, the step waits for its data."""
        begin = time.monotonic()
        yield
        self._waited += time.monotonic() - begin

    def pause(self) -> None:
        """Something else begins."""
        self._progress.read()
        images = (self._progress.step - self._step) * self._each
        timed = self._progress.timed
        self._progress.timed = [timed[0] + images, timed[1] + time.monotonic() - self._begin,
                                timed[2] + self._waited]

    def count(self) -> None:
        """Adds what has passed since the last call to the seconds of the whole."""
        now = time.monotonic()
        self._progress.seconds += now - self._clock
        self._clock = now

    @property
    def rate(self) -> float:
        """Images a second of the epoch."""
        images, seconds, _ = self._progress.timed
        return round(images / max(seconds, 1e-9), 1)

    @property
    def waits(self) -> float:
        """The share of the epoch's time in which the device waited for data."""
        _, seconds, waited = self._progress.timed
        return round(waited / max(seconds, 1e-9), 3)
