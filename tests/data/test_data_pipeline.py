"""Batches: every example once an epoch, another order each epoch, the same again from any step."""

from __future__ import annotations

from itertools import chain

import numpy as np
import pytest
import tensorflow as tf

from archspec.data.names import Names
from archspec.data.pipeline import Pipeline
from archspec.data.source import in_memory
from archspec.preprocess.rule import preprocess_of
from archspec.spec.recipe import Augment, Recipe

SHAPE = (2, 2, 1)
SIZE = 10


def pipeline(**keys: object) -> Pipeline:
    """Ten images; the i-th has the label i and pixels of that value."""
    recipe = Recipe.model_validate({"batch": 4, "epochs": 3, "normalize": {"mean": 0, "std": 1}, **keys})
    images = np.broadcast_to(np.arange(SIZE, dtype=np.float32).reshape(-1, 1, 1, 1), (SIZE, *SHAPE))
    keys = Names.of(b"%d" % number for number in range(SIZE))
    split = in_memory("train", np.arange(SIZE, dtype=np.int32), keys, images, 255.0)
    return Pipeline(split, preprocess_of(recipe, SHAPE), recipe)


def labels(batches: tf.data.Dataset) -> list[list[int]]:
    return [[int(label) for label, weight in zip(labels, weights, strict=True) if weight]
            for _, labels, weights in batches.as_numpy_iterator()]


def test_every_example_once_an_epoch_and_the_last_batch_filled_up() -> None:
    batches = labels(pipeline().training())
    assert [len(batch) for batch in batches] == [4, 4, 2] * 3
    for epoch in range(3):
        assert sorted(chain.from_iterable(batches[3 * epoch:3 * epoch + 3])) == list(range(SIZE))


def test_all_batches_have_the_same_shape() -> None:
    shapes = {images.shape for images, _, _ in pipeline().training().as_numpy_iterator()}
    assert shapes == {(4, *SHAPE)}


def test_a_batch_larger_than_the_data_is_filled_up() -> None:
    (batch,) = labels(pipeline(batch=32, epochs=1).training())
    assert sorted(batch) == list(range(SIZE))


def test_epochs_differ_and_seeds_differ() -> None:
    batches, others = labels(pipeline().training()), labels(pipeline(seed=1).training())
    assert batches[:3] != batches[3:6]
    assert batches != others


@pytest.mark.parametrize("start", [1, 3, 5, 9])
def test_from_any_step_on_the_same_images_as_without_a_stop(start: int) -> None:
    whole = list(pipeline(augment={"crop_padding": 1}).training().as_numpy_iterator())
    rest = list(pipeline(augment={"crop_padding": 1}).training(start).as_numpy_iterator())
    assert len(rest) == len(whole) - start
    for one, other in zip(whole[start:], rest, strict=True):
        assert all((a == b).all() for a, b in zip(one, other, strict=True))


def test_images_and_labels_belong_together() -> None:
    for images, labels_, _ in pipeline().training().as_numpy_iterator():
        assert (images[:, 0, 0, 0] == labels_).all()


def test_evaluation_goes_in_order_and_does_not_augment() -> None:
    one = pipeline(augment=Augment(crop_padding=1))
    assert labels(one.evaluation()) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    images = np.concatenate([images for images, _, _ in one.evaluation().as_numpy_iterator()])
    assert (images[:SIZE] == np.arange(SIZE).reshape(-1, 1, 1, 1)).all()


def test_pixels_are_normalised() -> None:
    images = next(pipeline(normalize={"mean": 3, "std": 2}).evaluation().as_numpy_iterator())[0]
    assert images[:, 0, 0, 0].tolist() == [-1.5, -1, -0.5, 0]
