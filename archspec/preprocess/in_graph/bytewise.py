"""Bytes of a file as a vector, and numbers read out of them, in a graph."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Any, NamedTuple

import tensorflow as tf

once: Callable[[Callable[..., Any]], Any] = tf.function(autograph=False)
"""Of a function that is called at many places of a graph: it is traced, saved and loaded once."""
PADDING = 32
"""Zeros behind the last byte, so that what is read near the end has its length; `count` says where the file ends."""


class File(NamedTuple):
    """An encoded image: `encoded` () string, `raw` (count + PADDING,) uint8, `count` () int64.

    `name` () string is what messages call it; `most` the number of pixels that are read.
    """

    encoded: tf.Tensor
    raw: tf.Tensor
    count: tf.Tensor
    name: tf.Tensor
    most: int


def file_of(encoded: tf.Tensor, name: tf.Tensor, most: int) -> File:
    """The file of some bytes."""
    raw = tf.concat([tf.io.decode_raw(encoded, tf.uint8), tf.zeros((PADDING,), tf.uint8)], axis=0)
    return File(encoded, raw, tf.cast(tf.strings.length(encoded), tf.int64), name, most)


def part(file: File, offset: tf.Tensor | int, count: int) -> list[tf.Tensor]:
    """So many bytes from there on, () int64 each, of at most PADDING; those behind the end are zeros."""
    found = _part(file.raw, file.count, whole(offset) if isinstance(offset, int) else offset)
    return list(tf.unstack(found, PADDING)[:count])


@once
def _part(raw: tf.Tensor, length: tf.Tensor, offset: tf.Tensor) -> tf.Tensor:
    begin = tf.clip_by_value(offset, 0, length)
    return tf.cast(tf.slice(raw, begin[None], (PADDING,)), tf.int64)


def whole(number: int) -> tf.Tensor:
    """A () int64."""
    return tf.constant(number, tf.int64)


def chosen(condition: tf.Tensor, number: tf.Tensor | int, otherwise: tf.Tensor | int) -> tf.Tensor:
    """One of two () int64."""
    return tf.where(condition, tf.convert_to_tensor(number, tf.int64), tf.convert_to_tensor(otherwise, tf.int64))


def among(value: tf.Tensor, values: Collection[int]) -> tf.Tensor:
    """() bool: whether a () int64 is one of some."""
    return tf.reduce_any(value == tf.constant(sorted(values), tf.int64))


def little(values: Sequence[tf.Tensor]) -> tf.Tensor:
    """The () int64 whose bytes these are, () int64 each, the lowest first."""
    return tf.reduce_sum(tf.stack(values) * tf.constant([256 ** place for place in range(len(values))], tf.int64))


def big(values: Sequence[tf.Tensor]) -> tf.Tensor:
    """The () int64 whose bytes these are, the highest first."""
    return little(values[::-1])


def is_text(values: Sequence[tf.Tensor], text: bytes) -> tf.Tensor:
    """() bool: whether so many bytes, () int64 each, are these."""
    return tf.reduce_all(tf.stack(values) == tf.constant(list(text), tf.int64))


def upheld(checks: list[tuple[tf.Tensor, str]], file: File) -> File:
    """The file, for what is done with it only if all hold: () bool each, with what is said of a file for which it does not.

    A decoder that is given what this returns runs behind the checks.
    """
    return file._replace(encoded=held(file.encoded, checks, file))


def held(value: tf.Tensor, checks: list[tuple[tf.Tensor, str]], file: File) -> tf.Tensor:
    """A value that comes only if all checks of a file hold, and all before them; of several that do not, the first is told."""
    with tf.control_dependencies(_assertions(checks, file)):
        return tf.identity(value)


def _assertions(checks: list[tuple[tf.Tensor, str]], file: File) -> list[tf.Operation]:
    found: list[tf.Operation] = []
    for condition, reason in checks:
        with tf.control_dependencies(found[-1:] or [file.encoded]):
            said = tf.strings.join([file.name, ": ", reason])
            found.append(tf.raw_ops.Assert(condition=condition, data=[said], summarize=1))  # tf.debugging's has two branches
    return found


def in_size(height: tf.Tensor, width: tf.Tensor, file: File) -> tuple[tf.Tensor, str]:
    """The check that an image () int64 by () int64 has a size, and no more pixels than are read."""
    return _fits(height, width, file.most), f"no size, or more than {file.most} pixels, which are not read"


@once
def _fits(height: tf.Tensor, width: tf.Tensor, most: int) -> tf.Tensor:
    return (height > 0) & (width > 0) & (height <= most // tf.maximum(width, 1))
