"""The order of an epoch: every image once, no epoch like another, and each shard's part its own."""

from __future__ import annotations

import numpy as np
import pytest

from archspec.data.order import Shard, balanced, batched, occurrences, order, repeated

SIZES = [1, 8, 10, 1437, 50_000, 65_537]
IMAGENET = pytest.param(1_281_167, marks=pytest.mark.slow)


@pytest.mark.parametrize("size", [*SIZES, IMAGENET])
def test_every_image_once(size: int) -> None:
    for epoch in range(3):
        assert (np.sort(order(7, epoch, size)) == np.arange(size)).all()


@pytest.mark.parametrize("size", [1437, 50_000, 65_537, IMAGENET])
def test_no_two_epochs_and_no_two_seeds_correlate(size: int) -> None:
    orders = [order(seed, epoch, size) for seed, epoch in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2 ** 31 - 1, 0))]
    found = np.corrcoef(np.stack(orders))
    assert np.abs(found - np.eye(len(orders))).max() < 4.5 / size ** 0.5


@pytest.mark.parametrize(("size", "batch"), [(1437, 32), (50_000, 256), (65_537, 256), pytest.param(1_281_167, 256, marks=pytest.mark.slow)])
def test_who_shared_a_batch_rarely_shares_the_next_one(size: int, batch: int) -> None:
    first, second = (np.argsort(order(0, epoch, size)) // batch for epoch in (0, 1))
    _, together = np.unique(first * size + second, return_counts=True)  # images that share both batches
    pairs = (together * (together - 1) // 2).sum()
    expected = size / batch * (batch * (batch - 1) / 2) * (batch / size)
    assert 0.9 * expected < pairs < 1.1 * expected


def test_the_order_never_changes() -> None:
    """A run that an older archspec began goes on with the same images."""
    assert order(0, 0, 10).tolist() == [0, 2, 9, 1, 8, 5, 4, 3, 6, 7]
    assert order(1, 2, 10).tolist() == [4, 2, 0, 6, 1, 5, 9, 8, 7, 3]


@pytest.mark.parametrize(("size", "batch"), [(10, 4), (12, 4), (5, 4), (1437, 32)])
def test_the_last_batch_is_filled_up_and_holds_no_image_twice(size: int, batch: int) -> None:
    found, counts = batched(np.arange(size), batch)
    assert found[counts].tolist() == list(range(size))
    assert all(len(set(row)) == batch for row in found.tolist())


def test_fewer_images_than_places_repeat_evenly() -> None:
    found, counts = batched(np.arange(3), 8)
    assert sorted(np.bincount(found[0]).tolist()) == [2, 3, 3]
    assert counts.sum() == 3


@pytest.mark.parametrize(("size", "of"), [(40, 4), (37, 2), (37, 4), (33, 8)])
def test_no_shard_sees_an_image_of_another(size: int, of: int) -> None:
    seen = [set(batched(np.arange(size), 8)[0][:, Shard(rank, of).part(8)].ravel().tolist()) for rank in range(of)]
    assert sum(map(len, seen)) == size
    assert set.union(*seen) == set(range(size))


@pytest.mark.parametrize("counts", [(90, 9, 1), (50, 50), (3, 3, 3, 1)])
def test_balanced_every_class_comes_as_often(counts: tuple[int, ...]) -> None:
    labels = np.repeat(np.arange(len(counts)), counts)
    for epoch in range(4):
        found = balanced(1, epoch, labels)
        assert len(found) == len(labels)
        assert np.ptp(np.bincount(labels[found], minlength=len(counts))) <= 1


def test_balanced_no_image_comes_again_before_all_of_its_class() -> None:
    labels = np.repeat([0, 1], [30, 10])
    times = np.bincount(balanced(0, 0, labels), minlength=40)
    assert times[:30].max() == 1
    assert times[30:].tolist() == [2] * 10


def test_balanced_another_order_each_epoch_and_no_class_first() -> None:
    labels = np.repeat([0, 1], [500, 500])
    first, second = (balanced(0, epoch, labels) for epoch in (0, 1))
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.15
    assert 200 < labels[first][:500].sum() < 300


@pytest.mark.parametrize(("size", "batch", "copies"), [(96, 12, 3), (100, 12, 3), (64, 8, 4), (50, 8, 3), (5, 8, 3)])
def test_copies_share_a_batch_and_stand_apart(size: int, batch: int, copies: int) -> None:
    found = repeated(order(3, 0, size), batch, copies)
    assert len(found) == size
    for begin in range(0, size - batch + 1, batch):
        row = found[begin:begin + batch]
        assert np.bincount(row, minlength=size)[row].min() >= batch // -(-batch // copies)
        assert (row[0::2][:len(row) // 2] != row[1::2]).all()


def test_occurrences_count_from_the_first() -> None:
    assert occurrences(np.array([5, 2, 5, 5, 2, 7])).tolist() == [0, 0, 1, 2, 1, 0]
    assert occurrences(np.zeros(0, np.int64)).tolist() == []


@pytest.mark.parametrize(("rank", "of"), [(0, 3), (2, 2), (-1, 2)])
def test_shards_are_equal_parts(rank: int, of: int) -> None:
    with pytest.raises(ValueError, match=f"part {rank} of {of} of a batch of 8"):
        Shard(rank, of).part(8)
