"""`train: {init: …}`: a run that begins takes weights from elsewhere, one that goes on does not."""

from __future__ import annotations

from pathlib import Path

import keras
import numpy as np
import pytest

from archspec.cli import run
from archspec.data.sources import load_data
from archspec.network import load, lower
from archspec.train.job import prepare

SPEC = """
input: 8x8x1
classes: 10
stem: [conv: 3x3 4]
head: [global_avg_pool, dense: $classes]
train: {epochs: 1, batch: 256, init: {weights: WEIGHTS, layout: MAPPING, new_head: true}}
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
    job = prepare(loaded, lower(loaded), load_data(loaded.train.data))
    assert not np.any(job.model.get_layer("stem_conv").kernel.numpy() == 3.25)
    job.initialize()
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
    command = ["train", str(spec), "--run", str(tmp_path / "run")]
    assert run(command) == 2
    error = capsys.readouterr().err
    assert "epsilon of norms: 0.001 there, 1e-05 here" in error
    assert "--set defaults.norm.epsilon=0.001 makes it the network of the weights" in error
    assert run([*command, "--set", "defaults.norm.epsilon=0.001"]) == 0
    assert run([*command, "--fresh", "--set", "train.init.as_is=true"]) == 0
