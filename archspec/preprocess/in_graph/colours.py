"""Transparent pixels over a background, and grey of colours, in a graph, to the bit as Pillow rounds them."""

from __future__ import annotations

import tensorflow as tf

from archspec.preprocess.rule import LUMA_16, Preprocess


def in_channels(image: tf.Tensor, rule: Preprocess) -> tf.Tensor:
    """(h, w, 3) or (h, w, 4) uint8 to (h, w, rule.channels): an alpha that is not wanted lets the background through."""
    if rule.channels == 4:
        return image if image.shape[2] == 4 else tf.pad(image, [[0, 0], [0, 0], [0, 1]], constant_values=255)
    colours = image if image.shape[2] == 3 else over(image, round(rule.background))
    return colours if rule.channels == 3 else grey(colours)


def over(image: tf.Tensor, background: int) -> tf.Tensor:
    """(h, w, 4) uint8 to (h, w, 3), over a grey: Pillow's alpha_composite, which for an opaque ground needs 16 bits."""
    colours, alpha = image[..., :3], image[..., 3:]

    def laid() -> tf.Tensor:
        share = tf.cast(alpha, tf.uint16)
        mixed = tf.cast(colours, tf.uint16) * share + tf.constant(background, tf.uint16) * (tf.constant(255, tf.uint16) - share)
        more = mixed + tf.constant(128, tf.uint16)
        eight = tf.constant(8, tf.uint16)
        return tf.cast(tf.bitwise.right_shift(more + tf.bitwise.right_shift(more, eight), eight), tf.uint8)
    return tf.cond(tf.reduce_all(alpha == 255), lambda: colours, laid)


def grey(colours: tf.Tensor) -> tf.Tensor:
    """(h, w, 3) uint8 to (h, w, 1): LUMA_16, as Pillow's convert("L")."""
    wide = tf.cast(colours, tf.int32)
    light = tf.add_n([wide[..., place:place + 1] * share for place, share in enumerate(LUMA_16)])
    return tf.cast(tf.bitwise.right_shift(light + (1 << 15), 16), tf.uint8)
