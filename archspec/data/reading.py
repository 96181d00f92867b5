"""From the number of an example to what the network sees of its image: read, decoded, cut, scaled, augmented."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from archspec.data.augment.host import Host
from archspec.data.cache import Cache
from archspec.data.draws import uniforms
from archspec.data.source import Item, Split
from archspec.errors import InputError
from archspec.preprocess.decoding import BROKEN, decode
from archspec.preprocess.header import NoImage
from archspec.preprocess.pixels import packed, sampled_alike, seen, seen_encoded
from archspec.preprocess.routes import CHANNELS, Route, route
from archspec.preprocess.rule import Preprocess
from archspec.preprocess.sampling import Sampling, sampling
from archspec.preprocess.window import TooSmall
from archspec.spec.preprocess import FILTERS

TOGETHER = 16
"""Images that one call of Python's reads. Of files: warm, a photograph costs 0.17 ms so; with 8 calls at once for one file
each it was 0.7 ms, most of it waiting for one another. 16 or 32 are alike."""
OTHERWISE = -1
"""The decoder's number of what is not decoded in the graph."""
KEPT = 64 << 20
"""Bytes of images that are looked at together and kept until they are decoded; those of others are read once more then.
Without it 60 files of 100 MB took 5.9 GB."""
Looked = tuple[tf.Tensor, ...]
"""What is known of images before they are decoded, (n, …) each; see Reader.look."""


