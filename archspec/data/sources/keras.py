"""The data sets of keras.datasets, from the files that Keras downloads; nothing is downloaded here."""

from __future__ import annotations

import gzip
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from archspec.data.source import Source
from archspec.data.sources.arrays import Pair, of_arrays
from archspec.errors import InputError, visible
from archspec.io.files import ARCHIVE_ERRORS, opened
from archspec.io.places import expanded
from archspec.spec.data import Keras

FASHION = ("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
"""Of Fashion-MNIST, whose files hold no names (github.com/zalandoresearch/fashion-mnist, README)."""
PLACES = {
    "cifar10": ("cifar-10-batches-py-target/cifar-10-batches-py", "cifar-10-batches-py"),
    "cifar100": ("cifar-100-python-target/cifar-100-python", "cifar-100-python"),
    "mnist": ("mnist.npz",),
    "fashion_mnist": ("fashion-mnist",),
}
"""Where below Keras's `datasets` each lies: as Keras 3.15 lays it, and as older ones did."""
MOST_BYTES = 1 << 28
"""Of one file, unpacked; the largest has 155 MB."""


class _Type:
    """What stands for numpy.dtype: a type by its name. What else a pickle says of it could make NumPy read any memory."""

    def __init__(self, name: bytes | str, *rest: object) -> None:
        self.name = name

    def __setstate__(self, state: object) -> None:
        pass


class _Array:
    """What stands for numpy.ndarray, and for what makes one: bytes and a shape."""

    def __init__(self, *rest: object) -> None:
        self.values = np.zeros(0, np.uint8)

    def __setstate__(self, state: tuple[int, tuple[int, ...], _Type, bool, bytes]) -> None:
        _, shape, kind, columns, data = state
        if kind.name not in (b"u1", "u1"):
            raise pickle.UnpicklingError("it holds an array of other numbers than bytes")
        self.values = np.frombuffer(data, np.uint8).reshape(shape, order="F" if columns else "C")


_GLOBALS = {("numpy", "ndarray"): _Array, ("numpy", "dtype"): _Type, ("numpy.core.multiarray", "_reconstruct"): _Array,
            ("numpy._core.multiarray", "_reconstruct"): _Array}
"""All that the pickle of an array names; nothing else in a pickle is looked up, and nothing of NumPy's is called."""

Pairs = tuple[Pair, Pair, tuple[str, ...]]


def keras(section: Keras) -> Source:
    """A data set with its own split. Raises InputError where its files are not there, or are damaged."""
    root = place(section)
    try:
        train, test, classes = READ[section.name](root)
    except (*ARCHIVE_ERRORS, TypeError, IndexError, AttributeError, pickle.UnpicklingError) as error:
        reason = visible(str(error) or "damaged")
        raise InputError(f"{visible(str(root))}: cannot be read as {section.name} of Keras ({reason})\n"
                         f"  hint: remove it, and let Keras download it anew: {_download(section.name)}") from None
    return of_arrays(section.source, train, test, 0.0, classes)


def place(section: Keras) -> Path:
    """The file or the folder of a data set. Raises InputError where it is not there."""
    home = expanded(os.environ.get("KERAS_HOME") or "~/.keras") / "datasets"
    found = next((home / name for name in PLACES[section.name] if (home / name).exists()), None)
    if found is None:
        raise InputError(f"train.data: no {home / PLACES[section.name][0]}, where Keras keeps {section.name}\n"
                         f"  hint: Keras downloads it: {_download(section.name)}; from elsewhere, put it there; "
                         "$KERAS_HOME is read, too")
    return found


def _download(name: str) -> str:
    return f"python -c 'import keras; keras.datasets.{name}.load_data()'"


class _Unpickler(pickle._Unpickler):
    """Of what a pickle names it knows what makes an array.

    By the reader in Python: the one in C makes room for as many objects as a pickle says that it remembers, 8 GB for 6 bytes.
    """

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _GLOBALS:
            raise pickle.UnpicklingError(f"it holds {module}.{name}, which no data set needs")
        return _GLOBALS[module, name]


def _unpickled(path: Path) -> dict[bytes, Any]:
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{path.name} is larger than {MOST_BYTES / 1e6:.0f} MB")
    with opened(path) as file:
        found = _Unpickler(file, encoding="bytes").load()
    if not isinstance(found, dict):
        raise ValueError(f"{path.name} holds no dictionary")
    return found


def _cifar10(root: Path) -> Pairs:
    names = _unpickled(root / "batches.meta")[b"label_names"]
    train = [_batch(root / f"data_batch_{number}", b"labels") for number in range(1, 6)]
    joined = _pair(root, "data_batch_1 to 5", *(np.concatenate(parts) for parts in zip(*train, strict=True)))
    return joined, _pair(root, "test_batch", *_batch(root / "test_batch", b"labels")), _texts(names)


def _cifar100(root: Path) -> Pairs:
    names = _unpickled(root / "meta")[b"fine_label_names"]
    train, test = (_pair(root, name, *_batch(root / name, b"fine_labels")) for name in ("train", "test"))
    return train, test, _texts(names)


def _batch(path: Path, label: bytes) -> tuple[np.ndarray, np.ndarray]:
    """(n, 32, 32, 3) uint8 and (n,)."""
    found = _unpickled(path)
    data, labels = found[b"data"], found[label]
    if not isinstance(data, _Array) or not all(type(each) is int for each in labels):
        raise ValueError(f"{path.name} holds no images and labels")
    return data.values.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), np.array(labels)


def _texts(names: list[bytes]) -> tuple[str, ...]:
    return tuple(name.decode() for name in names)


def _mnist(path: Path) -> Pairs:
    with opened(path) as handle, np.load(handle, allow_pickle=False) as file:
        if sum(member.file_size for member in file.zip.infolist()) > MOST_BYTES:
            raise ValueError(f"its arrays take more than {MOST_BYTES / 1e6:.0f} MB")
        train, test = (_pair(path, half, file[f"x_{half}"], file[f"y_{half}"]) for half in ("train", "test"))
    return train, test, tuple("0123456789")


def _fashion(root: Path) -> Pairs:
    train, test = (_pair(root, half, _idx(root / f"{half}-images-idx3-ubyte.gz"), _idx(root / f"{half}-labels-idx1-ubyte.gz"))
                   for half in ("train", "t10k"))
    return train, test, FASHION


def _idx(path: Path) -> np.ndarray:
    """An array of bytes in the format of yann.lecun.com/exdb/mnist: two zeros, a type, the number of axes, their lengths."""
    with opened(path) as packed, gzip.open(packed) as file:
        data = file.read(MOST_BYTES)
    if data[:3] != b"\0\0\x08":
        raise ValueError(f"{path.name} holds no array of bytes")
    axes = data[3]
    shape = np.frombuffer(data, ">u4", axes, 4)
    return np.frombuffer(data, np.uint8, offset=4 + 4 * axes).reshape(shape)


def _pair(place: Path, what: str, images: np.ndarray, labels: np.ndarray) -> Pair:
    called = visible(f"{place}: {what}")
    return Pair(images, labels, f"{called}: images", f"{called}: labels")


READ: dict[str, Callable[[Path], Pairs]] = {"cifar10": _cifar10, "cifar100": _cifar100, "mnist": _mnist,
                                            "fashion_mnist": _fashion}
"""How each is read."""
