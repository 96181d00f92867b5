"""PNGs in a graph: their header and their pixels."""

from __future__ import annotations

from typing import NamedTuple

import tensorflow as tf

from archspec.preprocess.in_graph import exif
from archspec.preprocess.in_graph.bytewise import File, big, chosen, in_size, is_text, part, upheld, whole
from archspec.preprocess.routes import CHANNELS, LONGEST_PNG
from archspec.preprocess.rule import Preprocess

CHUNKS = 1 << 16
"""That are stepped over at most on the way to EXIF."""
END = r"IEND\CB`\C"
"""The last chunk, with the two of its checksum's four bytes that are letters."""

PALETTE = 3
"""The colour type of numbers of colours."""


class Header(NamedTuple):
    """What stands at a PNG's beginning; `plain` () bool says that evaluation, too, leaves it to TensorFlow."""

    height: tf.Tensor
    width: tf.Tensor
    orientation: tf.Tensor
    plain: tf.Tensor
    named: tf.Tensor
    """() bool: whether it begins as a PNG must."""
    clear: tf.Tensor
    """() bool: whether tRNS may make colours transparent."""


def header(file: File, rule: Preprocess) -> Header:
    """Reads it, and looks through the rest for what makes a colour transparent or turns the image."""
    head = part(file, 12, 14)
    height, width, depth, colour = big(head[8:12]), big(head[4:8]), head[12], head[13]
    turns, clear = _holds(file, "eXIf"), _holds(file, "tRNS")
    how = tf.cond(turns, lambda: _orientation(file), lambda: whole(1))
    simple = ((colour == 0) | (colour == 2)) & ((depth == 8) | (depth == 16))
    plain = simple & ~turns & ~clear if rule.channels in CHANNELS else tf.constant(False)
    return Header(height, width, how, plain, is_text(head[:4], b"IHDR") & (file.count >= 33), clear)


def _holds(file: File, text: str) -> tf.Tensor:
    r"""Whether a text stands anywhere in it; \C is any byte."""
    return tf.strings.regex_full_match(file.encoded, rf"\C*{text}\C*")


def _orientation(file: File) -> tf.Tensor:
    """What the first chunk named eXIf says."""
    def going(step: tf.Tensor, at: tf.Tensor, found: tf.Tensor) -> tf.Tensor:
        return (step < CHUNKS) & (at + 12 <= file.count) & (found < 0)

    def walk(step: tf.Tensor, at: tf.Tensor, found: tf.Tensor) -> tuple[tf.Tensor, ...]:
        head = part(file, at, 8)
        return step + 1, at + 12 + big(head[:4]), chosen(is_text(head[4:], b"eXIf"), at, found)
    _, _, found = tf.while_loop(going, walk, (0, whole(8), whole(-1)))
    return tf.cond(found >= 0, lambda: exif.orientation(file, found + 8, big(part(file, found, 4))),
                   lambda: whole(1))


def checked(file: File, found: Header) -> File:
    """The file, if it has a size that is read, and its end."""
    ends = _holds(file, END)
    short = tf.maximum(found.height, found.width) <= LONGEST_PNG
    return upheld([(found.named, "the PNG has no header"), in_size(found.height, found.width, file),
                   (short, f"a PNG longer than {LONGEST_PNG} pixels"), (ends, "the PNG breaks off before its end")], file)


def plain(file: File, rule: Preprocess) -> tf.Tensor:
    """(h, w, channels) of a plain one; of 16 bits the upper 8."""
    return tf.io.decode_png(file.encoded, channels=rule.channels)


def decoded(file: File, found: Header) -> tf.Tensor:
    """(h, w, 4) of any other, as it is stored."""
    image, opaque = tf.io.decode_png(file.encoded, channels=4), tf.constant(255, tf.uint8)
    colour = part(file, 25, 1)[0]

    def grey() -> tf.Tensor:  # of fewer than 8 bits it has not scaled the levels, nor an alpha that it made up
        level = tf.io.decode_png(file.encoded, channels=1)
        alpha = tf.where(image[..., 3:] > 0, opaque, tf.constant(0, tf.uint8))
        return tf.concat([level, level, level, alpha], axis=2)

    def coloured() -> tf.Tensor:  # nor of a palette
        alpha = tf.where((colour == PALETTE) & ~found.clear, opaque, image[..., 3:])
        return tf.concat([image[..., :3], alpha], axis=2)
    return tf.ensure_shape(tf.cond(colour == 0, grey, coloured), (None, None, 4))
