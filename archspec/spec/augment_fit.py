"""Which augmentations mean something for a network's input, and which do not."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from archspec.schema.keys import Clash
from archspec.spec.augment import (
    AugMix,
    AutoAugment,
    ColourJitter,
    InceptionColour,
    Operation,
    PadCrop,
    PcaLighting,
    RandAugment,
    RandomScaleCrop,
    TrivialAugment,
)

Shape = tuple[int | None, int | None, int | None]
"""Height, width, channels; None where that is not known yet."""


def misfits(operations: tuple[Operation, ...], shape: Shape) -> Iterator[Clash]:
    """What is wrong with each of them for an input of that shape."""
    for each in operations:
        if rule := RULES.get(type(each)):
            yield from rule(each, shape)


def _border(operation: PadCrop, shape: Shape) -> Iterator[Clash]:
    sides = [side for side in shape[:2] if side is not None]
    if sides and operation.pixels >= min(sides):
        yield Clash((), f"pad_crop: {operation.pixels} is as much as the image, {' x '.join(map(str, sides))}: a crop "
                    "may hold none of it", "a few pixels: 4 for 32x32, 28 for 224x224")


def _scale(operation: RandomScaleCrop, shape: Shape) -> Iterator[Clash]:
    side = max((side for side in shape[:2] if side is not None), default=0)
    least, greatest = operation.shorter
    if least < side:
        yield Clash((), f"random_scale_crop: the shorter side has {least} pixels at least, and the input has {side}",
                    f"shorter: [{side}, {max(side, greatest)}]")


def _jitter(operation: ColourJitter, shape: Shape) -> Iterator[Clash]:
    for name in ("saturation", "hue"):
        if getattr(operation, name):
            yield from _channels(f"colour_jitter's {name}", shape, (3,), f"colour_jitter: {{{name}: 0}}")


def _colours(operation: Operation, shape: Shape) -> Iterator[Clash]:
    yield from _channels(operation.word, shape, (3,), "leave it out")


def _pictures(operation: Operation, shape: Shape) -> Iterator[Clash]:
    yield from _channels(operation.word, shape, (1, 3), "leave it out; crops, flip, rotate, colour_jitter's brightness and "
                         "contrast, and what acts on batches are for any number of channels")


def _channels(what: str, shape: Shape, known: tuple[int, ...], hint: str) -> Iterator[Clash]:
    if shape[2] is not None and shape[2] not in known:
        wanted = " or ".join(map(str, known))
        yield Clash((), f"{what} is for images of {wanted} channels, and the input has {shape[2]}", hint)


RULES: Mapping[type, Callable[[Any, Shape], Iterator[Clash]]] = MappingProxyType({
    PadCrop: _border, RandomScaleCrop: _scale, ColourJitter: _jitter, PcaLighting: _colours, InceptionColour: _colours,
    RandAugment: _pictures, AutoAugment: _pictures, TrivialAugment: _pictures, AugMix: _pictures})
