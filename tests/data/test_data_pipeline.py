"""Batches: every example once an epoch, another order each epoch, the same again from any step."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf

from archspec.data.augment import random_crop, random_flip
from archspec.data.names import Names
from archspec.data.order import Shard, order
from archspec.data.pipeline import Pipeline
from archspec.data.source import Split, in_memory
from archspec.errors import InputError
from archspec.preprocess.pixels import scale
from archspec.preprocess.rule import preprocess_of
from archspec.spec.recipe import Augment, Folder, Normalize, Recipe

SHAPE = (2, 2, 1)
SIZE = 10
PLAIN = Normalize(mean=(0.0,), std=(1.0,))


def pipeline(**keys: object) -> Pipeline:
    """Ten images; the i-th has the label i and pixels of that value."""
    recipe = replace(Recipe(batch=4, epochs=3, normalize=PLAIN), **keys)  # type: ignore[arg-type]
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
    whole = list(pipeline(augment=Augment(crop_padding=1)).training().as_numpy_iterator())
    rest = list(pipeline(augment=Augment(crop_padding=1)).training(start).as_numpy_iterator())
    assert len(rest) == len(whole) - start
    for one, other in zip(whole[start:], rest, strict=True):
        assert all((a == b).all() for a, b in zip(one, other, strict=True))


def test_images_and_labels_belong_together() -> None:
    for images, labels_, _ in pipeline().training().as_numpy_iterator():
        assert (images[:, 0, 0, 0] == labels_).all()


def test_evaluation_goes_in_order_and_does_not_augment() -> None:
    one = pipeline(augment={"crop_padding": 1})
    assert labels(one.evaluation()) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    images = np.concatenate([images for images, _, _ in one.evaluation().as_numpy_iterator()])
    assert (images[:SIZE] == np.arange(SIZE).reshape(-1, 1, 1, 1)).all()


def test_pixels_are_normalised() -> None:
    images = next(pipeline(normalize=Normalize(mean=(3.0,), std=(2.0,))).evaluation().as_numpy_iterator())[0]
    assert images[:, 0, 0, 0].tolist() == [-1.5, -1, -0.5, 0]


def test_grey_arrays_fill_all_channels_and_white_is_255() -> None:
    images = np.arange(4, dtype=np.float32).reshape(1, 2, 2, 1)
    split = in_memory("test", np.zeros(1, np.int32), Names.of([b"0"]), images, 3.0)
    recipe = Recipe()
    pixels, _ = Pipeline(split, preprocess_of(recipe, (2, 2, 3)), recipe).sample(1, 0)
    assert pixels[0].tolist() == [[[0.0] * 3, [85.0] * 3], [[170.0] * 3, [255.0] * 3]]


@pytest.mark.parametrize("of", [2, 4])
@pytest.mark.parametrize("start", [0, 4])
def test_shards_together_are_the_whole(of: int, start: int) -> None:
    keys = {"augment": Augment(crop_padding=1)}
    whole = pipeline(**keys).training(start).as_numpy_iterator()
    parts = [replace(pipeline(**keys), shard=Shard(rank, of)).training(start).as_numpy_iterator() for rank in range(of)]
    for batch, *shares in zip(whole, *parts, strict=True):
        joined = [np.concatenate([share[column] for share in shares]) for column in range(3)]
        assert all((one == other).all() for one, other in zip(batch, joined, strict=True))


@pytest.mark.parametrize("training", [True, False])
def test_a_shard_reads_no_image_of_another(training: bool) -> None:
    seen = []
    for rank in range(2):
        one = replace(pipeline(epochs=1), shard=Shard(rank, 2))
        read = list[int]()
        watched = replace(one, split=replace(one.split, item=watching(one.split, read)))
        list(watched.training() if training else watched.evaluation())
        seen.append(set(read))
    assert not seen[0] & seen[1]
    assert seen[0] | seen[1] == set(range(SIZE))


def watching(split: Split, read: list[int]) -> Callable[[int], bytes | np.ndarray]:
    def item(index: int) -> bytes | np.ndarray:
        read.append(index)
        return split.item(index)
    return item


def test_evaluation_over_shards_counts_every_example_once() -> None:
    parts = [labels(replace(pipeline(), shard=Shard(rank, 2)).evaluation()) for rank in range(2)]
    assert parts == [[[0, 1], [4, 5], [8, 9]], [[2, 3], [6, 7], []]]


def folder_of_noise(root: Path, count: int) -> Split:
    """PNG files in memory, each another size."""
    draw = np.random.default_rng(0)
    files = [tf.io.encode_png(draw.integers(0, 256, (12 + index, 20, 3), dtype=np.uint8)).numpy() for index in range(count)]
    keys = Names.of(b"%d.png" % index for index in range(count))
    blank = in_memory("train", np.zeros(count, np.int32), keys, np.zeros((count, 1, 1, 1)), 1.0)
    return replace(blank, item=lambda index: files[index], white=None, place=str(root))


def test_training_pixels_are_what_the_same_draws_always_gave(tmp_path: Path) -> None:
    """Scaled whole to cover the input, padded, cropped at random and flipped, with seeds of the run's and the place."""
    split = folder_of_noise(tmp_path, 4)
    recipe = Recipe(data=Folder(path="x"), batch=4, epochs=1, seed=5, augment=Augment(crop_padding=2), normalize=PLAIN)
    rule = preprocess_of(recipe, (8, 8, 3))
    (images, _, _), = Pipeline(split, rule, recipe).training().as_numpy_iterator()
    for place, index in enumerate(order(5, 0, 4)):
        seed = tf.constant([5, place], tf.int64)
        whole = scale(tf.io.decode_png(split.item(int(index))), rule, tf.constant(0.0))
        assert (images[place] == random_flip(random_crop(whole, (8, 8, 3), 2, seed), seed).numpy()).all()


