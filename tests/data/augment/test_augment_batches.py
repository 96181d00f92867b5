"""What is drawn for batches: distributions, when it is done, and that parts of a batch get what the whole gets."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy import stats

from archspec.data.augment.batches import Blender, blender
from archspec.data.augment.erasing import Erased
from archspec.data.augment.mixing import Mixed
from archspec.spec.augment import CutMix, Flip, MixUp, Operation, RandomErasing

SHAPE = (60, 80, 3)
NUMBERS = np.arange(1000, 1064) * 17


def made(*operations: Operation, steps: int = 10) -> Blender:
    found = blender(operations, SHAPE, steps)
    assert found is not None
    return found


def mixed(*operations: Operation, step: int = 0, seed: int = 0, numbers: np.ndarray = NUMBERS) -> Mixed:
    part, = made(*operations).draw(seed, step, numbers)
    assert isinstance(part, Mixed)
    return part


def erased(operation: RandomErasing, count: int = 3000) -> Erased:
    part, = made(operation).draw(1, 0, np.arange(count))
    assert isinstance(part, Erased)
    return part


def joined(found: list[Mixed]) -> Mixed:
    return Mixed(*(np.concatenate(each) for each in zip(*found, strict=True)))


def test_nothing_for_batches_is_none() -> None:
    assert blender((Flip(),), SHAPE, 10) is None
    assert blender((), SHAPE, 10) is None


def test_parts_stand_in_the_order_of_the_list() -> None:
    kinds = [[type(part) for part in made(*operations).draw(0, 0, NUMBERS)] for operations in (
        (RandomErasing(), MixUp(probability=0.5), CutMix(probability=0.5)), (MixUp(probability=0.5), RandomErasing(), CutMix(probability=0.5)))]
    assert kinds == [[Erased, Mixed], [Mixed, Erased]]


@pytest.mark.parametrize("operation", [MixUp(), CutMix()])
def test_a_batch_has_one_share_or_each_pair_its_own(operation: Any) -> None:
    assert len(np.unique(mixed(type(operation)(draw="batch")).label)) == 1
    found = mixed(type(operation)(draw="pair", alpha=1.0)).label.reshape(-1, 2)
    assert np.array_equal(found[:, 0], found[:, 1])
    assert len(np.unique(found)) > 30


@pytest.mark.parametrize("alpha", [0.2, 1.0, 3.0])
@pytest.mark.parametrize("draw", ["batch", "pair"])
def test_mixups_share_is_of_the_beta_distribution(alpha: float, draw: str) -> None:
    found = joined([mixed(MixUp(alpha=alpha, draw=draw), step=step, numbers=NUMBERS[:2] + step) for step in range(4000)])
    assert stats.kstest(found.own[::2], stats.beta(alpha, alpha).cdf).statistic < 0.03
    assert np.array_equal(found.own, found.label)
    assert not found.box.any()


def test_cutmix_keeps_the_share_that_its_box_leaves() -> None:
    found = mixed(CutMix(draw="pair"), numbers=np.arange(4000))
    top, left, bottom, right = found.box.T
    assert (top >= 0).all()
    assert (left >= 0).all()
    assert (bottom <= 60).all()
    assert (right <= 80).all()
    assert found.label == pytest.approx(1 - (bottom - top) * (right - left) / 4800)
    assert (found.own == 1).all()


def test_cutmixs_boxes_have_the_images_aspect_and_lie_anywhere() -> None:
    found = mixed(CutMix(draw="pair", alpha=1.0), numbers=np.arange(40_000))
    top, left, bottom, right = found.box[::2].T
    inner = (top > 0) & (left > 0) & (bottom < 60) & (right < 80) & (bottom - top > 6)
    assert (right - left)[inner] / (bottom - top)[inner] == pytest.approx(80 / 60, rel=0.35)
    small = (bottom - top <= 12) & (bottom - top > 0)
    assert ((top + bottom) / 2)[small].mean() == pytest.approx(30, abs=1.5)
    # of area 1 - Beta(1, 1) unless the border cuts it; by the mean over both axes of what lies within
    share = np.random.default_rng(0).uniform(size=200_000)
    middles = np.random.default_rng(1).uniform(size=(2, 200_000))
    half = np.sqrt(1 - share) / 2
    expected = np.prod([np.minimum(each + half, 1) - np.maximum(each - half, 0) for each in middles], axis=0).mean()
    assert (1 - found.label).mean() == pytest.approx(expected, abs=0.015)  # of whole pixels, a little less


def kinds(*operations: Operation, steps: int = 10, count: int = 2000) -> np.ndarray:
    """Shares of batches with mixup, cutmix, neither."""
    drawn = [made(*operations, steps=steps).draw(0, step, NUMBERS[:2])[0] for step in range(count)]
    mixup = np.array([each.own[0] < 1 for each in drawn])
    cutmix = np.array([bool(each.box.any()) for each in drawn])
    assert not (mixup & cutmix).any()
    return np.array([mixup.mean(), cutmix.mean(), 1 - (mixup | cutmix).mean()])


def test_of_the_two_at_most_one_is_done() -> None:
    assert kinds(MixUp(alpha=2, probability=0.5), CutMix(alpha=2, probability=0.3)) == pytest.approx([0.5, 0.3, 0.2], abs=0.03)
    assert kinds(CutMix(alpha=2, probability=0.25)) == pytest.approx([0, 0.25, 0.75], abs=0.03)


def test_until_an_epoch() -> None:
    found = made(MixUp(until=1.5), steps=10)
    done = [bool(found.draw(0, step, NUMBERS)[0].own[0] < 1) for step in range(40)]
    assert done == [True] * 15 + [False] * 25


def test_the_other_goes_on_when_one_has_ended() -> None:
    pair = MixUp(alpha=2, probability=0.5, until=1.0), CutMix(alpha=2, probability=0.5)
    found = made(*pair, steps=500)
    drawn = [found.draw(0, step, NUMBERS[:2])[0] for step in range(1000)]
    assert not any(each.own[0] < 1 for each in drawn[500:])
    assert np.mean([each.box.any() for each in drawn[500:]]) == pytest.approx(0.5, abs=0.06)


@pytest.mark.parametrize("operations", [
    (MixUp(draw="pair"),), (CutMix(draw="pair"),), (MixUp(probability=0.5), CutMix(probability=0.5)), (RandomErasing(fill="colour"),),
    (RandomErasing(fill="noise"),), (RandomErasing(), CutMix())])
def test_parts_of_a_batch_get_what_the_whole_gets(operations: tuple[Operation, ...]) -> None:
    found = made(*operations)
    for step in range(5):
        whole = found.draw(3, step, NUMBERS)
        halves = [found.draw(3, step, NUMBERS[part]) for part in (slice(0, 32), slice(32, 64))]
        for part, (first, second) in zip(whole, zip(*halves, strict=True), strict=True):
            for name in part._fields:
                assert np.array_equal(getattr(part, name), np.concatenate([getattr(first, name), getattr(second, name)]))


def test_seed_step_and_number_decide() -> None:
    assert mixed(MixUp(), seed=1).own[0] != mixed(MixUp(), seed=2).own[0]
    assert mixed(MixUp(), step=1).own[0] != mixed(MixUp(), step=2).own[0]
    pair = MixUp(draw="pair")
    assert np.array_equal(mixed(pair, step=1).own, mixed(pair, step=2).own)
    assert not np.array_equal(mixed(pair).own, mixed(pair, numbers=NUMBERS + 1).own)


def test_an_odd_one_is_drawn_for_alone() -> None:
    assert mixed(MixUp(draw="pair"), numbers=NUMBERS[:5]).own.shape == (5,)
    assert mixed(CutMix(), numbers=NUMBERS[:1]).box.shape == (1, 4)


# -- erasing -------------------------------------------------------------------------------------------------------------

def test_erasing_is_what_its_keys_say() -> None:
    top, left, bottom, right = erased(RandomErasing(probability=0.4, area=(0.1, 0.2), aspect=(0.5, 2.0))).box.T
    done = bottom > top
    assert done.mean() == pytest.approx(0.4, abs=0.03)
    areas = ((bottom - top) * (right - left) / 4800)[done]
    aspects = np.log((bottom - top)[done] / (right - left)[done])
    assert (areas.min(), areas.mean(), areas.max()) == pytest.approx((0.1, 0.15, 0.2), abs=0.008)
    assert (aspects.min(), aspects.mean(), aspects.max()) == pytest.approx((-np.log(2), 0, np.log(2)), abs=0.08)
    assert (top[done] / (60 - bottom + top)[done]).mean() == pytest.approx(0.5, abs=0.03)
    assert (left[done] + right[done]).mean() == pytest.approx(80, abs=2)


def test_erasing_is_timms() -> None:
    """RandomErasing._erase, with the numbers that it would have drawn."""
    from archspec.data.draws import Stream, uniforms
    operation = RandomErasing(probability=0.7, area=(0.02, 0.9), aspect=(0.1, 4.0))
    found = erased(operation, 500).box
    for number in range(500):
        draws = uniforms(1, number, 23, Stream.ERASED)
        expected = [0, 0, 0, 0]
        for area, aspect in zip(draws[3:13], draws[13:], strict=True):
            target, ratio = (0.02 + 0.88 * area) * 4800, np.exp(np.log(0.1) + np.log(40) * aspect)
            h, w = round(np.sqrt(target * ratio)), round(np.sqrt(target / ratio))
            if w < 80 and h < 60:
                top, left = int(draws[1] * (60 - h + 1)), int(draws[2] * (80 - w + 1))
                expected = [top, left, top + h, left + w] if draws[0] < 0.7 else expected
                break
        assert found[number].tolist() == expected


def test_what_is_erased_holds() -> None:
    assert not erased(RandomErasing()).colour.any()
    colour = erased(RandomErasing(fill="colour")).colour
    assert colour.shape == (3000, 3)
    assert stats.kstest(colour.ravel(), "norm").statistic < 0.02
    noise = erased(RandomErasing(fill="noise"))
    assert noise.colour == ()
    assert len(np.unique(noise.seeds)) > 5990
    assert noise.seeds.min() >= 0
