"""Programs of pickles, instruction by instruction, and the archives that torch.save puts them into."""

from __future__ import annotations

import struct
import zipfile
from pathlib import Path

import numpy as np


def text(value: str) -> bytes:
    """BINUNICODE."""
    data = value.encode()
    return b"X" + struct.pack("<I", len(data)) + data


def number(value: int) -> bytes:
    """BININT."""
    return b"J" + struct.pack("<i", value)


def several(*items: bytes) -> bytes:
    """TUPLE."""
    return b"(" + b"".join(items) + b"t"


def named(module: str, name: str) -> bytes:
    """GLOBAL."""
    return f"c{module}\n{name}\n".encode()


def mapping(**entries: bytes) -> bytes:
    """A dictionary with texts as keys."""
    return b"}(" + b"".join(text(key) + value for key, value in entries.items()) + b"u"


def storage(count: int, key: str = "0", kind: str = "FloatStorage") -> bytes:
    """BINPERSID."""
    return several(text("storage"), named("torch", kind), text(key), text("cpu"), number(count)) + b"Q"


def tensor(shape: tuple[int, ...], stride: tuple[int, ...], offset: int = 0, count: int = 4, key: str = "0") -> bytes:
    """A call of torch._utils._rebuild_tensor_v2."""
    hooks = named("collections", "OrderedDict") + b")R"
    return named("torch._utils", "_rebuild_tensor_v2") + several(
        storage(count, key), number(offset), several(*map(number, shape)), several(*map(number, stride)), b"\x89", hooks) + b"R"


def row(count: int = 4, key: str = "0") -> bytes:
    """A tensor that is all of its storage."""
    return tensor((count,), (1,), 0, count, key)


def call(module: str, name: str, *arguments: bytes) -> bytes:
    """REDUCE."""
    return named(module, name) + several(*arguments) + b"R"


def archive(path: Path, program: bytes, compression: int = zipfile.ZIP_STORED, **storages: np.ndarray) -> Path:
    """A file as torch.save writes it; `storages` by key, n0 for '0'."""
    with zipfile.ZipFile(path, "w", compression) as file:
        file.writestr("archive/data.pkl", b"\x80\x02" + program + b".")
        for key, array in storages.items():
            file.writestr(f"archive/data/{key.removeprefix('n')}", array.tobytes())
    return path
