"""What two workers tell one another, count and draw. Processes of their own, for TensorFlow joins workers once."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forked import program

from archspec.train.devices.launcher import addresses
from archspec.train.devices.share import packed, unpacked
from archspec.train.saving.checkpoint import Snapshot

pytestmark = pytest.mark.usefixtures("digits")

PROGRAM = """
import json, os, sys
import numpy as np
from archspec.io.quiet import import_tensorflow
import_tensorflow(devices=False)
import tensorflow as tf
from archspec.data.sources import load_data
from archspec.errors import InputError
from archspec.network import load, lower
from archspec.train.devices import together
from archspec.train.devices.cluster import read
from archspec.train.prepare import prepare
from archspec.train.devices.strategy import apart, statistics
from archspec.train.devices.team import gathered

rank = int(sys.argv[2])
spec = load("small.yaml", ["train.sync_batch_norm=false"])
team = gathered(spec.train, read({}, sys.argv[1], rank))
together.compare(spec, lower(spec), team)
job = prepare(spec, lower(spec), load_data(spec.train.data), lambda *_: None, team=team)
if rank:
    for variable in job.model.variables:
        variable.assign(variable + tf.cast(1, variable.dtype))
together.share(job, team)
found = {"told": team.tell(bytes(range(256)) * 5 if rank == 0 else b"other") == bytes(range(256)) * 5,
         "begun": float(sum(np.sum(each.numpy(), dtype=np.float64) for each in job.model.variables)),
         "tested": dict(job.evaluate(lambda batch: None))}
job.train(job.next(job.batches(0)))
found["own"] = [each.numpy().tolist() for each in statistics(job.model)]
job.state.gather()
found["mean"] = [each.numpy().tolist() for each in statistics(job.model)]
found["kernel"] = job.model.layers[1].kernel.numpy().tolist()
layer = next(each for each in job.model.layers if type(each).__name__ == "Dropout")

def mask():
    with apart(job.model):
        return layer(tf.ones((1, 64)), training=True)
run = tf.function(lambda: team.strategy.run(mask), autograph=False)
found["mask"] = [np.asarray(team.strategy.experimental_local_results(run())[0])[0].tolist() for _ in range(2)]
try:
    team.compare(f"seed: {rank}", "something")
except InputError as error:
    found["refused"] = str(error)
print(json.dumps(found), flush=True)
team.leave()
os._exit(0)
"""


def test_a_snapshot_travels_bit_for_bit() -> None:
    arrays = {"a/b": np.array([-0.0, np.pi], np.float32), "seeds/0": np.array([1, 2**32 - 1], np.uint32)}
    found = unpacked(packed(Snapshot(arrays, {"step": 3, "sums": [0.0]})))
    assert found.progress == {"step": 3, "sums": [0.0]}
    assert {name: (array.dtype, array.tobytes()) for name, array in found.arrays.items()} == {
        name: (array.dtype, array.tobytes()) for name, array in arrays.items()}


@pytest.mark.slow
def test_two_workers(spec: Path) -> None:
    """The chief's state is everybody's; evaluation counts each image once; statistics are averaged; masks differ."""
    workers = addresses(2)
    with ThreadPoolExecutor() as pool:
        one, two = map(json.loads, pool.map(lambda rank: program(PROGRAM, ",".join(workers), rank), ("0", "1")))
    alone = _alone(spec)
    assert one["told"]
    assert two["told"]
    assert one["begun"] == two["begun"]
    assert one["tested"] == two["tested"]
    assert one["tested"]["top1"] == alone["top1"]  # 360 images in batches of 48
    assert one["tested"]["loss"] == pytest.approx(alone["loss"], rel=1e-6)
    assert one["kernel"] == two["kernel"]
    assert one["own"] != two["own"]
    assert one["mean"] == two["mean"]
    for mean, *each in zip(one["mean"], one["own"], two["own"], strict=True):
        assert np.mean(each, axis=0) == pytest.approx(mean, rel=1e-5, abs=1e-7)
    masks = [*one["mask"], *two["mask"]]
    assert len({tuple(each) for each in masks}) == 4  # of both workers, in both steps
    assert "refused" not in one
    assert two["refused"] == (f"worker 1 ({workers[1]}) was started with another something than worker 0 ({workers[0]}): "
                              "seed: 1 (here), seed: 0\n  hint: the same command, files and versions for all workers")


def _alone(spec: Path) -> dict[str, Any]:
    from archspec.data.sources import load_data
    from archspec.network import load, lower
    from archspec.train.prepare import prepare
    loaded = load(str(spec))
    job = prepare(loaded, lower(loaded), load_data(loaded.train.data), lambda *_: None)
    return dict(job.evaluate(lambda batch: None))
