"""From a read image to the network's input size: in training at random, otherwise from the middle."""

from __future__ import annotations

import tensorflow as tf

from archspec.data.dataset import Shape


def random_crop(image: tf.Tensor, shape: Shape, padding: int, seed: tf.Tensor) -> tf.Tensor:
    """A crop of `shape` at random from (h, w, c), padded by `padding` black pixels a side. Seed: (2,) int64."""
    padded = tf.pad(image, [[padding, padding], [padding, padding], [0, 0]])
    return tf.image.stateless_random_crop(padded, shape, seed)


def random_flip(image: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
    """Mirrors every second image left to right. Seed: (2,) int64."""
    # another seed than the crop's: the same one would tie the flip to the crop's place
    return tf.image.stateless_random_flip_left_right(image, seed + tf.constant([1 << 32, 0], tf.int64))


def center_crop(image: tf.Tensor, shape: Shape) -> tf.Tensor:
    """The middle of (h, w, c), of the size of `shape`."""
    top, left = (tf.shape(image)[axis] - shape[axis] for axis in (0, 1))
    return tf.image.crop_to_bounding_box(image, top // 2, left // 2, *shape[:2])
