"""Reads the pickle of a PyTorch state dict without running any of it.

A pickle is a program: it may call whatever it can name. This reader lets it name a dozen things, all of them our own
stand-ins that record what a tensor is, and nothing else. PyTorch itself reads files so with weights_only=True; the small
packages that read state dicts without PyTorch either unpickle freely or are not kept.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from typing import IO, Any

STORAGES = {"DoubleStorage": "float64", "FloatStorage": "float32", "HalfStorage": "float16", "BFloat16Storage": "bfloat16",
            "LongStorage": "int64", "IntStorage": "int32", "ShortStorage": "int16", "CharStorage": "int8",
            "ByteStorage": "uint8", "BoolStorage": "bool"}
"""PyTorch's names for arrays of one type, and ours."""


class Refused(ValueError):
    """A pickle that asks for more than tensors, or is damaged."""


@dataclass(frozen=True)
class Storage:
    """An array of `count` numbers, kept in the file under `key`."""

    kind: str
    key: str
    count: int


@dataclass(frozen=True)
class Tensor:
    """A view of a storage: the element at index i lies at offset + i · stride."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    stride: tuple[int, ...]


def _tensor(storage: Storage, offset: int, shape: tuple[int, ...], stride: tuple[int, ...], *_: object) -> Tensor:
    """torch._utils._rebuild_tensor_v2. Raises Refused where the view leaves its storage."""
    numbers = (offset, *shape, *stride)
    if not isinstance(storage, Storage) or len(shape) != len(stride) or any(type(n) is not int or n < 0 for n in numbers):
        raise Refused("a tensor is not described as PyTorch does")
    last = offset + sum((size - 1) * step for size, step in zip(shape, stride, strict=True))
    if 0 not in shape and last >= storage.count:
        raise Refused("a tensor reaches beyond its storage")
    return Tensor(storage, offset, tuple(shape), tuple(stride))


def _parameter(data: object, *_: object) -> object:
    """torch._utils._rebuild_parameter."""
    return data


NAMES: dict[tuple[str, str], Any] = {
    ("collections", "OrderedDict"): OrderedDict,
    ("torch", "Size"): tuple,
    ("torch._utils", "_rebuild_tensor"): _tensor,
    ("torch._utils", "_rebuild_tensor_v2"): _tensor,
    ("torch._utils", "_rebuild_parameter"): _parameter,
    **{("torch", name): kind for name, kind in STORAGES.items()},
}


class _Unpickler(pickle._Unpickler):  # the one in Python: that in C allocates as much as a hostile index asks for
    """Knows the names above and no others."""

    def find_class(self, module: str, name: str) -> Any:
        """What a name in the pickle stands for. Raises Refused."""
        if (module, name) not in NAMES:
            raise Refused(f"it asks for {module}.{name}, which is not run here")
        return NAMES[module, name]

    def persistent_load(self, pid: Any) -> Storage:
        """A storage from its description: ('storage', type, key, device, count[, view])."""
        match pid:
            case ("storage", str(kind), str(key), _, int(count)) | ("storage", str(kind), str(key), _, int(count), None):
                if kind in STORAGES.values() and count >= 0:
                    return Storage(kind, key, count)
        raise Refused("a storage is not described as PyTorch does")


def load(file: IO[bytes]) -> Any:
    """The next object of a pickle: plain values, dictionaries and Tensors. Raises Refused."""
    try:
        return _Unpickler(file).load()
    except Refused:
        raise
    except Exception as error:  # whatever a damaged or hostile program stumbles over
        raise Refused(f"its pickle is damaged ({type(error).__name__}: {error})") from None
