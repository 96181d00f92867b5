"""Checkpoints: one file each, whole or not at all, with a checksum, the newest few kept. Plain NumPy reads them."""

from __future__ import annotations

import json
import os
import zipfile
import zlib
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, BinaryIO, cast

import numpy as np

from archspec.io.files import replacing
from archspec.io.places import kind_of
from archspec.train.progress import is_progress

_PROGRESS = "progress"
_BLOCK = 1 << 20


@dataclass(frozen=True)
class Snapshot:
    """A copy of a training's state: arrays by `group/name`, and the progress as Progress.to_json gives it."""

    arrays: dict[str, np.ndarray]
    progress: dict[str, Any]

    @property
    def finite(self) -> bool:
        """Whether all of it is numbers."""
        return all(np.isfinite(array).all() for array in (*self.arrays.values(), np.array(self.progress["sums"])))


class Unusable(Exception):
    """A checkpoint that nothing can go on from: damaged, or not numbers."""


class Misfit(Exception):
    """A checkpoint of other variables."""


@dataclass(frozen=True)
class Checkpoints:
    """`step-00000450.npz` in a folder, of the newest states, and `best-00000450.npz` of the best."""

    folder: Path
    keep: int

    def save(self, snapshot: Snapshot) -> None:
        """Writes one, then removes all but the newest."""
        with replacing(self._path("step", snapshot)) as partial:
            _write(snapshot, partial)
        for old in self.found()[self.keep:]:
            old.unlink()

    def save_best(self, snapshot: Snapshot, steps: Collection[int]) -> None:
        """Keeps a state whatever comes after it, then removes all that are kept so but those of `steps`.

        Where `save` has written it, the file gets a second name.
        """
        with replacing(self._path("best", snapshot)) as partial:
            if not _linked(self._path("step", snapshot), partial):
                _write(snapshot, partial)
        for step, old in self.best().items():
            if step not in steps:
                old.unlink()

    def best(self) -> dict[int, Path]:
        """Those that are kept for being the best, by step."""
        found = (path for path in self.folder.glob("best-*.npz") if kind_of(path) != "other")
        return {int(number): path for path in sorted(found) if (number := path.stem.removeprefix("best-")).isdecimal()}

    def newest(self) -> tuple[Snapshot | None, dict[Path, str]]:
        """The newest that can be used, and those before it that cannot, with the reason.

        Raises OSError where a file is there and cannot be opened: that is no damage.
        """
        refused: dict[Path, str] = {}
        for path in self.found():
            try:
                return read(path), refused
            except Unusable as error:
                refused[path] = str(error)
        return None, refused

    def since(self, step: int) -> list[Path]:
        """Those of a step and of later ones."""
        named = {path: path.stem.removeprefix("step-") for path in self.found()}
        return [path for path, number in named.items() if number.isdecimal() and int(number) >= step]

    def found(self) -> list[Path]:
        """The newest first; pipes and devices are none, whatever they are called."""
        return sorted((path for path in self.folder.glob("step-*.npz") if kind_of(path) != "other"), reverse=True)

    def _path(self, kind: str, snapshot: Snapshot) -> Path:
        return self.folder / f"{kind}-{snapshot.progress['step']:08d}.npz"


def _linked(path: Path, name: Path) -> bool:
    """Whether a file has one name more now: it may not be there, or its disk may have no second names."""
    try:
        os.link(path, name)
    except OSError:
        return False
    return True


def set_aside(paths: Iterable[Path]) -> None:
    """Keeps them for whoever wants to look at them, out of the count of those that are kept, and never gone on from."""
    for path in paths:
        path.rename(path.with_name(f"{path.name}.unusable"))


def read(path: Path) -> Snapshot:
    """Reads a checkpoint. Raises Unusable if one bit of it is not as it was written, or a number is none."""
    size = max(0, path.stat().st_size - len(_trailer(0)))
    with path.open("rb") as file:
        file.seek(size)
        stored = file.read()
    if stored != _trailer(_sum(path, size)):
        raise Unusable("damaged: its checksum differs")
    snapshot = _parse(path)
    if not snapshot.finite:
        raise Unusable("it holds values that are not numbers")
    return snapshot


class _Summed:
    """A file that is written from its beginning to its end, with the CRC-32 of that."""

    def __init__(self, file: BinaryIO) -> None:
        self._file, self.total = file, 0

    def write(self, data: bytes) -> int:
        """Writes what comes next."""
        self.total = zlib.crc32(data, self.total)
        return self._file.write(data)

    def flush(self) -> None:
        """Hands on what is held back."""
        self._file.flush()


def _write(snapshot: Snapshot, path: Path) -> None:
    """Packed, and the sum."""
    with path.open("wb") as file:
        summed = _Summed(file)
        pack(snapshot, cast(BinaryIO, summed))
        file.write(_trailer(summed.total))


def pack(snapshot: Snapshot, file: BinaryIO) -> None:
    """Writes it as `np.savez` does, without that one's copies, which are made while Python's lock is held."""
    progress = json.dumps(snapshot.progress).encode()  # of a text NumPy writes four bytes a letter
    arrays = {**snapshot.arrays, _PROGRESS: np.array(progress)}
    with zipfile.ZipFile(file, "w", allowZip64=True) as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                _write_array(entry, np.asarray(array, order="C"))


def unpack(file: BinaryIO) -> Snapshot:
    """What `pack` has written. Raises whatever zipfile, NumPy's tokenizer or JSON make of a file that it has not."""
    with np.load(file, allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    return Snapshot(arrays, json.loads(arrays.pop(_PROGRESS).item()))


def _write_array(file: IO[bytes], array: np.ndarray) -> None:
    np.lib.format.write_array_header_1_0(file, np.lib.format.header_data_from_array_1_0(array))
    file.write(array.reshape(-1).view(np.uint8).data)


def _trailer(total: int) -> bytes:
    """The end of a file: the CRC-32 of all before. The .npz has sums of its own, but not of its headers."""
    return b"\ncrc32 %08x\n" % total


def _sum(path: Path, size: int) -> int:
    """The CRC-32 of the first `size` bytes."""
    total = 0
    with path.open("rb") as file:
        while size > 0 and (block := file.read(min(size, _BLOCK))):
            size -= len(block)
            total = zlib.crc32(block, total)
    return total


def _parse(path: Path) -> Snapshot:
    try:
        # opened here: np.load does not close a file that it cannot read
        with path.open("rb") as file:
            found = unpack(file)
        if not is_progress(found.progress):
            raise ValueError("its progress is not as it was saved")
        if odd := [name for name, array in found.arrays.items() if array.dtype.kind not in "fiub"]:
            raise ValueError(f"{odd[0]} in it holds no numbers")
    except OSError:
        raise
    except Exception as error:  # see unpack
        raise Unusable(f"no checkpoint: {error}") from error
    return found
