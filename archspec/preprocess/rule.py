"""Preprocessing as a value: what is done to an image before the network sees it. Kept with the model, read by all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.errors import InputError, SpecError
from archspec.schema.keys import OneOf, Section, key, section, tag, to_json
from archspec.schema.kinds import Choice, Each, Flag, Number, Whole
from archspec.schema.read import section_of
from archspec.spec.recipe import Digits, Recipe

Shape = tuple[int, int, int]
"""Height, width, channels."""
FILE_CHANNELS = (1, 3, 4)
"""Grey, RGB, RGB and alpha: what an image file can be turned into."""
WHITE = 255.0
LARGEST = 1e6
SIDE, STATISTIC = Whole(1, 1 << 20), 1 << 10
"""A side of an image in pixels; the most numbers of mean and std."""


@section
class Cover(Section):
    """Scaled, aspect kept, so that both sides are at least `margin` times the input's; the middle is cut out.

    With a margin of 1.15 the cut is 1/1.15 = 87 % of the side that fits closest: 224 of 258 pixels.
    """

    kind: str = tag("scaled to cover the input, and cut", default="cover")
    margin: float = key(Number(least=1, most=4), "how far beyond the input's sides it is scaled", unit="times the input")


@section
class Squash(Section):
    """Scaled to the input's very size; the aspect is lost, nothing is cut off."""

    kind: str = tag("scaled to the input's sides", default="squash")


@section
class Preprocess(Section):
    """What turns an image into the network's input; pixels count from 0 to 255 throughout.

    `background` is the grey that shows through where an image is transparent and the input has no alpha. `mean` and
    `std` hold one number, or one a channel: the input is (pixel - mean) / std.
    """

    height: int = key(SIDE, "of the input", unit="pixels")
    width: int = key(SIDE, "of the input", unit="pixels")
    channels: int = key(SIDE, "of the input")
    resize: Cover | Squash = key(OneOf("kind", (Cover, Squash)), "how an image of another size is made to fit")
    interpolation: str = key(Choice(("bilinear",)), "how it is scaled")
    antialias: bool = key(Flag(), "whether scaling down takes the mean of what falls together")
    background: float = key(Number(least=0, most=WHITE), "the grey behind what is transparent")
    mean: tuple[float, ...] = key(Each(Number(least=0, most=LARGEST), most=STATISTIC), "is subtracted from pixels")
    std: tuple[float, ...] = key(Each(Number(above=0, most=LARGEST), most=STATISTIC), "divides them")

    @property
    def shape(self) -> Shape:
        """(height, width, channels) of the network's input."""
        return self.height, self.width, self.channels

    def to_json(self) -> dict[str, Any]:
        """A JSON document; `from_json` makes an equal value of it."""
        found: dict[str, Any] = to_json(self)
        return found

    @classmethod
    def from_json(cls, document: Mapping[str, Any]) -> Preprocess:
        """The value that `to_json` wrote. Raises InputError, with the key, for anything else."""
        try:
            return section_of(cls, document, "preprocess")
        except SpecError as error:
            raise InputError(error.problems[0].message) from None
        except TypeError as error:
            raise InputError(f"preprocess: {error}") from None


def preprocess_of(recipe: Recipe, shape: Shape) -> Preprocess:
    """What a recipe says, for a network's input of `shape`. Raises InputError where the channels do not fit."""
    for name in ("mean", "std"):
        count = len(getattr(recipe.normalize, name))
        if count not in (1, shape[2]):
            raise InputError(f"train.normalize.{name} has {count} numbers, but the input has {shape[2]} channel(s)\n"
                             "  hint: write one number, or one a channel")
    drawn = isinstance(recipe.data, Digits)
    if not drawn and shape[2] not in FILE_CHANNELS:
        raise InputError(f"images in files have 1, 3 or 4 channels, but the network's input has {shape[2]}")
    height, width, channels = shape
    return Preprocess(height=height, width=width, channels=channels,
                      resize=Squash() if isinstance(recipe.data, Digits) else Cover(margin=recipe.data.resize),
                      interpolation="bilinear", antialias=not drawn, background=WHITE, mean=recipe.normalize.mean,
                      std=recipe.normalize.std)
