"""The first frame of a GIF, in a graph.

Its decoder is handed that frame alone, with grey levels for a palette, so that numbers of colours come out: colours and
what is transparent are looked up here, as Pillow does, which TensorFlow does not. A second frame of one pixel comes only
out if the first was whole; of a broken one TensorFlow gives what was in the memory.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import tensorflow as tf

from archspec.preprocess.in_graph.bytewise import File, chosen, held, in_size, little, part, upheld, whole

STEPS = 1 << 15
"""Through blocks at most: 8 MB of a frame in blocks of 255 bytes take 512."""
RUN = 64
"""Blocks of that length that are stepped over at once."""
FULL, STRIDE = 255, 256
LEVELS = bytes(level for level in range(256) for _ in range(3))
GREYS = 0xF7
"""The flags of a screen with a palette of 256."""
PIXEL = b",\0\0\0\0\1\0\1\0\0\2\2D\1\0;"
"""A frame of one pixel, and the end."""


class Frame(NamedTuple):
    """Of the first frame, () int64 each: where its descriptor begins and where its data end; -1 if it has none.

    `clear` is the number of the transparent colour, or -1; `palette` where the colours begin, `colours` how many there are.
    """

    start: tf.Tensor
    end: tf.Tensor
    clear: tf.Tensor
    palette: tf.Tensor
    colours: tf.Tensor
    box: tf.Tensor
    """(4,) int64: left, top, width, height of it in the screen."""
    screen: tf.Tensor
    """(2,) int64: width and height of the screen, with all of the frame in it."""


def frame(file: File) -> Frame:
    """Walks over the blocks before the first frame, and over its own."""
    none = whole(-1)
    head = part(file, 6, 7)
    shared = _colours(head[4])

    def going(step: tf.Tensor, at: tf.Tensor, inside: tf.Tensor, start: tf.Tensor, clear: tf.Tensor,
              done: tf.Tensor) -> tf.Tensor:
        return (step < STEPS) & (at < file.count) & ~done

    def walk(step: tf.Tensor, at: tf.Tensor, inside: tf.Tensor, start: tf.Tensor, clear: tf.Tensor,
             done: tf.Tensor) -> tuple[tf.Tensor, ...]:
        head = part(file, at, 10)
        extension, image, last = head[0] == 0x21, head[0] == 0x2C, head[0] == 0x3B
        control = extension & (head[1] == 0xF9) & (head[2] >= 4) & (head[3] & 1 == 1)
        behind = chosen(extension, 2, chosen(image, 11 + 3 * _colours(head[9]), 1))
        block = chosen(head[0] == FULL, STRIDE * _full(file, at), 1 + head[0])
        return (step + 1, at + chosen(inside, block, behind), tf.where(inside, head[0] > 0, extension | image),
                chosen(~inside & image, at, start), chosen(~inside & control, head[6], clear),
                tf.where(inside, (head[0] == 0) & (start >= 0), last))
    state = (0, 13 + 3 * shared, tf.constant(False), none, none, tf.constant(False))
    _, end, _, start, clear, done = tf.while_loop(going, walk, state)
    said = part(file, start, 10)
    box = tf.stack([little(said[place:place + 2]) for place in (1, 3, 5, 7)])
    own = _colours(said[9])
    screen = tf.maximum(tf.stack([little(head[:2]), little(head[2:4])]), box[:2] + box[2:])
    there = done & (start >= 0) & (end <= file.count)
    return Frame(chosen(there, start, none), end, clear, chosen(own > 0, start + 10, 13), chosen(own > 0, own, shared), box,
                 screen)


def _colours(flags: tf.Tensor) -> tf.Tensor:
    """How many the palette has that flags tell of; 0 for none."""
    return chosen(flags >= 128, tf.bitwise.left_shift(whole(2), flags & 7), 0)


def _full(file: File, at: tf.Tensor) -> tf.Tensor:
    """How many blocks of full length follow one another from one of them on, counted to RUN."""
    lengths = tf.strided_slice(file.raw, [at], [tf.minimum(at + RUN * STRIDE, file.count)], [STRIDE])
    return tf.argmin(tf.pad(tf.cast(lengths == FULL, tf.int32), [[0, 1]]), output_type=tf.int64)


def checked(file: File, found: Frame) -> File:
    """The file, if its first frame is there to its end, and the screen has a size that is read."""
    return upheld([(found.start >= 0, "the GIF breaks off in its first frame, or has none"),
                   in_size(found.screen[1], found.screen[0], file), in_size(found.box[3], found.box[2], file)], file)


def decoded(file: File, found: Frame) -> tf.Tensor:
    """(h, w, 4) of the screen with the first frame; where that does not reach the transparent or the first colour is."""
    said = part(file, found.start, 10)[9]
    size = _bytes(file, found.start + 5, whole(4))
    flags = tf.gather(tf.constant([b"\0", b"\x40"]), tf.bitwise.right_shift(said, 6) & 1)
    data = found.start + 10 + 3 * _colours(said)
    alone = tf.strings.join([b"GIF89a", size, bytes([GREYS]), b"\0\0", LEVELS, b",\0\0\0\0", size, flags,
                             _bytes(file, data, found.end - data), PIXEL])
    frames = tf.io.decode_gif(alone)
    numbers = held(frames, [(tf.shape(frames)[0] == 2, "the GIF's first frame is broken")], file)[0, :, :, 0]
    left, top, width, height = tf.unstack(tf.cast(found.box, tf.int32))
    screen = tf.cast(found.screen, tf.int32)
    ground = tf.cast(tf.maximum(found.clear, 0), tf.uint8)
    placed = tf.pad(numbers, [[top, screen[1] - top - height], [left, screen[0] - left - width]], constant_values=ground)
    return tf.gather(_table(file, found), tf.cast(placed, tf.int32))


def _bytes(file: File, at: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
    return tf.strings.substr(file.encoded, at, count)


def _table(file: File, found: Frame) -> tf.Tensor:
    """(256, 4) uint8 colours, black those that are missing; grey levels where the file has no palette."""
    levels = np.arange(256)
    known = tf.slice(tf.pad(file.raw, [[0, 768]]), found.palette[None], (768,))
    said = tf.where(levels[:, None] < found.colours, tf.reshape(known, (256, 3)), tf.constant(0, tf.uint8))
    grey = tf.constant(levels.astype(np.uint8)[:, None].repeat(3, axis=1))
    opaque = tf.where(levels == found.clear, tf.constant(0, tf.uint8), tf.constant(255, tf.uint8))
    return tf.concat([tf.where(found.colours > 0, said, grey), opaque[:, None]], axis=1)
