"""Made images: any number of any size at once, to time a training and to try one out."""

from __future__ import annotations

import colorsys
from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from archspec.data.source import BYTE, Source, Split
from archspec.data.sources.arrays import numbered
from archspec.preprocess.check import Look
from archspec.spec.data import Synthetic

GOLDEN = 0.618034
"""A turn of the colour circle by which classes differ that follow one another: no two of a few are alike."""
NOISE = 128
"""Levels of the noise; the colour has the others."""
MARGIN = 64
"""Pixels by which the noise is larger than an image, whose part of it depends on its number."""


@dataclass(frozen=True)
class Made:
    """Images by number: noise, the same for all but shifted, and the colour of the class, image number modulo classes."""

    section: Synthetic
    noise: np.ndarray
    first: int
    """The number of the first image: splits differ by it."""

    def item(self, index: int) -> np.ndarray:
        """(height, width, channels) uint8."""
        number = self.first + index
        top, left = number // MARGIN % MARGIN, number % MARGIN
        part = self.noise[top:top + self.section.height, left:left + self.section.width]
        return np.asarray(part + _colour(index % self.section.classes, self.section.channels))

    def head(self, index: int) -> Look:
        """Its number stands for what it would hold."""
        size = self.section.height * self.section.width * self.section.channels
        return Look(size, b"%d of %a" % (self.first + index, self.section))


def synthetic(section: Synthetic) -> Source:
    """As many images as the section says, each class as often as any other."""
    shape = (section.height + MARGIN, section.width + MARGIN, section.channels)
    stream = np.random.Philox(key=[0, 0]).random_raw(-(-int(np.prod(shape)) // 8))
    noise = stream.view(np.uint8)[:np.prod(shape)].reshape(shape) % NOISE
    digits = len(str(section.classes - 1))
    classes = tuple(f"{number:0{digits}}" for number in range(section.classes))
    return Source(section.source, classes, _split("train", section, noise, 0, section.train),
                  _split("test", section, noise, section.train, section.test))


def _split(name: str, section: Synthetic, noise: np.ndarray, first: int, count: int) -> Split:
    made = Made(section, noise, first)
    labels = (np.arange(count) % section.classes).astype(np.int32)
    return Split(name, labels, numbered(count), made.item, made.head, "", encoded=False, eight_bits=True, white=BYTE,
                 channels=section.channels, dimensions=(section.height, section.width))


@lru_cache
def _colour(number: int, channels: int) -> np.ndarray:
    """(channels,) uint8 below NOISE."""
    colours = [colorsys.hsv_to_rgb((number * GOLDEN + turn // 3 * 0.1) % 1, 1, 1)[turn % 3] for turn in range(channels)]
    return np.array([round(level * (NOISE - 1)) for level in colours], np.uint8)
