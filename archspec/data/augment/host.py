"""All that is done at random to one image, on the host: a list of operations as one function of one vector of numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from types import MappingProxyType
from typing import Any

import numpy as np

from archspec.data.augment.colour import colour_jitter, inception_colour, pca_lighting
from archspec.data.augment.crops import Crop, random_resized_crop, random_scale_crop, whole_rule
from archspec.data.augment.geometry import flip, pad_crop, rotate
from archspec.data.augment.policies import augmix, autoaugment, randaugment, trivialaugment
from archspec.data.augment.step import Step
from archspec.errors import InputError
from archspec.preprocess.rule import Preprocess
from archspec.preprocess.window import Window
from archspec.spec.augment import (
    AugMix,
    AutoAugment,
    ColourJitter,
    Flip,
    InceptionColour,
    Operation,
    PadCrop,
    PcaLighting,
    RandAugment,
    RandomResizedCrop,
    RandomScaleCrop,
    Rotate,
    TrivialAugment,
)
from archspec.spec.augment_fit import misfits

CROPS: Mapping[type, Callable[[Any, Preprocess], Crop]] = MappingProxyType({
    RandomResizedCrop: random_resized_crop, RandomScaleCrop: random_scale_crop})
STEPS: Mapping[type, Callable[[Any, Preprocess], Step]] = MappingProxyType({
    PadCrop: pad_crop, Flip: flip, Rotate: rotate, ColourJitter: colour_jitter, PcaLighting: pca_lighting,
    InceptionColour: inception_colour, RandAugment: randaugment, AutoAugment: autoaugment, TrivialAugment: trivialaugment,
    AugMix: augmix})


@dataclass(frozen=True)
class Host:
    """What training sees of an image. The vector of numbers begins with those of the crop; each step has its own."""

    crop: Crop
    evaluated: Crop
    steps: tuple[Step, ...]

    @cached_property
    def draws(self) -> int:
        """How many uniform numbers an image needs."""
        return self.crop.draws + sum(step.draws for step in self.steps)

    @property
    def changes(self) -> bool:
        """Whether `pixels` does anything."""
        return bool(self.steps)

    @property
    def mirror(self) -> tuple[int, float] | None:
        """The axis and the probability, if to mirror is all that `pixels` does; the number that decides is the last one."""
        return self.steps[0].mirror if len(self.steps) == 1 else None

    @property
    def draws_filter(self) -> bool:
        """Whether images may be scaled by another filter than the rule's own."""
        return self.crop.filtered

    def window(self, height: int, width: int, draws: np.ndarray) -> tuple[Window, int]:
        """Which part of an image training sees, and the number of the filter that scales it.

        Raises TooSmall for an image that the rule cannot be done to.
        """
        return self.crop.window(height, width, draws[:self.crop.draws])

    def still(self, height: int, width: int) -> tuple[Window, int]:
        """What evaluation sees, likewise."""
        return self.evaluated.window(height, width, np.zeros(0))

    def pixels(self, image: np.ndarray, draws: np.ndarray) -> np.ndarray:
        """The image (h, w, c), uint8 or float32 of 0 to 255, as the steps change it; of the same shape and kind."""
        begin = self.crop.draws
        for step in self.steps:
            image = step.change(image, draws[begin:begin + step.draws])
            begin += step.draws
        return np.ascontiguousarray(image)


def host(operations: tuple[Operation, ...], rule: Preprocess) -> Host:
    """Those of the operations that act on images. Raises InputError for one that means nothing for the rule's input."""
    for misfit in misfits(operations, rule.shape):
        raise InputError(f"train.augment: {misfit.message}\n  hint: {misfit.hint}")
    still = whole_rule(rule)
    crops = [CROPS[type(each)](each, rule) for each in operations if type(each) in CROPS]
    steps = tuple(STEPS[type(each)](each, rule) for each in operations if type(each) in STEPS)
    return Host(crops[0] if crops else still, still, steps)
