"""How long a training takes, and how fast it goes: images a second without evaluation and saving."""

from __future__ import annotations

import time

from archspec.train.progress import Progress


class Pace:
    """Counts into a progress: the seconds of the whole, and images and seconds of the training between `go` and `pause`."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._clock = time.monotonic()
        self.go()

    def go(self) -> None:
        """Training goes on; what has passed since the last `pause` is not counted."""
        self._begin, self._images = time.monotonic(), self._progress.images

    def pause(self) -> None:
        """Something else begins."""
        images = self._progress.images  # waits for the device
        timed = self._progress.timed
        self._progress.timed = [timed[0] + images - self._images, timed[1] + time.monotonic() - self._begin]

    def count(self) -> None:
        """Adds what has passed since the last call to the seconds of the whole."""
        now = time.monotonic()
        self._progress.seconds += now - self._clock
        self._clock = now

    @property
    def rate(self) -> float:
        """Images a second of the epoch."""
        images, seconds = self._progress.timed
        return round(images / max(seconds, 1e-9), 1)
