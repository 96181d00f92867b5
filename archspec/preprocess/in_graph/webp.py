"""WebP in a graph: its header and its pixels."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from archspec.preprocess.in_graph import exif
from archspec.preprocess.in_graph.bytewise import File, chosen, in_size, is_text, little, part, upheld, whole

CHUNKS = 1000
"""That are stepped over at most on the way to EXIF."""
ANIMATED, EXIF = 2, 8
"""Flags of an extended header."""


class Header(NamedTuple):
    """What stands at its beginning; all zero if it is of no known kind."""

    height: tf.Tensor
    width: tf.Tensor
    orientation: tf.Tensor
    still: tf.Tensor
    whole: tf.Tensor


def header(file: File) -> Header:
    """Of a simple lossy, a simple lossless or an extended file (RFC 9649)."""
    head = part(file, 12, 18)
    lossy, lossless, extended = (is_text(head[:4], name) for name in (b"VP8 ", b"VP8L", b"VP8X"))
    bits = little(head[9:13])
    sizes = tf.stack([
        tf.stack([little(head[16:18]) & 0x3FFF, little(head[14:16]) & 0x3FFF]) * _one(is_text(head[11:14], b"\x9d\x01\x2a")),
        tf.stack([(bits // (1 << 14)) & 0x3FFF, bits & 0x3FFF]) + 1,
        tf.stack([little(head[15:18]), little(head[12:15])]) + 1])
    height, width = tf.unstack(tf.reduce_sum(sizes * _one(tf.stack([lossy, lossless, extended]))[:, None], axis=0))
    flags = head[8] * _one(extended)
    how = tf.cond(flags & EXIF > 0, lambda: _orientation(file), lambda: whole(1))
    return Header(height, width, how, flags & ANIMATED == 0, little(part(file, 4, 4)) + 8 <= file.count)


def _one(condition: tf.Tensor) -> tf.Tensor:
    return tf.cast(condition, tf.int64)


def _orientation(file: File) -> tf.Tensor:
    """What the chunk named EXIF says, with or without JPEG's six letters before it."""
    def going(step: tf.Tensor, at: tf.Tensor, found: tf.Tensor) -> tf.Tensor:
        return (step < CHUNKS) & (at + 8 <= file.count) & (found < 0)

    def walk(step: tf.Tensor, at: tf.Tensor, found: tf.Tensor) -> tuple[tf.Tensor, ...]:
        head = part(file, at, 8)
        length = little(head[4:])
        return step + 1, at + 8 + length + length % 2, chosen(is_text(head[:4], b"EXIF"), at, found)
    _, _, found = tf.while_loop(going, walk, (0, whole(12), whole(-1)))

    def read() -> tf.Tensor:
        head = part(file, found, 14)
        before = 6 * _one(is_text(head[8:], b"Exif\0\0"))
        return exif.orientation(file, found + 8 + before, little(head[4:8]) - before)
    return tf.cond(found >= 0, read, lambda: whole(1))


def checked(file: File, found: Header) -> File:
    """The file, if it is a still image with a size that is read, and is there to its end."""
    return upheld([(found.still, "an animated WebP, which is not read here; send the frame that is meant"),
                   in_size(found.height, found.width, file), (found.whole, "the WebP breaks off before its end")], file)


def decoded(file: File) -> tf.Tensor:
    """(h, w, 4), as it is stored.

    By the operation that every version of TensorFlow has: one that knows no WebP refuses the image, and not the model.
    """
    image = tf.io.decode_image(file.encoded, channels=0, expand_animations=False)  # it has 3 if there is no alpha
    return tf.ensure_shape(tf.pad(image, [[0, 0], [0, 0], [0, 4 - tf.shape(image)[2]]], constant_values=255), (None, None, 4))
