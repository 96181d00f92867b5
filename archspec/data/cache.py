"""Decoded images that are kept, in memory or in a file: what has been decoded once need not be decoded again."""

from __future__ import annotations

import os
import shutil
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archspec.errors import InputError
from archspec.io.places import cache_folder
from archspec.preprocess.rule import Preprocess

SPARE = 0.8
"""So much of the memory, or the disk, that is free may be taken."""


@dataclass(frozen=True, eq=False)
class Cache:
    """The pixels of a split's images, one behind the other, each with a checksum once it is there; 0 until then.

    Threads may ask for the same image at once: both write the same pixels.
    """

    pixels: np.ndarray
    """(n,) uint8."""
    sums: np.ndarray
    """(images,) uint32."""
    ends: np.ndarray
    """(images + 1,) int64."""
    shapes: np.ndarray
    """(images, 2) int64: height and width."""
    rule: Preprocess
    kind: np.dtype

    def get(self, index: int, decode: Callable[[], np.ndarray]) -> np.ndarray:
        """The i-th: (h, w, channels), decoded if it is not there, or not whole."""
        place = self.pixels[self.ends[index]:self.ends[index + 1]]
        shape = (*self.shapes[index], self.rule.channels)
        if self.sums[index] and self.sums[index] == _sum(place):
            return place.view(self.kind).reshape(shape)
        array = decode()
        if array.shape != shape:  # the file has changed since it was looked into: it is not kept
            return array
        place[:] = np.ascontiguousarray(array).view(np.uint8).ravel()
        self.sums[index] = _sum(place)
        return array


def _sum(place: np.ndarray) -> int:
    """Never 0."""
    return zlib.crc32(place.data) or 1


def cache_of(where: str, sizes: np.ndarray, rule: Preprocess, kind: type[np.generic], name: str) -> Cache | None:
    """A cache for images of sizes (n, 2), height and width: 'ram', 'disk', or 'none'. `name` tells one disk's from another.

    Raises InputError where there is no room for all of them.
    """
    if where == "none":
        return None
    bytes_each = sizes.astype(np.int64).prod(axis=1) * rule.channels * np.dtype(kind).itemsize
    ends = np.concatenate([[0], np.cumsum(bytes_each)])
    total, count = int(ends[-1]), len(sizes)
    folder = cache_folder() / "decoded"
    free = _memory() if where == "ram" else _disk(folder, name, total)
    if total > SPARE * free:
        raise InputError(f"train.data.cache: {where} needs {total / 1e6:,.1f} MB for {count} decoded images, and "
                         f"{free / 1e6:,.1f} MB are free\n  hint: cache: {'disk, or ' if where == 'ram' else ''}none")
    if where == "ram":
        pixels, sums = np.empty(max(total, 1), np.uint8), np.zeros(count, np.uint32)
    else:
        folder.mkdir(parents=True, exist_ok=True)
        pixels = _mapped(folder / f"{name}.pixels", np.uint8, max(total, 1))
        sums = _mapped(folder / f"{name}.sums", np.uint32, max(count, 1))
    return Cache(pixels, sums, ends, sizes.astype(np.int64), rule, np.dtype(kind))


def _mapped(path: Path, kind: type[np.generic], count: int) -> np.ndarray:
    """A file of so many numbers; zeros where it is new."""
    size = count * np.dtype(kind).itemsize
    if not path.exists() or path.stat().st_size != size:
        with path.open("wb") as file:
            file.truncate(size)
    return np.memmap(path, kind, "r+", shape=(count,))


def _memory() -> int:
    """Bytes that are free."""
    for line in Path("/proc/meminfo").read_text(encoding="ascii").splitlines() if Path("/proc/meminfo").exists() else ():
        if line.startswith("MemAvailable:"):
            return int(line.split()[1]) * 1024
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def _disk(folder: Path, name: str, total: int) -> int:
    """Bytes that are free, those that this cache has already counted in."""
    place = next(each for each in (folder, *folder.parents) if each.exists())
    path = folder / f"{name}.pixels"
    return shutil.disk_usage(place).free + (total if path.exists() and path.stat().st_size == total else 0)
