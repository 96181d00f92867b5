"""Batches: every example once an epoch, another order each epoch, the same again from any step."""

from __future__ import annotations

import io
from collections.abc import Callable
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow as tf
from PIL import Image

from archspec.data import reading
from archspec.data.cache import caches
from archspec.data.names import Names
from archspec.data.order import Shard, order
from archspec.data.pipeline import Pipeline
from archspec.data.source import Split, in_memory
from archspec.errors import InputError
from archspec.preprocess.rule import preprocess_of
from archspec.preprocess.sampling import ratios
from archspec.spec.augment import CutMix, Flip, MixUp, Operation, PadCrop, RandAugment, RandomErasing, RandomResizedCrop
from archspec.spec.data import Folder
from archspec.spec.preprocess import FILTERS, PreprocessKeys
from archspec.spec.recipe import Recipe

SHAPE = (2, 2, 1)
SIZE = 10
MOVED: tuple[Operation, ...] = (PadCrop(pixels=1, fill="black"),)
ALL: tuple[Operation, ...] = (RandomResizedCrop(), Flip(), RandAugment(), RandomErasing(fill="noise"), MixUp(probability=0.5),
                              CutMix(probability=0.5, draw="pair"))


def pipeline(**keys: Any) -> Pipeline:
    """Ten images; the i-th has the label i and pixels of that value."""
    recipe = replace(Recipe(batch=4, epochs=3), **keys)
    images = np.broadcast_to(np.arange(SIZE, dtype=np.float32).reshape(-1, 1, 1, 1), (SIZE, *SHAPE))
    names = Names.of(b"%d" % number for number in range(SIZE))
    split = in_memory("train", np.arange(SIZE, dtype=np.int32), names, images, 255.0)
    return Pipeline(split, preprocess_of(recipe, SHAPE), recipe)


def labels(batches: tf.data.Dataset) -> list[list[int]]:
    return [[int(label) for label, weight in zip(batch.labels, batch.weights, strict=True) if weight]
            for batch in batches.as_numpy_iterator()]


def same(one: Any, other: Any) -> bool:
    """Whether two batches are equal, bit for bit."""
    return all((a == b).all() for a, b in zip(tf.nest.flatten(one), tf.nest.flatten(other), strict=True))


def test_every_example_once_an_epoch_and_the_last_batch_filled_up() -> None:
    batches = labels(pipeline().training())
    assert [len(batch) for batch in batches] == [4, 4, 2] * 3
    for epoch in range(3):
        assert sorted(chain.from_iterable(batches[3 * epoch:3 * epoch + 3])) == list(range(SIZE))


def test_all_batches_have_the_same_shape() -> None:
    assert {batch.images.shape for batch in pipeline().training().as_numpy_iterator()} == {(4, *SHAPE)}


def test_a_batch_larger_than_the_data_is_filled_up() -> None:
    (batch,) = labels(pipeline(batch=32, epochs=1).training())
    assert sorted(batch) == list(range(SIZE))


def test_epochs_differ_and_seeds_differ() -> None:
    batches, others = labels(pipeline().training()), labels(pipeline(seed=1).training())
    assert batches[:3] != batches[3:6]
    assert batches != others


def test_images_and_labels_belong_together() -> None:
    for batch in pipeline().training().as_numpy_iterator():
        assert (batch.images[:, 0, 0, 0] == batch.labels).all()


def test_evaluation_goes_in_order_and_does_not_augment() -> None:
    one = pipeline(augment=MOVED)
    assert labels(one.evaluation()) == [[0, 1, 2, 3], [4, 5, 6, 7], [8, 9]]
    images = np.concatenate([batch.images for batch in one.evaluation().as_numpy_iterator()])
    assert (images[:SIZE] == np.arange(SIZE).reshape(-1, 1, 1, 1)).all()


def test_grey_arrays_fill_all_channels_and_white_is_255() -> None:
    images = np.arange(4, dtype=np.float32).reshape(1, 2, 2, 1)
    split = in_memory("test", np.zeros(1, np.int32), Names.of([b"0"]), images, 3.0)
    pixels, _ = Pipeline(split, preprocess_of(Recipe(), (2, 2, 3)), Recipe()).sample(1, 0)
    assert pixels[0].tolist() == [[[0.0] * 3, [85.0] * 3], [[170.0] * 3, [255.0] * 3]]


