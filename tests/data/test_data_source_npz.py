"""Arrays in a file of NumPy's: kinds of pixels and labels, and what is none."""

from __future__ import annotations

import io
import zipfile
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from archspec.data.source import FROM_ONE, Source
from archspec.data.sources import load_data, refuse_missing
from archspec.errors import InputError
from archspec.spec.data import Npz

IMAGES = np.arange(4 * 3 * 2, dtype=np.uint8).reshape(4, 3, 2)
LABELS = np.array([0, 1, 2, 1])


def arrays(**keys: object) -> dict[str, np.ndarray]:
    given = {"x_train": IMAGES, "y_train": LABELS, "x_test": IMAGES[:2], "y_test": LABELS[:2], **keys}
    return {name: np.asarray(array) for name, array in given.items() if array is not None}


def load(tmp_path: Path, white: float = 0.0, **keys: object) -> Source:
    np.savez(tmp_path / "data.npz", **arrays(**keys))
    return load_data(Npz(path=str(tmp_path / "data.npz"), white=white))


def message(tmp_path: Path, white: float = 0.0, **keys: object) -> str:
    with pytest.raises(InputError) as error:
        load(tmp_path, white, **keys)
    return str(error.value).replace(str(tmp_path), "ROOT")


def test_bytes_stay_bytes(tmp_path: Path) -> None:
    source = load(tmp_path)
    split = source.train
    assert (split.size, source.test.size, source.classes) == (4, 2, ("0", "1", "2"))
    assert (split.encoded, split.eight_bits, split.channels) == (False, True, 1)
    pixels = split.levels(split.item(1))
    assert pixels.dtype == np.uint8
    assert (pixels == IMAGES[1][..., None]).all()
    assert (split.labels.dtype, split.labels.tolist(), list(split.keys)[:2]) == (np.int32, [0, 1, 2, 1], ["0000", "0001"])


@pytest.mark.parametrize(("kind", "white", "value", "level"), [
    (np.uint16, 0, 65535, 255.0), (np.uint16, 1000, 500, 127.5), (np.float32, 0, 0.5, 127.5), (np.float64, 255, 51, 51.0),
    (np.bool_, 0, True, 255.0), (np.int64, 10, 4, 102.0), (np.uint8, 100, 50, 127.5)])
def test_white_is_255(tmp_path: Path, kind: type, white: float, value: float, level: float) -> None:
    images = np.zeros((4, 3, 2, 5), kind)
    images[1] = value
    split = load(tmp_path, white, x_train=images, x_test=images[:2]).train
    pixels = split.levels(split.item(1))
    assert (pixels.dtype, split.eight_bits, pixels.shape) == (np.float32, False, (3, 2, 5))
    assert pixels.max() == pixels.min() == np.float32(level)


@pytest.mark.parametrize(("labels", "classes", "expected"), [
    (["b", "a", "c", "a"], ("a", "b", "c"), [1, 0, 2, 0]), ([b"b", b"a", b"\xff", b"a"], ("\\xff", "a", "b"), [2, 1, 0, 1]),
    ([[0], [1], [2], [1]], ("0", "1", "2"), [0, 1, 2, 1]), ([0.0, 1, 2, 1], ("0", "1", "2"), [0, 1, 2, 1]),
    (np.eye(3)[LABELS], ("0", "1", "2"), [0, 1, 2, 1]),
    ([[0, 1], [1, 1], [0, 0], [1, 0]], ("0", "1"), [[0, 1], [1, 1], [0, 0], [1, 0]])])
def test_labels_of_many_forms(tmp_path: Path, labels: object, classes: tuple[str, ...], expected: object) -> None:
    source = load(tmp_path, y_train=labels, y_test=np.asarray(labels)[:2])
    assert (source.classes, source.train.labels.tolist()) == (classes, expected)


def test_classes_may_be_named(tmp_path: Path) -> None:
    assert load(tmp_path, classes=["cat", "dog", "emu"]).classes == ("cat", "dog", "emu")
    source = load(tmp_path, classes=["dog", "cat"], y_train=["dog", "cat", "cat", "dog"], y_test=["cat", "cat"])
    assert (source.classes, source.test.labels.tolist()) == (("dog", "cat"), [1, 1])


