"""Made images: as many as wanted, the same ones every time, and each class can be told from the others."""

from __future__ import annotations

import numpy as np

from archspec.data.source import Source
from archspec.data.sources import load_data, refuse_missing
from archspec.spec.data import Synthetic


def made(**keys: int) -> Source:
    return load_data(Synthetic(**{"classes": 4, "train": 10, "test": 5, "height": 6, "width": 7, **keys}))


def test_every_key_acts() -> None:
    source = made(channels=5)
    assert (source.classes, source.train.size, source.test.size) == (("0", "1", "2", "3"), 10, 5)
    image = source.train.item(9)
    assert (image.shape, image.dtype, source.train.labels.tolist()) == ((6, 7, 5), np.uint8, [0, 1, 2, 3, 0, 1, 2, 3, 0, 1])
    assert (source.train.eight_bits, source.train.encoded, source.train.channels) == (True, False, 5)
    refuse_missing(Synthetic())


def test_the_same_every_time_and_no_two_alike() -> None:
    one, other = made(), made()
    images = [split.item(index).tobytes() for split in (one.train, one.test) for index in range(split.size)]
    assert len(set(images)) == 15
    assert images[:10] == [other.train.item(index).tobytes() for index in range(10)]


def test_a_class_is_told_by_its_colour() -> None:
    source = made(height=40, width=40, train=40, classes=10)
    means = np.array([source.train.item(index).mean(axis=(0, 1)) for index in range(40)]).reshape(4, 10, 3)
    between = np.abs(means[0, :, None] - means[0]).max(axis=-1) + 1000 * np.eye(10)
    assert np.ptp(means, axis=0).max() < 5 < 20 < between.min()


def test_a_head_costs_no_image_and_tells_images_apart() -> None:
    source = made(height=8000, width=8000)
    heads = {source.train.head(index).first for index in range(10)} | {source.test.head(index).first for index in range(5)}
    assert (len(heads), source.train.head(0).size) == (15, 8000 * 8000 * 3)


def test_a_million_names_are_made_at_once() -> None:
    keys = made(train=1_000_000).train.keys
    assert (len(keys), keys[0], keys[999_999], keys[1234]) == (1_000_000, "000000", "999999", "001234")
