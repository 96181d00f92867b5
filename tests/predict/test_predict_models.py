"""The same words and numbers from a network in whatever form it is asked."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image as Pillow
from served import Servable, grpc_server, rest, rest_server
from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

from archspec.artifact.artifact import Artifact
from archspec.artifact.folder import read
from archspec.artifact.keras_model import keras_model
from archspec.data.names import Names
from archspec.data.pipeline import Pipeline
from archspec.data.sources.files import in_files
from archspec.errors import InputError
from archspec.export import companions
from archspec.io import packages
from archspec.io.files import remove
from archspec.predict.answers import Refused, Said, named
from archspec.predict.images import images
from archspec.predict.opened import opened
from archspec.preprocess.pixels import normalize
from archspec.spec.recipe import Recipe

LOCAL = ("run", "run/model.keras", "run/saved_model", "run/saved_model/1", "run/model.tflite", "run/model.onnx", "models/small",
         "models/small/3")


def said(model: str, photos: Path) -> list[list[tuple[str | None, float]]]:
    """The classes and probabilities of the three images; the one that is none is refused."""
    ask = opened(model, 30)
    answers = ask(list(images([str(photos)], None)))
    assert [type(each) for each in answers] == [Said, Refused, Said, Said]
    return [[(each["class"], each["probability"]) for each in answer.top(2)] for answer in answers if isinstance(answer, Said)]


@pytest.fixture(scope="module")
def expected(network: Artifact, run_folder: Path, photos: Path) -> list[list[tuple[str | None, float]]]:
    """By hand: the images as the data's own pipeline shows them to evaluation, normalised, through the Keras model."""
    files = [b"a.jpg", b"c.jpg", b"more/b.png"]
    split = in_files("test", np.zeros(3, np.int32), str(photos).encode(), Names.of(files), 0)
    shown = np.stack([Pipeline(split, network.preprocess, Recipe()).still(index) for index in range(3)])
    found = tf.nn.softmax(keras_model(network)(normalize(shown, network.preprocess), training=False)).numpy()
    return [[(network.classes[index], float(row[index])) for index in np.argsort(-row)[:2]] for row in found]


def the_same(found: list[list[tuple[str | None, float]]], expected: list[list[tuple[str | None, float]]]) -> None:
    assert [[name for name, _ in row] for row in found] == [[name for name, _ in row] for row in expected]
    assert [p for row in found for _, p in row] == pytest.approx([p for row in expected for _, p in row], abs=2e-6)


@pytest.mark.parametrize("model", LOCAL)
def test_every_local_form_says_what_the_keras_model_does(model: str, run_folder: Path, photos: Path,
                                                         expected: list[list[tuple[str | None, float]]]) -> None:
    the_same(said(str(run_folder.parent / model), photos), expected)


@pytest.mark.parametrize("behind", ["", "/versions/7", "/labels/stable"])
def test_a_server_over_rest(behind: str, servable: Servable, photos: Path, expected: list[list[tuple[str | None, float]]]) -> None:
    with rest_server(rest(servable)) as server:
        the_same(said(f"{server}/v1/models/small{behind}", photos), expected)


@pytest.mark.parametrize(("behind", "meant"), [("", (0, "")), ("/7", (7, "")), (":stable", (0, "stable"))])
def test_a_server_over_grpc(behind: str, meant: tuple[int, str], servable: Servable, photos: Path,
                            expected: list[list[tuple[str | None, float]]]) -> None:
    servable.asked.clear()
    with grpc_server(servable) as server:
        the_same(said(f"{server}/small{behind}", photos), expected)
    assert servable.asked[0] == meant


def test_of_equal_probabilities_the_smaller_index_comes_first() -> None:
    found = Said(np.float32([0.1, 0.4, 0.1, 0.4]), ["a", "b", "c", "d"]).top(4)
    assert [each["index"] for each in found] == [1, 3, 0, 2]
    assert found[0] == {"index": 1, "class": "b", "probability": 0.4}


def test_labels_take_the_place_of_names() -> None:
    answer = Said(np.float32([0.2, 0.8]), {1: "b"})
    assert [each["class"] for each in answer.top(2)] == ["b", None]
    assert [each["class"] for each in named(answer, ["x", "y"]).top(2)] == ["y", "x"]
    with pytest.raises(InputError, match="--labels has 1 name, one a line, but the network tells 2 classes apart"):
        named(answer, ["x"])


