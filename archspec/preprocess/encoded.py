"""From the bytes of images to what the network sees, in a graph of TensorFlow's own operations: what a server runs.

`decoding`, `window` and `sampling` say what evaluation does, in Python. Here it is done once more, for JPEG, PNG, WebP, GIF
and BMP; docs/data.md says where the two differ. Every size is checked before anything of that size is made.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import tensorflow as tf

from archspec.errors import InputError
from archspec.preprocess.header import MAGIC, UNREAD
from archspec.preprocess.in_graph import bmp, exif, geometry, gif, jpeg, png, webp
from archspec.preprocess.in_graph.bytewise import PADDING, File, file_of, held, once
from archspec.preprocess.in_graph.colours import in_channels
from archspec.preprocess.pixels import SPLIT, seen
from archspec.preprocess.rule import Preprocess

MOST_PIXELS = 50_000_000
"""Of one image, if nothing else is said. Evaluation reads several times as many; a server answers strangers."""
CHANNELS = (1, 3, 4)
"""That a network's input has to have."""
KINDS = ("JPEG", "PNG", "WebP", "GIF", "BMP")
Seen = tuple[tf.Tensor, tf.Tensor, tf.Tensor]
"""Pixels (h, w, channels) uint8, and what of them is seen: a packed sampling."""


def batch_from_bytes(encoded: tf.Tensor, rule: Preprocess, *, most: int = MOST_PIXELS) -> tf.Tensor:
    """(n,) string to (n, height, width, channels) uint8, one after the other, so that the memory is that of the largest.

    In a graph the op fails for what is no image, or has more than `most` pixels; a message counts images from 0. Raises
    InputError for a rule of other than CHANNELS.
    """
    if rule.channels not in CHANNELS:
        raise InputError(f"images of {rule.channels} channels cannot be sent as bytes; 1, 3 or 4 can")
    encoded = tf.ensure_shape(encoded, (None,))

    def each(pair: tuple[tf.Tensor, tf.Tensor]) -> tf.Tensor:
        file = file_of(pair[1], tf.strings.join(["image ", tf.strings.as_string(pair[0])]), most)
        pixels, numbers, places = _decoded(file, rule)
        return seen(tf.ensure_shape(pixels, (None, None, rule.channels)), numbers, places, rule)
    found = tf.map_fn(each, (tf.range(tf.size(encoded)), encoded), fn_output_signature=tf.TensorSpec(rule.shape, tf.uint8),
                      parallel_iterations=1)
    return tf.ensure_shape(found, (None, *rule.shape))


def _decoded(file: File, rule: Preprocess) -> Seen:
    kind, reason = _kind(file)
    readers = (_jpeg, _png, _webp, _gif, _bmp)
    which = held(kind, [(kind < len(KINDS), reason)], file)
    found: Seen = tf.switch_case(which, [lambda read=read: read(file, rule) for read in readers])
    return found


def _kind(file: File) -> tuple[tf.Tensor, tf.Tensor]:
    """The number of a file's kind, () int32, len(KINDS) for what is not read; and of such a one what it is.

    A file has at least PADDING bytes to look at; what says its name later is no image that is known.
    """
    known = [each for each in (*UNREAD, *MAGIC) if each[0] + len(each[1]) <= PADDING]  # the first that fits is meant
    magics, looked_at = (np.zeros((len(known), PADDING), kind) for kind in (np.uint8, bool))
    for row, (offset, magic, _) in enumerate(known):
        magics[row, offset:offset + len(magic)], looked_at[row, offset:offset + len(magic)] = list(magic), True
    fits = tf.reduce_all((file.raw[:PADDING] == tf.constant(magics)) | tf.constant(~looked_at), axis=1)
    found = tf.where(tf.reduce_any(fits), tf.argmax(fits, output_type=tf.int32), len(known))
    numbers = [KINDS.index(kind) if kind in KINDS else len(KINDS) for *_, kind in known]
    names = [f"{kind}: not read here" for *_, kind in known]
    return (tf.gather(tf.constant([*numbers, len(KINDS)]), found),
            tf.gather(tf.constant([*names, "no image that is known"]), found))


