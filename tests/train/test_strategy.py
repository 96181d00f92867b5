"""Several devices: two logical CPUs train as one does. A process of its own, for TensorFlow fixes its devices once."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

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
from rich.console import Console
from archspec.network import load, lower
from archspec.train.job import prepare
from archspec.train.loop import train
from archspec.train.run import begin, opened
from archspec.train.strategy import describe
found = {}
for kind in ("one", "mirrored"):
    spec = load("small.yaml", [f"train.strategy={kind}", "stem=[conv: 3x3 8 /2]"])
    with opened(Path(kind), spec, lower(spec), fresh=False) as run:
        job = prepare(spec.train, lower(spec))
        begin(run, spec, lower(spec), fresh=False)
        history = train(job, run, Console(file=io.StringIO()))
    flags = [layer.synchronized for layer in job.model.layers if hasattr(layer, "synchronized")]
    found[kind] = {"devices": describe(job.strategy), "history": history, "synchronized": any(flags)}
print(json.dumps(found))
"""


@pytest.mark.slow
def test_two_devices_have_the_loss_curve_of_one(spec: Path) -> None:
    """With batch normalisation, weight decay and a last batch that is not full."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "CUDA_VISIBLE_DEVICES": "-1"}
    process = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, env=environment, check=False)
    assert process.returncode == 0, process.stderr
    found = json.loads(process.stdout)
    assert (found["one"]["devices"], found["mirrored"]["devices"]) == ("1 CPU", "2 CPUs, mirrored")
    for one, two in zip(found["one"]["history"], found["mirrored"]["history"], strict=True):
        for key in ("loss", "accuracy", "test_loss", "test_top1"):
            assert two[key] == pytest.approx(one[key], rel=2e-3), key
    assert not found["mirrored"]["synchronized"]


def test_a_batch_that_cannot_be_shared_out(monkeypatch: pytest.MonkeyPatch) -> None:
    devices = [type("Device", (), {"name": f"/GPU:{index}"}) for index in range(4)]
    monkeypatch.setattr(strategies.tf.config, "list_logical_devices", lambda kind: devices)
    with pytest.raises(InputError) as error:
        strategies.make("auto", 30)
    assert str(error.value) == "a batch of 30 cannot be shared out over 4 devices\n  hint: --set train.batch=32"
