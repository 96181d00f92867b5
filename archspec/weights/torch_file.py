"""Tensors of a PyTorch checkpoint: the archive that torch.save writes since 1.6, and the plain file before."""

from __future__ import annotations

import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import IO, Any

import numpy as np

from archspec.weights import archives, pickles
from archspec.weights.checkpoint import State, state_of
from archspec.weights.pickles import Refused, Storage, View
from archspec.weights.tensors import Stored, Unreadable, WeightsFile, shown

PICKLE = "/data.pkl"
MAGIC = 0x1950A86A20F9469CFC6C.to_bytes(10, "little")
"""The number that begins a file of torch.save before 1.6."""
HINT = "save the weights alone: torch.save(model.state_dict(), 'weights.pth'), or as .safetensors"

Bytes = Callable[[Storage, int], bytes]
"""A storage and its size in bytes to what it holds."""


@contextmanager
def archive(path: Path) -> Iterator[WeightsFile]:
    """The tensors of a zip archive of torch.save. Raises Unreadable."""
    with archives.opened(path) as file:
        with _explained(path):
            root = next(name for name in file.namelist() if name.endswith(PICKLE)).removesuffix(PICKLE)
            if f"{root}/byteorder" in file.namelist() and _member(file, f"{root}/byteorder", 16) != b"little":
                raise Refused("its numbers are big-endian")
            state = state_of(pickles.read_pickle(BytesIO(_member(file, root + PICKLE, pickles.MOST_BYTES))))
        yield _file(path, state, lambda storage, size: _member(file, f"{root}/data/{storage.key}", size))


def _member(file: zipfile.ZipFile, name: str, size: int) -> bytes:
    """A member of at most this size, not compressed, as torch.save writes them: what it takes in memory is on the disk."""
    info = file.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED:
        raise Refused(f"{shown(name)} in it is compressed, which torch.save never does")
    if info.file_size > size:
        raise Refused(f"{shown(name)} in it has {info.file_size:,} bytes, more than {size:,}")
    return file.read(info)


@contextmanager
def legacy(path: Path) -> Iterator[WeightsFile]:
    """The tensors of a file of torch.save before 1.6: pickles in a row, then the storages. Raises Unreadable."""
    with path.open("rb") as file:
        with _explained(path):
            stream = BytesIO(file.read(pickles.MOST_BYTES))
            _magic, _protocol, _system, document, keys = (pickles.read_pickle(stream) for _ in range(5))
            state = state_of(document)
            places = _places(file, stream.tell(), keys.value, document)
        yield _file(path, state, partial(_slice, file, places))


def _places(file: IO[bytes], start: int, keys: Any, document: pickles.Document) -> dict[str, int]:
    """Where each storage begins: it follows its length, 8 bytes, in the order of the keys."""
    storages = {storage.key: storage for storage in document.storages}
    if type(keys) is not list or any(type(key) is not str or key not in storages for key in keys):
        raise Refused("it holds storages that it does not describe")
    places = {}
    for key in keys:
        file.seek(start)
        count = int.from_bytes(file.read(8), "little")
        if count != storages[key].count:
            raise Refused(f"storage {shown(key)} has another length than its tensors say")
        places[key] = start + 8
        start += 8 + _size(storages[key])
    return places


def _slice(file: IO[bytes], places: Mapping[str, int], storage: Storage, size: int) -> bytes:
    file.seek(places[storage.key])
    return file.read(size)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except KeyError as error:
        raise Unreadable(path, f"this state dict is not read: {error} is missing in it", HINT) from None
    except (Refused, *archives.DAMAGED) as error:
        raise Unreadable(path, f"this state dict is not read: {error}", HINT) from None


def _file(path: Path, state: State, read: Bytes) -> WeightsFile:
    storages = _Storages(read, Counter(tensor.storage.key for tensor in state.tensors.values()))
    return WeightsFile(path, "torch", {name: Stored(tensor.shape, partial(_array, path, tensor, storages))
                                       for name, tensor in state.tensors.items()}, state.notes)


class _Storages:
    """Reads storages; one that several tensors share is read once and kept."""

    def __init__(self, read: Bytes, users: Mapping[str, int]) -> None:
        self.read, self.users = read, users
        self.kept: dict[str, np.ndarray] = {}

    def numbers(self, storage: Storage) -> np.ndarray:
        """The numbers of a storage. Raises Refused where the file has fewer than it says."""
        if storage.key in self.kept:
            return self.kept[storage.key]
        data = self.read(storage, _size(storage))
        if len(data) != _size(storage):
            raise Refused(f"storage {shown(storage.key)} is cut short")
        numbers = _numbers(data, storage.kind)
        if self.users[storage.key] > 1:
            self.kept[storage.key] = numbers
        return numbers


def _size(storage: Storage) -> int:
    """Bytes of a storage."""
    return storage.count * (2 if storage.kind == "bfloat16" else np.dtype(storage.kind).itemsize)


def _array(path: Path, tensor: View, storages: _Storages) -> np.ndarray:
    """The tensor's own numbers, in one piece. Raises Unreadable, also where they would lie outside of the storage."""
    with _explained(path):
        numbers = storages.numbers(tensor.storage)
        if tensor.last >= len(numbers):
            raise Refused("a tensor reaches beyond its storage")
        if 0 in tensor.shape:
            return np.zeros(tensor.shape, numbers.dtype)
    strides = [step * numbers.itemsize for step in tensor.stride]
    view = np.lib.stride_tricks.as_strided(numbers[tensor.offset:], tensor.shape, strides, writeable=False)
    return np.ascontiguousarray(view).reshape(tensor.shape)


def _numbers(data: bytes, kind: str) -> np.ndarray:
    """A row of numbers; bfloat16, which NumPy lacks, is the upper half of a float32."""
    if kind != "bfloat16":
        return np.frombuffer(data, np.dtype(kind).newbyteorder("<"))
    return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