@pytest.mark.parametrize("size", [(5, 7), (10, 4)], ids=str)
@pytest.mark.parametrize("kind", [np.uint8, np.float32])
@pytest.mark.parametrize("interpolation", FILTERS)
def test_arrays_of_one_size_are_seen_as_images_of_any(interpolation: str, kind: type[np.generic], size: tuple[int, int]) -> None:
    """Read many at once and scaled alike, or not scaled and changed at once, they are what they are one by one.

    Lanczos's filter is zero only nearly where it crosses zero, which float32 shows.
    """
    recipe = Recipe(batch=2, epochs=2, preprocess=PreprocessKeys(interpolation=interpolation),
                    augment=(PadCrop(pixels=1, fill="black"), Flip(), RandomErasing(fill="noise")))
    images = np.random.default_rng(0).integers(0, 256, (4, *size, 3)).astype(kind)
    alike = in_memory("train", np.arange(4, dtype=np.int32), Names.of(b"%d" % number for number in range(4)), images, 255.0)
    one, other = (Pipeline(split, preprocess_of(recipe, (5, 7, 3)), recipe) for split in (alike, replace(alike, dimensions=None)))
    for mine, theirs in ((one.evaluation(), other.evaluation()), (one.training(1), other.training(1))):
        for batch, again in zip(mine.as_numpy_iterator(), theirs.as_numpy_iterator(), strict=True):
            np.testing.assert_allclose(batch.images, again.images, rtol=0, atol=1e-4)
            assert batch.labels.tolist() == again.labels.tolist()
    if size == (5, 7):
        np.testing.assert_array_equal(np.concatenate([batch.images for batch in one.evaluation().as_numpy_iterator()]), images)


def test_balanced_sampling_reaches_the_batches() -> None:
    one = pipeline(sampling="balanced", epochs=1)
    unequal = np.array([0] * 8 + [1] * 2, np.int32)
    batches = list(replace(one, split=replace(one.split, labels=unequal)).training().as_numpy_iterator())
    assert np.bincount(np.concatenate([batch.labels[batch.weights > 0] for batch in batches])).tolist() == [5, 5]


# -- images in files -----------------------------------------------------------------------------------------------------

