"""The picture of an explained image: the image, its maps laid over it with a colour bar, and a small map for each stage."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from PIL import Image, ImageDraw

from archspec.saliency.explained import Explained, Explainer, Reason
from archspec.train.reporting.picture.sheet import (
    BELOW,
    BETWEEN,
    FAINT,
    FRAME,
    GAP,
    INK,
    LINE,
    MARGIN,
    NARROWEST,
    PAPER,
    TITLE_LINE,
    scaled,
)
from archspec.train.reporting.picture.words import bold, legible, plain, shortened, shortened_path

LARGE, SMALL = 288, 96
"""The longer side of an image in the picture, and of one with the map of a stage; small ones are enlarged by a whole number."""
NARROW = 200
"""As much room has the text above an image at least."""
BAR, LABEL = 12, 56
"""Width of a colour bar, and of the numbers beside it."""
SMALLER = 13
"""The height of letters above the maps of a class."""
STRONG = 0.8
"""How much of a colour is laid over the image where a map is highest."""
SEEN = (37, 99, 235)
"""The frame around what the network sees."""
DIM = 0.45
"""How much is left of what it does not see."""


@dataclass(frozen=True)
class Heat:
    """A map on the image: what it is, its cells over the input, the value of the strongest colour, and how that is told.

    Where it is `signed`, values below zero are blue.
    """

    title: str
    cells: np.ndarray
    most: float
    told: str
    signed: bool = False


@dataclass(frozen=True)
class Picture:
    """Of one image: everything that is drawn."""

    explained: Explained
    explainer: Explainer
    called: str
    """The model, as the user calls it."""

    def draw(self) -> Image.Image:
        """The picture, in RGB."""
        rows = [(reason, list(self._heats(reason))) for reason in self.explained.reasons]
        height = MARGIN + TITLE_LINE + LINE + BELOW + sum(self._height(reason) for reason, _ in rows) + MARGIN - BELOW
        width = 2 * MARGIN + self._inside
        sheet = Image.new("RGB", (width, height), PAPER)
        pen, room = ImageDraw.Draw(sheet), width - 2 * MARGIN
        pen.text((MARGIN, MARGIN), shortened_path(legible(self.explained.name), bold().getlength, room), INK, bold())
        pen.text((MARGIN, MARGIN + TITLE_LINE), shortened(self._line, plain().getlength, room), FAINT, plain())
        top = MARGIN + TITLE_LINE + LINE + BELOW
        for reason, heats in rows:
            self._row(sheet, pen, reason, heats, top)
            top += self._height(reason)
        return sheet

    @property
    def _line(self) -> str:
        rule = self.explained.laid.rule
        which = "what is in the frame" if self._framed else "all of it"
        return legible(f"{self.called}: {which} is its input of {rule.width}x{rule.height} pixels")

    @property
    def _framed(self) -> bool:
        """Whether the network sees less than the whole image."""
        seen, (tall, broad) = self.explained.laid.seen, self.explained.image.shape[:2]
        return bool(seen.width < broad - 0.5 or seen.height < tall - 0.5)

    def _heats(self, reason: Reason) -> Iterator[Heat]:
        """The maps of a class that are shown large."""
        if reason.cam is not None:
            high, wide = reason.cam.shape
            most = float(reason.cam.max())
            yield Heat(f"Grad-CAM at {self.explainer.at}, {high}x{wide}", reason.cam, most, f"{most:.3g}")
        if reason.losses is not None:
            chosen = self.explainer.chosen
            cells = self.explained.hidden(reason.losses, chosen)
            most = float(np.abs(cells).max())
            yield Heat(f"points lost, {chosen.side}x{chosen.side} pixels hidden", cells, most,
                       f"{100 * most:.3g}", signed=True)

    def _height(self, reason: Reason) -> int:
        return LINE + GAP + LINE + GAP + self._size[1] + BELOW + (self._strip(reason) if reason.stages else 0)

    def _strip(self, reason: Reason) -> int:
        """The height of the small maps."""
        assert reason.stages
        lines = -(-len(reason.stages) // self._in_a_line)
        return LINE + GAP + lines * (self._small[1] + GAP + LINE + BELOW)

    def _row(self, sheet: Image.Image, pen: ImageDraw.ImageDraw, reason: Reason, heats: Sequence[Heat], top: int) -> None:
        said = f"{legible(reason.name)}  {reason.probability:.1%}"
        said += "" if reason.logit is None else f", logit {reason.logit:.3g}"
        pen.text((MARGIN, top), shortened(said, bold(SMALLER).getlength, sheet.width - 2 * MARGIN), INK, bold(SMALLER))
        top += LINE + GAP
        (wide, high), left = self._size, MARGIN
        pen.text((left, top), "the image", FAINT, plain())
        self._paste(sheet, pen, self._images[self._size], left, top + LINE + GAP)
        left += self._cell + BETWEEN
        for heat in heats:
            room = self._cell + BAR + LABEL
            pen.text((left, top), shortened(heat.title, plain().getlength, room), FAINT, plain())
            self._paste(sheet, pen, self._over(heat, self._size), left, top + LINE + GAP)
            self._bar(sheet, pen, heat, left + wide + 2 * GAP, top + LINE + GAP, high)
            left += self._cell + BAR + LABEL + BETWEEN
        top += LINE + GAP + high + BELOW
        if reason.stages:
            self._maps_of_stages(sheet, pen, reason.stages, top)

    def _maps_of_stages(self, sheet: Image.Image, pen: ImageDraw.ImageDraw, stages: Mapping[str, np.ndarray], top: int) -> None:
        pen.text((MARGIN, top), "Grad-CAM at the last map of each stage, each against its own peak", FAINT, plain())
        top += LINE + GAP
        for place, (stage, cells) in enumerate(stages.items()):
            line, column = divmod(place, self._in_a_line)
            left, down = MARGIN + column * (self._small_cell + GAP), top + line * (self._small[1] + GAP + LINE + BELOW)
            self._paste(sheet, pen, self._over(Heat("", cells, float(cells.max()), ""), self._small), left, down)
            said = shortened(f"{stage} {cells.shape[0]}x{cells.shape[1]}", plain().getlength, self._small_cell - GAP)
            pen.text((left, down + self._small[1] + GAP), said, INK, plain())

    def _paste(self, sheet: Image.Image, pen: ImageDraw.ImageDraw, pixels: np.ndarray, left: int, top: int) -> None:
        """An image, a thin frame around it, and one around what the network sees of it, unless that is all."""
        high, wide = pixels.shape[:2]
        sheet.paste(Image.fromarray(pixels), (left, top))
        pen.rectangle((left - 1, top - 1, left + wide, top + high), outline=FRAME)
        seen, (tall, broad) = self.explained.laid.seen, self.explained.image.shape[:2]
        x, y = wide / broad, high / tall
        begin, end = (seen.left * x, seen.top * y), ((seen.left + seen.width) * x - 1, (seen.top + seen.height) * y - 1)
        if self._framed:
            (x0, y0), (x1, y1) = (tuple(map(round, each)) for each in (begin, end))
            pen.rectangle((left + x0, top + y0, left + max(x0, x1), top + max(y0, y1)), outline=SEEN)  # of a thin image a line

    def _bar(self, sheet: Image.Image, pen: ImageDraw.ImageDraw, heat: Heat, left: int, top: int, high: int) -> None:
        """The colours from the least to the greatest value, over a middle grey."""
        low = -1.0 if heat.signed else 0.0
        values = np.linspace(1, low, high)[:, None].repeat(BAR, axis=1)
        sheet.paste(Image.fromarray(blended(np.full((high, BAR, 3), 128.0), values, heat.signed)), (left, top))
        pen.rectangle((left - 1, top - 1, left + BAR, top + high), outline=FRAME)
        for at, text in ((0, heat.told), (1, f"-{heat.told}" if heat.signed else "0")):
            pen.text((left + BAR + 2 * GAP, top + at * (high - LINE)), text, FAINT, plain())

    def _over(self, heat: Heat, size: tuple[int, int]) -> np.ndarray:
        """The image in grey, the colours of a map over what is seen of it."""
        laid = self.explained.laid.over(heat.cells / (heat.most or 1.0), size[1], size[0])
        grey = self._images[size].astype(np.float64).mean(axis=2, keepdims=True).repeat(3, axis=2)
        outside = np.isnan(laid)
        grey[outside] = 255 - DIM * (255 - grey[outside])
        return blended(grey, np.nan_to_num(laid), heat.signed)

    @cached_property
    def _images(self) -> Mapping[tuple[int, int], np.ndarray]:
        """The image in both sizes, (h, w, 3) uint8."""
        return {size: np.asarray(scaled(self.explained.image, size)) for size in (self._size, self._small)}

    @cached_property
    def _size(self) -> tuple[int, int]:
        """Width and height of a large image in the picture."""
        return self._within(LARGE)

    @cached_property
    def _small(self) -> tuple[int, int]:
        wide, high = self._size
        scale = SMALL / max(wide, high)
        return max(1, round(wide * scale)), max(1, round(high * scale))

    def _within(self, side: int) -> tuple[int, int]:
        high, wide = self.explained.image.shape[:2]
        longer = max(high, wide)
        scale = side / longer if longer > side else side // longer
        return max(1, round(wide * scale)), max(1, round(high * scale))

    @property
    def _cell(self) -> int:
        """The width of a large image with what stands above it."""
        return max(self._size[0], NARROW)

    @property
    def _small_cell(self) -> int:
        return max(self._small[0], SMALL)

    @cached_property
    def _inside(self) -> int:
        """The width between the margins."""
        heats = len(self.explainer.methods)
        return max(NARROWEST - 2 * MARGIN, (1 + heats) * (self._cell + BETWEEN) - BETWEEN + heats * (BAR + LABEL))

    @property
    def _in_a_line(self) -> int:
        """How many small maps stand beside one another."""
        return max(1, (self._inside + GAP) // (self._small_cell + GAP))


def blended(pixels: np.ndarray, values: np.ndarray, signed: bool) -> np.ndarray:
    """(h, w, 3) uint8: pixels from 0 to 255 under the colours of (h, w) values up to 1, from -1 on where they are signed.

    The nearer a value is to 0 the more of the pixels is left.
    """
    from matplotlib import colormaps  # a tenth of a second
    colours = colormaps["coolwarm"](0.5 + values / 2) if signed else colormaps["plasma"](values)
    share = STRONG * np.minimum(1.0, 1.5 * np.abs(values))[..., None]
    return np.asarray(np.clip(np.rint(pixels * (1 - share) + 255 * colours[..., :3] * share), 0, 255), np.uint8)
