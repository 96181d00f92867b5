"""Several devices: two logical CPUs train as one does. A process of its own, for TensorFlow fixes its devices once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from forked import program

from archspec.data.augment.mixing import Mixed
from archspec.data.pipeline import Batch
from archspec.errors import InputError
from archspec.spec.augment import CutMix, MixUp
from archspec.spec.recipe import Recipe
from archspec.train.devices import strategy as strategies
from archspec.train.devices.cluster import ALONE, Cluster

pytestmark = pytest.mark.usefixtures("digits")

DEVICES = """
import io, json, sys
from pathlib import Path
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0],
                                           [tf.config.LogicalDeviceConfiguration()] * 2)
import numpy as np
from rich.console import Console
from archspec.data.sources import load_data
from archspec.network import load, lower
from archspec.train.begin import begin
from archspec.train.saving.checkpoint import Checkpoints
from archspec.train.prepare import prepare
from archspec.train.loop import train
from archspec.train.run import RunFolder
from archspec.train.devices.strategy import devices_text, statistics

FEW = ["train.data={source: synthetic, classes: 10, train: 348, test: 60, height: 8, width: 8, channels: 1}", "train.batch=24"]

def trained(kind, *overrides):
    spec = load("small.yaml", [f"train.strategy={kind}", "stem=[conv: 3x3 8 /2]", *FEW, *overrides])
    job, run = prepare(spec, lower(spec), load_data(spec.train.data), lambda *_: None), RunFolder(Path(f"{kind}{len(overrides)}"))
    begin(run, spec, lower(spec), job, False, print)
    return job, run, train(job, run, Console(file=io.StringIO()))

def held(variables):
    return [[each.numpy() for each in variable.value.values] for variable in variables]
"""
TOGETHER = DEVICES + """
found = {}
for kind in ("one", "mirrored"):
    job, _, history = trained(kind)
    found[kind] = {"devices": devices_text(job.strategy, job.cluster, job.recipe), "history": history,
                   "synchronized": any(layer.synchronized for layer in job.model.layers if hasattr(layer, "synchronized"))}
found["other"] = trained("mirrored", "stages=[]", "train.batch=240", "train.epochs=1")[2]  # a second mirrored job of the process
found["same"] = all(np.array_equal(*each) for each in held(job.model.variables))
print(json.dumps(found))
"""
APART = DEVICES + """
def evaluated():
    return dict(job.evaluate(lambda batch: None))

job, run, _ = trained("mirrored", "train.sync_batch_norm=false", "train.epochs=1")
checkpoints = Checkpoints(run.checkpoints, 9)
trained_epoch, _ = checkpoints.newest()
found = {"logged": json.loads(run.metrics.read_text())["test_loss"] == evaluated()["loss"]}
job.train(job.next(job.batches(0)))
each, before = held(statistics(job.model)), evaluated()
checkpoints.save(job.state.snapshot())
snapshot, _ = checkpoints.newest()
saved = [snapshot.arrays[f"model/{variable.path}"] for variable in statistics(job.model)]
found |= {"differ": not any(np.array_equal(*pair) for pair in each), "before": before, "saved": evaluated(),
          "means": all(np.allclose(array, np.mean(pair, axis=0), rtol=1e-6) for array, pair in zip(saved, each, strict=True))}
