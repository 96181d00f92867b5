"""The last batch of an epoch, which is filled up: batch norms see the images alone that are there."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import keras
import numpy as np
import pytest
from forked import program
from runs import eagerly
from test_phases import job, weights
from test_strategy import DEVICES

from archspec.train.job import Job

pytestmark = pytest.mark.usefixtures("digits")

BATCH, LAST, THERE = 32, 44, 29
"""1437 images: 44 batches and 29 images."""
MEAN, VARIANCE = "stem_conv_norm/moving_mean", "stem_conv_norm/moving_variance"


def last(of: Job, few: bool = True) -> dict[str, np.ndarray]:
    """The weights after the last step of the epoch, done first; compiled where that is the matter."""
    of.state.progress.step = of.training.steps - 1
    batch, = islice(of.batches(of.training.steps - 1), 1)
    with eagerly(few):
        of.train(batch)
    return weights(of)


def maps(of: Job, begin: int = 0, end: int = THERE) -> np.ndarray:
    """What the first norm is given for some images of that batch, in float64."""
    conv = keras.Model(of.model.input, of.model.get_layer("stem_conv").output)
    batch, = islice(of.training.training(of.training.steps - 1), 1)
    return np.asarray(conv((batch.images.numpy()[begin:end].astype(np.float32) - 127.5) / 127.5), np.float64)


def moved(parts: list[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Moving mean and variance after these batches, from 0 and 1, with Keras's momentum of 0.9."""
    mean, variance = np.zeros(8), np.ones(8)
    for part in parts:
        mean, variance = 0.9 * mean + 0.1 * part.mean((0, 1, 2)), 0.9 * variance + 0.1 * part.var((0, 1, 2))
    return mean, variance


@pytest.mark.slow
@pytest.mark.parametrize("override", ["seed=1", "train.precision=mixed_bfloat16", "train.precision=mixed_float16", "train.jit=on",
                                      "memory=recompute", "train.freeze={layers: head, until: 1}"])
def test_statistics_are_those_of_the_images_that_are_there(override: str, spec: Path) -> None:
    of = job(override.replace("seed", "train.seed"))
    assert (of.training.partial, of.training.steps) == (True, LAST + 1)
    mean, variance = moved([maps(of)])
    after = last(of, not override.startswith(("train.jit", "memory")))
    near = 1e-5 if "mixed" not in override else 2e-3
    np.testing.assert_allclose(after[MEAN], mean, atol=near)
    np.testing.assert_allclose(after[VARIANCE], variance, atol=near)


@pytest.mark.slow
def test_the_step_is_that_of_a_smaller_batch(spec: Path) -> None:
    """All weights of the network, through three norms; and of a full batch no bit is another than without one that is not."""
    batch, = islice(job().batches(LAST), 1)
    small = job(f"train.batch={THERE}")
    with eagerly():
        small.train(type(batch)(*(each[:THERE] for each in batch[:3]), ()))
    expected = weights(small)
    for path, found in last(job()).items():
        np.testing.assert_allclose(found, expected[path], atol=2e-6, err_msg=path)


@pytest.mark.slow
@pytest.mark.parametrize(("batch", "parts", "there"), [(32, 4, 29), (8, 8, 5)])
def test_micro_batches_have_their_own_and_those_without_images_none(batch: int, parts: int, there: int, spec: Path) -> None:
    """A part is every so-many-th image; of 5 in 8 parts three have none."""
    of = job(f"train.batch={batch}", f"train.accumulate={parts}")
    mean, variance = moved([maps(of, 0, there)[number::parts] for number in range(min(parts, there))])
    after = last(of)
    np.testing.assert_allclose(after[MEAN], mean, atol=1e-5)
    np.testing.assert_allclose(after[VARIANCE], variance, atol=1e-5)


def test_of_fewer_images_than_a_batch_each_counts_once(spec: Path) -> None:
    of = job("train.batch=2000", "train.recompute_statistics=2000")
    of.settle(lambda: None)
    found, seen = weights(of), maps(of, 0, 1437)
    np.testing.assert_allclose(found[MEAN], seen.mean((0, 1, 2)), atol=1e-5)
    np.testing.assert_allclose(found[VARIANCE], seen.var((0, 1, 2)), atol=1e-5)


TOGETHER = DEVICES + """
import keras
from itertools import islice

def after(kind, *overrides):
    keras.utils.clear_session()
    spec = load("small.yaml", ["train.batch=32", "stem=[conv: 3x3 8 /2]", "stages=[]", f"train.strategy={kind}", *overrides])
    job = prepare(spec, lower(spec), load_data(spec.train.data), lambda *_: None)
    last = job.training.steps - 1
    job.state.progress.step = last
    batch, = islice(job.batches(last), 1)
    tf.config.run_functions_eagerly(kind == "one")  # one step is done sooner than compiled
    job.train(batch)
    tf.config.run_functions_eagerly(False)
    return {name: array.tolist() for name, array in job.state.snapshot().arrays.items() if name.startswith("model/")}

def off(one, other):
    return max(float(np.abs(np.array(one[name]) - np.array(other[name])).max()) for name in one)

batches = ("train.batch=32", "train.batch=64")
alone = [after("one", each) for each in batches]
found = {"together": [off(one, after("mirrored", each)) for one, each in zip(alone, batches)]}
apart = after("mirrored", "train.sync_batch_norm=false", "train.batch=64")
found["apart"] = [[apart[name], alone[1][name]] for name in ("model/stem_conv_norm/moving_mean", "model/stem_conv_norm/moving_variance")]
whole = "train.data={source: synthetic, classes: 10, train: 240, test: 60, height: 8, width: 8, channels: 1}"
falls = ["stages=[]", "train.batch=60", "train.epochs=3", whole]
plateau = "train.schedule={kind: plateau, learning_rate: 0.05, factor: 0.5, patience: 1, least: 2}"
steps = "train.schedule={kind: step, learning_rate: 0.05, factor: 0.5, milestones: [2]}"
ends = [[row["loss"] for row in trained("mirrored", *falls, more, *names)[2]] for more, names in ((plateau, []), (steps, ["name=b"]))]
found["plateau"] = ends
json.dump(found, sys.stdout)
"""


@pytest.mark.slow
def test_devices_have_them_together_or_each_its_own(spec: Path) -> None:
    """A device without any image changes nothing, so that of two the mean is half of what the other one moved.

    The rate that follows the tests is the same on both devices, too.
    """
    found = json.loads(program(TOGETHER))
    assert max(found["together"]) < 1e-4, found["together"]
    for (half, whole), start in zip(found["apart"], (0, 1), strict=True):
        np.testing.assert_allclose(np.array(half) - start, (np.array(whole) - start) / 2, atol=1e-5)
    assert found["plateau"][0] == found["plateau"][1]
