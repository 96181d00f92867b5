"""A split as a protocol shows it: every image decoded once, and all its parts scaled from that, a few images at a time."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import tensorflow as tf

from archspec.data.source import Split
from archspec.errors import InputError
from archspec.evaluate.views import View, views
from archspec.preprocess.decoding import decode
from archspec.preprocess.header import NoImage
from archspec.preprocess.pixels import packed, seen
from archspec.preprocess.rule import Preprocess
from archspec.preprocess.sampling import sampling
from archspec.preprocess.window import TooSmall
from archspec.spec.protocol import Protocol

AHEAD = 2
"""Groups of images that are ready before they are asked for."""


@dataclass(frozen=True)
class Seeing:
    """The parts of images of a split that a protocol shows; `rule` is what views.rule_of says."""

    split: Split
    rule: Preprocess
    protocol: Protocol

    @property
    def kind(self) -> tf.DType:
        """Of pixels: uint8 where they come from 8 bits, else float32, with 255 for white."""
        return tf.uint8 if self.split.eight_bits else tf.float32

    def groups(self, together: int) -> Iterator[np.ndarray]:
        """(n, parts, height, width, channels) float32 from 0 to 255 of up to `together` images, in the order of the split.

        Raises InputError with the name of an image that cannot be read.
        """
        count = self.protocol.count
        shape = (count, *self.rule.shape)

        def one(index: tf.Tensor) -> tf.Tensor:
            image, numbers, places = tf.numpy_function(self._looked, [index], (self.kind, tf.int32, tf.float32), stateful=False)
            return self._parts(tf.ensure_shape(image, (None, None, self.rule.channels)), tf.ensure_shape(numbers, (count, 12)),
                               tf.ensure_shape(places, (count, 6, 2)))
        data = tf.data.Dataset.range(self.split.size).map(one, num_parallel_calls=os.cpu_count(), deterministic=True)
        groups, done = iter(data.batch(together).prefetch(AHEAD)), 0
        while done < self.split.size:
            try:
                group = next(groups)
            except tf.errors.OpError:
                self._explain(range(done, min(done + together, self.split.size)))
                raise
            yield np.asarray(tf.cast(tf.ensure_shape(group, (None, *shape)), tf.float32))
            done += group.shape[0]

    def whole(self, index: int) -> Iterator[np.ndarray]:
        """All of an image scaled to each of the sizes, (h, w, channels) float32 each, and mirrored: for `dense`."""
        image = tf.constant(self.image(index))
        for view in views(self.protocol, self.rule, *image.shape[:2]):
            height, width = view.window.scaled_height, view.window.scaled_width
            uncut = view._replace(window=view.window._replace(cut_top=0, cut_left=0))
            own = replace(self.rule, height=height, width=width)
            pixels = np.asarray(tf.cast(seen(image, *self._way(uncut, own), own), tf.float32))
            yield pixels[:, ::-1] if view.mirrored else pixels

    def image(self, index: int) -> np.ndarray:
        """(h, w, channels) of the whole image. Raises InputError with its name."""
        try:
            item: Any = self.split.item(index)
            array = decode(item, self.rule, deep=not self.split.eight_bits) if isinstance(item, bytes) else item
            array = self.split.levels(array)
            whole = np.broadcast_to(array, (*array.shape[:2], self.rule.channels))
            views(self.protocol, self.rule, *whole.shape[:2])
        except (NoImage, TooSmall, OSError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise InputError(f"{self.split.path(index)}: cannot be read as an image ({why})\n"
                             "  hint: replace the file, or evaluate without it") from error
        return whole.astype(self.kind.as_numpy_dtype, copy=False)

    @cached_property
    def _mirrored(self) -> np.ndarray:
        """(parts,) bool: the same for images of all sizes."""
        return np.array([view.mirrored for view in views(self.protocol, self.rule, *self.rule.shape[:2])])

    def _parts(self, image: tf.Tensor, numbers: tf.Tensor, places: tf.Tensor) -> tf.Tensor:
        found = tf.map_fn(lambda way: seen(image, way[0], way[1], self.rule), (numbers, places), fn_output_signature=self.kind)
        return tf.where(self._mirrored[:, None, None, None], tf.reverse(found, [2]), found)

    def _looked(self, index: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        image = self.image(int(index))
        ways = [self._way(view, self.rule) for view in views(self.protocol, self.rule, *image.shape[:2])]
        return image, np.stack([way[0] for way in ways]), np.stack([way[1] for way in ways])

    def _way(self, view: View, rule: Preprocess) -> tuple[np.ndarray, np.ndarray]:
        return packed(sampling(view.window, rule, rule.interpolation, jpeg=False), rule)

    def _explain(self, indices: range) -> None:
        """Raises InputError for the first of some images that cannot be read."""
        for index in indices:
            self.image(index)
