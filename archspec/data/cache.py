"""Decoded images that are kept, in memory or in a file: what has been decoded once need not be decoded again."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from archspec.data.source import Split
from archspec.data.store import made_by
from archspec.errors import InputError
from archspec.io.files import PARTIAL, remove
from archspec.io.lock import Taken, alone
from archspec.io.memory import free_memory
from archspec.io.places import cache_folder
from archspec.preprocess.rule import Preprocess
from archspec.spec.data import Data, Encoded

SPARE = 0.8
"""So much of the memory, or the disk, that is free may be taken."""
_SUM = np.dtype(np.uint32)
_ALIGNED = 64
"""Where pixels begin: at a multiple of so many bytes, for TensorFlow copies what lies otherwise."""


@dataclass(frozen=True, eq=False)
class Cache:
    """The pixels of a split's images, one behind the other, each with a checksum once it is there; 0 until then.

    Threads and processes may ask for the same image at once: all write the same pixels.
    """

    pixels: np.ndarray
    """(n,) uint8; none in a trial, which keeps nothing."""
    sums: np.ndarray
    """(images,) uint32."""
    ends: np.ndarray
    """(images + 1,) int64."""
    shapes: np.ndarray
    """(images, 3) int64: height, width and channels."""
    kind: np.dtype
    note: str = ""
    """What a person should know of it before training begins."""

    def get(self, index: int, decode: Callable[[], np.ndarray]) -> np.ndarray:
        """The i-th: (h, w, channels), decoded if it is not there, or not whole."""
        place = self.pixels[self.ends[index]:self.ends[index + 1]]
        shape = tuple(self.shapes[index].tolist())
        if self.sums[index] and self.sums[index] == _sum(place):
            return place.view(self.kind).reshape(shape)
        array = decode()
        if array.shape != shape or place.nbytes != array.nbytes:  # the file has changed since it was looked into; or a trial
            return array
        place[:] = np.ascontiguousarray(array).view(np.uint8).ravel()
        self.sums[index] = _sum(place)
        return array


def _sum(place: np.ndarray) -> int:
    """Never 0."""
    return zlib.crc32(place.data) or 1


@dataclass(frozen=True, eq=False)
class _Wanted:
    """A cache that is to be made: sums, and pixels behind them, in one array or file."""

    split: Split
    shapes: np.ndarray
    kind: np.dtype
    path: Path
    """Its file, for one on the disk."""

    @property
    def ends(self) -> np.ndarray:
        return np.concatenate([[0], np.cumsum(self.shapes.prod(axis=1) * self.kind.itemsize)])

    @property
    def begin(self) -> int:
        """Where pixels begin."""
        return -(-self.split.size * _SUM.itemsize // _ALIGNED) * _ALIGNED

    @property
    def size(self) -> int:
        """Bytes, all in all."""
        return self.begin + int(self.ends[-1])

    def made(self, whole: np.ndarray, where: str) -> Cache:
        """The cache in (size,) uint8, or without its pixels."""
        note = f"cache: {_megabytes(self.size)} of {where} for {self.split.size} decoded {self.split.name} images"
        sums = whole[:self.split.size * _SUM.itemsize].view(_SUM)
        return Cache(whole[self.begin:], sums, self.ends, self.shapes, self.kind, note)


def caches(section: Data, rule: Preprocess, splits: Sequence[tuple[Split, np.ndarray]], stamp: str, *,
           trial: bool = False) -> list[Cache | None]:
    """A cache for each split, whose images have sizes (n, 2), height and width; None where the section wants none.

    `stamp` is another one as soon as a file has changed. Raises InputError unless there is room for all of them together.
    For a `trial` the same is refused, and nothing is kept: neither on the disk nor in memory.
    """
    if not isinstance(section, Encoded) or section.cache == "none":
        return [None] * len(splits)
    folder = cache_folder() / "decoded"
    wanted = [_wanted(split, sizes, rule, folder / f"{_name(split, rule, stamp)}.pixels") for split, sizes in splits]
    ram = section.cache == "ram"
    if not ram and not trial:
        _sweep(folder)
    _refuse_little_room(wanted, section.cache, free_memory() if ram else _free_disk(folder, [each.path for each in wanted]))
    where = "memory" if ram else str(folder)
    if trial:
        for each in () if ram else wanted:
            _refuse_unwritable(each.path, each.size)
        return [each.made(np.zeros(each.begin, np.uint8), where) for each in wanted]
    return [each.made(np.zeros(each.size, np.uint8) if ram else _mapped(each.path, each.size), where) for each in wanted]


def _refuse_little_room(wanted: Sequence[_Wanted], where: str, free: int) -> None:
    total, count = sum(each.size for each in wanted), sum(each.split.size for each in wanted)
    if total > SPARE * free:
        other = "disk, or none" if where == "ram" else "none"
        raise InputError(f"train.data.cache: {where} needs {_megabytes(total)} for {count} decoded images, more than "
                         f"{SPARE:.0%} of the {_megabytes(free)} that are free\n  hint: cache: {other}")


def _wanted(split: Split, sizes: np.ndarray, rule: Preprocess, path: Path) -> _Wanted:
    shapes = np.concatenate([sizes.astype(np.int64), np.full((split.size, 1), rule.channels)], axis=1)
    return _Wanted(split, shapes, np.dtype(np.uint8 if split.eight_bits else np.float32), path)


def _name(split: Split, rule: Preprocess, stamp: str) -> str:
    """Another one for whatever makes other pixels of a split: changed files, another way to decode them, another version."""
    said = (stamp, split.name, split.eight_bits, split.white, rule.channels, rule.decoder, rule.background, made_by())
    return hashlib.sha256(repr(said).encode()).hexdigest()[:24]


def _sweep(folder: Path) -> None:
    """Removes what a kill left half made, which takes room; nothing where another process makes something just now."""
    with suppress(Taken, OSError):
        if rests := list(folder.glob(f"{PARTIAL}*")):
            with alone(folder):
                for rest in rests:
                    remove(rest)


def _mapped(path: Path, size: int) -> np.ndarray:
    """A file of so many bytes; zeros where it is new. Raises InputError where it cannot be made.

    Its room on the disk is taken at once: a disk that is full when pixels are written ends the process without a word. It
    gets its name when it is whole, so that no process cuts it short under another; of two that want it the second waits.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if not _is_there(path, size):
            with alone(path.parent, wait=True):
                if not _is_there(path, size):
                    _make(path, size)
        return np.memmap(path, np.uint8, "r+", shape=(size,))
    except OSError as error:
        raise _unwritable(path, size, error.errno or errno.EIO) from None


