"""Which part of an image training sees, drawn at random, in whole pixels."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from archspec.data.draws import between, whole
from archspec.preprocess.rule import Preprocess
from archspec.preprocess.window import Window, boxed, centred, cut, shorter
from archspec.spec.augment import RandomResizedCrop, RandomScaleCrop
from archspec.spec.preprocess import FILTERS

SPECKLED = tuple(FILTERS.index(name) for name in ("bilinear", "nearest", "bicubic", "area"))
"""The four of TensorFlow 1's ResizeMethod, by which GoogLeNet and Inception scale at random."""
Box = tuple[int, int, int, int]
"""Top, left, height, width."""


@dataclass(frozen=True)
class Crop:
    """`window` takes an image's height and width and the uniform numbers (draws,), and gives the part and the filter.

    `filtered` says whether that may be another filter than the rule's own.
    """

    draws: int
    window: Callable[[int, int, np.ndarray], tuple[Window, int]]
    filtered: bool = False


def whole_rule(rule: Preprocess) -> Crop:
    """No crop at random: what evaluation sees."""
    method = FILTERS.index(rule.interpolation)
    return Crop(0, lambda height, width, _: (centred(height, width, rule), method))


def random_scale_crop(operation: RandomScaleCrop, rule: Preprocess) -> Crop:
    """The shorter side gets each length from the least to the greatest alike; then the input is cut out anywhere."""
    least, greatest = operation.shorter
    method = FILTERS.index(rule.interpolation)

    def window(height: int, width: int, draws: np.ndarray) -> tuple[Window, int]:
        size = shorter(height, width, least + int(whole(draws[0], greatest - least + 1)), "round")
        top, left = whole(draws[1:3], np.subtract(size, rule.shape[:2]) + 1).tolist()
        return cut(height, width, size, (top, left)), method
    return Crop(3, window)


def random_resized_crop(operation: RandomResizedCrop, rule: Preprocess) -> Crop:
    """The first part drawn that fits into the image; if none does, a middle."""
    tries = operation.tries
    aspects, otherwise = DRAWS[operation.draw]
    methods = _methods(operation.interpolation, rule)

    def window(height: int, width: int, draws: np.ndarray) -> tuple[Window, int]:
        areas = between(draws[:tries], *operation.area) * (height * width)
        ratios = aspects(draws[tries:2 * tries], draws[2 * tries:3 * tries], operation.aspect)
        row, column, which = draws[3 * tries:].tolist()
        size = _first(areas, ratios, height, width)
        box = _placed(size, height, width, row, column) if size else otherwise(height, width, operation, rule)
        return boxed(*box, rule), methods[int(which * len(methods))]
    return Crop(3 * tries + 3, window, operation.interpolation != "same")


def _methods(said: str, rule: Preprocess) -> tuple[int, ...]:
    return SPECKLED if said == "random" else (FILTERS.index(rule.interpolation if said == "same" else said),)


def _first(areas: np.ndarray, ratios: np.ndarray, height: int, width: int) -> tuple[int, int] | None:
    """Height and width of the first that fits."""
    rows, columns = np.rint(np.sqrt(areas / ratios)), np.rint(np.sqrt(areas * ratios))
    fits = np.flatnonzero((rows >= 1) & (rows <= height) & (columns >= 1) & (columns <= width))
    return (int(rows[fits[0]]), int(columns[fits[0]])) if len(fits) else None


def _placed(size: tuple[int, int], height: int, width: int, row: float, column: float) -> Box:
    return (int(row * (height - size[0] + 1)), int(column * (width - size[1] + 1)), *size)


def _log(uniform: np.ndarray, _: np.ndarray, aspect: tuple[float, ...]) -> np.ndarray:
    return np.asarray(np.exp(between(uniform, *map(math.log, aspect))))


def _linear(uniform: np.ndarray, mirrored: np.ndarray, aspect: tuple[float, ...]) -> np.ndarray:
    drawn = between(uniform, *aspect)
    return np.where(mirrored < 0.5, 1 / drawn, drawn)


def _nearest_aspect(height: int, width: int, operation: RandomResizedCrop, rule: Preprocess) -> Box:
    """The middle, as large as can be, with the allowed aspect that is nearest to the image's (torchvision, timm)."""
    return _middle(height, width, min(max(width / height, operation.aspect[0]), operation.aspect[1]))


def _input_aspect(height: int, width: int, operation: RandomResizedCrop, rule: Preprocess) -> Box:
    """The middle, as large as can be, with the input's aspect (fb.resnet.torch)."""
    return _middle(height, width, rule.width / rule.height)


def _middle(height: int, width: int, aspect: float) -> Box:
    rows, columns = (height, max(1, round(height * aspect))) if width > height * aspect else (
        max(1, round(width / aspect)), width)
    rows, columns = min(rows, height), min(columns, width)
    return (height - rows) // 2, (width - columns) // 2, rows, columns


DRAWS = {"log": (_log, _nearest_aspect), "linear": (_linear, _input_aspect)}
"""How aspects are drawn, and what is seen where nothing fits."""