def photographs(count: int = 12) -> Split:
    """JPEG and PNG files in memory, each another size."""
    draw, files = np.random.default_rng(0), []
    for index in range(count):
        file = io.BytesIO()
        pixels = draw.integers(0, 256, (5, 7, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize((40 + index, 60)).save(file, "JPEG" if index % 2 else "PNG")
        files.append(file.getvalue())
    names = Names.of(b"%d.img" % index for index in range(count))
    blank = in_memory("train", np.arange(count, dtype=np.int32) % 3, names, np.zeros((count, 1, 1, 1), np.uint8), 255.0)
    return replace(blank, item=lambda index: files[index], encoded=True, dimensions=None, place="data")


def of_files(split: Split | None = None, **keys: Any) -> Pipeline:
    recipe, images = replace(Recipe(data=Folder(path="x"), batch=4, epochs=3, augment=ALL), **keys), split or photographs()
    sizes, rule = np.array([(60, 40 + index) for index in range(images.size)]), preprocess_of(recipe, (24, 24, 3))
    return Pipeline(images, rule, recipe, cache=caches(recipe.data, rule, [(images, sizes)], "stamp")[0])


@pytest.mark.parametrize("cache", ["none", "ram"])
def test_from_any_step_on_the_same_images_as_without_a_stop(cache: str) -> None:
    keys = {"data": Folder(path="x", cache=cache), "repeated_augmentation": 2, "sampling": "balanced"}
    whole = list(of_files(**keys).training(0).as_numpy_iterator())
    for start in (0, 1, 3, 5, 8):
        rest = list(of_files(**keys).training(start).as_numpy_iterator())
        assert len(rest) == len(whole) - start
        assert all(map(same, whole[start:], rest)), start


def test_images_that_are_too_large_together_are_read_again_and_are_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    plain, read, split = list(of_files(epochs=1).training().as_numpy_iterator()), list[int](), photographs()
    monkeypatch.setattr(reading, "KEPT", len(split.item(0)) + len(split.item(1)))
    again = of_files(replace(split, item=watching(split, read)), epochs=1)
    assert all(map(same, plain, again.training().as_numpy_iterator()))
    assert split.size < len(read) < 2 * split.size  # the first ones are kept


def jpegs(count: int = 6, larger: int = 1) -> Split:
    """As `photographs`, of JPEGs alone."""
    draw, files = np.random.default_rng(1), []
    for index in range(count):
        file = io.BytesIO()
        pixels = draw.integers(0, 256, (5, 7, 3), dtype=np.uint8)
        Image.fromarray(pixels).resize(((40 + index) * larger, 60 * larger)).save(file, "JPEG")
        files.append(file.getvalue())
    return replace(photographs(count), item=lambda index: files[index])


@pytest.mark.parametrize(("larger", "number"), [(1, 1), (3, 2), (5, 3)])
def test_what_is_known_of_the_images_ahead_changes_no_pixel(larger: int, number: int) -> None:
    split = jpegs(larger=larger)
    one = of_files(split, epochs=1)
    assert ratios(np.array([(60, 40)]) * larger, one.rule) == number
    told = replace(one, ratios=number)
    assert all(map(same, one.training().as_numpy_iterator(), told.training().as_numpy_iterator()))
    assert all(map(same, one.evaluation().as_numpy_iterator(), told.evaluation().as_numpy_iterator()))


@pytest.mark.parametrize("by", [photographs(6).item(0), jpegs(larger=5).item(1)])
def test_an_image_that_becomes_another_while_it_is_trained_on_is_named(by: bytes) -> None:
    split = jpegs()
    one = of_files(replace(split, item=lambda index: by if index == 3 else split.item(index)), epochs=1)
    told = replace(one, ratios=1)
    batches = iter(told.evaluation())
    with pytest.raises(InputError) as error:
        for step in range(2):
            told.next(batches, step, training=False)
    assert str(error.value) == ("data/3.img: was written to while training read it\n"
                                "  hint: put the data back as they were, then run the same command again")


@pytest.mark.parametrize("where", ["ram", "disk"])
def test_a_cache_changes_no_pixel_and_decodes_once(where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHSPEC_CACHE", str(tmp_path))
    plain, read = list(of_files().training().as_numpy_iterator()), list[int]()
    split = photographs()
    kept = of_files(replace(split, item=watching(split, read)), data=Folder(path="x", cache=where), batch=4)
    assert all(map(same, plain, kept.training().as_numpy_iterator()))
    assert len(set(read)) == split.size <= len(read) < 3 * split.size
    again = of_files(replace(split, item=lambda index: b""), data=Folder(path="x", cache=where))
    if where == "disk":
        assert all(map(same, plain, again.training().as_numpy_iterator()))


@pytest.mark.parametrize("of", [2])
def test_shards_together_are_the_whole(of: int) -> None:
    whole = of_files().training(1).as_numpy_iterator()
    parts = [replace(of_files(), shard=Shard(rank, of)).training(1).as_numpy_iterator() for rank in range(of)]
    for batch, *shares in zip(whole, *parts, strict=True):
        joined = [np.concatenate(each) for each in zip(*map(tf.nest.flatten, shares), strict=True)]
        assert same(batch, joined)


@pytest.mark.parametrize("axis", ["horizontal", "vertical"])
def test_to_mirror_alone_is_done_in_the_graph_and_gives_the_same(axis: str) -> None:
    split = photographs()
    plain, mirrored, by_python = (list(of_files(split, augment=each, epochs=1).training().as_numpy_iterator()) for each in (
        (), (Flip(probability=0.5, axis=axis),), (Flip(probability=0.5, axis=axis), PadCrop(pixels=0, fill="black"))))
    flipped = 0
    for one, other, again in zip(plain, mirrored, by_python, strict=True):
        flipped += sum(not (a == b).all() for a, b in zip(one.images, other.images, strict=True))
        assert (other.images == again.images).all()
    assert 0 < flipped < split.size


def test_images_stay_bytes_until_the_device() -> None:
    assert {batch.images.dtype for batch in of_files(epochs=1).training().as_numpy_iterator()} == {np.dtype(np.uint8)}


def test_the_batch_s_size_changes_no_image() -> None:
    """Each is seen under the same number, whatever it is batched with."""
    def seen(batch: int) -> set[bytes]:
        plain = of_files(batch=batch, augment=ALL[:3], epochs=1).training().as_numpy_iterator()
        return {image.tobytes() for each in plain for image, weight in zip(each.images, each.weights, strict=True) if weight}
    assert seen(4) == seen(12) == seen(6)


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


@pytest.mark.parametrize("training", [True, False])
def test_a_broken_image_is_named_without_decoding_all_again(training: bool) -> None:
    split = photographs(200)
    bad = int(order(0, 1, 200)[42]) if training else 42
    broken, read = replace(split, item=lambda index: split.item(index)[:100 if index == bad else None]), list[int]()
    one = of_files(broken, epochs=2)
    batches = iter(one.training(55) if training else one.evaluation())
    with pytest.raises(InputError) as error:
        for step in range(55 if training else 0, 1000):
            one.next(batches, step, training=training)
    assert str(error.value).startswith(f"data/{bad}.img: cannot be read as an image (")
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
    one, same_, other = (pipeline().sample(4, seed)[1].tolist() for seed in (3, 3, 4))
    assert one == same_ != other


def test_a_batch_larger_than_the_data_is_said() -> None:
    assert pipeline(batch=10).notes == []
    assert pipeline(batch=25).notes == ["10 train images are fewer than the batch of 25: it holds each 2.5 times, and the "
                                        "copies count for nothing"]
