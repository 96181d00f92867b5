"""What a process may open: on Linux a process may give up, for good, all files but some (Landlock, in the kernel since 5.13).

Python has no call for it, so the kernel is called by number; the numbers are the same on every architecture.
"""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import cache
from pathlib import Path

CREATE, ADD, RESTRICT = 444, 445, 446
"""landlock_create_ruleset, landlock_add_rule, landlock_restrict_self (linux/landlock.h)."""
NO_NEW_PRIVILEGES = 38
"""prctl's PR_SET_NO_NEW_PRIVS, without which the kernel confines nobody but root."""
ASKS_VERSION, BENEATH = 1, 1
EXECUTE, WRITE_FILE, READ_FILE, READ_DIR = (1 << bit for bit in range(4))
REMOVE_DIR, REMOVE_FILE, MAKE_DIR, MAKE_FILE, TRUNCATE = (1 << bit for bit in (4, 5, 7, 8, 14))
READ = EXECUTE | READ_FILE | READ_DIR
CHANGE = WRITE_FILE | REMOVE_DIR | REMOVE_FILE | MAKE_DIR | MAKE_FILE | TRUNCATE
RIGHTS = ((1, (1 << 13) - 1), (2, 1 << 13), (3, TRUNCATE), (5, 1 << 15))
"""The version of Landlock from which on it knows of rights to files: these all are given up."""
NETWORK = (4, 0b11)
"""The same of TCP: to bind and to connect."""
SYSTEM = ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/lib", "/lib64", "/etc/ld.so.cache", "/dev/null", "/dev/urandom",
          "/proc/cpuinfo", "/proc/meminfo", "/proc/self/cmdline", "/sys/devices/system")
"""What libraries read that are loaded."""


class _Ruleset(ctypes.Structure):
    _fields_ = (("files", ctypes.c_uint64), ("network", ctypes.c_uint64))


class _Beneath(ctypes.Structure):
    _pack_ = 1
    _fields_ = (("allowed", ctypes.c_uint64), ("parent", ctypes.c_int32))


def landlock() -> int:
    """Its version; 0 where the kernel has none."""
    return max(0, _call(CREATE, None, 0, ASKS_VERSION)) if sys.platform == "linux" else 0


def confine(readable: Iterable[Path], changeable: Iterable[Path]) -> bool:
    """Takes from this thread, and those that it starts, all files but these and what is beneath them.

    Python and its libraries can be read, too; files that are open stay so. No TCP. False where the kernel cannot do it.
    """
    version = landlock()
    if not version:
        return False
    handled = sum(rights for since, rights in RIGHTS if version >= since)
    rules = _Ruleset(handled, NETWORK[1])
    ruleset = _call(CREATE, ctypes.byref(rules), ctypes.sizeof(rules) if version >= NETWORK[0] else 8, 0)
    if ruleset < 0:
        return False
    try:
        for path in {*readable, *_libraries(), *map(Path, SYSTEM)}:
            _allow(ruleset, path, READ)
        for path in changeable:
            _allow(ruleset, path, (READ | CHANGE) & handled)
        return _libc().prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0 and _call(RESTRICT, ruleset, 0) == 0
    finally:
        os.close(ruleset)


def _libraries() -> Iterable[Path]:
    """Where Python, what is installed and archspec itself lie."""
    installed = (path for path in map(Path, sys.path) if path.name in ("site-packages", "dist-packages"))
    return (Path(__file__).parent.parent, *(Path(prefix, "lib") for prefix in (sys.prefix, sys.base_prefix)), *installed)


def _allow(ruleset: int, path: Path, rights: int) -> None:
    """Where a path is there; of a file only what a file has."""
    with suppress(OSError):
        opened = os.open(path, os.O_PATH | os.O_CLOEXEC)
        try:
            rule = _Beneath(rights if path.is_dir() else READ_FILE, opened)
            _call(ADD, ruleset, BENEATH, ctypes.byref(rule), 0)
        finally:
            os.close(opened)


def _call(number: int, *arguments: object) -> int:
    return int(_libc().syscall(ctypes.c_long(number), *arguments))


@cache
def _libc() -> ctypes.CDLL:
    return ctypes.CDLL(None)
