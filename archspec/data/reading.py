"""From the number of an example to what the network sees of its image: read, decoded, cut, scaled, augmented."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from archspec.data.augment.host import Host
from archspec.data.cache import Cache
from archspec.data.draws import uniforms
from archspec.data.source import Split
from archspec.errors import InputError
from archspec.preprocess.decoding import BROKEN, decode, decode_deep
from archspec.preprocess.header import NoImage, read_header
from archspec.preprocess.pixels import packed, seen, seen_encoded
from archspec.preprocess.routes import CHANNELS, Route, route
from archspec.preprocess.rule import Preprocess
from archspec.preprocess.sampling import sampling
from archspec.preprocess.window import TooSmall
from archspec.spec.preprocess import FILTERS


@dataclass(frozen=True)
class Reader:
    """Reads a split's images as a rule and a list of operations want them; the numbers of `seed` decide what is drawn."""

    split: Split
    rule: Preprocess
    host: Host
    seed: int
    cache: Cache | None = None

    @property
    def kind(self) -> tf.DType:
        """Of pixels: uint8 where they come from 8 bits, else float32, with 255 for white."""
        return tf.uint8 if self.split.eight_bits else tf.float32

    def training(self, number: tf.Tensor, index: tf.Tensor) -> tf.Tensor:
        """The i-th, () int64, seen under a number, () int64: (height, width, channels). Works in a graph."""
        *looked, draws = self._looked(number, index, training=True)
        image = self._pixels(*looked)
        if not self.host.changes:
            return image
        changed = tf.numpy_function(self.host.pixels, [image, draws], self.kind, stateful=False)
        return tf.ensure_shape(changed, self.rule.shape)

    def evaluation(self, index: tf.Tensor) -> tf.Tensor:
        """The i-th, () int64, as evaluation and serving see it: (height, width, channels). Works in a graph."""
        return self._pixels(*self._looked(tf.constant(0, tf.int64), index, training=False)[:-1])

    def pixels(self, index: int, number: int | None = None) -> np.ndarray:
        """The i-th as evaluation sees it, or as training under a number. Raises InputError with its name."""
        place = tf.constant(index, tf.int64)
        try:
            return np.asarray(self.evaluation(place) if number is None else self.training(tf.constant(number, tf.int64), place))
        except (NoImage, TooSmall, OSError, tf.errors.OpError) as error:
            raise InputError(f"{self.split.path(index)}: cannot be read as an image ({_reason(error)})\n"
                             "  hint: replace the file, or begin a new run without it") from error

    def _looked(self, number: tf.Tensor, index: tf.Tensor, *, training: bool) -> list[tf.Tensor]:
        kinds = (tf.string, self.kind, tf.int32, tf.int32, tf.int32, tf.float32, tf.int32, tf.float64)
        shapes = ((), (None, None, self.rule.channels), (), (2,), (5,), (4,), (), (None,))
        found = tf.numpy_function(lambda number, index: self._look(int(number), int(index), training), [number, index], kinds,
                                  stateful=False)
        return [tf.ensure_shape(each, shape) for each, shape in zip(found, shapes, strict=True)]

    def _look(self, number: int, index: int, training: bool) -> tuple[Any, ...]:
        """The bytes or the pixels, who decodes, the size, what of it is sampled and how, the filter, and what is drawn."""
        encoded, array, chosen, (height, width) = self._item(index)
        draws = uniforms(self.seed, number, self.host.draws) if training else np.zeros(0)
        window, method = self.host.window(height, width, draws) if training else self.host.still(height, width)
        way = packed(sampling(window, self.rule, FILTERS[method], jpeg=chosen is Route.JPEG))
        return (np.array(encoded, dtype=object), array, np.int32(chosen), np.array((height, width), np.int32), *way,
                np.int32(method), draws)

    def _item(self, index: int) -> tuple[bytes, np.ndarray, Route, tuple[int, int]]:
        """Bytes for TensorFlow's own decoders, or pixels where another one had to read them."""
        if self.cache is not None:
            array = self.cache.get(index, lambda: self._decoded(self.split.item(index)))
            return b"", array, Route.PILLOW, array.shape[:2]
        item = self.split.item(index)
        if isinstance(item, bytes) and self.split.eight_bits:
            chosen = route(item, self.rule.channels)
            if chosen is not Route.PILLOW:
                header = read_header(lambda offset, count: item[offset:offset + count])
                return item, self._none(), chosen, (header.height, header.width)
        array = self._decoded(item)
        return b"", array, Route.PILLOW, array.shape[:2]

    def _decoded(self, item: bytes | np.ndarray) -> np.ndarray:
        way = decode if self.split.eight_bits else decode_deep
        array = way(item, self.rule) if isinstance(item, bytes) else item
        array = self.split.levels(array)
        return np.broadcast_to(array, (*array.shape[:2], self.rule.channels)).astype(self.kind.as_numpy_dtype, copy=False)

    def _none(self) -> np.ndarray:
        return np.zeros((1, 1, self.rule.channels), self.kind.as_numpy_dtype)

    def _pixels(self, encoded: tf.Tensor, array: tf.Tensor, chosen: tf.Tensor, size: tf.Tensor, part: tf.Tensor,
                places: tf.Tensor, method: tf.Tensor) -> tf.Tensor:
        """What the network sees; the filter is only looked at where it is drawn."""
        drawn = method if self.host.draws_filter else None
        by_tensorflow = self.split.encoded and self.split.eight_bits and self.rule.channels in CHANNELS
        if not by_tensorflow or self.cache is not None:
            return seen(array, part, places, self.rule, drawn)
        return tf.cond(chosen == Route.PILLOW, lambda: seen(array, part, places, self.rule, drawn),
                       lambda: seen_encoded(encoded, chosen, size, part, places, self.rule, drawn))


def _reason(error: Exception) -> str:
    if isinstance(error, tf.errors.OpError):  # of a kernel: Python's own errors come as they are where no graph is
        return BROKEN
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
