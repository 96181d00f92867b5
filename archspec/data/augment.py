"""What training does at random to an image that is scaled already."""

from __future__ import annotations

import tensorflow as tf

from archspec.preprocess.rule import Shape


def random_crop(image: tf.Tensor, shape: Shape, padding: int, seed: tf.Tensor) -> tf.Tensor:
    """A crop of `shape` at random from (h, w, c), padded by `padding` black pixels a side. Seed: (2,) int64."""
    padded = tf.pad(image, [[padding, padding], [padding, padding], [0, 0]])
    return tf.image.stateless_random_crop(padded, shape, seed)


def random_flip(image: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Mirrors every second image left to right. Seed: (2,) int64."""
    # another seed than the crop's: the same one would tie the flip to the crop's place
    return tf.image.stateless_random_flip_left_right(image, seed + tf.constant([1 << 32, 0], tf.int64))


def random_place(seed: tf.Tensor) -> tf.Tensor:
    """Where along a thin image the piece lies that is scaled: 0 to 1. Seed: (2,) int64."""
    return tf.random.stateless_uniform((), seed + tf.constant([2 << 32, 0], tf.int64))
