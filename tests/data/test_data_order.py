"""The order of an epoch: every image once, no epoch like another, and each shard's part its own."""

from __future__ import annotations

import numpy as np
import pytest

from archspec.data.order import Shard, order, places

SIZES = [1, 8, 10, 1437, 50_000, 65_537]


@pytest.mark.parametrize("size", SIZES)
def test_every_image_once(size: int) -> None:
    for epoch in range(3):
        assert (np.sort(order(7, epoch, size)) == np.arange(size)).all()


@pytest.mark.slow
def test_every_image_once_of_imagenet() -> None:
    assert (np.bincount(order(0, 1, 1_281_167)) == 1).all()


@pytest.mark.parametrize("size", [1437, 50_000, 65_537])
def test_no_two_epochs_and_no_two_seeds_correlate(size: int) -> None:
    orders = [order(seed, epoch, size) for seed, epoch in ((0, 0), (0, 1), (0, 2), (1, 0), (1, 1), (2 ** 31 - 1, 0))]
    found = np.corrcoef(np.stack(orders))
    assert np.abs(found - np.eye(len(orders))).max() < 4.5 / size ** 0.5


def test_who_shared_a_batch_rarely_shares_the_next_one() -> None:
    size, batch = 50_000, 256
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
    found = places(size, batch)
    assert (found.ravel()[:size] == np.arange(size)).all()
    assert all(len(set(row)) == batch for row in found.tolist())


def test_fewer_images_than_places_repeat_evenly() -> None:
    assert sorted(np.bincount(places(3, 8)[0]).tolist()) == [2, 3, 3]


@pytest.mark.parametrize(("size", "of"), [(40, 4), (37, 2), (37, 4), (33, 8)])
def test_no_shard_sees_an_image_of_another(size: int, of: int) -> None:
    seen = [set(places(size, 8)[:, Shard(rank, of).part(8)].ravel().tolist()) for rank in range(of)]
    assert sum(map(len, seen)) == size
    assert set.union(*seen) == set(range(size))


@pytest.mark.parametrize(("rank", "of"), [(0, 3), (2, 2), (-1, 2)])
def test_shards_are_equal_parts(rank: int, of: int) -> None:
    with pytest.raises(ValueError, match=f"part {rank} of {of} of a batch of 8"):
        Shard(rank, of).part(8)
