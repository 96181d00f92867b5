"""How long a training takes, and how fast it goes: images a second without evaluation and saving."""

from __future__ import annotations

import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from typing import Any

import numpy as np

from archspec.train.progress import Progress


class Pace:
    """Counts into a progress: the seconds of the whole, and images and seconds of the training between `go` and `pause`.

    A step stands for `each` images; see Extent.
    """

    def __init__(self, progress: Progress, each: float) -> None:
        self._progress, self._each = progress, each
        self._clock = time.monotonic()
        self._watch = ThreadPoolExecutor(max_workers=1)
        self._free: Future[float] | None = None
        """When the device had done the last step."""
        self.go()

    def go(self) -> None:
        """Training goes on; what has passed since the last `pause` is not counted."""
        self._progress.read()  # waits for the device
        self._begin, self._step, self._waited = time.monotonic(), self._progress.step, 0.0

    @contextmanager
    def waiting(self) -> Iterator[None]:
        """While it lasts, a step's data are fetched; the device waits for them from when it has done the step before.

        It works on that one while Python is here: what Python waits for alone costs nothing.
        """
        begin = time.monotonic()
        yield
        end = time.monotonic()
        if self._free is None:
            self._waited += end - begin
        elif self._free.done():
            self._waited += max(0.0, end - max(begin, self._free.result()))

    def follow(self, result: Any) -> None:
        """A step is under way that ends when the device has this result. Returns at once."""
        self._free = self._watch.submit(_when_there, result)

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
        """The share of the epoch's time in which the device waited for data, up to the last `pause`."""
        _, seconds, waited = self._progress.timed
        return round(waited / max(seconds, 1e-9), 3)

    @property
    def waits_now(self) -> float:
        """The same, up to now."""
        _, seconds, waited = self._progress.timed
        return (waited + self._waited) / max(seconds + time.monotonic() - self._begin, 1e-9)


def _when_there(result: Any) -> float:
    """Waits for it. That it fails is told to whoever reads it."""
    with suppress(Exception):
        np.asarray(result)
    return time.monotonic()
