"""The archives of keras.datasets, laid as Keras lays them."""

from __future__ import annotations

import gzip
import os
import pickle
import pickletools
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest

from archspec.data.source import Source
from archspec.data.sources import load_data, refuse_missing
from archspec.data.sources.keras import MOST_BYTES
from archspec.errors import InputError
from archspec.spec.data import Keras

OLD = {"SHORT_BINBYTES": ord("U"), "BINBYTES": ord("T"), "BINUNICODE": ord("T")}
"""From instructions of a pickle to those of Python 2's strings, with the same arguments."""
DRAW = np.random.default_rng(0)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Keras's folder of data sets."""
    monkeypatch.setenv("KERAS_HOME", str(tmp_path))
    (tmp_path / "datasets").mkdir()
    return tmp_path / "datasets"


def pickled(path: Path, **values: object) -> None:
    """As the archives of CIFAR, which Python 2 wrote: all texts are its strings, and an array is what NumPy 1 called it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    data = bytearray(pickle.dumps({name.encode(): value for name, value in values.items()}, protocol=3))
    for code, _, place in pickletools.genops(bytes(data)):
        if code.name in OLD:
            data[place] = OLD[code.name]
        if code.name == "PROTO":
            data[place + 1] = 2
    path.write_bytes(bytes(data).replace(b"numpy._core.multiarray", b"numpy.core.multiarray"))


def batch(path: Path, first: int, count: int, label: str, classes: int) -> np.ndarray:
    data = DRAW.integers(0, 256, (count, 3072), dtype=np.uint8)
    pickled(path, **{"data": data, label: [(first + index) % classes for index in range(count)], "filenames": [b"x"] * count})
    return data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)


def loaded(name: str) -> Source:
    return load_data(Keras(name=name))


@pytest.mark.parametrize("place", ["cifar-10-batches-py-target/cifar-10-batches-py", "cifar-10-batches-py"])
def test_cifar10(home: Path, place: str) -> None:
    names = [b"airplane", b"automobile", b"bird", b"cat", b"deer", b"dog", b"frog", b"horse", b"ship", b"truck"]
    pickled(home / place / "batches.meta", label_names=names)
    images = np.concatenate([batch(home / place / f"data_batch_{number}", number, 4, "labels", 10) for number in range(1, 6)])
    batch(home / place / "test_batch", 0, 3, "labels", 10)
    source = loaded("cifar10")
    assert (source.classes[3], source.train.size, source.test.size, source.train.eight_bits) == ("cat", 20, 3, True)
    assert all((source.train.item(index) == image).all() for index, image in enumerate(images))
    assert source.train.labels.tolist()[:5] == [1, 2, 3, 4, 2]


def test_cifar100(home: Path) -> None:
    place = home / "cifar-100-python-target/cifar-100-python"
    pickled(place / "meta", fine_label_names=[b"%d" % number for number in range(100)])
    batch(place / "train", 0, 100, "fine_labels", 100)
    batch(place / "test", 0, 5, "fine_labels", 100)
    source = loaded("cifar100")
    assert (len(source.classes), source.train.item(0).shape, source.test.labels.tolist()) == (100, (32, 32, 3), [0, 1, 2, 3, 4])


def test_mnist(home: Path) -> None:
    images = DRAW.integers(0, 256, (10, 28, 28), dtype=np.uint8)
    np.savez(home / "mnist.npz", x_train=images, y_train=np.arange(10, dtype=np.uint8), x_test=images[:2],
             y_test=np.array([0, 1], np.uint8))
    source = loaded("mnist")
    assert (source.classes, source.test.size) == (tuple("0123456789"), 2)
    assert (source.train.item(3)[..., 0] == images[3]).all()


def idx(path: Path, array: np.ndarray) -> None:
    path.parent.mkdir(exist_ok=True)
    head = b"\0\0\x08" + bytes([array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape)
    path.write_bytes(gzip.compress(head + array.tobytes()))


def test_fashion_mnist(home: Path) -> None:
    images = DRAW.integers(0, 256, (10, 28, 28), dtype=np.uint8)
    for half, count in (("train", 10), ("t10k", 4)):
        idx(home / f"fashion-mnist/{half}-images-idx3-ubyte.gz", images[:count])
        idx(home / f"fashion-mnist/{half}-labels-idx1-ubyte.gz", np.arange(count, dtype=np.uint8))
    source = loaded("fashion_mnist")
    assert (source.classes[9], source.train.size, source.test.size) == ("Ankle boot", 10, 4)
    assert (source.test.item(2)[..., 0] == images[2]).all()


def test_what_is_not_there_is_not_downloaded(home: Path) -> None:
    with pytest.raises(InputError) as error:
        refuse_missing(Keras(name="cifar10"))
    assert str(error.value) == (
        f"train.data: no {home}/cifar-10-batches-py-target/cifar-10-batches-py, where Keras keeps cifar10\n"
        "  hint: Keras downloads it: python -c 'import keras; keras.datasets.cifar10.load_data()'; from elsewhere, put it there; "
        "$KERAS_HOME is read, too")


def failing(name: str) -> str:
    with pytest.raises(InputError) as error:
        loaded(name)
    return str(error.value).splitlines()[0]


def test_nothing_in_a_pickle_is_run(home: Path) -> None:
    place = home / "cifar-100-python-target/cifar-100-python"
    pickled(place / "meta", fine_label_names=[b"a"], evil=print)
    assert failing("cifar100") == f"{place}: cannot be read as cifar100 of Keras (it holds builtins.print, which no data set needs)"


def test_damaged_archives(home: Path) -> None:
    place = home / "cifar-100-python"
    pickled(place / "meta", names=[])
    assert failing("cifar100") == f"{place}: cannot be read as cifar100 of Keras (b'fine_label_names')"
    (place / "meta").write_bytes(b"\x80\2]")
    assert failing("cifar100") == f"{place}: cannot be read as cifar100 of Keras (damaged)"
    (home / "mnist.npz").write_bytes(b"PK")
    assert "cannot be read as mnist of Keras" in failing("mnist")
    (home / "fashion-mnist").mkdir()
    assert "cannot be read as fashion_mnist of Keras ([Errno 2] No such file" in failing("fashion_mnist")
    idx(home / "fashion-mnist/train-images-idx3-ubyte.gz", np.zeros((2, 3), np.uint8))
    idx(home / "fashion-mnist/train-labels-idx1-ubyte.gz", np.zeros(2, np.uint8)[:1])
    (home / "fashion-mnist/train-labels-idx1-ubyte.gz").write_bytes(gzip.compress(b"text"))
    assert failing("fashion_mnist").endswith("(train-labels-idx1-ubyte.gz holds no array of bytes)")


@pytest.mark.parametrize(("data", "said"), [
    (b"\x80\2]r\xff\xff\xff\x1f.", "meta holds no dictionary"),
    (b"\x80\2cnumpy.core.multiarray\n_reconstruct\n(tR(K\1)cnumpy\ndtype\nU\2O8\x85R\x89U\x08aaaaaaaatb.",
     "it holds an array of other numbers than bytes"),
    (b"\x80\2cnumpy\ndtype\nU\2V8\x85Rcos\nsystem\nb.", "it holds os.system, which no data set needs")])
def test_a_pickle_makes_bytes_and_remembers_what_it_makes(home: Path, data: bytes, said: str) -> None:
    """The first one says that it remembers 2^29 objects, for which the reader in C takes 8 GB."""
    place = home / "cifar-100-python"
    place.mkdir()
    (place / "meta").write_bytes(data)
    assert failing("cifar100") == f"{place}: cannot be read as cifar100 of Keras ({said})"


def test_archives_that_unpack_to_too_much_or_are_pipes(home: Path) -> None:
    with zipfile.ZipFile(home / "mnist.npz", "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("x_train.npy", bytes(MOST_BYTES + 1))
    assert failing("mnist") == f"{home}/mnist.npz: cannot be read as mnist of Keras (its arrays take more than 268 MB)"
    (home / "fashion-mnist").mkdir()
    path = home / "fashion-mnist/train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(b"")[:10] + b"\xff" * 20)
    assert failing("fashion_mnist").endswith("(Error -3 while decompressing data: invalid block type)")
    path.unlink()
    os.mkfifo(path)
    assert failing("fashion_mnist").endswith(f"([Errno 22] it is no file: '{path}')")