@dataclass(frozen=True)
class Reader:
    """Reads a split's images as a rule and a list of operations want them; the numbers of `seed` decide what is drawn."""

    split: Split
    rule: Preprocess
    host: Host
    seed: int
    training: bool
    cache: Cache | None = None
    ratios: int = 0
    """At how many of sampling.RATIOS the images are decoded, if all are plain JPEGs; 0 if not, or if no one knows."""

    @property
    def kind(self) -> tf.DType:
        """Of pixels: uint8 where they come from 8 bits, else float32, with 255 for white."""
        return tf.uint8 if self.split.eight_bits else tf.float32

    @property
    def looks(self) -> bool:
        """Whether `look` is asked before `image`; else Python decodes, or has as pixels, one image at a time."""
        return self._alike is not None or self._in_graph

    @property
    def _in_graph(self) -> bool:
        """Whether TensorFlow decodes in the graph what it can."""
        return self.split.encoded and self.split.eight_bits and self.cache is None and self.rule.channels in CHANNELS

    def look(self, rows: tf.Tensor) -> Looked:
        """The bytes of images, how each is decoded and scaled, by which filter, and what is drawn. Works in a graph.

        `rows` are (n, 2) int64, the number under which an image is seen and its index. Many at once, since each call of
        Python's from a graph costs a tenth of a decoded photograph. Of those that are not kept the bytes are b"".
        Of arrays of one size these themselves, and what is drawn: such a call costs more than all that is done to a small one.
        """
        if self._alike:
            images, drawn = tf.numpy_function(self._stored, [rows], (self.kind, tf.float64), stateful=False)
            size = self._alike.height, self._alike.width, self.rule.channels
            return tf.ensure_shape(images, (None, *size)), tf.ensure_shape(drawn, (None, self._draws))
        kinds = (tf.string, tf.int32, tf.float32, tf.int32, tf.float64)
        found = tf.numpy_function(self._look, [rows], kinds, stateful=False)
        shapes = ((), (12,), (6, 2), (), (self._draws,))
        return tuple(tf.ensure_shape(each, (None, *shape)) for each, shape in zip(found, shapes, strict=True))

    def image(self, row: tf.Tensor, looked: Looked) -> tf.Tensor:
        """(height, width, channels) of a row (2,) and what `look` found out about it, if it was asked. Works in a graph."""
        if self._alike:
            image, draws = sampled_alike(looked[0], self._alike, self.rule), looked[1]
        elif not looked:
            image, draws = self._otherwise(tf.constant(b""), row)
        else:
            encoded, numbers, places, method, draws = looked

            def in_graph() -> tf.Tensor:
                chosen, found = self._drawn(method), self._kept(encoded, row)
                return seen_encoded(found, numbers, places, self.rule, chosen, self.ratios)
            # where nothing else is expected it fails for what is; the question costs a twentieth of a photograph's decoding
            image = in_graph() if self.ratios else tf.cond(numbers[0] == OTHERWISE, lambda: self._otherwise(encoded, row)[0],
                                                           in_graph)
        return self._changed(tf.ensure_shape(image, self.rule.shape), draws)

    def pixels(self, index: int, number: int = 0) -> np.ndarray:
        """The i-th, seen under a number. Raises InputError with its name."""
        try:
            return self.shown(index, number)
        except NoImage as error:
            raise InputError(f"{self.split.path(index)}: cannot be read as an image ({error})\n"
                             "  hint: replace the file, or begin a new run without it") from error

    def shown(self, index: int, number: int = 0) -> np.ndarray:
        """The same; raises NoImage with the reason alone."""
        row = tf.constant([number, index], tf.int64)
        try:
            looked = tuple(each[0] for each in self.look(row[None])) if self.looks else ()
            return np.asarray(self.image(row, looked))
        except (NoImage, TooSmall, OSError, tf.errors.OpError) as error:
            raise NoImage(_reason(error)) from error

    def is_another(self, index: int, number: int) -> bool:
        """Whether the i-th is not, or no more, what `ratios` says."""
        return int(self._look(np.array([[number, index]]))[1][0, 0]) == OTHERWISE

    @property
    def _draws(self) -> int:
        """At least one: TensorFlow 2.21 ends the process where an empty vector goes through `unbatch`."""
        return max(1, self.host.draws) if self.training else 1

    def _uniforms(self, number: int) -> np.ndarray:
        return uniforms(self.seed, number, self._draws) if self.training else np.zeros(1)

    def _drawn(self, method: tf.Tensor) -> tf.Tensor | None:
        """The filter, where it is drawn."""
        return method if self.training and self.host.draws_filter else None

    def _look(self, rows: np.ndarray) -> tuple[np.ndarray, ...]:
        count = len(rows)
        encoded, numbers = np.full(count, b"", dtype=object), np.full((count, 12), OTHERWISE, np.int32)
        places, methods = np.zeros((count, 6, 2), np.float32), np.zeros(count, np.int32)
        draws, kept = np.empty((count, self._draws)), 0
        for place, (number, index) in enumerate(rows.tolist()):
            draws[place] = self._uniforms(number)
            try:
                data: Any = self.split.item(index)
                if kept + len(data) <= KEPT:
                    encoded[place], kept = data, kept + len(data)
                chosen, header = route(data, self.rule.channels)
                if chosen is not Route.PILLOW:
                    way = self._way((header.height, header.width), draws[place], chosen)
                    if not self.ratios or way[0][0] < self.ratios:
                        numbers[place], places[place], methods[place] = way
            except (NoImage, TooSmall, OSError):
                continue  # when it is its turn it is tried again, and its batch fails, not one before it
        return encoded, numbers, places, methods, draws

    def _way(self, size: tuple[int, int], draws: np.ndarray, chosen: Route) -> tuple[np.ndarray, np.ndarray, int]:
        """How an image of a size (height, width) is decoded and scaled, and by which filter."""
        window, method = self.host.window(*size, draws) if self.training else self.host.still(*size)
        way = sampling(window, self.rule, FILTERS[method], jpeg=chosen is Route.JPEG)
        return *packed(way, self.rule, FILTERS[method], chosen, size), method

    def _kept(self, encoded: tf.Tensor, row: tf.Tensor) -> tf.Tensor:
        """The bytes of an image; read now, if they were not kept."""
        def read() -> tf.Tensor:
            # of objects: NumPy's own bytes end before the last zeros; a vector: a scalar is never freed by TensorFlow 2.21
            item = tf.numpy_function(lambda row: np.array([self.split.item(int(row[1]))], object), [row], tf.string,
                                     stateful=False)
            return tf.ensure_shape(item, (1,))[0]
        return tf.cond(tf.strings.length(encoded) > 0, lambda: encoded, read)

    @cached_property
    def _alike(self) -> Sampling | None:
        """How all images are scaled, if they are arrays of one size that are seen whole, and not too large to be many."""
        size, crop = self.split.dimensions, self.host.crop if self.training else self.host.evaluated
        if size is None or crop.draws or math.prod(size) * self.rule.channels * self.kind.size * TOGETHER > KEPT:
            return None
        try:
            window, _ = crop.window(*size, np.zeros(0))
        except TooSmall:
            return None
        return sampling(window, self.rule, self.rule.interpolation, jpeg=False)

    def _otherwise(self, encoded: tf.Tensor, row: tf.Tensor) -> tuple[tf.Tensor, tf.Tensor]:
        """What Python decodes, or has as pixels, and what is drawn for it."""
        kinds = (self.kind, tf.int32, tf.float32, tf.int32, tf.float64)
        array, numbers, places, method, draws = tf.numpy_function(self._decode, [encoded, row], kinds, stateful=False)
        array, numbers = tf.ensure_shape(array, (None, None, self.rule.channels)), tf.ensure_shape(numbers, (12,))
        image = seen(array, numbers, tf.ensure_shape(places, (6, 2)), self.rule, self._drawn(tf.ensure_shape(method, ())))
        return image, tf.ensure_shape(draws, (self._draws,))

    def _decode(self, encoded: bytes | np.ndarray, row: np.ndarray) -> tuple[Any, ...]:
        number, index = row.tolist()
        data, draws = encoded if isinstance(encoded, bytes) else bytes(encoded.item()), self._uniforms(number)
        array = self._cached(index, lambda: data or self.split.item(index))
        numbers, places, method = self._way(array.shape[:2], draws, Route.PILLOW)
        return array, numbers, places, np.int32(method), draws

    def _stored(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The parts that are seen of arrays and what is drawn for each; changed, too, where nothing is to be scaled before."""
        assert self._alike is not None
        top, left, height, width = self._alike[:4]
        images = np.empty((len(rows), height, width, self.rule.channels), self.kind.as_numpy_dtype)
        drawn = np.stack([self._uniforms(number) for number in rows[:, 0].tolist()])
        for image, index, draws in zip(images, rows[:, 1].tolist(), drawn, strict=True):
            part = self._decoded(self.split.item(index))[top:top + height, left:left + width]
            image[:] = self.host.pixels(part, draws) if self._changes and self._unscaled else part
        return images, drawn

    @property
    def _unscaled(self) -> bool:
        return self._alike is not None and self._alike.keeps(*self.rule.shape[:2])

    @property
    def _changes(self) -> bool:
        return self.training and self.host.changes

    def _cached(self, index: int, item: Callable[[], Item]) -> np.ndarray:
        return self._decoded(item()) if self.cache is None else self.cache.get(index, lambda: self._decoded(item()))

    def _decoded(self, item: Item) -> np.ndarray:
        array = decode(item, self.rule, deep=not self.split.eight_bits) if isinstance(item, bytes) else item
        array = self.split.levels(array)
        if array.shape[2] != self.rule.channels:
            array = np.broadcast_to(array, (*array.shape[:2], self.rule.channels))
        return array.astype(self.kind.as_numpy_dtype, copy=False)

    def _changed(self, image: tf.Tensor, draws: tf.Tensor) -> tf.Tensor:
        """The image as the operations on pixels change it. To mirror it alone is not worth a call of Python's."""
        if not self._changes or self._unscaled:
            return image
        if self.host.mirror:
            axis, probability = self.host.mirror
            return tf.cond(draws[-1] < probability, lambda: tf.reverse(image, [axis]), lambda: image)
        changed = tf.numpy_function(self.host.pixels, [image, draws], self.kind, stateful=False)
        return tf.ensure_shape(changed, self.rule.shape)


def _reason(error: Exception) -> str:
    if isinstance(error, tf.errors.OpError):  # of a kernel: Python's own errors come as they are where no graph is
        return BROKEN
    return error.strerror if isinstance(error, OSError) and error.strerror else str(error)
