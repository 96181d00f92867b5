"""Work beside the training, by a thread of its own: one piece at a time."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor


class Background:
    """Does one thing at a time. What goes wrong in it is raised where it is asked for: at the latest by `wait`."""

    def __init__(self, name: str) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix=name)
        self._work: Future[None] | None = None

    def start(self, work: Callable[[], None]) -> None:
        """Begins a piece of work when the one before is done. Raises what went wrong in that one, and does not begin then."""
        self.wait()
        self._work = self._pool.submit(work)

    def check(self) -> None:
        """Raises what went wrong, if something did. Returns at once."""
        if self._work is not None and self._work.done():
            self.wait()

    def wait(self) -> None:
        """Returns when nothing is under way. Raises what went wrong, once."""
        work, self._work = self._work, None
        if work is not None:
            work.result()

    def close(self) -> None:
        """Ends the thread, after what it is at."""
        self._pool.shutdown()
