"""One process at a time in a place."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Taken(Exception):
    """Another process works there."""


@contextmanager
def alone(path: Path, *, wait: bool = False) -> Iterator[None]:
    """Keeps every other process out of `path` while it lasts, however this one ends. `path` need not exist.

    The lock is a file `.NAME.lock` beside the place, links resolved; it stays there, empty. If another process holds it,
    raises Taken at once, or waits for its end. Raises OSError where no file can be made.
    """
    # filelock and not fcntl: it works on Windows and where a network file system has no locks, and it leaves the file
    # alone. To remove a locked file lets a second process lock a new one of the same name
    from filelock import FileLock, Timeout
    whole = path.resolve()
    whole.parent.mkdir(parents=True, exist_ok=True)
    lock = FileLock(whole.with_name(f".{whole.name}.lock"), timeout=-1 if wait else 0)
    try:
        lock.acquire()
    except Timeout:
        if not Path(lock.lock_file).exists():  # what could not be made is held by nobody
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(whole)) from None
        raise Taken from None
    try:
        yield
    finally:
        lock.release()
