"""What is drawn is what is trained on: the pipeline's own batches, blended, with the normalisation undone."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from archspec.data.names import Names
from archspec.data.pipeline import Pipeline
from archspec.data.source import in_memory
from archspec.preprocess.pixels import normalize
from archspec.preprocess.rule import preprocess_of
from archspec.spec.augment import CutMix, Flip, MixUp, Operation, RandomErasing, RandomResizedCrop
from archspec.spec.preprocess import PreprocessKeys
from archspec.spec.recipe import Recipe
from archspec.train.reporting.picture.examples import examples, shares
from archspec.train.step.blend import blended

ALL: tuple[Operation, ...] = (RandomResizedCrop(), Flip(), RandomErasing(fill="noise", probability=0.6), MixUp(probability=0.5),
                              CutMix(probability=0.5, draw="pair"))
SIZE, CLASSES = 10, 3


def pipeline(labels: np.ndarray | None = None, shape: tuple[int, int, int] = (8, 12, 3), **keys: Any) -> Pipeline:
    recipe = replace(Recipe(batch=4, epochs=3), **keys)
    images = np.random.default_rng(0).integers(0, 256, (SIZE, *shape)).astype(np.uint8)
    known = np.arange(SIZE, dtype=np.int32) % CLASSES if labels is None else labels
    return Pipeline(in_memory("train", known, Names.of(b"%d" % number for number in range(SIZE)), images, 255.0),
                    preprocess_of(recipe, shape), recipe)


@pytest.mark.parametrize("preset", ["torchvision", "keras_caffe"])
@pytest.mark.parametrize("start", [0, 3])
def test_they_are_those_of_the_training(preset: str, start: int) -> None:
    found = pipeline(augment=ALL, preprocess=PreprocessKeys(preset=preset))
    shown, rule = examples(found, CLASSES, start, 8), found.rule
    for step, batch in enumerate(found.training(start).take(2)):
        inputs, truths = blended(normalize(batch.images, rule), tf.one_hot(batch.labels, CLASSES), batch.blend)
        part = shown[4 * step:4 * step + 4]
        again = normalize(tf.constant(np.stack([each.trained for each in part])), rule)
        assert again.numpy() == pytest.approx(inputs.numpy(), abs=1e-4)
        assert [dict(each.mixed) for each in part] == [dict(shares(truth)) for truth in truths.numpy()]


def test_beside_each_is_what_evaluation_sees() -> None:
    found = pipeline(augment=ALL)
    whole = np.concatenate([batch.images for batch in found.evaluation()])
    for each in examples(found, CLASSES, 0, 6):
        assert np.array_equal(each.still, whole[int(each.file)])
        assert dict(each.labels) == {int(each.file) % CLASSES: 1.0}


@pytest.mark.parametrize("count", [1, 3, 5, 7, 100])
def test_fewer_are_the_first_of_more(count: int) -> None:
    """Each with the partner that it is mixed with; to the end of the epoch, without what fills up its last batch."""
    found = pipeline(augment=ALL, batch=3)
    every, few = examples(found, CLASSES, 0, SIZE), examples(found, CLASSES, 0, count)
    assert len(few) == min(count, SIZE)
    for one, other in zip(few, every, strict=False):
        assert np.array_equal(one.trained, other.trained)
        assert one.mixed == other.mixed


def test_several_labels_are_mixed_each_by_itself() -> None:
    labels = np.zeros((SIZE, CLASSES), np.uint8)
    labels[::2, :2], labels[1::2, 1:] = 1, 1
    shown = examples(pipeline(labels, augment=(MixUp(alpha=5.0),), label_smoothing=0.1), CLASSES, 0, 12)
    assert all(set(each.labels.values()) == {1.0} and len(each.labels) == 2 for each in shown)
    assert any(len(each.mixed) == 3 and each.mixed[1] == 1 and each.mixed[0] + each.mixed[2] == pytest.approx(1) for each in shown)


def test_small_shares_are_not_told() -> None:
    assert list(shares(np.array([0.004, 0.3, 0.696], np.float32)).items()) == [(2, 0.7), (1, 0.3)]
    assert dict(shares(np.zeros(3, np.float32))) == {}
