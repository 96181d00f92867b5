"""What moves pixels: crops from a border, mirrors, turns, and affine maps as Pillow does them."""

from __future__ import annotations

import math

import numpy as np
from PIL import Image

from archspec.data.augment.step import Step, levels
from archspec.data.draws import between, whole
from archspec.preprocess.rule import Preprocess
from archspec.spec.augment import Flip, PadCrop, Rotate
from archspec.spec.preprocess import WHITE

Matrix = tuple[float, float, float, float, float, float]
"""(a, b, c, d, e, f): pixel (x, y) comes from (a x + b y + c, d x + e y + f), which count from the corner of the image."""
METHODS = {"nearest": Image.Resampling.NEAREST, "bilinear": Image.Resampling.BILINEAR, "bicubic": Image.Resampling.BICUBIC}
GREY = 128.0
AXES = {"horizontal": 1, "vertical": 0}


def colour_of(fill: str, rule: Preprocess) -> np.ndarray | None:
    """The colour (channels,) float32 of a border of that name, red first; None where the image itself goes on, mirrored."""
    mean = rule.mean[::-1] if rule.order == "bgr" else rule.mean
    known = {"mean": np.clip(mean, 0, WHITE), "black": 0.0, "grey": GREY}
    return np.broadcast_to(np.asarray(known[fill], np.float32), rule.channels) if fill in known else None


def pad_crop(operation: PadCrop, rule: Preprocess) -> Step:
    """A crop of the image's own size out of it and its border."""
    colour, margin = colour_of(operation.fill, rule), operation.pixels

    def change(image: np.ndarray, draws: np.ndarray) -> np.ndarray:
        top, left = whole(draws, 2 * margin + 1)
        return bordered(image, margin, margin, colour)[top:top + image.shape[0], left:left + image.shape[1]]
    return Step(2, change)


def flip(operation: Flip, rule: Preprocess) -> Step:
    """Mirrored or not."""
    axis = AXES[operation.axis]
    return Step(1, lambda image, draws: np.flip(image, axis) if draws[0] < operation.probability else image,
                (axis, operation.probability))


def rotate(operation: Rotate, rule: Preprocess) -> Step:
    """Turned about the middle, by any angle alike."""
    colour, method = colour_of(operation.fill, rule), METHODS[operation.interpolation]
    return Step(1, lambda image, draws: turned(
        image, float(between(draws[0], -operation.degrees, operation.degrees)), colour, method))


def bordered(image: np.ndarray, rows: int, columns: int, colour: np.ndarray | None) -> np.ndarray:
    """With so many more rows and columns on each side, of a colour, or mirrored at the edge (which is not repeated)."""
    if colour is None:
        return np.pad(image, ((rows, rows), (columns, columns), (0, 0)), mode="reflect")
    height, width = image.shape[:2]
    found = np.empty((height + 2 * rows, width + 2 * columns, image.shape[2]), image.dtype)
    found.reshape(len(found), -1)[:] = np.tile(levels(colour, image.dtype), found.shape[1])  # by rows: several times faster
    found[rows:rows + height, columns:columns + width] = image
    return found


def turned(image: np.ndarray, degrees: float, colour: np.ndarray | None, method: Image.Resampling) -> np.ndarray:
    """Turned about the middle, counterclockwise; None for a colour: the corners are filled by mirroring."""
    height, width = image.shape[:2]
    matrix = _about(degrees, height, width)
    if colour is not None:
        return moved(image, matrix, colour, method)
    reach = math.hypot(height, width) / 2
    rows, columns = (math.ceil(reach - side / 2) + 2 for side in (height, width))  # two more, for the filter
    a, b, c, d, e, f = matrix
    found = moved(bordered(image, rows, columns, None), (a, b, c + columns, d, e, f + rows), np.zeros(image.shape[2]), method)
    return found[:height, :width]


def _about(degrees: float, height: int, width: int) -> Matrix:
    """As Pillow's `rotate` has it, with the middle of the image as it counts, added up in the same order: to the last bit."""
    angle = math.radians(degrees % 360)
    cosine, sine = round(math.cos(angle), 15), round(math.sin(angle), 15)
    x, y = width / 2, height / 2
    return cosine, -sine, (sine * y - cosine * x) + x, sine, cosine, (-sine * x - cosine * y) + y


def moved(image: np.ndarray, matrix: Matrix, colour: np.ndarray, method: Image.Resampling) -> np.ndarray:
    """Each pixel from where the matrix says; what comes from outside has the colour (c,)."""
    fill = levels(colour, image.dtype)
    if image.shape[2] == 3 and image.dtype == np.uint8:
        return _by_pillow(image, matrix, tuple(fill.tolist()), method)
    # one at a time: Pillow has no pictures of many channels, nor of floats with several
    found = [_by_pillow(np.ascontiguousarray(image[..., each]), matrix, fill[each].item(), method)
             for each in range(image.shape[2])]
    return np.asarray(np.clip(np.stack(found, axis=-1), 0, 255))  # floats overshoot by a cubic


def _by_pillow(image: np.ndarray, matrix: Matrix, fill: float | tuple[float, ...], method: Image.Resampling) -> np.ndarray:
    picture = Image.fromarray(image)
    return np.asarray(picture.transform(picture.size, Image.Transform.AFFINE, matrix, method, fillcolor=fill))
