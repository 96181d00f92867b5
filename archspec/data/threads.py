"""Work on many images in several threads, in order."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

READERS = 16
"""Files that are looked into, or through, at once: on a cold disk or over a network one waits for each."""
DECODERS = 2
"""Threads that decode images, or make them, a core: while one waits for the disk another goes on."""
AHEAD = 4
"""Pieces of work that wait, a thread."""
S = TypeVar("S")
T = TypeVar("T")


def decoders() -> int:
    """How many threads decode images, or make them, on this machine."""
    return DECODERS * (os.cpu_count() or 1)


def spread(work: Callable[[int, int], T], size: int, chunk: int, workers: int) -> Iterator[T]:
    """`work(begin, end)` over 0 to `size` in chunks, in several threads, in order. Ended early, it begins no more of them."""
    places = ((begin, min(begin + chunk, size)) for begin in range(0, size, chunk))
    return mapped(lambda place: work(*place), places, workers)


def mapped(work: Callable[[S], T], given: Iterable[S], workers: int, ahead: int = AHEAD) -> Iterator[T]:
    """`work` on each of what is given, in several threads, in order. No more than `ahead` a thread is taken before its turn.

    Ended early, it begins no more of them.
    """
    pool, waiting = ThreadPoolExecutor(workers), deque[Future[T]]()
    try:
        for each in given:
            if len(waiting) == ahead * workers:
                yield waiting.popleft().result()
            waiting.append(pool.submit(work, each))
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)
