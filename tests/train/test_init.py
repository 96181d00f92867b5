"""`train: {init: …}`: a run that begins takes weights from elsewhere or of another run, one that goes on does not."""

from __future__ import annotations

import shutil
from pathlib import Path
from zipfile import ZipFile

import keras
import numpy as np
import pytest
from PIL import Image
from quietly import silent

from archspec.artifact.folder import read
from archspec.cli import run
from archspec.data.sources import load_data
from archspec.errors import InputError
from archspec.graph.text import MEMBER
from archspec.graph.weights import Key
from archspec.model.values import values
from archspec.network import load, lower
from archspec.spec.recipe import Init
from archspec.train.prepare import prepare
from archspec.weights.own import NO_AUXILIARY

SPEC = """
input: 8x8x1
classes: 10
stem: [conv: 3x3 4]
head: [global_avg_pool, dense: $classes]
train: {epochs: 1, batch: 479, init: {weights: WEIGHTS, layout: MAPPING, new_head: true}}
export: {formats: []}
"""
MAPPING = "format: keras\nblocks: []\ninput: RGB\nlayers: {stem_conv: a, stem_conv_norm: b}\n"


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """A spec that starts from a file without a head, kernels 3.25."""
    (tmp_path / "mapping.yaml").write_text(MAPPING)
    image = keras.Input((8, 8, 1))
    x = keras.layers.BatchNormalization(name="b")(keras.layers.Conv2D(4, 3, use_bias=False, name="a")(image))
    model = keras.Model(image, x)
    model.get_layer("a").kernel.assign(np.full((3, 3, 1, 4), 3.25))
    model.save_weights(tmp_path / "a.weights.h5")
    path = tmp_path / "tiny.yaml"
    path.write_text(SPEC.replace("WEIGHTS", str(tmp_path / "a.weights.h5")).replace("MAPPING", str(tmp_path / "mapping.yaml")))
    return path


def test_a_job_is_initialized_when_asked(spec: Path) -> None:
    loaded = load(str(spec))
    job = prepare(loaded, lower(loaded), load_data(loaded.train.data), silent)
    assert not np.any(job.model.get_layer("stem_conv").kernel.numpy() == 3.25)
    job.initialize(print)
    assert np.all(job.model.get_layer("stem_conv").kernel.numpy() == 3.25)
    assert np.std(job.model.get_layer("head_dense").kernel.numpy()) > 0


def test_a_finished_run_needs_the_file_no_more(spec: Path, tmp_path: Path) -> None:
    command = ["train", str(spec), "--run", str(tmp_path / "run")]
    assert run(command) == 0
    (tmp_path / "a.weights.h5").unlink()
    (tmp_path / "run" / "model.keras").unlink()
    assert run(command) == 0
    assert run([*command, "--fresh"]) == 2


def test_a_file_that_does_not_fit_costs_no_run(spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["train", str(spec), "--run", str(tmp_path / "run"), "--set", "train.init.new_head=false"]) == 2
    assert "2 missing tensors" in capsys.readouterr().err
    assert run(["train", str(spec), "--dry-run", "--set", "train.init.new_head=false"]) == 2
    assert run(["train", str(spec), "--dry-run"]) == 0