def _is_there(path: Path, size: int) -> bool:
    return path.exists() and path.stat().st_size == size


def _make(path: Path, size: int) -> None:
    partial = path.with_name(PARTIAL + path.name)
    try:
        with partial.open("wb") as file:
            _reserve(file.fileno(), size)
        partial.replace(path)
    finally:
        remove(partial)


def _refuse_unwritable(path: Path, size: int) -> None:
    """Raises InputError where `_mapped` would, as far as that is seen without making anything."""
    if path.exists():
        place, wanted = path, os.R_OK | os.W_OK
    else:
        place, wanted = next(each for each in path.parents if os.path.lexists(each)), os.W_OK | os.X_OK
        if not place.is_dir():
            raise _unwritable(path, size, errno.ENOTDIR)
    if not os.access(place, wanted):
        raise _unwritable(path, size, errno.EACCES)


def _unwritable(path: Path, size: int, number: int) -> InputError:
    return InputError(f"train.data.cache: disk keeps decoded images in {path.parent}, and {_megabytes(size)} cannot be "
                      f"written there ({os.strerror(number)})\n  hint: name another folder with the environment "
                      "variable ARCHSPEC_CACHE, or cache: none")


def _reserve(handle: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(handle, 0, size)
    else:  # macOS has none
        os.truncate(handle, size)


def _free_disk(folder: Path, paths: Sequence[Path]) -> int:
    """Bytes that are free, those that these files have already taken counted in."""
    place = next(each for each in (folder, *folder.parents) if each.exists())
    return shutil.disk_usage(place).free + sum(path.stat().st_size for path in paths if path.exists())


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.1f} MB"
