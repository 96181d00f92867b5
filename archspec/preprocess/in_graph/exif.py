"""How EXIF says that an image is turned, and turning it, in a graph; as `header` reads it."""

from __future__ import annotations

import numpy as np
import tensorflow as tf

from archspec.preprocess.header import ORIENTATION
from archspec.preprocess.in_graph.bytewise import PADDING, File, big, chosen, is_text, little, once, part, whole

ENTRIES = 1000
"""Of a directory, that are looked at."""
ENTRY = 12
"""Its bytes: a tag and a type of two each, a count and a value of four."""

SHORT, LONG = 3, 4
"""Types of an orientation; of a byte, which is none of EXIF's, Pillow takes no notice either."""


@once
def orientation(file: File, at: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    """() int64 from 1 to 8, of the TIFF structure of so many bytes at an offset; 1 where it makes no sense."""
    end = tf.minimum(at + count, file.count)
    head = part(file, at, 8)
    small, large = is_text(head[:4], b"II*\0"), is_text(head[:4], b"MM\0*")

    def read() -> tf.Tensor:
        start = at + chosen(small, little(head[4:]), big(head[4:]))
        two = part(file, start, 2)
        entries = chosen(start + 2 <= end, chosen(small, little(two), big(two)), 0)
        return _in_directory(file, start + 2, end, tf.minimum(entries, ENTRIES), small)
    return tf.cond((small | large) & (at + 8 <= end), read, lambda: whole(1))


def _in_directory(file: File, start: tf.Tensor, end: tf.Tensor, entries: tf.Tensor, small: tf.Tensor) -> tf.Tensor:
    """Of `entries` at most that begin at an offset and end before another."""
    count = tf.clip_by_value((end - start + ENTRY - 1) // ENTRY, 0, entries)
    begin = tf.clip_by_value(start, 0, file.count + PADDING - ENTRY)
    count = tf.minimum(count, (file.count + PADDING - begin) // ENTRY)
    table = tf.cast(tf.reshape(tf.slice(file.raw, begin[None], (count * ENTRY)[None]), (-1, ENTRY)), tf.int64)
    sign = _numbers(table, 0, 2, small)
    kind = _numbers(table, 2, 2, small)
    hits = (sign == ORIENTATION) & ((kind == SHORT) | (kind == LONG))

    def value() -> tf.Tensor:
        place = tf.argmax(hits, output_type=tf.int64)  # here: the op fails where a directory has no entries
        row, short = table[place][None], kind[place] == SHORT
        said = chosen(short, _numbers(row, 8, 2, small)[0], _numbers(row, 8, 4, small)[0])
        inside = start + place * ENTRY + chosen(short, 10, 12) <= end
        return chosen(inside & (said >= 1) & (said <= 8), said, 1)
    return tf.cond(tf.reduce_any(hits), value, lambda: whole(1))


def _numbers(table: tf.Tensor, first: int, size: int, small: tf.Tensor) -> tf.Tensor:
    """(n,) numbers of `size` bytes from a column on."""
    shifts = np.arange(size) * 8
    places = tf.where(small, shifts, shifts[::-1])
    return tf.reduce_sum(tf.bitwise.left_shift(table[:, first:first + size], places), axis=1)


def turned(image: tf.Tensor, how: tf.Tensor) -> tf.Tensor:
    """(h, w, c) as EXIF's orientation () says that it is shown."""
    shape = (None, None, image.shape[2])

    def when(which: tuple[int, ...], image: tf.Tensor, change: tf.Tensor) -> tf.Tensor:
        some = tf.reduce_any(how == tf.constant(which, tf.int64))
        return tf.ensure_shape(tf.cond(some, lambda: change(image), lambda: image), shape)
    image = when((5, 6, 7, 8), image, lambda image: tf.transpose(image, (1, 0, 2)))
    image = when((2, 3, 6, 7), image, lambda image: tf.reverse(image, (1,)))
    return when((3, 4, 7, 8), image, lambda image: tf.reverse(image, (0,)))


def size_shown(height: tf.Tensor, width: tf.Tensor, how: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
    """Height and width as an image of a stored height and width is shown."""
    lying = how >= 5
    return chosen(lying, width, height), chosen(lying, height, width)
