"""Draws examples in a grid: of each pair the left image is what evaluation sees, the right one what is trained on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image, ImageDraw

from archspec.train.reporting.picture.examples import Example
from archspec.train.reporting.picture.words import (
    bold,
    caption,
    class_names,
    legible,
    plain,
    shortened,
    shortened_path,
    wrapped,
)

SMALLEST, LARGEST = 112, 224
"""Of an image in the picture, its longer side: smaller ones are enlarged by a whole number, larger ones scaled down."""
WIDEST, NARROWEST = 1920, 560
"""Of the picture."""
MARGIN, BESIDE, BETWEEN, BELOW, GAP = 24, 4, 20, 14, 3
"""Around the picture; between the images of a pair; between pairs; below a row; between an image and its text."""
LINE, TITLE_LINE = 16, 26
"""The height of a line in pixels."""
INK, FAINT, PAPER, FRAME = (24, 24, 27), (113, 113, 122), (255, 255, 255), (212, 212, 216)
LABEL_LINES = 2
KEY = "left: as evaluation sees it; right: as the network is trained on it"


@dataclass(frozen=True)
class Sheet:
    """The picture's text, and its examples: one at least."""

    title: str
    augment: Sequence[str]
    """The operations that are done at random."""
    classes: Sequence[str]
    examples: Sequence[Example]

    def draw(self) -> Image.Image:
        """The picture, in RGB."""
        sheet = Image.new("RGB", (self._width, self._top + self._rows * self._row + MARGIN - BELOW), PAPER)
        pen = ImageDraw.Draw(sheet)
        pen.text((MARGIN, MARGIN), shortened(legible(self.title), bold().getlength, self._inside), INK, bold())
        for place, line in enumerate(self._lines):
            pen.text((MARGIN, MARGIN + TITLE_LINE + place * LINE), line, FAINT, plain())
        for place, example in enumerate(self.examples):
            row, column = divmod(place, self._columns)
            self._pair(sheet, pen, example, MARGIN + column * (self._pair_width + BETWEEN), self._top + row * self._row)
        return sheet

    def _pair(self, sheet: Image.Image, pen: ImageDraw.ImageDraw, example: Example, left: int, top: int) -> None:
        width, (wide, high) = plain().getlength, self._size
        pen.text((left, top), shortened_path(legible(example.file), width, self._pair_width), FAINT, plain())
        top += LINE + GAP
        right = left + self._cell + BESIDE
        for begin, pixels, labels in ((left, example.still, example.labels), (right, example.trained, example.mixed)):
            place = begin + (self._cell - wide) // 2
            sheet.paste(scaled(pixels, self._size), (place, top))
            pen.rectangle((place - 1, top - 1, place + wide, top + high), outline=FRAME)
            for number, line in enumerate(caption(labels, self._names, width, self._cell - BESIDE, LABEL_LINES)):
                pen.text((begin, top + high + GAP + number * LINE), line, INK, plain())

    @cached_property
    def _size(self) -> tuple[int, int]:
        """Width and height of an image in the picture."""
        high, wide = self.examples[0].still.shape[:2]
        longer = max(high, wide)
        scale = min(1.0, LARGEST / longer) if longer >= SMALLEST else -(-SMALLEST // longer)
        return max(1, round(wide * scale)), max(1, round(high * scale))

    @cached_property
    def _cell(self) -> int:
        """The width of an image with its caption."""
        return max(self._size[0], SMALLEST)

    @property
    def _pair_width(self) -> int:
        return 2 * self._cell + BESIDE

    @cached_property
    def _columns(self) -> int:
        """As many pairs as there is room for beside each other, fewer where the last row would be left with few."""
        room = max(1, (WIDEST - 2 * MARGIN + BETWEEN) // (self._pair_width + BETWEEN))
        rows = -(-len(self.examples) // room)
        return -(-len(self.examples) // rows)

    @property
    def _rows(self) -> int:
        return -(-len(self.examples) // self._columns)

    @cached_property
    def _label_lines(self) -> int:
        """How many lines labels need."""
        return max(len(caption(labels, self._names, plain().getlength, self._cell - BESIDE, LABEL_LINES))
                   for each in self.examples for labels in (each.labels, each.mixed))

    @property
    def _row(self) -> int:
        return LINE + GAP + self._size[1] + GAP + self._label_lines * LINE + BELOW

    @property
    def _width(self) -> int:
        return max(NARROWEST, 2 * MARGIN + self._columns * (self._pair_width + BETWEEN) - BETWEEN)

    @property
    def _inside(self) -> int:
        return self._width - 2 * MARGIN

    @property
    def _top(self) -> int:
        return MARGIN + TITLE_LINE + len(self._lines) * LINE + BELOW

    @cached_property
    def _lines(self) -> list[str]:
        """Below the title."""
        first, *others = self.augment
        channels = self.examples[0].still.shape[2]
        shown = _CHANNELS.get(channels, _MANY)
        said = [KEY, f"of {channels} channels {shown}"] if shown else [KEY]
        return [*wrapped([f"augment: {first}", *others], plain().getlength, self._inside), *said]

    @cached_property
    def _names(self) -> tuple[str, ...]:
        return class_names(self.classes)


_CHANNELS = {1: "", 2: "the first is shown, in grey", 3: ""}
_MANY = "the first three are shown, as red, green and blue"


FINE = 8
"""Of an image that is far larger than it is shown, as many pixels are looked at in each direction, for one of the picture."""


def scaled(pixels: np.ndarray, size: tuple[int, int]) -> Image.Image:
    """Pixels (h, w, c) from 0 to 255 as a person sees them, of a width and a height; those of an enlarged one stay squares."""
    thinned = max(1, min(pixels.shape[1] // size[0], pixels.shape[0] // size[1]) // FINE)
    image = Image.fromarray(in_colours(pixels[::thinned, ::thinned]))
    larger = size[0] >= image.width
    return image.resize(size, Image.Resampling.NEAREST if larger else Image.Resampling.LANCZOS)


def in_colours(pixels: np.ndarray) -> np.ndarray:
    """(h, w, 3) uint8 of (h, w, c) from 0 to 255: of two channels the first as grey, of more than three the first three."""
    shown = pixels[..., :3] if pixels.shape[2] >= 3 else np.repeat(pixels[..., :1], 3, axis=2)
    return np.asarray(np.clip(np.rint(shown), 0, 255), np.uint8)
