"""Policies: which operations are done to an image one after the other, and how strong. The tables are in `dialects`."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archspec.data.augment.dialects import CHAINS, DIALECTS, OPERATIONS, SEARCHED, TRIVIAL, Canvas, Dialect
from archspec.data.augment.geometry import colour_of
from archspec.data.augment.searched import ORIGINAL, V0
from archspec.data.augment.step import Step, levels
from archspec.data.draws import betas, dirichlet, normals
from archspec.preprocess.rule import Preprocess
from archspec.spec.augment import AugMix, AutoAugment, RandAugment, TrivialAugment

NUMBERS = 7
"""That an operation draws: which it is, whether it is done, how strong, its sign, its filter, and a place of two."""
WHICH, DONE, STRENGTH, SIGN, FILTER, ROW, COLUMN = range(NUMBERS)
POLICIES = {"original": ORIGINAL, "v0": V0}
BINS = 31
"""TrivialAugment's magnitudes: none, and up to the greatest."""
DEEPEST = 3
"""Of AugMix's chains, where their depth is drawn."""


@dataclass(frozen=True)
class Painter:
    """Does operations of a dialect by name; the colour (c,) is that of what comes in from outside."""

    dialect: Dialect
    colour: np.ndarray

    def done(self, image: np.ndarray, name: str, magnitude: float, draws: np.ndarray) -> np.ndarray:
        """The image after the operation, with a magnitude of the dialect's and the numbers (7,) that it draws."""
        share = min(max(magnitude / self.dialect.scale, 0.0), self.dialect.most)
        amount = self.dialect.space[name](share, -1 if draws[SIGN] < 0.5 else 1, image.shape[:2])
        method = self.dialect.filters[int(draws[FILTER] * len(self.dialect.filters))]
        return OPERATIONS[name](image, amount, Canvas(self.colour, method, (draws[ROW], draws[COLUMN])))

    def any(self, image: np.ndarray, magnitude: float, draws: np.ndarray) -> np.ndarray:
        """The image after one operation of all that the dialect has."""
        names = tuple(self.dialect.space)
        return self.done(image, names[int(draws[WHICH] * len(names))], magnitude, draws)


def _painter(dialect: Dialect, rule: Preprocess) -> Painter:
    colour = colour_of(dialect.fill, rule)
    assert colour is not None  # policies do not mirror at the border
    return Painter(dialect, np.floor(colour + 0.5))  # whole levels, as these libraries have it


def randaugment(operation: RandAugment, rule: Preprocess) -> Step:
    """So many operations, any of them each time, all of the same magnitude, or of a normal distribution around it."""
    painter = _painter(DIALECTS[operation.dialect + " increasing" * operation.increasing], rule)

    def change(image: np.ndarray, draws: np.ndarray) -> np.ndarray:
        for each in draws.reshape(-1, NUMBERS):
            magnitude = operation.magnitude
            if operation.deviation:
                magnitude += operation.deviation * float(normals(each[STRENGTH]))
            if each[DONE] < painter.dialect.chance:
                image = painter.any(image, magnitude, each)
        return image
    return Step(NUMBERS * operation.operations, change)


def autoaugment(operation: AutoAugment, rule: Preprocess) -> Step:
    """One of the policy's pairs, each operation of it with its own probability."""
    painter, policy = _painter(SEARCHED[operation.policy], rule), POLICIES[operation.policy]

    def change(image: np.ndarray, draws: np.ndarray) -> np.ndarray:
        pair = policy[int(draws[0] * len(policy))]
        for (name, chance, magnitude), each in zip(pair, draws[1:].reshape(-1, NUMBERS), strict=True):
            if each[DONE] < chance:
                image = painter.done(image, name, magnitude, each)
        return image
    return Step(1 + 2 * NUMBERS, change)


def trivialaugment(operation: TrivialAugment, rule: Preprocess) -> Step:
    """One operation, of any magnitude."""
    painter = _painter(TRIVIAL, rule)
    return Step(NUMBERS, lambda image, draws: painter.any(image, int(draws[STRENGTH] * BINS), draws))


def augmix(operation: AugMix, rule: Preprocess) -> Step:
    """Chains of operations on the image, mixed by Dirichlet, and these with the image itself by Beta."""
    painter, width = _painter(CHAINS, rule), operation.width
    longest = operation.depth or DEEPEST

    def chain(image: np.ndarray, draws: np.ndarray) -> np.ndarray:
        depth = operation.depth or 1 + int(draws[0] * DEEPEST)
        for each in draws[1:].reshape(-1, NUMBERS)[:depth]:
            image = painter.any(image, int(each[STRENGTH] * operation.severity), each)
        return image

    def change(image: np.ndarray, draws: np.ndarray) -> np.ndarray:
        own, shares = float(betas(draws[0], operation.alpha)), dirichlet(draws[1:1 + width], operation.alpha)
        mixed = own * image.astype(np.float32)
        for share, each in zip(shares, draws[1 + width:].reshape(width, -1), strict=True):
            mixed += np.float32((1 - own) * share) * chain(image, each)
        return levels(mixed, image.dtype)
    return Step(1 + width + width * (1 + longest * NUMBERS), change)
