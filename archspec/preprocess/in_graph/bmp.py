"""Uncompressed BMPs in a graph: 1, 4 and 8 bits with a palette, 24, and 32. TensorFlow's decoder takes palettes for grey."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from archspec.preprocess.in_graph.bytewise import File, among, chosen, in_size, little, part, upheld, whole

HEADERS = (12, 40, 52, 56, 64, 108, 124)
OLD = 12
"""The length of OS/2's header, with numbers of two bytes and colours of three."""
BITS = (1, 4, 8, 24, 32)
BGRA = (0xFF0000, 0xFF00, 0xFF)
"""Masks of red, green and blue; those of other orders are not read."""
MASKED = 3


class Header(NamedTuple):
    """What stands at its beginning, () int64 each."""

    length: tf.Tensor
    height: tf.Tensor
    width: tf.Tensor
    down: tf.Tensor
    """() bool: whether the first row comes first."""
    bits: tf.Tensor
    read: tf.Tensor
    """() bool: whether it is of a kind that is read."""
    alpha: tf.Tensor
    """() bool: whether the fourth byte is one."""
    colours: tf.Tensor
    start: tf.Tensor
    """Where the pixels begin."""


def header(file: File) -> Header:
    """Reads it."""
    head, more = part(file, 10, 26), part(file, 36, 32)
    length = little(head[4:8])
    old = length == OLD
    tall = little(head[12:16])
    down = ~old & (head[15] == 0xFF)
    bits = chosen(old, little(head[14:16]), little(head[18:20]))
    compression = chosen(old, 0, little(head[20:24]))
    height = chosen(old, little(head[10:12]), chosen(down, (1 << 32) - tall, tall))
    width = chosen(old, little(head[8:10]), little(head[8:12]))
    masks = [little(more[place:place + 4]) for place in (18, 22, 26)]
    alpha = chosen(length >= 56, little(part(file, 66, 4)), 0)
    ordered = tf.reduce_all(tf.stack(masks) == tf.constant(BGRA, tf.int64)) & ((alpha == 0) | (alpha == 0xFF000000))
    masked = (compression == MASKED) & (bits == 32) & ordered
    said = chosen(old, 0, little(more[10:14]))
    colours = chosen(said == 0, tf.bitwise.left_shift(whole(1), tf.minimum(bits, 8)), said)
    begin = little(head[:4])
    step = chosen(old, whole(3), 4)
    start = begin + chosen((begin == 14 + length) & (bits <= 8), step * colours, 0)
    known = among(length, HEADERS) & among(bits, BITS) & ((compression == 0) | masked)
    return Header(length, height, width, down, bits, known, masked & (alpha > 0), colours, start)


def _stride(found: Header) -> tf.Tensor:
    return (found.width * found.bits + 31) // 32 * 4


def checked(file: File, found: Header) -> File:
    """The file, if it is of a kind and a size that are read, and is there to its end."""
    there = (found.start >= 14 + found.length) & (found.start + _stride(found) * found.height <= file.count)
    return upheld([(found.read, "a BMP that is compressed, or has neither 1, 4, 8, 24 nor 32 bits, which is not read"),
                   in_size(found.height, found.width, file), (there, "the BMP breaks off before its end")], file)


def decoded(file: File, found: Header) -> tf.Tensor:
    """(h, w, 4), as it is stored."""
    stride = _stride(found)
    # a file that was refused may claim any size; its rows are cut out of the string, which waits for the checks
    count = tf.cast(stride * found.height, tf.int32)
    rows = tf.reshape(tf.io.decode_raw(tf.strings.substr(file.encoded, tf.cast(found.start, tf.int32), count), tf.uint8),
                      tf.stack([found.height, stride]))
    shown = tf.cond(found.down, lambda: rows, lambda: tf.reverse(rows, (0,)))
    which = tf.cast(found.bits > 8, tf.int32) + tf.cast(found.bits > 24, tf.int32)
    ways = [lambda: _numbered(shown, file, found), *(lambda each=each: _coloured(shown, each, found) for each in (3, 4))]
    return tf.ensure_shape(tf.switch_case(which, ways), (None, None, 4))


def _numbered(rows: tf.Tensor, file: File, found: Header) -> tf.Tensor:
    """(h, w, 4) of rows of numbers of colours, (h, stride), of up to 8 bits."""
    bits = tf.clip_by_value(found.bits, 1, 8)  # of a file that was refused it may be any number
    shifts = tf.cast(tf.range(8 - bits, -1, -bits), tf.uint8)
    numbers = tf.bitwise.right_shift(rows[..., None], shifts) & tf.cast(tf.bitwise.left_shift(whole(1), bits) - 1, tf.uint8)
    numbers = tf.reshape(numbers, tf.stack([found.height, -1]))[:, :found.width]
    return tf.gather(_palette(file, found), tf.cast(numbers, tf.int32))


def _palette(file: File, found: Header) -> tf.Tensor:
    """(256, 4) uint8, black the colours that are missing."""
    step = chosen(found.length == OLD, whole(3), 4)
    at = tf.minimum(14 + found.length, file.count)
    places = at + np.arange(256)[:, None] * step + np.array((2, 1, 0))
    colours = tf.gather(tf.pad(file.raw, [[0, 1024]]), places)
    known = np.arange(256)[:, None] < found.colours
    return tf.pad(tf.where(known, colours, tf.constant(0, tf.uint8)), [[0, 0], [0, 1]], constant_values=255)


def _coloured(rows: tf.Tensor, samples: int, found: Header) -> tf.Tensor:
    """(h, w, 4) of rows of colours, (h, stride)."""
    pixels = tf.reshape(rows[:, :found.width * samples], tf.stack([found.height, found.width, samples]))
    colours = tf.reverse(pixels[..., :3], (2,))
    solid = tf.pad(colours, [[0, 0], [0, 0], [0, 1]], constant_values=255)
    if samples == 3:
        return solid
    return tf.cond(found.alpha, lambda: tf.concat([colours, pixels[..., 3:]], axis=2), lambda: solid)