job.restore(trained_epoch)
found["trained"] = evaluated()
job.restore(snapshot)
print(json.dumps(found | {"restored": evaluated()}))
"""


def output(code: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(program(code))
    return found


@pytest.mark.slow
def test_two_devices_have_the_loss_curve_of_one(spec: Path) -> None:
    """With batch normalisation, weight decay and a last batch that is not full."""
    found = output(TOGETHER)
    assert (found["one"]["devices"], found["mirrored"]["devices"]) == ("1 CPU", "2 CPUs, mirrored; batch 24, 12 on each")
    for one, two in zip(found["one"]["history"], found["mirrored"]["history"], strict=True):
        for key in ("loss", "accuracy", "test_loss", "test_top1"):
            assert two[key] == pytest.approx(one[key], rel=2e-3), key
    assert not found["mirrored"]["synchronized"]
    assert found["same"]
    assert len(found["other"]) == 1


@pytest.mark.slow
def test_what_each_device_counts_is_averaged_before_it_is_saved_and_tested(spec: Path) -> None:
    """Without synchronised statistics: the checkpoint holds their mean, and what is evaluated is what is saved."""
    found = output(APART)
    assert (found["differ"], found["means"], found["logged"]) == (True, True, True)
    assert found["before"] != found["saved"] != found["trained"]
    assert found["restored"] == found["saved"]


def devices(monkeypatch: pytest.MonkeyPatch, count: int) -> None:
    """As on a machine with so many GPUs."""
    found = [type("Device", (), {"name": f"/GPU:{index}"}) for index in range(count)]
    for kind in ("logical", "physical"):
        monkeypatch.setattr(strategies.tf.config, f"list_{kind}_devices", lambda kind: found if kind == "GPU" else [])


TWO = Cluster(0, ("a:1", "b:1"))
MIXING = {"augment": (MixUp(), CutMix())}


@pytest.mark.parametrize(("recipe", "cluster", "message"), [
    ({}, ALONE, "a batch of 30 cannot be shared out over 4 devices\n  hint: --set train.batch=32"),
    (MIXING, ALONE, "a batch of 30 cannot be shared out over 4 devices in whole pairs, which are mixed (mixup, cutmix)\n"
     "  hint: --set train.batch=32"),
    ({}, TWO, "a batch of 30 cannot be shared out over 2 workers of 4 GPUs\n  hint: --set train.batch=32"),
    ({"gpus": 0, **MIXING}, TWO, "a batch of 30 cannot be shared out over 2 workers in whole pairs, which are mixed (mixup, "
     "cutmix)\n  hint: --set train.batch=32"),
    ({"gpus": 8}, ALONE, "train.gpus: 8 GPUs are asked for, and TensorFlow sees 4 of them on this machine\n  hint: nvidia-smi says "
     "whether the driver sees them, CUDA_VISIBLE_DEVICES may hide some, and pip install 'tensorflow[and-cuda]' brings CUDA; "
     "--set train.gpus=0 trains on the processors"),
    ({"communication": "nccl", "gpus": 0}, TWO, "train.communication: nccl is between GPUs, and there are none to train on\n"
     "  hint: auto"),
])
def test_devices_that_do_not_fit(recipe: dict[str, Any], cluster: Cluster, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    devices(monkeypatch, 4)
    with pytest.raises(InputError) as error:
        strategies.make_strategy(Recipe(batch=30, **recipe), cluster)
    assert str(error.value) == message


def test_gpus_that_are_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    devices(monkeypatch, 0)
    with pytest.raises(InputError, match=r"train.gpus: 1 GPUs are asked for, and TensorFlow sees none on this machine"):
        strategies.make_strategy(Recipe(gpus=1))


@pytest.mark.parametrize(("recipe", "chosen"), [({}, 4), ({"gpus": 2}, 2), ({"gpus": 1}, "one /GPU:0"), ({"strategy": "one"}, "one /GPU:0"),
                                                ({"strategy": "mirrored", "gpus": 3}, 3)])
def test_gpus_that_are_used(recipe: dict[str, Any], chosen: object, monkeypatch: pytest.MonkeyPatch) -> None:
    devices(monkeypatch, 4)
    monkeypatch.setattr(strategies, "_mirrored", len)
    monkeypatch.setattr(strategies.tf.distribute, "OneDeviceStrategy", lambda name: f"one {name}")
    assert strategies.make_strategy(Recipe(batch=24, **recipe)) == chosen


def test_each_device_of_a_worker_has_its_part_of_a_batch() -> None:
    """One after the other, with what is drawn for them."""
    mixed = Mixed(np.arange(8.0), np.arange(32).reshape(8, 4), np.arange(8.0))
    batches = tf.data.Dataset.from_tensors(Batch(np.arange(8), np.arange(8), np.ones(8), (mixed,)))
    found = list(strategies.parts(batches, 2).as_numpy_iterator())
    assert [each.images.tolist() for each in found] == [[0, 1, 2, 3], [4, 5, 6, 7]]
    assert [each.blend[0].box.tolist() for each in found] == [mixed.box[:4].tolist(), mixed.box[4:].tolist()]
    assert strategies.parts(batches, 1) is batches
