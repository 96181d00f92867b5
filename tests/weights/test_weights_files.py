"""Files of weights: every format gives the same tensors, and nothing in a file is run or followed."""

from __future__ import annotations

import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import h5py
import keras
import ml_dtypes
import numpy as np
import pytest
from programs import archive, mapping, tensor
from safetensors.numpy import save_file

from archspec.errors import InputError
from archspec.weights.files import open_weights

FILES = Path(__file__).with_name("files")
"""Written by torch.save of PyTorch 2.13: views, a transposed tensor, half precisions."""
BASE = np.arange(24, dtype="float32")


def read(path: Path) -> dict[str, np.ndarray]:
    """Every tensor of a file, each held against the shape that was promised."""
    with open_weights(path) as file:
        arrays = {name: stored.read() for name, stored in file.tensors.items()}
        assert {name: array.shape for name, array in arrays.items()} == {
            name: stored.shape for name, stored in file.tensors.items()}
    return arrays


@pytest.mark.parametrize("name", ["torch_2.13.pth", "torch_2.13_legacy.pth"])
def test_state_dicts_of_pytorch(name: str) -> None:
    arrays = {name.removeprefix("module."): array for name, array in read(FILES / name).items()}
    np.testing.assert_array_equal(arrays["conv.weight"], BASE.reshape(2, 3, 2, 2))
    np.testing.assert_array_equal(arrays["conv.turned"], BASE.reshape(4, 6).T)
    np.testing.assert_array_equal(arrays["conv.part"], BASE.reshape(4, 6)[1:3, 2:])
    np.testing.assert_array_equal(arrays["half"], [1.5, -2])
    np.testing.assert_array_equal(arrays["brain"], [1.5, -2])
    assert arrays["bn.num_batches_tracked"] == 7


def test_safetensors(tmp_path: Path) -> None:
    save_file({"conv.weight": BASE.reshape(2, 12)}, tmp_path / "a.safetensors")
    np.testing.assert_array_equal(read(tmp_path / "a.safetensors")["conv.weight"], BASE.reshape(2, 12))


@pytest.fixture
def model() -> keras.Model:
    """Named and nameless layers, one of them without a scale."""
    layers = keras.layers
    x = image = keras.Input((8, 8, 3))
    for layer in (layers.Conv2D(4, 3, name="first"), layers.BatchNormalization(name="bn"), layers.SeparableConv2D(5, 3),
                  layers.BatchNormalization(scale=False), layers.Conv2D(2, 1), layers.GlobalAveragePooling2D(),
                  layers.Dense(3, name="predictions")):
        x = layer(x)
    model = keras.Model(image, x)
    for index, weight in enumerate(model.weights):
        weight.assign(np.full(weight.shape, index, "float32"))
    return model


NAMES = ["first/kernel", "first/bias", "bn/gamma", "bn/beta", "bn/moving_mean", "bn/moving_variance",
         "separable_conv2d_0/depthwise_kernel", "separable_conv2d_0/pointwise_kernel", "separable_conv2d_0/bias",
         "batch_normalization_0/beta", "batch_normalization_0/moving_mean", "batch_normalization_0/moving_variance",
         "conv2d_0/kernel", "conv2d_0/bias", "predictions/kernel", "predictions/bias"]


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5:UserWarning")
@pytest.mark.parametrize("name", ["a.keras", "a.weights.h5", "a.h5"])
def test_keras_writes_the_same_three_ways(name: str, model: keras.Model, tmp_path: Path) -> None:
    keras.layers.Conv2D(1, 1)  # so that Keras has counted further than this model
    (model.save_weights if "weights" in name else model.save)(tmp_path / name)
    arrays = read(tmp_path / name)
    assert sorted(arrays) == sorted(NAMES)
    for index, name in enumerate(NAMES):
        assert np.all(arrays[name] == index), name


def without_names(source: Path, path: Path) -> None:
    """The same archive as early versions of Keras 3 wrote it."""
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        data = io.BytesIO(old.read("model.weights.h5"))
        with h5py.File(data, "r+") as file:
            file.visititems(lambda name, item: item.attrs.pop("name", None) and None)
        new.writestr("model.weights.h5", data.getvalue())
        new.writestr("config.json", old.read("config.json"))


def test_early_keras_3_has_the_names_in_the_configuration(model: keras.Model, tmp_path: Path) -> None:
    model.save(tmp_path / "a.keras")
    without_names(tmp_path / "a.keras", tmp_path / "b.keras")
    assert read(tmp_path / "b.keras").keys() == read(tmp_path / "a.keras").keys()


def test_weights_alone_of_early_keras_3_are_refused(model: keras.Model, tmp_path: Path) -> None:
    model.save_weights(tmp_path / "a.weights.h5")
    with h5py.File(tmp_path / "a.weights.h5", "r+") as file:
        file.visititems(lambda name, item: item.attrs.pop("name", None) and None)
    with pytest.raises(InputError, match=r"does not say which layer .*\n  hint: save the whole model"):
        read(tmp_path / "a.weights.h5")


