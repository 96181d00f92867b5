"""Preprocessing as a value: what is done to an image before the network sees it. Kept with the model, read by all."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from archspec.errors import InputError, SpecError
from archspec.graph.ir import Graph
from archspec.schema.keys import Section, key, section, to_json
from archspec.schema.kinds import Choice, Each, Flag, Number, Whole
from archspec.schema.read import section_of
from archspec.spec.data import Encoded
from archspec.spec.preprocess import (
    DECODERS,
    FILTERS,
    MEAN,
    OFFSETS,
    ORDERS,
    ORIGINS,
    RESIZES,
    STATISTICS,
    STD,
    WHITE,
    Resize,
    Shorter,
    Squash,
)
from archspec.spec.recipe import Recipe

Shape = tuple[int, int, int]
"""Height, width, channels."""
LUMA = (0.299, 0.587, 0.114)
"""Of red, green and blue in a grey: ITU-R BT.601, as Pillow, torchvision and TensorFlow have it."""
LUMA_16 = tuple(round(share * (1 << 16)) for share in LUMA)
"""The same in 65536ths, of which Pillow makes a grey in whole numbers."""
SIDE = Whole(1, 1 << 20)
"""A side of an image in pixels."""


@section
class Preprocess(Section):
    """What turns an image into the network's input; pixels count from 0 to 255 throughout.

    `background` is the grey that shows through where an image is transparent and the input has no alpha. `mean` and
    `std` hold one number, or one a channel: the input is (pixel - mean) / std.
    """

    height: int = key(SIDE, "of the input", unit="pixels")
    width: int = key(SIDE, "of the input", unit="pixels")
    channels: int = key(SIDE, "of the input")
    resize: Resize = key(RESIZES, "how an image of another size is made to fit")
    offset: str = key(Choice(OFFSETS), "how half a pixel is rounded where the middle is cut out")
    interpolation: str = key(Choice(FILTERS), "how it is scaled")
    antialias: bool = key(Flag(), "whether scaling down takes the mean of what falls together")
    origin: str = key(Choice(ORIGINS), "what stays in its place when an image is scaled")
    decoder: str = key(Choice(DECODERS), "which cosine transform decodes JPEG")
    order: str = key(Choice(ORDERS), "the order of colours")
    background: float = key(Number(least=0, most=WHITE), "the grey behind what is transparent")
    mean: tuple[float, ...] = key(Each(MEAN, most=STATISTICS), "is subtracted from pixels")
    std: tuple[float, ...] = key(Each(STD, most=STATISTICS), "divides them")

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
            found: Preprocess = section_of(cls, document, "preprocess")
        except SpecError as error:
            raise InputError(error.problems[0].message) from None
        except TypeError as error:
            raise InputError(f"preprocess: {error}") from None
        _refuse_misfit(found, "preprocess")
        return found


def input_shape(graph: Graph) -> Shape:
    """Of a network that is to be trained. Raises InputError where it takes images of any size."""
    height, width, channels = graph.input.type.shape
    if height is None or width is None or channels is None:
        raise InputError(f"training needs images of one size, but the input is {graph.input.type}\n"
                         f"  hint: --set input=224x224x{channels}")
    return height, width, channels


def preprocess_of(recipe: Recipe, shape: Shape) -> Preprocess:
    """What a recipe says, for a network's input of `shape`. Raises InputError where the two do not fit."""
    keys = recipe.preprocess
    said: dict[str, Any] = {name: keys.said(name) for name in keys.declared if name != "preset"}
    if keys.resize is None and keys.preset == "none" and not isinstance(recipe.data, Encoded):
        said["resize"] = Squash()
    height, width, channels = shape
    found = Preprocess(height=height, width=width, channels=channels, background=WHITE, **said)
    _refuse_misfit(found, "train.preprocess")
    return found


def _refuse_misfit(rule: Preprocess, where: str) -> None:
    """Raises InputError where a rule's keys, which stand at `where`, do not fit its input."""
    for name, values in (("mean", rule.mean), ("std", rule.std)):
        if len(values) not in (1, rule.channels):
            raise InputError(f"{where}.{name} has {len(values)} numbers, but the input has {rule.channels} channel(s)\n"
                             "  hint: write one number, or one a channel")
    if rule.order == "bgr" and rule.channels != 3:
        raise InputError(f"{where}.order: bgr is of colour images, but the input has {rule.channels} channel(s)\n"
                         "  hint: leave it out")
    largest = max(rule.height, rule.width)
    if isinstance(rule.resize, Shorter) and rule.resize.pixels < largest:
        raise InputError(f"{where}.resize: the shorter side has {rule.resize.pixels} pixels, but the input is "
                         f"{rule.height}x{rule.width}\n  hint: shorter: {largest} or more")
