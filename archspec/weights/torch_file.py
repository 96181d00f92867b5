"""Tensors of a PyTorch state dict: the archive that torch.save writes since 1.6, and the plain file before."""

from __future__ import annotations

import zipfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import IO, Any

import numpy as np

from archspec.weights import pickles
from archspec.weights.pickles import Refused, Storage, Tensor
from archspec.weights.tensors import Stored, Unreadable, WeightsFile

PICKLE = "/data.pkl"
MAGIC = 0x1950A86A20F9469CFC6C.to_bytes(10, "little")
"""The number that begins a file of torch.save before 1.6."""
HOLDERS = ("state_dict", "model", "model_state_dict")
"""Keys under which checkpoints keep the state dict, beside the optimizer's state and more."""
HINT = "save the weights alone: torch.save(model.state_dict(), 'weights.pth'), or as .safetensors"

Bytes = Callable[[Storage, int], bytes]
"""A storage and its size in bytes to what it holds."""


@contextmanager
def archive(path: Path) -> Iterator[WeightsFile]:
    """The tensors of a zip archive of torch.save. Raises Unreadable."""
    with zipfile.ZipFile(path) as file:
        with _explained(path):
            root = next(name for name in file.namelist() if name.endswith(PICKLE)).removesuffix(PICKLE)
            if f"{root}/byteorder" in file.namelist() and file.read(f"{root}/byteorder") != b"little":
                raise Refused("its numbers are big-endian")
            with file.open(_plain(file, root + PICKLE)) as program:
                tensors = _tensors(pickles.load(program))
        yield _file(path, tensors, partial(_member, file, root))


def _plain(file: zipfile.ZipFile, name: str) -> zipfile.ZipInfo:
    """A member that is not compressed, as torch.save writes them: what it takes in memory is on the disk."""
    info = file.getinfo(name)
    if info.compress_type != zipfile.ZIP_STORED:
        raise Refused(f"{name} in it is compressed, which torch.save never does")
    return info


def _member(file: zipfile.ZipFile, root: str, storage: Storage, size: int) -> bytes:
    with file.open(_plain(file, f"{root}/data/{storage.key}")) as member:
        return member.read(size)


@contextmanager
def legacy(path: Path) -> Iterator[WeightsFile]:
    """The tensors of a file of torch.save before 1.6: pickles in a row, then the storages. Raises Unreadable."""
    with path.open("rb") as file:
        with _explained(path):
            _magic, _protocol, _system, document, keys = (pickles.load(file) for _ in range(5))
            tensors = _tensors(document)
            places = _places(file, keys, {tensor.storage.key: tensor.storage for tensor in tensors.values()})
        yield _file(path, tensors, partial(_slice, file, places))


def _places(file: IO[bytes], keys: Any, storages: Mapping[str, Storage]) -> dict[str, int]:
    """Where each storage begins: it follows its length, 8 bytes, in the order of the keys."""
    if not isinstance(keys, list) or any(key not in storages for key in keys):
        raise Refused("it holds storages that no tensor of its state dict uses")
    places = {}
    for key in keys:
        count = int.from_bytes(file.read(8), "little")
        if count != storages[key].count:
            raise Refused(f"storage {key} has another length than its tensors say")
        places[key] = file.tell()
        file.seek(_size(storages[key]), 1)
    return places


def _slice(file: IO[bytes], places: Mapping[str, int], storage: Storage, size: int) -> bytes:
    file.seek(places[storage.key])
    return file.read(size)


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    try:
        yield
    except (Refused, KeyError, zipfile.BadZipFile) as error:
        raise Unreadable(path, f"this state dict is not read: {error}", HINT) from None


def _file(path: Path, tensors: Mapping[str, Tensor], read: Bytes) -> WeightsFile:
    return WeightsFile(path, "torch", {name: Stored(tensor.shape, partial(_array, path, tensor, read))
                                       for name, tensor in tensors.items()})


def _tensors(document: Any) -> dict[str, Tensor]:
    """The tensors by name; a checkpoint's state dict, and without the `module.` of DataParallel."""
    for holder in HOLDERS:
        if isinstance(document, dict) and isinstance(document.get(holder), dict):
            document = document[holder]
    if not isinstance(document, dict):
        raise Refused("it is no dictionary of tensors")
    found = {name: value for name, value in document.items() if isinstance(name, str) and isinstance(value, Tensor)}
    prefix = "module." if found and all(name.startswith("module.") for name in found) else ""
    return {name.removeprefix(prefix): tensor for name, tensor in found.items()}


def _size(storage: Storage) -> int:
    """Bytes of a storage."""
    return storage.count * (2 if storage.kind == "bfloat16" else np.dtype(storage.kind).itemsize)


def _array(path: Path, tensor: Tensor, read: Bytes) -> np.ndarray:
    """The tensor's own numbers, in one piece. Raises Unreadable."""
    size = _size(tensor.storage)
    with _explained(path):
        data = read(tensor.storage, size)
        if len(data) != size:
            raise Refused(f"storage {tensor.storage.key} is cut short")
    numbers = _numbers(data, tensor.storage.kind)
    strides = [step * numbers.itemsize for step in tensor.stride]
    view = np.lib.stride_tricks.as_strided(numbers[tensor.offset:], tensor.shape, strides, writeable=False)
    return np.ascontiguousarray(view).reshape(tensor.shape)


def _numbers(data: bytes, kind: str) -> np.ndarray:
    """A row of numbers; bfloat16, which NumPy lacks, is the upper half of a float32."""
    if kind != "bfloat16":
        return np.frombuffer(data, np.dtype(kind).newbyteorder("<"))
    return (np.frombuffer(data, "<u2").astype(np.uint32) << 16).view(np.float32)