def test_names_as_medmnist_has_them(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", train_images=IMAGES, train_labels=LABELS, test_images=IMAGES[:1], test_labels=LABELS[:1])
    assert load_data(Npz(path=str(tmp_path / "data.npz"))).test.size == 1


@pytest.mark.parametrize(("x", "y"), [("{}_images", "{}_labels"), ("x_{}", "y_{}")])
def test_arrays_that_are_not_used_are_told(tmp_path: Path, x: str, y: str) -> None:
    halves = {each.format(half): array for half in ("train", "val", "test") for each, array in ((x, IMAGES), (y, LABELS))}
    np.savez(tmp_path / "data.npz", mask=IMAGES, classes=["a", "b", "c"], **halves)
    source = load_data(Npz(path=str(tmp_path / "data.npz")))
    assert source.left_out == (f"{x.format('val')} and {y.format('val')}, for {x.format('test')} is what is tested on; "
                               "other arrays: mask")
    assert (source.test.name, load(tmp_path).left_out) == ("test", "")


@pytest.mark.parametrize(("x", "y"), [("{}_images", "{}_labels"), ("x_{}", "y_{}")])
def test_without_a_test_val_is_tested_on(tmp_path: Path, x: str, y: str) -> None:
    np.savez(tmp_path / "data.npz", **{x.format("train"): IMAGES, y.format("train"): LABELS, x.format("val"): IMAGES[1:],
                                       y.format("val"): LABELS[1:], x.format("test"): IMAGES})
    source = load_data(Npz(path=str(tmp_path / "data.npz")))
    assert (source.test.name, source.test.labels.tolist(), source.left_out) == ("val", [1, 2, 1], f"other arrays: {x.format('test')}")


def test_labels_from_1_on_say_how_to_mend_them(tmp_path: Path) -> None:
    with pytest.raises(InputError) as error:
        load(tmp_path, y_train=LABELS + 1, y_test=LABELS[:2] + 1).check(3)
    assert str(error.value) == (f"data 'npz' has 4 classes (0, 1, 2, 3), but the network tells 3 apart\n  hint: {FROM_ONE}")
    with pytest.raises(InputError, match="hint: --set classes=4"):
        load(tmp_path, y_train=LABELS + 1, y_test=LABELS[:2]).check(3)
    assert message(tmp_path, y_train=LABELS + 1, y_test=LABELS[:2] + 1, classes=["a", "b", "c"]) == (
        f"{Y}: labels from 1 to 3, expected numbers from 0 to 2\n  hint: {FROM_ONE}")


X = "ROOT/data.npz: x_train"
Y = "ROOT/data.npz: y_train"
MISTAKES = [
    ({"y_test": None}, "ROOT/data.npz: expected the arrays x_train y_train x_test y_test, found x_train y_train x_test\n"
     "  hint: write it with numpy.savez(file, x_train=…, y_train=…, x_test=…, y_test=…)"),
    ({"x_train": np.array(["a"] * 4)}, f"{X}: <U1 is no type of pixels\n  hint: whole numbers of 8 or 16 bits, or floats"),
    ({"x_train": np.zeros((4, 5))}, f"{X}: the shape (4, 5) is none of images\n  hint: (n, height, width, channels), or "
     "(n, height, width) of grey ones"),
    ({"x_train": np.zeros((4, 3, 0))}, f"{X}: the shape (4, 3, 0) is none of images\n  hint: (n, height, width, channels), or "
     "(n, height, width) of grey ones"),
    ({"x_train": IMAGES[:3]}, f"{X} has 3 images, ROOT/data.npz: y_train 4 labels"),
    ({"x_train": np.zeros((4, 3, 8, 9), np.uint8)}, f"{X}: the shape (4, 3, 8, 9) has the channels first\n"
     "  hint: x.transpose(0, 2, 3, 1) puts them last"),
    ({"x_train": np.zeros((4, 8, 9, 3), np.uint8)}, f"{X} has 3 channel(s), ROOT/data.npz: x_test 1"),
    ({"x_train": IMAGES.astype(np.int64)}, f"{X}: which value of int64 is white?\n"
     "  hint: --set train.data.white=23, the largest there is"),
    ({"x_train": IMAGES.astype(np.float32)}, f"{X}: pixels up to 23, but 1 is white\n  hint: --set train.data.white=255"),
    ({"x_train": IMAGES.astype(np.int16) - 1, "white": 9}, f"{X}: pixels from -1 on; 0 is black\n"
     "  hint: shift them to begin at 0"),
    ({"x_train": np.full((4, 3, 2), np.nan)}, f"{X}: pixels that are no finite numbers"),
    ({"y_train": [0, 1, 2, -1]}, f"{Y}: labels from -1 to 2, expected numbers from 0 to 2"),
    ({"classes": ["a", "b"]}, f"{Y}: labels from 0 to 2, expected numbers from 0 to 1"),
    ({"y_train": [0.5, 1, 2, 1]}, f"{Y}: float64 of the shape (4,) are no labels\n"
     "  hint: numbers from 0 on or texts, (n,); or (n, classes) of 0 and 1"),
    ({"y_train": [[0, 2], [1, 0], [0, 0], [0, 1]], "y_test": [[0, 1], [1, 0]]}, f"{Y}: labels (n, classes) are 0 or 1, these go "
     "from 0 to 2"),
    ({"y_train": [[0, 1]] * 4, "y_test": [[0, 1, 0]] * 2}, "ROOT/data.npz: y_test has 3 classes, expected 2"),
    ({"y_train": ["a", "b", "c", "a"]}, f"{Y} and ROOT/data.npz: y_test hold labels of different kinds"),
    ({"y_train": ["a", "b", "c", "a"], "y_test": ["a", "x"]}, "ROOT/data.npz: y_test: the class 'x' is none of a, b, c"),
]


@pytest.mark.parametrize(("keys", "said"), MISTAKES)
def test_mistakes(tmp_path: Path, keys: dict[str, object], said: str) -> None:
    assert message(tmp_path, **keys) == said


def test_nothing_in_the_file_is_run(tmp_path: Path) -> None:
    assert message(tmp_path, x_train=np.array([print, 1, 2, 3], object)).startswith(
        "ROOT/data.npz: cannot be read as arrays (Object arrays cannot be loaded when allow_pickle=False)")


@pytest.mark.parametrize("data", [b"", b"PK\3\4 no zip", b"text"])
def test_what_is_no_archive(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "data.npz").write_bytes(data)
    with pytest.raises(InputError, match="cannot be read as arrays"):
        load_data(Npz(path=str(tmp_path / "data.npz")))


def test_more_than_the_memory_is_refused_before_it_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("archspec.data.sources.npz"), "free_memory", lambda: 10)
    assert message(tmp_path) == ("ROOT/data.npz: its arrays take 0.0 MB, and 0.0 MB of memory are free\n"
                                 "  hint: images in files, or in TFRecord files, are read one at a time")


