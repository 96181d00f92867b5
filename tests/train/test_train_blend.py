"""What is drawn for a batch, done in TensorFlow, against the same in NumPy; and parts of a batch against the whole."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import tensorflow as tf

from archspec.data.augment.batches import Blend, Blender, blender
from archspec.data.augment.erasing import Erased
from archspec.data.augment.mixing import Mixed
from archspec.spec.augment import CutMix, MixUp, Operation, RandomErasing
from archspec.train.step.blend import blended

SHAPE = (12, 16, 3)
IMAGES = np.random.default_rng(0).normal(size=(8, *SHAPE)).astype(np.float32)
TRUTHS = np.eye(5, dtype=np.float32)[np.arange(8) % 5] * 0.9 + 0.02
NUMBERS = np.arange(8)
EVERY: list[tuple[Operation, ...]] = [
    (MixUp(draw="pair"),), (CutMix(draw="pair"),), (CutMix(),), (RandomErasing(probability=0.8),),
    (RandomErasing(probability=0.8, fill="colour"),), (RandomErasing(probability=0.8, fill="noise"),),
    (RandomErasing(probability=0.8, fill="noise"), MixUp(probability=0.5), CutMix(probability=0.5))]


def drawn(*operations: Operation, step: int = 0) -> Blend:
    return maker(*operations).draw(4, step, NUMBERS)


def maker(*operations: Operation) -> Blender:
    found = blender(operations, SHAPE, 10)
    assert found is not None
    return found


def done(blend: Any, images: np.ndarray = IMAGES, truths: np.ndarray = TRUTHS) -> tuple[np.ndarray, np.ndarray]:
    found = blended(tf.constant(images), tf.constant(truths), tf.nest.map_structure(tf.constant, blend))
    return found[0].numpy(), found[1].numpy()


def test_mixup() -> None:
    blend = drawn(MixUp(draw="pair"))
    images, truths = done(blend)
    own = blend[0].own  # type: ignore[union-attr]
    for number in range(8):
        other = number + 1 if number % 2 == 0 else number - 1
        assert images[number] == pytest.approx(own[number] * IMAGES[number] + (1 - own[number]) * IMAGES[other], abs=1e-6)
        assert truths[number] == pytest.approx(own[number] * TRUTHS[number] + (1 - own[number]) * TRUTHS[other], abs=1e-6)
    assert truths.sum(axis=1) == pytest.approx(1)


def test_cutmix() -> None:
    blend = drawn(CutMix(draw="pair"))
    images, truths = done(blend)
    for number, (top, left, bottom, right) in enumerate(blend[0].box):
        other = number + 1 if number % 2 == 0 else number - 1
        expected = IMAGES[number].copy()
        expected[top:bottom, left:right] = IMAGES[other][top:bottom, left:right]
        assert np.array_equal(images[number], expected)
        share = 1 - (bottom - top) * (right - left) / 192
        assert truths[number] == pytest.approx(share * TRUTHS[number] + (1 - share) * TRUTHS[other], abs=1e-6)


@pytest.mark.parametrize("fill", ["zero", "colour"])
def test_erasing(fill: str) -> None:
    blend = drawn(RandomErasing(probability=0.8, fill=fill))
    images, truths = done(blend)
    expected = IMAGES.copy()
    for number, (top, left, bottom, right) in enumerate(blend[0].box):
        expected[number, top:bottom, left:right] = blend[0].colour[number]  # type: ignore[union-attr]
    assert np.array_equal(images, expected)
    assert np.array_equal(truths, TRUTHS)
    assert not np.array_equal(images, IMAGES)


def test_noise_is_normal_and_another_for_each_image() -> None:
    box = np.array([[0, 0, 60, 80], [0, 0, 60, 80], [5, 6, 50, 70], [0, 0, 0, 0]], np.int32)
    seeds = np.array([[1, 2], [1, 3], [1, 2], [1, 2]], np.int32)
    images, _ = done((Erased(box, (), seeds),), np.full((4, 60, 80, 3), 9, np.float32), TRUTHS[:4])
    assert (images[0].mean(), images[0].std()) == pytest.approx((0, 1), abs=0.03)
    assert [np.mean(np.abs(images[0]) < bound) for bound in (0.5, 1, 2, 3)] == pytest.approx([0.383, 0.683, 0.954, 0.997], abs=0.01)
    assert not np.array_equal(images[0], images[1])
    assert np.array_equal(images[2, 5:50, 6:70], images[0, 5:50, 6:70])
    assert (images[3] == 9).all()
    assert (images[2, :5] == 9).all()


@pytest.mark.parametrize("operations", EVERY)
def test_compiled_by_xla_it_is_the_same(operations: tuple[Operation, ...]) -> None:
    blend = tf.nest.map_structure(tf.constant, drawn(*operations))
    images, truths = tf.function(blended, jit_compile=True)(IMAGES, TRUTHS, blend)
    expected = done(blend)
    assert images.numpy() == pytest.approx(expected[0], abs=1e-5)
    assert truths.numpy() == pytest.approx(expected[1], abs=1e-6)


def test_what_is_not_mixed_stays_as_it_is() -> None:
    images, truths = done((Mixed(np.ones(8, np.float32), np.zeros((8, 4), np.int32), np.ones(8, np.float32)),))
    assert np.array_equal(images, IMAGES)
    assert np.array_equal(truths, TRUTHS)


def test_the_last_of_an_odd_number_stays_as_it_is() -> None:
    blend = maker(MixUp(alpha=5)).draw(4, 0, NUMBERS[:3])
    images, truths = done(blend, IMAGES[:3], TRUTHS[:3])
    assert images[2] == pytest.approx(IMAGES[2], abs=1e-6)
    assert truths[2] == pytest.approx(TRUTHS[2], abs=1e-6)
    assert images[0] != pytest.approx(IMAGES[0], abs=1e-2)


def test_the_order_of_the_list_is_kept() -> None:
    erase, mix = RandomErasing(probability=1), MixUp(alpha=5, draw="pair")
    before, _ = done(drawn(erase, mix))
    after, _ = done(drawn(mix, erase))
    top, left, bottom, right = drawn(erase)[0].box[0]
    assert not after[0, top:bottom, left:right].any()
    assert before[0, top:bottom, left:right].any()


@pytest.mark.parametrize("operations", EVERY)
def test_parts_of_a_batch_become_what_the_whole_becomes(operations: tuple[Operation, ...]) -> None:
    found = maker(*operations)
    for step in range(3):
        images, truths = done(found.draw(4, step, NUMBERS))
        for part in (slice(0, 2), slice(2, 8)):
            halves = done(found.draw(4, step, NUMBERS[part]), IMAGES[part], TRUTHS[part])
            assert np.array_equal(halves[0], images[part])
            assert np.array_equal(halves[1], truths[part])


@pytest.mark.parametrize("operations", EVERY)
def test_in_a_graph_the_same_is_drawn_and_done(operations: tuple[Operation, ...]) -> None:
    found = maker(*operations)
    data = tf.data.Dataset.from_tensor_slices(NUMBERS).batch(4, drop_remainder=True).enumerate(7)
    batches = data.map(lambda step, numbers: found.in_graph(4, step, numbers))
    step = tf.function(blended)
    for number, blend in enumerate(batches):
        expected = found.draw(4, 7 + number, NUMBERS[4 * number:4 * number + 4])
        tf.nest.assert_same_structure(blend, expected)
        for one, other in zip(tf.nest.flatten(blend), tf.nest.flatten(expected), strict=True):
            assert np.array_equal(one, other)
        part = slice(4 * number, 4 * number + 4)
        images, truths = step(IMAGES[part], TRUTHS[part], blend)
        assert images.numpy() == pytest.approx(done(expected, IMAGES[part], TRUTHS[part])[0], abs=1e-6)
        assert truths.numpy() == pytest.approx(done(expected, IMAGES[part], TRUTHS[part])[1], abs=1e-6)
    assert [each.shape[0] for each in tf.nest.flatten(batches.element_spec)] == [4] * len(tf.nest.flatten(found.draw(4, 0, NUMBERS)))