@pytest.mark.parametrize("training", [True, False])
def test_a_broken_image_is_named_without_decoding_all_again(training: bool, tmp_path: Path) -> None:
    split, recipe = folder_of_noise(tmp_path, 200), Recipe(data=Folder(path="x"), batch=4, epochs=2)
    bad = int(order(0, 1, 200)[42]) if training else 42
    broken, read = replace(split, item=lambda index: split.item(index)[:100 if index == bad else None]), list[int]()
    one = Pipeline(broken, preprocess_of(recipe, (8, 8, 3)), recipe)
    batches = iter(one.training(55) if training else one.evaluation())
    with pytest.raises(InputError) as error:
        for step in range(55 if training else 0, 1000):
            one.next(batches, step, training=training)
    assert str(error.value).startswith(f"{tmp_path}/{bad}.png: cannot be read as an image (")
    assert step == (60 if training else 10)
    watched = replace(one, split=replace(broken, item=watching(broken, read)))  # apart: the first one may still be reading ahead
    assert str(watched.explain(step, training=training)) == str(error.value)
    assert read[-1] == bad
    assert len(read) <= 4


def test_an_error_that_is_not_of_an_image_stays_what_it_is() -> None:
    def failing() -> object:
        raise tf.errors.InternalError(None, None, "CollectiveReduce: group size 2 does not match")
        yield
    with pytest.raises(tf.errors.InternalError, match="CollectiveReduce"):
        pipeline().next(failing(), 0, training=True)  # type: ignore[arg-type]


def test_a_sample_is_spread_over_the_classes_and_the_same_every_time() -> None:
    images = np.zeros((100, 2, 2, 1), np.float32)
    labels_ = np.array([0] * 90 + [1] * 7 + [2] * 3, np.int32)
    split = in_memory("test", labels_, Names.of(b"%d" % index for index in range(100)), images, 1.0)
    one = replace(pipeline(), split=split)
    assert np.bincount(one.sample(6, 0)[1]).tolist() == [2, 2, 2]
    assert np.bincount(one.sample(15, 0)[1]).tolist() == [6, 6, 3]
    assert np.bincount(one.sample(1000, 0)[1]).tolist() == [90, 7, 3]


def test_a_sample_depends_on_its_seed_alone() -> None:
    one, same, other = (pipeline().sample(4, seed)[1].tolist() for seed in (3, 3, 4))
    assert one == same != other


def test_a_batch_larger_than_the_data_is_said() -> None:
    assert pipeline(batch=10).notes == []
    assert pipeline(batch=25).notes == ["10 train images are fewer than the batch of 25: it holds each 2.5 times, and batch "
                                        "normalization counts the copies"]