def test_weights_of_another_form_are_refused(spec: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What no shape shows counts in training as in import: here the epsilon of the norms."""
    (tmp_path / "mapping.yaml").write_text(MAPPING + "epsilon: 0.001\n")
    assert run(["train", str(spec), "--run", str(tmp_path / "run")]) == 2
    error = capsys.readouterr().err
    assert "epsilon of norms: 0.001 there, 1e-05 here" in error
    assert "--set defaults.norm.epsilon=0.001 makes it the network of the weights" in error
    for override in ("defaults.norm.epsilon=0.001", "train.init.as_is=true"):
        assert np.all(begun(spec, override)[1]["stem_conv", "kernel"] == 3.25)


# -- a run of one's own ------------------------------------------------------------------------------------------------

OWN = """\
input: 8x8x1
classes: 10
stem: [conv: {kernel: 3x3, filters: 8, stride: 2, norm: {kind: group_norm, groups: 2}, act: prelu}, dropout: 0.1]
stages: {block: basic, repeats: 1, width: 8}
head: [global_avg_pool, dense: $classes]
auxiliary: {stage1: [global_avg_pool, dense: $classes]}
train: {epochs: 1, batch: 479, schedule: {kind: constant, learning_rate: 0.05}}
export: {formats: []}
"""
THREE = """\
extends: digits.yaml
classes: 3
train: {data: {source: folder, path: images, holdout: 0.5}, batch: 4, init: runs/digits}
"""


@pytest.fixture(scope="module")
def _digits(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a spec, and a run of it: three steps on the digits."""
    folder = tmp_path_factory.mktemp("own")
    (folder / "digits.yaml").write_text(OWN)
    assert run(["train", str(folder / "digits.yaml"), "--run", str(folder / "runs" / "digits")]) == 0
    return folder


@pytest.fixture
def three(_digits: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A spec of three classes that starts from the run, and images for it."""
    monkeypatch.chdir(tmp_path)
    shutil.copytree(_digits, tmp_path, dirs_exist_ok=True)
    for index in range(12):
        path = tmp_path / "images" / "abc"[index % 3] / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("L", (8, 8), 20 * index).save(path)
    (tmp_path / "three.yaml").write_text(THREE)
    return Path("three.yaml")


def begun(spec: Path, *overrides: str) -> tuple[dict[Key, np.ndarray], dict[Key, np.ndarray], list[str]]:
    """The weights of a job before and after `init`, and what was said."""
    loaded, said = load(str(spec), overrides), list[str]()
    job = prepare(loaded, lower(loaded), load_data(loaded.train.data), silent)
    first = values(job.model)
    job.initialize(said.append)
    return first, values(job.model), said


def test_a_run_is_gone_on_from_with_other_classes(three: Path) -> None:
    first, now, said = begun(three)
    learned = read(Path("runs/digits")).weights
    heads = {key for key in now if key[0] in ("head_dense", "stage1_auxiliary_dense")}
    assert len(heads) == 4
    for key, array in now.items():
        np.testing.assert_array_equal(array, first[key] if key in heads else learned[key])
    assert said == [f"runs/digits: {NO_AUXILIARY}",
                    "runs/digits: head_dense keeps its first values: the file has 10 classes, this network 3"]
    assert run(["train", str(three)]) == 0


@pytest.mark.parametrize("start", ["runs/digits", "runs/digits/model.keras", "moved.keras"])
def test_with_as_many_classes_the_last_layer_is_taken_too(start: str, three: Path) -> None:
    shutil.copy("runs/digits/model.keras", "moved.keras")
    digits = "train.data=digits"
    _, now, said = begun(three, "classes=10", digits, f"train.init={start}")
    np.testing.assert_array_equal(now["head_dense", "kernel"], read(Path("runs/digits")).weights["head_dense", "kernel"])
    assert said == [f"{start}: {NO_AUXILIARY}"]


def test_a_new_head_is_not_taken(three: Path) -> None:
    first, now, _ = begun(three, "classes=10", "train.data=digits", "train.init.new_head=true")
    np.testing.assert_array_equal(now["head_dense", "kernel"], first["head_dense", "kernel"])


OTHERWISE = {
    "stem=[conv: {kernel: 3x3, filters: 8, stride: 2, padding: symmetric, norm: {kind: group_norm, groups: 4}, act: prelu}]":
        "fits three by its names, but would give other numbers:\n"
        "  stem_conv: conv(filters=8, kernel=3x3, stride=2x2) there, conv(filters=8, kernel=3x3, stride=2x2, padding=1x1x1x1) here\n"
        "  stem_conv_norm: group_norm(groups=2) there, group_norm(groups=4) here\n  hint: --as-is",
    "head=[global_max_pool, dense: $classes]": "head_global_max_pool is only here\n  head_dense: of head_global_avg_pool there, of "
                                               "head_global_max_pool here\n  head_global_avg_pool is only there\n  hint: --as-is",
    "stages.repeats=2": "missing tensors\n  hint: --partial (train.init.partial) takes what is there",
    "stages.width=16": "stage1_block1_conv1/kernel is [3, 3, 8, 8], stage1_block1_conv1 needs kernel [3, 3, 8, 16]",
}
"""What differs from the run's network, and what is said of it."""


@pytest.mark.parametrize("override", OTHERWISE)
def test_a_run_of_another_form_is_refused(override: str, three: Path) -> None:
    with pytest.raises(InputError) as error:
        begun(three, override)
    assert OTHERWISE[override] in str(error.value)


def test_what_only_training_sees_may_differ(three: Path) -> None:
    """Dropout, the size of the images, what a batch norm forgets."""
    begun(three, "input=16x16x1", "defaults.norm.momentum=0.5", "memory=recompute", "stem=[conv: {kernel: 3x3, filters: 8, "
          "stride: 2, norm: {kind: group_norm, groups: 2}, act: prelu}]", "head=[global_avg_pool, dropout: 0.5, dense: $classes]")


def test_another_form_as_is_or_in_part(three: Path) -> None:
    _, now, _ = begun(three, "head=[global_max_pool, dense: $classes]", "train.init.as_is=true")
    learned = read(Path("runs/digits")).weights
    np.testing.assert_array_equal(now["stem_conv", "kernel"], learned["stem_conv", "kernel"])
    _, now, _ = begun(three, "stages.repeats=2", "train.init.partial=true")
    np.testing.assert_array_equal(now["stage1_block1_conv2", "kernel"], learned["stage1_block1_conv2", "kernel"])


@pytest.mark.parametrize(("start", "message"), [
    ("runs/other", "runs/other: there is no such model\n  hint: the layout archspec reads the folder of a finished run"),
    ("runs", "runs/model.keras: there is no such model"),
    ("digits.yaml", "digits.yaml: this is no file of weights"),
    ("a.weights.h5", "a.weights.h5: this is no model of archspec's\n  hint: the layout archspec reads"),
    ("plain.keras", "plain.keras fits three by its names, but does not say which network it is of\n  hint: an earlier archspec"),
])
def test_what_is_no_model_of_ours(start: str, message: str, three: Path) -> None:
    model = keras.models.load_model("runs/digits/model.keras")
    model.save_weights("a.weights.h5")
    model.save("plain.keras")
    with pytest.raises(InputError) as error:
        begun(three, f"train.init={start}")
    assert str(error.value).startswith(message)


def test_a_text_of_its_network_that_cannot_be_one(three: Path) -> None:
    shutil.copy("runs/digits/model.keras", "odd.keras")
    with ZipFile("odd.keras", "a") as archive, pytest.warns(UserWarning, match="Duplicate name"):
        archive.writestr(MEMBER, "stem_conv = \x1b[2J\n)(= -> \n = \n")
    with pytest.raises(InputError, match=f"odd.keras: {MEMBER} in it is no text of a network"):
        begun(three, "train.init=odd.keras")


def test_a_run_in_place_of_a_file_replaces_all_that_was_said_of_it(three: Path) -> None:
    three.write_text(THREE.replace("runs/digits", "{weights: a.h5, layout: keras, as_is: true}"))
    assert load(str(three), ["train.init=runs/digits"]).train.init == Init(weights="runs/digits")
    assert load(str(three), ["train.init.layout=archspec"]).train.init == Init(weights="a.h5", as_is=True)


def test_import_reads_a_run_too(three: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["import", str(three), "runs/digits", "--layout", "archspec", "-o", "new.keras"]) == 0
    assert "runs/digits: head_dense keeps its first values: the file has 10 classes" in capsys.readouterr().err
    _, now, said = begun(three, "train.init=new.keras")
    assert said == [f"new.keras: {NO_AUXILIARY}"]
    np.testing.assert_array_equal(now["stem_conv", "kernel"], read(Path("runs/digits")).weights["stem_conv", "kernel"])
