"""A split as a protocol shows it: every image decoded once, and all its parts scaled from that, a few images at a time."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial
from typing import Any, TypeVar

import numpy as np
import tensorflow as tf

from archspec.data.source import Split
from archspec.data.threads import AHEAD, decoders, spread
from archspec.errors import InputError
from archspec.evaluate.views import View, views
from archspec.preprocess.decoding import decode
from archspec.preprocess.header import NoImage
from archspec.preprocess.pixels import packed, scaled
from archspec.preprocess.rule import Preprocess
from archspec.preprocess.sampling import sampling
from archspec.preprocess.window import TooSmall, Window
from archspec.spec.protocol import Protocol

MOST_BYTES = 256 << 20
"""Of the parts of images that wait for the network."""
MOST_SEEN = 1 << 24
"""Pixels of an image that a network sees whole: VGG-16 takes 4 GB for the first of its maps of such a one."""
T = TypeVar("T")


@dataclass(frozen=True)
class Seeing:
    """The parts of images of a split that a protocol shows; `rule` is what views.rule_of says.

    Pixels are uint8 where they come from 8 bits, else float32, with 255 for white.
    """

    split: Split
    rule: Preprocess
    protocol: Protocol

    def groups(self, together: int) -> Iterator[np.ndarray]:
        """(n, parts, height, width, channels) of up to `together` images, in the order of the split.

        Raises InputError with the name of an image that cannot be read.
        """
        for found in self._groups(self.parts, self.protocol.count * math.prod(self.rule.shape[:2]), together):
            yield np.stack(found)

    def wholes(self, together: int) -> Iterator[list[list[np.ndarray]]]:
        """What `whole` gives of up to `together` images, in the order of the split. Raises InputError as `groups`."""
        sides = [side.of(min(self.rule.height, self.rule.width)) for side in self.protocol.sizes or ()]
        return self._groups(self.whole, 2 * sum(side ** 2 for side in sides), together)

    def parts(self, index: int) -> np.ndarray:
        """(parts, height, width, channels) of one image. Raises InputError with its name."""
        image, seen = self._image(index)
        places: dict[Window, dict[Window, list[int]]] = {}  # by frames: parts of one are cut out of it; mirrored alike once
        for number, view in enumerate(seen):
            places.setdefault(_uncut(view.window), {}).setdefault(view.window, []).append(number)
        found = np.empty((len(seen), *self.rule.shape), image.dtype)
        pixels = tf.constant(image)
        for frame, cuts in places.items():
            for window, part in zip(cuts, self._of_frame(pixels, frame, list(cuts)), strict=True):
                for number in cuts[window]:
                    found[number] = _turned(part, seen[number])
        return found

    def whole(self, index: int) -> list[np.ndarray]:
        """All of an image scaled to each of the sizes, (h, w, channels) each, and mirrored: for `dense`."""
        image, seen = self._image(index)
        for height, width in {(view.window.scaled_height, view.window.scaled_width) for view in seen}:
            if height * width > MOST_SEEN:
                raise InputError(f"{self.split.path(index)}: scaled to {height}x{width} it has more than the {MOST_SEEN:,} "
                                 "pixels that are looked at at once\n  hint: smaller --sizes, or crops")
        pixels = tf.constant(image)
        frames = {frame: self._all_of(pixels, frame) for frame in dict.fromkeys(_uncut(view.window) for view in seen)}
        return [_turned(frames[_uncut(view.window)], view) for view in seen]

    def _groups(self, look: Callable[[int], T], pixels: int, together: int) -> Iterator[list[T]]:
        """Of each image what a function gives, which has about so many pixels; as many ahead as memory is given for."""
        each = pixels * self.rule.channels * np.dtype(self._kind).itemsize
        workers, found = max(1, min(decoders(), MOST_BYTES // (AHEAD * each))), list[T]()
        for one in spread(lambda index, _: look(index), self.split.size, 1, workers):
            found.append(one)
            if len(found) == together:
                yield found
                found = []
        if found:
            yield found

    def _of_frame(self, image: tf.Tensor, frame: Window, cuts: list[Window]) -> Iterator[np.ndarray]:
        """The parts that are cut out of a frame: of the whole of it where that is less than they are together."""
        if frame.scaled_height * frame.scaled_width >= len(cuts) * self.rule.height * self.rule.width:
            yield from (self._scaled(image, window, self.rule) for window in cuts)
            return
        whole = self._all_of(image, frame)
        for window in cuts:
            yield whole[window.cut_top:window.cut_top + self.rule.height, window.cut_left:window.cut_left + self.rule.width]

    def _all_of(self, image: tf.Tensor, frame: Window) -> np.ndarray:
        return self._scaled(image, frame, replace(self.rule, height=frame.scaled_height, width=frame.scaled_width))

    def _scaled(self, image: tf.Tensor, window: Window, rule: Preprocess) -> np.ndarray:
        """(height, width, channels) of a rule, of a window."""
        way = packed(sampling(window, rule, rule.interpolation, jpeg=False), rule)
        return np.asarray(self._compiled(image, *way, np.array(rule.shape[:2], np.int32)))

    @cached_property
    def _compiled(self) -> Callable[..., tf.Tensor]:
        given = [tf.TensorSpec(shape, kind) for shape, kind in (
            ((None, None, self.rule.channels), self._kind), ((12,), tf.int32), ((6, 2), tf.float32), ((2,), tf.int32))]
        compiled: Callable[..., tf.Tensor] = tf.function(partial(scaled, self.rule), input_signature=given, autograph=False)
        return compiled

    @property
    def _kind(self) -> type[np.generic]:
        return np.uint8 if self.split.eight_bits else np.float32

    def image(self, index: int) -> np.ndarray:
        """(h, w, channels) of the whole image. Raises InputError with its name."""
        return self._image(index)[0]

    def _image(self, index: int) -> tuple[np.ndarray, list[View]]:
        """(h, w, channels) of the whole image, and what is seen of it. Raises InputError with its name."""
        try:
            item: Any = self.split.item(index)
            array = decode(item, self.rule, deep=not self.split.eight_bits) if isinstance(item, bytes) else item
            array = self.split.levels(array)
            whole = np.broadcast_to(array, (*array.shape[:2], self.rule.channels))
            seen = views(self.protocol, self.rule, *whole.shape[:2])
        except (NoImage, TooSmall, OSError) as error:
            why = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
            raise InputError(f"{self.split.path(index)}: cannot be read as an image ({why})\n"
                             "  hint: replace the file, or evaluate without it") from error
        return whole.astype(self._kind, copy=False), seen


def _uncut(window: Window) -> Window:
    return window._replace(cut_top=0, cut_left=0)


def _turned(pixels: np.ndarray, view: View) -> np.ndarray:
    return pixels[:, ::-1] if view.mirrored else pixels
