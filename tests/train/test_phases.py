"""Micro-batches, frozen layers and recomputed statistics: what a step changes, and what it leaves."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from runs import eagerly

from archspec.data.sources import load_data
from archspec.errors import InputError
from archspec.network import load, lower
from archspec.train.job import Job
from archspec.train.prepare import prepare
from archspec.train.progress import Interrupted
from archspec.train.reporting.report import learning
from archspec.train.step.frozen import layers_of

pytestmark = pytest.mark.usefixtures("digits")

PLAIN = ["train.batch=32", "train.epochs=2", "stem=[conv: 3x3 8 /2]"]


def job(*overrides: str) -> Job:
    keras.utils.clear_session()
    spec = load("small.yaml", [*PLAIN, *overrides])
    return prepare(spec, lower(spec), load_data(spec.train.data), lambda *_: None)


def weights(of: Job) -> dict[str, np.ndarray]:
    return {variable.path: variable.value.numpy() for variable in of.model.weights}


def steps(of: Job, count: int, start: int = 0) -> dict[str, np.ndarray]:
    """The weights after some steps."""
    of.state.progress.step = start
    batches = list(islice(of.batches(start), count))
    with eagerly():
        for batch in batches:
            of.train(batch)
            of.state.progress.step += 1
    return weights(of)


def moved(before: dict[str, Any], after: dict[str, Any]) -> set[str]:
    """The layers that have changed."""
    return {path.split("/")[0] for path in before if not np.array_equal(before[path], after[path])}


def test_micro_batches_are_the_step_of_the_whole_batch(spec: Path) -> None:
    """Without norms, whose statistics are each part's; the last batch, of 29 images, too."""
    bare = ["stages=[]", "stem=[conv: 3x3 8 /2 bare bias]", "train.clip=0.5"]
    one, four = (steps(job(*bare, f"train.accumulate={parts}"), 3, 43) for parts in (1, 4))
    for path, expected in one.items():
        np.testing.assert_allclose(four[path], expected, atol=2e-6, err_msg=path)


def test_what_is_frozen_stays_and_its_norms_too_until_it_learns(spec: Path) -> None:
    still = job("train.freeze={layers: [stem, stage1_block1_conv1], until: 1}")
    names = {"stem_conv", "stem_conv_norm", "stage1_block1_conv1"}
    assert still.frozen >= names
    before = weights(still)
    after = steps(still, 2)
    assert moved(before, after) == {path.split("/")[0] for path in before} - still.frozen
    assert moved(after, steps(still, 1, 45)) >= names


def test_norms_of_frozen_layers_use_what_they_have(spec: Path) -> None:
    """They do not look at the batch: their output in training is that of a test."""
    still = job("train.freeze=[stem]")
    assert "stem_conv_norm" not in moved(weights(still), steps(still, 1))


def test_names_of_layers(spec: Path) -> None:
    graph = lower(load("small.yaml", PLAIN))
    assert layers_of(graph, ["stage1"]) == layers_of(graph, ["stage1_block1"]) > layers_of(graph, ["stage1_block1_conv1"])


def test_nothing_is_left_that_learns(spec: Path) -> None:
    with pytest.raises(InputError) as error:
        job("train.freeze=[stem, stage1, head]")
    assert str(error.value) == "train.freeze: nothing is left that learns\n  hint: leave the head out of it"


def test_statistics_are_the_mean_over_batches_of_training_images(spec: Path) -> None:
    """Of the first norm: those of what the convolution before it gives, of 64 images in two batches."""
    again = job("train.recompute_statistics=40")
    before = weights(again)
    again.settle(lambda: None)
    after = weights(again)
    assert {path.split("/")[1] for path in before if not np.array_equal(before[path], after[path])} == {"moving_mean", "moving_variance"}
    conv = keras.Model(again.model.input, again.model.get_layer("stem_conv").output)
    maps = [conv((batch.images.numpy().astype(np.float32) - 127.5) / 127.5).numpy() for batch in islice(again.training.training(), 2)]
    np.testing.assert_allclose(after["stem_conv_norm/moving_mean"], np.mean([each.mean((0, 1, 2)) for each in maps], axis=0), atol=1e-5)
    np.testing.assert_allclose(after["stem_conv_norm/moving_variance"], np.mean([each.var((0, 1, 2)) for each in maps], axis=0), rtol=1e-4)


def test_norms_that_learn_by_the_end_have_theirs_recomputed_too(spec: Path) -> None:
    still, later = (job(f"train.freeze={{layers: [stem], until: {until}}}", "train.epochs=2", "train.recompute_statistics=40") for until in (0, 1))
    for each, found in ((still, False), (later, True)):
        before = weights(each)
        each.settle(lambda: None)
        assert ("stem_conv_norm" in moved(before, weights(each))) is found


def test_a_signal_is_heeded_after_each_of_its_batches(spec: Path) -> None:
    asked, again = list[int](), job("train.recompute_statistics=96")

    def stop() -> None:
        asked.append(len(asked))
        if len(asked) == 2:
            raise Interrupted("SIGTERM")
    with pytest.raises(Interrupted):
        again.settle(stop)
    assert asked == [0, 1]


def test_how_weights_learn_is_told(spec: Path) -> None:
    said = learning(job("train.freeze=[stem]", "train.optimizer={layers: [{match: head*, learning_rate: 10, weight_decay: 0}]}"))
    assert said == """\
weights           arrays  numbers  rate  decay
kernels, frozen        1       72    x1  0.0001 in the gradient
of norms, frozen       2       16    x1  none
kernels                2    1,152    x1  0.0001 in the gradient
of norms               4       32    x1  none
kernels                1       80   x10  none
others                 1       10   x10  none"""