def _jpeg(file: File, rule: Preprocess) -> Seen:
    found = jpeg.frame(file)
    file = jpeg.checked(file, found)

    def plain() -> Seen:
        numbers, places = _packed(rule, jpeg=True)(*_size(found.height, found.width, rule, file))
        window, decoder = numbers[1:5], numbers[0]
        _, _, begin, size, _ = tf.split(numbers, SPLIT)
        part = tf.slice(jpeg.cropped(file, window, decoder, rule), begin, size)
        return _cut(jpeg.not_cut_short(part, file), numbers, places)

    def other() -> Seen:
        image = jpeg.not_cut_short(jpeg.decoded(file), file)
        return _whole(image, found.height, found.width, found.orientation, rule, file)
    if not jpeg.plain_components(rule):
        return other()
    read: Seen = tf.cond(found.plain(rule), plain, other)
    return read


def _png(file: File, rule: Preprocess) -> Seen:
    found = png.header(file, rule)
    file = png.checked(file, found)

    def plain() -> Seen:
        numbers, places = _packed(rule, jpeg=False)(*_size(found.height, found.width, rule, file))
        return png.plain(file, rule), numbers, places

    def other() -> Seen:
        return _whole(png.decoded(file, found), found.height, found.width, found.orientation, rule, file)
    read: Seen = tf.cond(found.plain, plain, other)
    return read


def _webp(file: File, rule: Preprocess) -> Seen:
    found = webp.header(file)
    file = webp.checked(file, found)
    return _whole(webp.decoded(file), found.height, found.width, found.orientation, rule, file)


def _gif(file: File, rule: Preprocess) -> Seen:
    found = gif.frame(file)
    file = gif.checked(file, found)
    return _whole(gif.decoded(file, found), found.screen[1], found.screen[0], tf.constant(1, tf.int64), rule, file)


def _bmp(file: File, rule: Preprocess) -> Seen:
    found = bmp.header(file)
    file = bmp.checked(file, found)
    return _whole(bmp.decoded(file, found), found.height, found.width, tf.constant(1, tf.int64), rule, file)


def _size(height: tf.Tensor, width: tf.Tensor, rule: Preprocess, file: File) -> geometry.Pair:
    """An image's size as it is shown, if the rule can be done to it."""
    reason = f"smaller than the input, which is {rule.width}x{rule.height}"
    return held(height, [(geometry.fits(geometry.Size(height, width), rule), reason)], file), width


@cache
def _packed(rule: Preprocess, *, jpeg: bool) -> Callable[[tf.Tensor, tf.Tensor], geometry.Pair]:
    """From an image's size, () int64 each, to a packed sampling."""
    packed: Callable[[tf.Tensor, tf.Tensor], geometry.Pair] = once(
        lambda height, width: geometry.packed(geometry.Size(height, width), rule, jpeg=jpeg))
    return packed


def _whole(image: tf.Tensor, height: tf.Tensor, width: tf.Tensor, how: tf.Tensor, rule: Preprocess, file: File) -> Seen:
    """What is seen of an image (h, w, 3 or 4) as it is stored, and turned as `how` says."""
    return _turned(rule)(image, height, width, how, file)


@cache
def _turned(rule: Preprocess) -> Callable[..., Seen]:
    def turned(image: tf.Tensor, height: tf.Tensor, width: tf.Tensor, how: tf.Tensor, file: File) -> Seen:
        numbers, places = _packed(rule, jpeg=False)(*_size(*exif.size_shown(height, width, how), rule, file))
        _, _, begin, part, _ = tf.split(numbers, SPLIT)
        colours = tf.constant([0, 0, image.shape[2] - rule.channels])
        cut = tf.ensure_shape(tf.slice(exif.turned(image, how), begin, part + colours), (None, None, image.shape[2]))
        return _cut(in_channels(cut, rule), numbers, places)
    run: Callable[..., Seen] = once(turned)
    return run


def _cut(part: tf.Tensor, numbers: tf.Tensor, places: tf.Tensor) -> Seen:
    """A part that was cut out already."""
    return part, numbers * np.repeat(np.array([1, 1, 0, 1, 1], np.int32), SPLIT), places
