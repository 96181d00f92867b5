"""What is drawn for a batch is done to it here, on the device: images are mixed, and parts of them erased."""

from __future__ import annotations

import tensorflow as tf

from archspec.data.augment.batches import Blend
from archspec.data.augment.erasing import Erased
from archspec.data.augment.mixing import Mixed

_BITS = 23
"""Of a drawn number: with half of one more, which keeps 0 and 1 away, as many as a float32 holds exactly."""


def blended(images: tf.Tensor, truths: tf.Tensor, blend: Blend | tuple[()]) -> tuple[tf.Tensor, tf.Tensor]:
    """Images (b, h, w, c) float32 as the network sees them, and what is true of them, (b, classes) float32."""
    for part in blend:
        if isinstance(part, Mixed):
            images, truths = _mixed(images, part), _shared(truths, _partners(truths), part.label[:, None])
        else:
            images = _erased(images, part)
    return images, truths


def _mixed(images: tf.Tensor, mixed: Mixed) -> tf.Tensor:
    partners = _partners(images)
    return tf.where(_inside(mixed.box, images), partners, _shared(images, partners, mixed.own[:, None, None, None]))


def _shared(own: tf.Tensor, other: tf.Tensor, share: tf.Tensor) -> tf.Tensor:
    return own * share + other * (1 - share)


def _partners(values: tf.Tensor) -> tf.Tensor:
    """Each one's neighbour: that of 0 is 1, and that of 1 is 0. The last of an odd number has none but itself."""
    places = tf.range(tf.shape(values)[0])
    return tf.gather(values, tf.minimum(tf.bitwise.bitwise_xor(places, 1), tf.shape(values)[0] - 1))


def _inside(box: tf.Tensor, images: tf.Tensor) -> tf.Tensor:
    """(b, h, w, 1) bool of boxes (b, 4): top, left, bottom, right."""
    top, left, bottom, right = (each[:, None] for each in tf.unstack(box, axis=1))
    rows, columns = tf.range(tf.shape(images)[1])[None], tf.range(tf.shape(images)[2])[None]
    high, wide = (rows >= top) & (rows < bottom), (columns >= left) & (columns < right)
    return (high[:, :, None] & wide[:, None, :])[..., None]


def _erased(images: tf.Tensor, erased: Erased) -> tf.Tensor:
    fill = erased.colour[:, None, None, :] if isinstance(erased.seeds, tuple) else _noise(images, erased)
    return tf.where(_inside(erased.box, images), fill, images)


def _noise(images: tf.Tensor, erased: Erased) -> tf.Tensor:
    """(b, h, w, c) of the standard normal distribution, each by its own seed; 0 for an image that needs none."""
    shape = images.shape[1:]

    def one(box: tf.Tensor, seed: tf.Tensor) -> tf.Tensor:
        return tf.cond(tf.reduce_any(box > 0), lambda: _normals(shape, seed), lambda: tf.zeros(shape))
    return tf.map_fn(lambda each: one(*each), (erased.box, erased.seeds), fn_output_signature=tf.float32)


def _normals(shape: tf.TensorShape, seed: tf.Tensor) -> tf.Tensor:
    """By the inverse of their distribution: XLA draws TensorFlow's whole numbers, but other normal ones."""
    drawn = tf.random.stateless_uniform(shape, seed, minval=None, maxval=None, dtype=tf.uint32, alg="philox")
    upper = tf.cast(tf.bitwise.right_shift(drawn, tf.constant(32 - _BITS, tf.uint32)), tf.float32)
    return tf.sqrt(2.0) * tf.math.erfinv((upper + 0.5) * 2.0 ** (1 - _BITS) - 1)
