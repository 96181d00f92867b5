"""How much memory is free, and how much was taken, as far as the system says; and what is kept of what was freed."""

from __future__ import annotations

import ctypes
import gc
import os
import resource
from contextlib import suppress
from math import inf
from pathlib import Path

_GROUPS = (("memory.max", "memory.current", "memory.stat", "inactive_file"),
           ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes", "memory/memory.stat", "total_inactive_file"))
"""Of a control group (version 2, and 1): its limit, what it uses, and where that says what of it are files read lately."""

_M_TOP_PAD = -2
"""mallopt's number of what is kept at the end of a heap."""
_KEPT = 64 << 20
"""Bytes; the size of a heap of a thread's, so that none is given back."""

_NEW = (10_000, 10, 10)
"""New objects before a collection of the youngest, and how many of those before one of the older; Python has 700, 10, 10."""


def keep_freed() -> None:
    """Lets glibc keep the memory that is freed, up to 64 MiB a heap, where it would give back all but 128 KiB.

    A step of a training frees what it took, and the next one takes it again. Where each page has to come from the system,
    that is half of the time of a small network on a CPU. Nothing is changed where MALLOC_TOP_PAD_ says what is kept, or the C
    library is another one.
    """
    if "MALLOC_TOP_PAD_" not in os.environ:
        with suppress(OSError, AttributeError):
            ctypes.CDLL(None).mallopt(_M_TOP_PAD, _KEPT)


def collect_seldom() -> None:
    """Leaves what is loaded by now out of garbage collections, and lets them come after more new objects.

    TensorFlow and Keras are half a million objects that are never garbage. A training that is traced makes as many again, few
    of which are garbage before its end: looking through them again and again took a tenth of the time, and a quarter of that
    of many networks in one process.
    """
    gc.freeze()
    gc.set_threshold(*_NEW)


def free_memory(root: Path = Path("/")) -> int:
    """Bytes that may still be taken: the machine's, and no more than a container's limit leaves.

    What the system keeps of files that were read counts as free: it gives that up when it is asked for.
    """
    return int(min(_machine(root / "proc" / "meminfo"), *(_group(root / "sys" / "fs" / "cgroup", *names) for names in _GROUPS)))


def peak_memory(root: Path = Path("/")) -> int:
    """Bytes of memory that this process has had at the most, so far."""
    kilobytes = _table(root / "proc" / "self" / "status").get("VmHWM:")
    return 1024 * (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss if kilobytes is None else kilobytes)


def resident_memory(root: Path = Path("/")) -> int:
    """Bytes of memory that this process has now; 0 where the system does not say."""
    return 1024 * _table(root / "proc" / "self" / "status").get("VmRSS:", 0)


def _machine(path: Path) -> float:
    kilobytes = _table(path).get("MemAvailable:")
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") if kilobytes is None else kilobytes * 1024


def _group(folder: Path, limit: str, used: str, table: str, files: str) -> float:
    try:
        most, taken = (float((folder / name).read_text(encoding="ascii").replace("max", "inf")) for name in (limit, used))
    except (OSError, ValueError):  # no such group
        return inf
    return max(0.0, most - taken + _table(folder / table).get(files, 0))


def _table(path: Path) -> dict[str, int]:
    """Lines of a name and a number."""
    try:
        rows = [line.split() for line in path.read_text(encoding="ascii").splitlines()]
    except OSError:
        return {}
    return {row[0]: int(row[1]) for row in rows if len(row) > 1 and row[1].isdigit()}
