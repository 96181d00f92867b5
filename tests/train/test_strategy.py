"""Several devices: two logical CPUs train as one does. A process of its own, for TensorFlow fixes its devices once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from runs import SPEC

import archspec
from archspec.errors import InputError
from archspec.train import strategy as strategies

ROOT = Path(archspec.__file__).parents[1]
PROGRAM = """
import io, json, sys
from pathlib import Path
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0],
                                           [tf.config.LogicalDeviceConfiguration()] * 2)
import numpy as np
from rich.console import Console
from archspec.lower import load, lower
from archspec.train.begin import begin
from archspec.train.checkpoint import Checkpoints
from archspec.train.job import prepare
from archspec.train.loop import train
from archspec.train.run import RunFolder
from archspec.train.strategy import describe, statistics

def trained(name, *overrides):
    spec = load("small.yaml", ["stem=[conv: 3x3 8 /2]", *overrides])
    job, run = prepare(spec.train, lower(spec)), RunFolder(Path(name))
    begin(run, spec, lower(spec), job, False, print)
    return job, run, train(job, run, Console(file=io.StringIO()))

found = {}
for kind in ("one", "mirrored"):
    job, _, history = trained(kind, f"train.strategy={kind}")
    flags = [layer.synchronized for layer in job.model.layers if hasattr(layer, "synchronized")]
    found[kind] = {"devices": describe(job.strategy), "history": history, "synchronized": any(flags)}
    same = [np.array_equal(*(each.numpy() for each in variable.value.values))
            for variable in job.model.trainable_variables if kind == "mirrored"]
    found[kind]["same"] = all(same)

job, run, history = trained("apart", "train.strategy=mirrored", "train.sync_batch_norm=false", "train.epochs=1")
job.train(job.next(job.batches(0)))
held = [[each.numpy() for each in variable.value.values] for variable in statistics(job.model)]
found["apart"] = {"differ": not any(np.array_equal(*each) for each in held)}
before = dict(job.evaluate(lambda batch: None))
job.state.gather()
job.state.progress.step = 77
Checkpoints(run.checkpoints, 2).save(job.state.snapshot())
found["apart"]["gathered"] = dict(job.evaluate(lambda batch: None))
found["apart"]["changed"] = found["apart"]["gathered"]["loss"] != before["loss"]
snapshot = Checkpoints(run.checkpoints, 2).newest()[0]
saved = [snapshot.arrays[f"model/{variable.path}"] for variable in statistics(job.model)]
found["apart"]["means"] = all(np.allclose(array, np.mean(each, axis=0), rtol=1e-6) for array, each in zip(saved, held, strict=True))
job, _, _ = trained("other", "train.strategy=mirrored", "train.sync_batch_norm=false", "train.epochs=1")
job.restore(snapshot)
found["apart"]["restored"] = dict(job.evaluate(lambda batch: None))
print(json.dumps(found))
"""


Found = dict[str, dict[str, Any]]


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> Found:
    """What the program finds on two logical devices."""
    folder = tmp_path_factory.mktemp("devices")
    (folder / "small.yaml").write_text(SPEC)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "-1"}
    process = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, check=False,
                             cwd=folder)
    assert process.returncode == 0, process.stderr
    document: Found = json.loads(process.stdout)
    return document


@pytest.mark.slow
def test_two_devices_have_the_loss_curve_of_one(found: Found) -> None:
    """With batch normalisation, weight decay and a last batch that is not full."""
    assert (found["one"]["devices"], found["mirrored"]["devices"]) == ("1 CPU", "2 CPUs, mirrored")
    for one, two in zip(found["one"]["history"], found["mirrored"]["history"], strict=True):
        for key in ("loss", "accuracy", "test_loss", "test_top1"):
            assert two[key] == pytest.approx(one[key], rel=2e-3), key
    assert not found["mirrored"]["synchronized"]
    assert found["mirrored"]["same"]


@pytest.mark.slow
def test_what_each_device_counts_is_averaged_before_it_is_saved_and_tested(found: Found) -> None:
    """Without synchronised statistics: the checkpoint holds their mean, and what is evaluated is what is saved."""
    apart = found["apart"]
    assert (apart["differ"], apart["changed"], apart["means"]) == (True, True, True)
    assert apart["restored"] == apart["gathered"]


def test_a_batch_that_cannot_be_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = [type("Device", (), {"name": f"/GPU:{index}"}) for index in range(4)]
    monkeypatch.setattr(strategies.tf.config, "list_logical_devices", lambda kind: devices)
    with pytest.raises(InputError) as error:
        strategies.make("auto", 30)
    assert str(error.value) == "a batch of 30 cannot be shared out over 4 devices\n  hint: --set train.batch=32"
