"""How long a gradient is and how far a step goes: the loss's own gradient, whatever stands between it and the weights."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from forked import program
from runs import QUICK, RUN, metrics

from archspec.cli import run
from archspec.train.progress import Progress, is_progress

RATE, LIMIT = 0.05, 0.25
PLAIN = ["train.optimizer={kind: sgd, momentum: 0, weight_decay: 0}", "stem=[conv: 3x3 8 /2 bare bias]", "stages=[]", "train.log=1",
         "train.epochs=1"]
"""A step moves the weights by the rate times the gradient, and an image's part does not depend on the others'."""
FORMS = {"plain": [], "clipped": [f"train.clip={LIMIT}"], "in parts": ["train.accumulate=2"], "half": ["train.precision=mixed_float16"],
         "frozen": ["train.freeze=[stem]"]}

PROGRAM = """
import json, sys
from itertools import islice
import tensorflow as tf
tf.config.set_logical_device_configuration(tf.config.list_physical_devices("CPU")[0], [tf.config.LogicalDeviceConfiguration()] * 2)
from archspec.data.sources import load_data
from archspec.network import load, lower
from archspec.train.prepare import prepare
from quietly import silent

def norms(kind, said):
    spec = load("small.yaml", [*said, "train.strategy=" + kind])
    job = prepare(spec, lower(spec), load_data(spec.train.data), silent)
    found, batches = [], list(islice(job.batches(0), 3))
    tf.config.run_functions_eagerly(kind == "one")  # three steps are done sooner than compiled
    for batch in batches:
        job.state.progress.add(job.train(batch))
        found.append([job.state.progress.norms["gradient_norm"], job.state.progress.norms["update_norm"]])
    tf.config.run_functions_eagerly(False)
    return found
plain, forms = json.loads(sys.argv[1])
print(json.dumps({name: {kind: norms(kind, [*plain, *said]) for kind in ("one", "mirrored")} for name, said in forms.items()}))
"""


@pytest.mark.slow
def test_on_one_device_and_on_two(spec: Path) -> None:
    """(gradient, update) of three steps: before clipping, of whole batches, without the scale, of what learns."""
    said = json.loads(program(PROGRAM, json.dumps([PLAIN, FORMS])))
    found = {name: [np.array(each) for each in kinds.values()] for name, kinds in said.items()}
    for name, (one, two) in found.items():
        np.testing.assert_allclose(two, one, rtol=2e-3 if name == "half" else 1e-4, err_msg=name)
        most = LIMIT if name == "clipped" else np.inf
        np.testing.assert_allclose(one[:, 1], RATE * np.minimum(one[:, 0], most), rtol=1e-3, err_msg=name)
    plain, clipped, parts, half, frozen = (one for one, _ in found.values())
    assert (clipped[:, 0] > LIMIT).all()
    assert clipped[0, 0] == plain[0, 0]
    np.testing.assert_allclose(parts, plain, rtol=1e-4)
    np.testing.assert_allclose(half, plain, rtol=1e-2)
    assert (frozen[:, 0] < plain[:, 0]).all()


def test_they_stand_in_the_rows_of_steps_that_are_told_and_of_epochs(spec: Path) -> None:
    assert run(["train", str(spec), *QUICK, "--set", "train.log=20", *(f"--set={each}" for each in PLAIN[:3])]) == 0
    steps = [json.loads(line) for line in (RUN / "steps.jsonl").read_text().splitlines()]
    assert [row["step"] for row in steps] == [20, 40, 60]
    for row in (*steps, *metrics()):
        assert row["update_norm"] == pytest.approx(RATE * row["gradient_norm"], rel=1e-3)
    assert metrics()[1]["gradient_norm"] == steps[2]["gradient_norm"]  # of the last step
    assert metrics()[0]["gradient_norm"] not in [row["gradient_norm"] for row in steps]


def test_a_checkpoint_between_step_and_test_holds_them() -> None:
    """So that a run that is killed there has the same row; older checkpoints have none."""
    progress = Progress(norms={"gradient_norm": 0.1 + 0.2})
    saved, taken = json.loads(json.dumps(progress.to_json())), Progress()
    assert is_progress(saved)
    taken.take(saved)
    assert taken.norms == progress.norms
    taken.skip(1)
    assert taken.norms == {}
    assert not is_progress({**saved, "norms": {"gradient_norm": float("nan")}})
    del saved["norms"]
    assert is_progress(saved)