def test_the_labels_in_a_tflite_file_are_its_classes(run_folder: Path, photos: Path, tmp_path: Path) -> None:
    for name in ("model.tflite", "artifact.json"):
        shutil.copy(run_folder / name, tmp_path / name)
    (tmp_path / "labels.txt").write_text("x\ny\nz\n")
    first = images([str(photos / "a.jpg")], None)
    assert opened(str(tmp_path / "model.tflite"), 1)(list(first))[0].names == ("cat", "dög", "owl")
    with zipfile.ZipFile(tmp_path / "model.tflite", "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("labels.txt", "eins\nzwei\ndrei\n")
    assert opened(str(tmp_path / "model.tflite"), 1).classes == ("eins", "zwei", "drei")
    with zipfile.ZipFile(tmp_path / "model.tflite", "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("labels.txt", "eins\n")
    with pytest.raises(InputError, match="tells 3 classes apart, but 1 are named"):
        opened(str(tmp_path / "model.tflite"), 1)(list(images([str(photos / "a.jpg")], None)))


def test_a_file_whose_runtime_is_not_installed(run_folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packages, "find_spec", lambda module: None if module == "onnxruntime" else module)
    with pytest.raises(InputError) as error:
        opened(str(run_folder / "model.onnx"), 1)
    assert str(error.value) == (f"{run_folder / 'model.onnx'} needs onnxruntime, which is not installed\n"
                                "  hint: pip install 'archspec-keras[onnx]'")


def test_sixteen_bits_are_read_as_they_were_trained_on(run_folder: Path, tmp_path: Path) -> None:
    """As train.data.white of the spec beside the network has it."""
    Pillow.fromarray(np.full((9, 9), 4095, np.uint16)).save(tmp_path / "deep.png")
    Pillow.new("RGB", (9, 9), "white").save(tmp_path / "white.png")
    for name in ("model.tflite", "artifact.json", "spec.yaml"):
        shutil.copy(run_folder / name, tmp_path / name)

    def asked(name: str) -> np.ndarray:
        return opened(str(tmp_path / "model.tflite"), 1)(list(images([str(tmp_path / name)], None)))[0].probabilities
    assert abs(asked("deep.png") - asked("white.png")).max() > 0.01
    with (tmp_path / "spec.yaml").open("a") as file:
        file.write("train: {data: {source: folder, path: x, white: 4095}}\n")
    assert asked("deep.png") == pytest.approx(asked("white.png"))


def _alone(folder: Path) -> str:
    with zipfile.ZipFile(folder / "model.keras") as whole, zipfile.ZipFile(folder / "other.keras", "w") as other:
        for name in ("config.json", "metadata.json", "model.weights.h5"):
            other.writestr(name, whole.read(name))
    return "other.keras"


def _foreign(folder: Path) -> str:
    shutil.move(folder / "saved_model/1", folder / "saved_model/elsewhere")
    (folder / "artifact.json").unlink()
    (folder / "saved_model/elsewhere/assets.extra/artifact.json").unlink()
    return "saved_model/elsewhere"


def _writing(folder: Path) -> str:
    path = folder / "saved_model/1/saved_model.pb"
    saved = SavedModel.FromString(path.read_bytes())
    saved.meta_graphs[0].graph_def.node.add(name="evil", op="WriteFile")
    saved.meta_graphs[0].collection_def["saved_model_main_op"].node_list.value.append("evil")
    path.write_bytes(saved.SerializeToString())
    return "saved_model"


def _damaged(folder: Path) -> str:
    (folder / "saved_model/1/saved_model.pb").write_bytes(b"no protobuf")
    return "saved_model"


def _damaged_tflite(folder: Path) -> str:
    (folder / "model.tflite").write_bytes(b"no flatbuffer")
    return "model.tflite"


def _endless_tflite(folder: Path) -> str:
    """What it says of its pixels would be right behind two MiB of blanks."""
    with zipfile.ZipFile(folder / "model.tflite", "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("preprocess.json", " " * (2 << 20) + '{"normalization": {"mean": [0], "std": [1]}}', zipfile.ZIP_DEFLATED)
    return "model.tflite"


def _nothing(folder: Path) -> str:
    (folder / "empty").mkdir()
    return "empty"


def _files(folder: Path) -> str:
    """A version of an export, whose model.keras gives feature maps."""
    companions.write(read(folder), folder / "files/1")
    for name in ("model.tflite", "model.onnx"):
        shutil.copy(folder / name, folder / "files/1")
    with zipfile.ZipFile(folder / "files/1/model.keras", "w") as archive:
        for name in ("config.json", "metadata.json", "model.weights.h5", "artifact.json"):
            archive.writestr(name, "{}")
    shutil.copytree(folder / "saved_model/1", folder / "1")
    return "files/1"


def _backbone(folder: Path) -> str:
    return f"{_files(folder)}/model.keras"


def _maps_alone(folder: Path) -> str:
    _files(folder)
    for path in (folder / "1", folder / "files/1/model.tflite", folder / "files/1/model.onnx"):
        remove(path)
    return "files/1"


def _runs(folder: Path) -> str:
    for name in "ab":
        (folder / "runs" / name).mkdir(parents=True)
        for file in ("model.keras", "artifact.json"):
            shutil.copy(folder / file, folder / "runs" / name)
    return "runs"


@pytest.mark.parametrize(("change", "message"), [
    (lambda folder: "gone", "{folder}/gone: no such file or folder\n  hint: MODEL is a run folder, its model.keras, a SavedModel folder, "
     "a .tflite or .onnx file, or the address of a TensorFlow Serving (http://HOST:8501/v1/models/NAME, grpc://HOST:8500/NAME)"),
    (lambda folder: "model.tflit", "{folder}/model.tflit: no such file or folder\n  hint: did you mean '{folder}/model.tflite'?"),
    (_files, "{folder}/files/1 is no model by itself, but holds some\n  hint: name one: {folder}/files/1/model.onnx, "
     "{folder}/files/1/model.tflite, {folder}/1"),
    (_backbone, "{folder}/files/1/model.keras is a backbone: it gives feature maps, and tells no classes apart\n  hint: "),
    (lambda folder: "saved_model/9", "{folder}/saved_model/9: there is no such version\n  hint: {folder}/saved_model has 1"),
    (_maps_alone, "{folder}/files/1/model.keras is a backbone: it gives feature maps, and tells no classes apart\n  hint: "),
    (_runs, "{folder}/runs is no run, but holds some\n  hint: name one: {folder}/runs/a, {folder}/runs/b"),
    (lambda folder: "spec.yaml", "{folder}/spec.yaml is no model that is read\n"),
    (_alone, "{folder}/other.keras does not say what its numbers mean: spec.yaml is not in it\n"),
    (_foreign, "{folder}/saved_model/elsewhere is none of archspec's, or was taken from its place: no artifact.json, which says how "
     "images are prepared for it, is in {folder}/saved_model/elsewhere/assets.extra or {folder}\n"),
    (_damaged, "{folder}/saved_model/1 cannot be loaded: saved_model.pb is a SavedModel of less than 2 GiB (saved_model.pb: cannot be read: "),
    (_writing, "{folder}/saved_model/1 cannot be loaded: nothing that is run may touch files, the network, processes or devices "
     "(initialising: WriteFile)\n  hint: archspec serve-check says what is wrong with it"),
    (_damaged_tflite, "{folder}/model.tflite cannot be loaded: "),
    (_endless_tflite, "{folder}/model.tflite cannot be loaded: "),
    (_nothing, "{folder}/empty holds neither a trained network nor a SavedModel: no artifact.json with model.keras, no saved_model.pb, "
     "and no folder NUMBER/saved_model.pb\n  hint: name the folder of a finished run, or models/NAME of an export"),
])
def test_what_is_no_model_is_told(change: object, message: str, run_folder: Path, photos: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(run_folder, tmp_path / "run"))
    with pytest.raises(InputError) as error:
        opened(str(folder / change(folder)), 1)(list(images([str(photos / "a.jpg")], None)))
    assert str(error.value).startswith(message.format(folder=folder))


def test_a_run_of_an_earlier_version_is_known_from_inside_its_export(run_folder: Path, tmp_path: Path,
                                                                     monkeypatch: pytest.MonkeyPatch) -> None:
    """Which had nothing beside its graph: the run's own artifact.json says what its numbers mean."""
    folder = Path(shutil.copytree(run_folder, tmp_path / "run"))
    shutil.rmtree(folder / "saved_model/1/assets.extra")
    monkeypatch.chdir(folder / "saved_model")
    assert [opened(model, 1).classes for model in (".", "1", "../saved_model")] == [("cat", "dög", "owl")] * 3


def test_a_folder_of_models_is_not_one(run_folder: Path) -> None:
    with pytest.raises(InputError) as error:
        opened(str(run_folder.parent / "models"), 1)
    models = run_folder.parent / "models"
    assert str(error.value) == f"{models} holds models, not versions of one\n  hint: name one of {models}/small"
