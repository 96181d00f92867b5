"""Augmentation: what may come out, and that the same seed gives the same."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from archspec.data.augment import random_crop, random_flip

IMAGE = tf.reshape(tf.range(1, 26, dtype=tf.float32), (5, 5, 1))


def seed(number: int) -> tf.Tensor:
    return tf.constant([7, number], tf.int64)


def test_a_crop_is_the_image_moved_by_the_padding_at_most() -> None:
    padded = np.pad(IMAGE.numpy(), ((1, 1), (1, 1), (0, 0)))
    windows = {padded[top:top + 5, left:left + 5].tobytes() for top in range(3) for left in range(3)}
    crops = {random_crop(IMAGE, (5, 5, 1), 1, seed(number)).numpy().tobytes() for number in range(200)}
    assert crops == windows


def test_without_padding_a_crop_of_the_same_size_is_the_image() -> None:
    assert (random_crop(IMAGE, (5, 5, 1), 0, seed(1)).numpy() == IMAGE.numpy()).all()


def test_about_half_of_the_images_are_mirrored() -> None:
    mirrored = [bool((random_flip(IMAGE, seed(number)).numpy() == IMAGE.numpy()[:, ::-1]).all()) for number in range(400)]
    assert 160 < sum(mirrored) < 240


def test_the_flip_does_not_follow_the_crop() -> None:
    pairs = [(random_crop(IMAGE, (5, 5, 1), 1, seed(number)).numpy().tobytes(),
              random_flip(IMAGE, seed(number)).numpy().tobytes()) for number in range(400)]
    assert len(set(pairs)) == 9 * 2
