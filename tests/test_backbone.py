"""Backbones with the weights of a classification run."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import keras
import numpy as np
import pytest
from artifacts import RULE, artifact

import archspec
from archspec.artifact import folder
from archspec.artifact.artifact import Artifact
from archspec.artifact.keras_model import keras_model
from archspec.errors import InputError
from archspec.graph.passes import reaching
from archspec.model import saved

SPEC = """\
archspec: 1
name: small
input: 64x64x4
classes: 3
stem: [conv: 3x3 4 /4, max_pool: 3x3 /2 padding=1]
stages: {block: basic, width: 6, repeats: 2, stride: 2}
head: [global_avg_pool, dropout: 0.1, dense: $classes]
"""


@pytest.fixture(scope="module")
def trained() -> Artifact:
    return artifact(SPEC, replace(RULE, height=64, width=64))


@pytest.fixture(scope="module")
def run(trained: Artifact, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a finished run."""
    path = tmp_path_factory.mktemp("runs") / "small"
    path.mkdir()
    folder.write(trained, path)
    return path


def pixels() -> np.ndarray:
    return np.random.default_rng(1).normal(size=(2, 64, 64, 4)).astype(np.float32)


def test_the_weights_of_a_run_are_carried_over(trained: Artifact, run: Path) -> None:
    whole = keras_model(trained)
    names = {level: trained.graph.features[level].value.name for level in ("P3", "P4")}
    wanted = keras.Model(whole.input, {level: whole.get_layer(name).output for level, name in names.items()})(pixels())
    found = archspec.backbone(archspec.load(run / "spec.yaml"), ["P3", "P4"], weights=run)(pixels())
    for level in names:
        np.testing.assert_array_equal(found[level], wanted[level])


def test_they_fit_other_sizes_classes_and_output_strides(run: Path) -> None:
    plain = archspec.backbone(run / "spec.yaml", ["P4"], weights=str(run / "model.keras"))(pixels())["P4"]
    spec = archspec.load(run / "spec.yaml", {"input": "?x?x4", "classes": 90})
    dense = archspec.backbone(spec, ["P4"], output_stride=8, weights=run)(pixels())["P4"]
    assert (plain.shape[1:], dense.shape[1:]) == ((4, 4, 6), (8, 8, 6))
    np.testing.assert_allclose(dense[:, ::2, ::2], plain, rtol=1e-4)


def test_a_backbone_that_was_saved_is_enough(trained: Artifact, run: Path, tmp_path: Path) -> None:
    model = archspec.backbone(trained.graph, ["P4"], weights=run)
    saved.save(model, reaching(trained.graph, ["P4"]), tmp_path / "backbone.keras")
    again = archspec.backbone(trained.graph, ["P4"], weights=tmp_path / "backbone.keras")
    np.testing.assert_array_equal(again(pixels())["P4"], model(pixels())["P4"])


def test_another_network_is_refused(run: Path) -> None:
    with pytest.raises(InputError, match=r"stage1_block1_conv1/kernel is \[3, 3, 4, 6\], stage1_block1_conv1 needs kernel "):
        archspec.backbone(archspec.load(run / "spec.yaml", {"stages.width": 8}), ["P4"], weights=run)
    with pytest.raises(InputError, match="fits small by its names, but would give other numbers:\n  stem_conv: "):
        archspec.backbone(archspec.load(run / "spec.yaml", ["stem=[conv: 3x3 4 /2, max_pool: 3x3 /2 padding=1]"]),
                          ["P3"], weights=run)


def test_what_is_no_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"model\.keras: there is no such model"):
        archspec.backbone("resnet18", ["P5"], weights=tmp_path)
