""".keras files: loaded by Keras alone where no layer of ours is needed, and those of feature maps."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from artifacts import artifact
from tooling import tool

import archspec
from archspec.artifact.artifact import Artifact
from archspec.artifact.folder import read
from archspec.errors import InputError
from archspec.export import kerasfile
from archspec.export.exportable import Exportable
from archspec.export.exporters import EXPORTERS, NotEqual, export
from archspec.export.parity import compare_maps
from archspec.model import operations
from archspec.model.saved import ours

ZOO = tool("export_zoo")
ONE, FOUR = ("stages.repeats=[1, 1, 1]", "memory=recompute"), ("stages.repeats=[1, 1, 1, 1]",)
SEVEN = ("stages.repeats=[1, 2, 1, 1, 1, 1, 1]",)
PLAIN = {"cifar_resnet20_b": ONE, "cifar_resnext29_32x4d": ONE, "cifar_densenet_bc100_k12": ONE, "mobilenet_v2": SEVEN,
         "squeezenet1_1": (), "se_resnet50": FOUR, "regnet_y_4gf": FOUR}
"""Networks for which Keras has every layer: of several families, with groups, with gates, one that a training recomputes."""
WITHOUT_ARCHSPEC = """
import sys, pathlib
sys.modules["archspec"] = None
import keras, numpy
for path in sorted(pathlib.Path().glob("*/model.keras")):
    images, wanted = numpy.load(path.with_name("images.npy")), numpy.load(path.with_name("wanted.npy"))
    found = keras.models.load_model(path)(images, training=False)
    found = numpy.asarray(found["P3"] if isinstance(found, dict) else found)
    print(path.parent.name, bool(abs(found - wanted).max() <= 1e-5 * abs(wanted).max()))
"""


@pytest.fixture(scope="module")
def resnet() -> Artifact:
    found: Artifact = ZOO.trained("se_resnet50", FOUR)
    return found


def test_keras_alone_loads_what_needs_no_layer_of_ours(resnet: Artifact, tmp_path: Path) -> None:
    """In a process that cannot import archspec, and to the same numbers."""
    for name, overrides in PLAIN.items():
        _left(Exportable(ZOO.trained(name, overrides)), tmp_path / name)
    _left(Exportable(resnet, levels=("P3",)), tmp_path / "features")
    done = subprocess.run([sys.executable, "-c", WITHOUT_ARCHSPEC], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout.splitlines() == [f"{name} True" for name in sorted((*PLAIN, "features"))], done.stderr


def _left(made: Exportable, folder: Path) -> None:
    """A file, and what it has to give for some images: by TensorFlow's operations, which are sooner made than Keras's layers."""
    folder.mkdir()
    kerasfile.write(made, folder / "model.keras")
    assert ours(folder / "model.keras") == ()
    images = np.random.default_rng(0).normal(size=(2, *made.artifact.preprocess.shape)).astype(np.float32)
    graph = made.network.graph
    end = (graph.features["P3"].value if made.levels else graph.output).name
    np.save(folder / "images.npy", images)
    np.save(folder / "wanted.npy", np.asarray(operations.compute(graph, made.network.weights, images, [end])[end]))


def test_the_file_is_the_artifact(tmp_path: Path) -> None:
    export(Exportable(artifact()), ["keras"], tmp_path, ZOO.pixels(artifact()))
    assert read(tmp_path / "model.keras").classes == ("cat", "dög", "owl")
    assert read(tmp_path / "model.keras").fingerprint == artifact().fingerprint


def test_levels_are_all_that_a_file_of_feature_maps_gives(resnet: Artifact, tmp_path: Path) -> None:
    made = Exportable(resnet, levels=("P4", "P3"))
    assert export(made, ["keras"], tmp_path, ZOO.pixels(resnet))["keras"].holds(1e-6)
    model = keras.models.load_model(tmp_path / "model.keras")
    assert {level: value.shape for level, value in model.output.items()} == {"P3": (None, 4, 4, 512), "P4": (None, 2, 2, 1024)}
    assert model.name == "se_resnet50_backbone"
    taken = [node.name for node in resnet.graph.ancestors([resnet.graph.features["P4"].value.name])]
    assert {layer.name.removesuffix("_pad") for layer in model.layers} == set(taken)
    row, = json.loads((tmp_path / "parity.json").read_text())["artefacts"]
    assert (row["format"], row["path"], row["images"], "same_top1" in row) == ("keras", "model.keras", 4, False)
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        lines = archive.read("graph.txt").decode().splitlines()
    assert [line.partition(" ")[0] for line in lines] == taken
    with pytest.raises(InputError, match=r"is a backbone: it gives feature maps, and tells no classes apart"):
        read(tmp_path / "model.keras")


def test_feature_maps_that_differ_are_thrown_away(resnet: Artifact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    norm = next(key for key in resnet.weights if key[1] == "gamma")
    other = replace(resnet, weights={**resnet.weights, norm: resnet.weights[norm] * np.float32(1.01)})
    monkeypatch.setitem(EXPORTERS, "keras", replace(EXPORTERS["keras"], write=lambda made, path: kerasfile.write(
        Exportable(other, levels=made.levels), path)))
    with pytest.raises(NotEqual, match="keras: feature maps differ by"):
        export(Exportable(resnet, levels=("P3",)), ["keras"], tmp_path, ZOO.pixels(resnet))
    assert not (tmp_path / "model.keras").exists()


def test_maps_are_compared_by_their_images_largest_number() -> None:
    maps = np.array([[1.0, -4.0, 2.0], [10.0, 0.0, 5.0]], np.float32)
    found = compare_maps(maps, maps + np.float32([[0, 0.1, 0], [0, 0, 6]]))
    assert (found.probabilities, found.logits) == (pytest.approx(0.6), pytest.approx(0.6))
    assert (found.mean, found.agreement, found.best_five, found.images) == (pytest.approx(0.625 / 6), None, None, 2)
    assert not compare_maps(maps, maps * np.nan).holds(0.5)


def test_a_file_of_feature_maps_gives_a_backbone_its_weights(tmp_path: Path) -> None:
    """Of another size of images, too."""
    small = ["stages.width=[4, 4, 8, 8]", "stages.repeats=[1, 1, 1, 1]"]
    made = Exportable(ZOO.trained("resnet18", small), levels=("P3", "P5"))
    kerasfile.write(made, tmp_path / "maps.keras")
    open_size = archspec.load("resnet18", ["input=?x?x3", *small])
    found = archspec.backbone(open_size, ["P3", "P5"], weights=tmp_path / "maps.keras")
    for layer in found.layers:
        for variable in layer.weights:
            assert np.array_equal(variable, made.artifact.weights[layer.name, variable.name])
