"""An artifact comes out of its folder as it went in, and a folder that is not as it was written is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

from archspec.artifact import keras_model
from archspec.artifact.artifact import Artifact
from archspec.artifact.facts import RENEW
from archspec.artifact.folder import needs, read, write
from archspec.errors import InputError
from archspec.io.digest import digest
from archspec.model.emit import build
from archspec.network import load, lower


@pytest.fixture
def folder(written: Path, tmp_path: Path) -> Path:
    """A copy that may be changed."""
    return Path(shutil.copytree(written, tmp_path / "small"))


def change(folder: Path, **facts: Any) -> None:
    path = folder / "artifact.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | facts))


def refusal(folder: Path) -> str:
    with pytest.raises(InputError) as error:
        read(folder)
    return str(error.value).replace(str(folder), "small")


def test_what_was_written_is_read(base: Artifact, written: Path) -> None:
    found = read(written)
    assert (found.spec, found.fingerprint, found.classes) == (base.spec, base.fingerprint, base.classes)
    assert (found.preprocess, found.metrics, found.versions, found.data) == (base.preprocess, base.metrics, base.versions,
                                                                             base.data)
    assert found.weights.keys() == base.weights.keys()
    assert all(np.array_equal(found.weights[key], array) for key, array in base.weights.items())
    assert {path.name for path in written.iterdir()} == {"spec.yaml", "model.keras", "artifact.json"}


def test_the_keras_file_alone_is_all_of_it(base: Artifact, written: Path, tmp_path: Path) -> None:
    alone = Path(shutil.copy(written / "model.keras", tmp_path / "moved.keras"))
    found, whole = read(alone), read(written)
    assert all(np.array_equal(found.weights[key], array) for key, array in base.weights.items())
    assert (found.spec, found.fingerprint, found.classes, found.preprocess, found.metrics, found.data) == (
        whole.spec, whole.fingerprint, whole.classes, whole.preprocess, whole.metrics, whole.data)


@pytest.mark.parametrize(("member", "text", "message"), [
    ("artifact.json", None, "model.keras does not say what its numbers mean: artifact.json is not in it"),
    ("spec.yaml", None, "model.keras is a backbone: it gives feature maps, and tells no classes apart"),
    ("artifact.json", "[" * 10**5, "model.keras is damaged: artifact.json in it is no JSON"),
    ("artifact.json", "{}", "model.keras: format has to be 1: this version of archspec reads no other"),
    ("spec.yaml", "archspec: 1\nname: [", "model.keras holds a spec that cannot be read: "),
    ("spec.yaml", "archspec: 1\nname: a\ninput: 8x8x4\nclasses: 3\nhead: [global_avg_pool, dense: $classes]\n",
     "model.keras: spec.yaml in it is another network than artifact.json speaks of")])
def test_a_keras_file_that_is_not_as_it_was_written(written: Path, tmp_path: Path, member: str, text: str | None,
                                                    message: str) -> None:
    alone = tmp_path / "model.keras"
    with zipfile.ZipFile(written / "model.keras") as whole, zipfile.ZipFile(alone, "w") as changed:
        for name in whole.namelist():
            if name != member:
                changed.writestr(name, whole.read(name))
        if text is not None:
            changed.writestr(member, text)
    assert refusal(alone).replace(str(alone), "model.keras").replace("small", "model.keras").startswith(message)


def test_it_cannot_be_changed(base: Artifact) -> None:
    with pytest.raises(ValueError, match="read-only"):
        next(iter(base.weights.values()))[...] = 0
    with pytest.raises(TypeError):
        base.metrics["loss"] = 0  # type: ignore[index]


def test_reading_takes_no_tensorflow(written: Path) -> None:
    code = ("import sys; from pathlib import Path; from archspec.artifact.folder import read; "
            f"read(Path({str(written)!r})); assert not {{'tensorflow', 'keras'}} & sys.modules.keys()")
    subprocess.run([sys.executable, "-c", code], check=True, env={"PYTHONPATH": str(Path(__file__).parents[2])})


@pytest.mark.parametrize("name", ["spec.yaml", "model.keras", "artifact.json"])
def test_each_file_is_needed(folder: Path, name: str) -> None:
    (folder / name).unlink()
    assert refusal(folder) == (f"small holds no trained network: {name} is not there\n"
                               "  hint: name the folder of a finished run; archspec train goes on with one that is not")


def test_another_file_of_weights(folder: Path) -> None:
    with (folder / "model.keras").open("ab") as file:
        file.write(b"\0")
    assert refusal(folder) == ("small/model.keras is not the file that artifact.json speaks of: it was changed or is damaged\n"
                               f"  hint: {RENEW}")


def test_another_network(folder: Path) -> None:
    spec = folder / "spec.yaml"
    spec.write_text(spec.read_text().replace("act=prelu", "act=relu"))
    assert refusal(folder).startswith("small/spec.yaml is another network than artifact.json speaks of (fingerprint ")


def replaced(folder: Path, model: keras.Model) -> None:
    """Another model.keras, of which artifact.json speaks."""
    model.save(folder / "model.keras")
    change(folder, model={"sha256": digest(folder / "model.keras"), "needs": []})


def test_weights_of_another_network(folder: Path) -> None:
    spec = load(str(folder / "spec.yaml"), {"classes": 4})
    replaced(folder, build(lower(spec), initialize=False))
    assert refusal(folder) == ("small: model.keras holds other arrays for head_dense than the network does\n"
                               f"  hint: {RENEW}")


def test_weights_that_are_no_numbers(base: Artifact, folder: Path) -> None:
    model = keras_model.keras_model(base)
    model.get_layer("head_dense").bias.assign([1.0, np.inf, 0.0])
    replaced(folder, model)
    assert refusal(folder) == f"small: head_dense/bias holds what is not a finite number\n  hint: {RENEW}"


@pytest.mark.parametrize(("facts", "message"), [
    ({"format": 2}, "small/artifact.json: format has to be 1: this version of archspec reads no other"),
    ({"classes": ["a", 1, "c"]}, "small/artifact.json: classes has to be a list of texts"),
    ({"several": None}, "small/artifact.json: several has to be true or false"),
    ({"metrics": {"top1": None}},
     "small/artifact.json: metrics has to be a mapping with data, split, examples, loss, top1, or an empty one"),
    ({"model": {"sha256": 1}}, "small/artifact.json: model has to be a mapping with sha256 and needs"),
    ({"classes": ["a", "b"]}, "small: there are 2 class names, the network has 3 outputs"),
    ({"classes": ["a", "b", "c\nd"]}, r"small: the class name 'c\nd' is not one line of text")])
def test_facts_that_cannot_be(folder: Path, facts: dict[str, Any], message: str) -> None:
    change(folder, **facts)
    assert refusal(folder).partition("\n  hint: ")[0] == message


@pytest.mark.parametrize("text", ["", "{", "[]", "[" * 10**5, "\xff"])
def test_broken_json(folder: Path, text: str) -> None:
    (folder / "artifact.json").write_bytes(text.encode("latin-1"))
    assert refusal(folder).startswith("small/artifact.json")


def test_interrupted_writing_leaves_no_artifact(base: Artifact, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras_model, "save", lambda *_: pytest.fail("killed"))
    with pytest.raises(pytest.fail.Exception):
        write(base, folder)
    assert refusal(folder).startswith("small holds no trained network: artifact.json is not there")


@pytest.mark.parametrize(("key", "array", "message"), [
    (("stem_conv", "kernel"), None, "stem_conv/kernel is missing"),
    (("stem_conv", "kernel"), np.zeros((3, 3, 1, 8)), "stem_conv/kernel is [3, 3, 1, 8], the network needs [3, 3, 2, 8]"),
    (("stem_conv", "kernel"), np.full((3, 3, 2, 8), np.nan), "stem_conv/kernel holds what is not a finite number"),
    (("other", "kernel"), np.zeros(1), "other/kernel: the network has no such weight")])
def test_weights_belong_to_the_network(base: Artifact, key: tuple[str, str], array: Any, message: str) -> None:
    changed = {**base.weights, key: array}
    with pytest.raises(ValueError) as error:
        replace(base, weights={name: found for name, found in changed.items() if found is not None})
    assert str(error.value) == message


def test_images_have_the_networks_size(base: Artifact) -> None:
    with pytest.raises(ValueError, match="images are prepared as 9x8x4, the network takes 8x8x4"):
        replace(base, preprocess=replace(base.preprocess, height=9))


def test_the_keras_file_says_what_it_needs(written: Path) -> None:
    """Grouped convolution and recomputation are left to Keras's own; a shuffle Keras has not."""
    assert needs(written) == ("ChannelShuffle",)
    model = keras.saving.load_model(written / "model.keras")
    assert type(model) is keras.src.models.functional.Functional
    assert type(model.get_layer("stem_conv")) is keras.layers.Conv2D


def test_the_keras_file_computes_the_same(base: Artifact, written: Path) -> None:
    images = np.random.default_rng(1).normal(size=(3, 8, 8, 4)).astype(np.float32)
    expected = keras_model.keras_model(base).predict(images, verbose=0)
    assert keras.saving.load_model(written / "model.keras").predict(images, verbose=0) == pytest.approx(expected, rel=1e-5)