def test_a_damaged_array_is_told(tmp_path: Path) -> None:
    np.savez(tmp_path / "data.npz", **arrays())
    with zipfile.ZipFile(tmp_path / "data.npz") as archive:
        place = archive.getinfo("x_train.npy").header_offset
    data = bytearray((tmp_path / "data.npz").read_bytes())
    data[place + 170] ^= 1
    (tmp_path / "data.npz").write_bytes(data)
    with pytest.raises(InputError, match=r"cannot be read as arrays \(Bad CRC-32"):
        load_data(Npz(path=str(tmp_path / "data.npz")))


def test_no_file(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"train.data.path: no file .*none.npz \(seen from"):
        refuse_missing(Npz(path=str(tmp_path / "none.npz")))


def test_other_channels_than_the_inputs_are_refused(tmp_path: Path) -> None:
    load(tmp_path).check_channels((8, 8, 3))  # grey fills them
    with pytest.raises(InputError) as error:
        load(tmp_path, x_train=np.zeros((4, 3, 2, 5), np.uint8), x_test=np.zeros((2, 3, 2, 5), np.uint8)).check_channels((8, 9, 3))
    assert str(error.value) == ("data 'npz' has images with 5 channel(s), but the network's input has 3\n"
                                "  hint: --set input=8x9x5")


@pytest.mark.parametrize(("keys", "said"), [
    ({"y_train": np.array([0, 1, np.inf, 1])}, "ROOT/data.npz: y_train: float64 of the shape (4,) are no labels"),
    ({"classes": "abc"}, "ROOT/data.npz: classes: <U3 of the shape () are no names")])
def test_no_numbers_and_no_names(tmp_path: Path, keys: dict[str, object], said: str) -> None:
    assert message(tmp_path, **keys).splitlines()[0] == said


@pytest.mark.parametrize("classes", [["a\n", "\x1b[2J", "\ud800"], [b"a\n", b"\x1b[2J", b"\xff"]])
def test_names_of_classes_can_be_seen(tmp_path: Path, classes: list[object]) -> None:
    found = load(tmp_path, classes=classes).classes
    assert found == ("a\\n", "\\x1b[2J", "\\ud800" if isinstance(classes[2], str) else "\\xff")


def test_texts_that_are_no_unicode_are_labels_too(tmp_path: Path) -> None:
    texts = np.array(["a", "b", "\ud800", "b"])
    assert load(tmp_path, y_train=texts, y_test=texts[:2]).classes == ("a", "b", "\\ud800")


def test_damaged_data_and_sizes_that_are_lies(tmp_path: Path) -> None:
    path = tmp_path / "data.npz"
    np.savez_compressed(path, **arrays())
    data = bytearray(path.read_bytes())
    place = data.index(b"x_train.npy") + len(b"x_train.npy") + 20  # behind the sizes of a large archive
    data[place] = 0xFF
    path.write_bytes(data)
    assert "cannot be read as arrays (Error -3 while decompressing data: invalid block type)" in failing(path)
    header = io.BytesIO()
    np.lib.format.write_array_header_1_0(header, {"descr": "|u1", "fortran_order": False, "shape": (1 << 60,)})
    with zipfile.ZipFile(path, "w") as file:
        for name in arrays():
            file.writestr(f"{name}.npy", header.getvalue())
    assert "cannot be read as arrays (Unable to allocate 1.00 EiB" in failing(path)


def failing(path: Path) -> str:
    with pytest.raises(InputError) as error:
        load_data(Npz(path=str(path)))
    return str(error.value)