def test_keras_1_names(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "vgg16.h5", "w") as file:
        file.attrs["layer_names"] = [b"block1_conv1"]
        group = file.create_group("block1_conv1")
        group.attrs["weight_names"] = [b"block1_conv1_W_1:0", b"block1_conv1_b_1:0"]
        group["block1_conv1_W_1:0"], group["block1_conv1_b_1:0"] = np.ones((3, 3, 3, 64)), np.ones(64)
    assert read(tmp_path / "vgg16.h5").keys() == {"block1_conv1/kernel", "block1_conv1/bias"}


def test_a_damaged_archive_of_keras(model: keras.Model, tmp_path: Path) -> None:
    path = tmp_path / "a.keras"
    model.save(path)
    data = path.read_bytes()
    middle = data.index(b"\x89HDF") + 2000
    path.write_bytes(data[:middle] + b"damage" + data[middle + 6:])
    with pytest.raises(InputError, match="this archive is damaged"):
        read(path)


def test_keras_2_with_a_model_in_the_model(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file.attrs["layer_names"] = [b"resnet50", b"predictions"]
        group = file.create_group("resnet50")
        group.attrs["weight_names"] = [b"conv1/kernel:0", b"conv2/kernel:0"]
        group["conv1/kernel:0"], group["conv2/kernel:0"] = np.ones(2), np.ones(3)
        file.create_group("predictions").attrs["weight_names"] = [b"top_1/kernel:0"]
        file["predictions/top_1/kernel:0"] = np.ones(4)
    assert read(tmp_path / "a.h5").keys() == {"conv1/kernel", "conv2/kernel", "predictions/kernel"}


@pytest.mark.parametrize(("kind", "array"), [("BF16", ml_dtypes.bfloat16), ("F16", np.float16), ("I32", np.int32)])
def test_kinds_of_numbers(kind: str, array: type, tmp_path: Path) -> None:
    numbers = np.array([1, -2], array)
    header = json.dumps({"a": {"dtype": kind, "shape": [2], "data_offsets": [0, numbers.nbytes]}}).encode()
    (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + numbers.tobytes())
    np.testing.assert_array_equal(read(tmp_path / "a.safetensors")["a"].astype("float32"), [1, -2])


def test_half_precisions_need_no_import_of_the_user(tmp_path: Path) -> None:
    header = b'{"a":{"dtype":"BF16","shape":[1],"data_offsets":[0,2]}}'
    (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"\x80\x3f")
    program = ("from pathlib import Path; from archspec.weights.files import open_weights\n"
               f"with open_weights(Path({str(tmp_path / 'a.safetensors')!r})) as file: print(float(file.tensors['a'].read()[0]))")
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "1.0\n"


def test_eight_bits_are_refused(tmp_path: Path) -> None:
    header = b'{"a":{"dtype":"F8_E4M3","shape":[2],"data_offsets":[0,2]}}'
    (tmp_path / "a.safetensors").write_bytes(len(header).to_bytes(8, "little") + header + b"12")
    with pytest.raises(InputError) as error:
        read(tmp_path / "a.safetensors")
    assert str(error.value) == (f"{tmp_path / 'a.safetensors'}: a in it is in F8_E4M3, which is not read\n"
                                "  hint: save the weights in F32, F16 or BF16")


@pytest.mark.parametrize(("name", "content", "message"), [
    ("a.pth", b"hello", "this is no file of weights\n  hint: Keras's"),
    ("a.h5", b"\x89HDF\r\n\x1a\n", "this HDF5 file is damaged"),
    ("a.safetensors", b"\x08\0\0\0\0\0\0\0{\"a\": 1}", "not a whole .safetensors file"),
    ("a.pth", b"PK\x03\x04" + b"cut short", r"this archive is damaged \(its end is missing\)"),
])
def test_what_is_no_file_of_weights(name: str, content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(InputError, match=message):
        read(tmp_path / name)


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file of weights"):
        read(tmp_path / "a.pth")


def test_a_storage_of_many_tensors_is_read_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program = mapping(**{f"t{i}": tensor((2,), (1,), 2 * i, 200) for i in range(100)})
    path = archive(tmp_path / "a.pth", program, n0=np.arange(200, dtype="<f4"))
    reads: list[str] = []
    plain = zipfile.ZipFile.read
    monkeypatch.setattr(zipfile.ZipFile, "read", lambda self, info: reads.append(info.filename) or plain(self, info))
    arrays = read(path)
    np.testing.assert_array_equal(arrays["t7"], [14, 15])
    assert reads == ["archive/data.pkl", "archive/data/0"]
