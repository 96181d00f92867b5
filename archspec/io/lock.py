"""One process at a time in a place."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from filelock import FileLock

TOLD_EVERY = 30.0
"""Seconds between two words on how long it has waited."""


class Taken(Exception):
    """Another process works there."""


@contextmanager
def alone(path: Path, *, wait: bool | float = False,
          waiting: Callable[[float], object] = lambda seconds: None) -> Iterator[None]:
    """Keeps every other process out of `path` while it lasts, however this one ends. `path` need not exist.

    The lock is a file `.NAME.lock` beside the place, links resolved; it stays there, empty. If another process holds it,
    raises Taken at once, or after `wait` seconds, or, where that is True, waits for its end; `waiting` is told then for how
    many seconds it has, 0 as it begins, and again every TOLD_EVERY. Raises OSError where no file can be made.
    """
    # filelock and not fcntl: it works on Windows and where a network file system has no locks, and it leaves the file
    # alone. To remove a locked file lets a second process lock a new one of the same name
    from filelock import FileLock
    whole = path.resolve()
    whole.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(whole.with_name(f".{whole.name}.lock"))
    if not _acquired(lock, whole, 0 if isinstance(wait, bool) else wait):
        if wait is not True:
            raise Taken
        begin = time.monotonic()
        waiting(0.0)
        while not _acquired(lock, whole, TOLD_EVERY):
            waiting(time.monotonic() - begin)
    try:
        yield
    finally:
        lock.release()


def _acquired(lock: FileLock, whole: Path, seconds: float) -> bool:
    """Whether the lock is this process's after so many seconds at most."""
    from filelock import Timeout
    try:
        lock.acquire(timeout=seconds)
    except Timeout:
        if not Path(lock.lock_file).exists():  # what could not be made is held by nobody
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(whole)) from None
        return False
    return True
