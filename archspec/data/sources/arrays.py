"""Splits of arrays: which images and labels are one, what is white, which classes there are."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from archspec.data.names import Names
from archspec.data.source import FROM_ONE, Source, in_memory
from archspec.errors import InputError, some, visible
from archspec.spec.data import MOST_CLASSES

WHITES = {"u1": 255.0, "u2": 65535.0, "b1": 1.0, "f2": 1.0, "f4": 1.0, "f8": 1.0}
"""By type; of other whole numbers nobody knows."""
HALVES = ("train", "test")
NEARLY = 1 + 1e-4
"""What is brighter than white by less is white: resized floats overshoot."""
Labelled = tuple[list[np.ndarray], tuple[str, ...]]
"""The labels of each split, (n,) int32 or (n, classes) uint8, and the names of the classes."""


@dataclass(frozen=True)
class Pair:
    """Images and labels of a split, as a file holds them, and what messages call each."""

    images: np.ndarray
    labels: np.ndarray
    images_called: str
    labels_called: str


def of_arrays(name: str, train: Pair, test: Pair, white: float, classes: tuple[str, ...] = ()) -> Source:
    """A source of two pairs. Raises InputError for what are no images or labels.

    Images are (n, h, w) or (n, h, w, c). Labels are numbers from 0 or texts, (n,) or (n, 1), or (n, classes) of 0 and 1.
    Without names for classes these are called by their numbers.
    """
    pairs = (train, test)
    images = [_images(pair) for pair in pairs]
    channels = [each.shape[-1] for each in images]
    if channels[0] != channels[1]:
        raise InputError(f"{train.images_called} has {channels[0]} channel(s), {test.images_called} {channels[1]}")
    labels, named = _labels(pairs, classes)
    whites = [_white(pair, array, white) for pair, array in zip(pairs, images, strict=True)]
    halves = [in_memory(half, own, numbered(len(own)), array, level)
              for half, own, array, level in zip(HALVES, labels, images, whites, strict=True)]
    return Source(name, tuple(map(visible, named)), halves[0], halves[1])


def numbered(count: int) -> Names:
    """The numbers from 0 on as names, all of one length."""
    digits = max(4, len(str(max(0, count - 1))))
    powers = 10 ** np.arange(digits)[::-1]
    shown = np.arange(count, dtype=np.int64)[:, None] // powers % 10
    return Names((shown + ord("0")).astype(np.uint8).tobytes(), np.arange(count + 1, dtype=np.int64) * digits)


def _images(pair: Pair) -> np.ndarray:
    """(n, h, w, c)."""
    found, called = pair.images, pair.images_called
    if found.dtype.kind not in "uifb":
        raise InputError(f"{called}: {found.dtype} is no type of pixels\n"
                         "  hint: whole numbers of 8 or 16 bits, or floats")
    if found.ndim not in (3, 4) or 0 in found.shape:
        raise InputError(f"{called}: the shape {found.shape} is none of images\n  hint: (n, height, width, channels), "
                         "or (n, height, width) of grey ones")
    if len(found) != len(pair.labels):
        raise InputError(f"{called} has {len(found)} images, {pair.labels_called} {len(pair.labels)} labels")
    if found.ndim == 4 and found.shape[1] < min(found.shape[2:]) and found.shape[1] in (1, 3):
        raise InputError(f"{called}: the shape {found.shape} has the channels first\n"
                         "  hint: x.transpose(0, 2, 3, 1) puts them last")
    return found if found.ndim == 4 else found[..., None]


def _white(pair: Pair, images: np.ndarray, said: float) -> float:
    """The value that stands for white. Raises InputError where pixels are not between 0 and it."""
    kind = images.dtype.str[1:]
    if not said and kind not in WHITES:
        raise InputError(f"{pair.images_called}: which value of {images.dtype} is white?\n"
                         f"  hint: --set train.data.white={images.max()}, the largest there is")
    white = said or WHITES[kind]
    least, most = float(images.min()), float(images.max())
    if not np.isfinite([least, most]).all():  # either is no number if any pixel is none
        raise InputError(f"{pair.images_called}: pixels that are no finite numbers")
    if least < 0:
        raise InputError(f"{pair.images_called}: pixels from {least:g} on; 0 is black\n  hint: shift them to begin at 0")
    if most > white * NEARLY:
        raise InputError(f"{pair.images_called}: pixels up to {most:g}, but {white:g} is white\n"
                         f"  hint: --set train.data.white={255 if most <= 255 else f'{most:g}'}")
    return white


def _labels(pairs: tuple[Pair, ...], classes: tuple[str, ...]) -> Labelled:
    """Of what kind labels are; see of_arrays."""
    found = [_flat(pair) for pair in pairs]
    kinds = {(labels.dtype.kind in "US", labels.ndim) for labels in found}
    if len(kinds) > 1:
        raise InputError(f"{pairs[0].labels_called} and {pairs[1].labels_called} hold labels of different kinds")
    if found[0].ndim == 2:
        return _tables(pairs, found, classes)
    if found[0].dtype.kind in "US":
        return _texts(pairs, found, classes)
    return _numbers(pairs, found, classes)


def _flat(pair: Pair) -> np.ndarray:
    """(n,) numbers or texts, or (n, classes)."""
    labels = pair.labels
    if labels.ndim == 2 and labels.shape[1] == 1:
        labels = labels[:, 0]
    whole = labels.dtype.kind in "uib" or (labels.dtype.kind == "f" and np.isfinite(labels).all()
                                           and bool((labels == np.floor(labels)).all()))
    if labels.ndim not in (1, 2) or not (whole or (labels.dtype.kind in "US" and labels.ndim == 1)):
        raise InputError(f"{pair.labels_called}: {labels.dtype} of the shape {labels.shape} are no labels\n"
                         "  hint: numbers from 0 on or texts, (n,); or (n, classes) of 0 and 1")
    return labels


def _tables(pairs: tuple[Pair, ...], found: list[np.ndarray], classes: tuple[str, ...]) -> Labelled:
    """(n, classes): one 1 a row is one label an image, else there are several."""
    for pair, labels in zip(pairs, found, strict=True):
        if not np.isin(labels, (0, 1)).all():
            raise InputError(f"{pair.labels_called}: labels (n, classes) are 0 or 1, these go from {labels.min():g} to "
                             f"{labels.max():g}")
        if labels.shape[1] != (len(classes) or found[0].shape[1]):
            raise InputError(f"{pair.labels_called} has {labels.shape[1]} classes, expected "
                             f"{len(classes) or found[0].shape[1]}")
    named = classes or tuple(map(str, range(found[0].shape[1])))
    if all((labels.sum(axis=1) == 1).all() for labels in found):
        return [labels.argmax(axis=1).astype(np.int32) for labels in found], named
    return [labels.astype(np.uint8) for labels in found], named


def _texts(pairs: tuple[Pair, ...], found: list[np.ndarray], classes: tuple[str, ...]) -> Labelled:
    said = [texts(labels) for labels in found]
    names = classes or tuple(sorted(set(said[0]), key=lambda text: text.encode("utf-8", "surrogatepass")))
    numbers = {name: number for number, name in enumerate(names)}
    for pair, labels in zip(pairs, said, strict=True):
        other = next((label for label in labels if label not in numbers), None)
        if other is not None:
            raise InputError(f"{pair.labels_called}: the class '{visible(other)}' is none of {some(map(visible, names))}")
    return [np.array([numbers[label] for label in labels], np.int32) for labels in said], names


def texts(found: np.ndarray) -> tuple[str, ...]:
    """The texts of an array (n,) of them, or of bytes."""
    return tuple(text.decode("utf-8", "backslashreplace") if isinstance(text, bytes) else text for text in found.tolist())


def _numbers(pairs: tuple[Pair, ...], found: list[np.ndarray], classes: tuple[str, ...]) -> Labelled:
    most = max(int(labels.max()) for labels in found) + 1
    count = len(classes) or most
    from_one = most == count + 1 and min(int(labels.min()) for labels in found) >= 1
    for pair, labels in zip(pairs, found, strict=True):
        if labels.min() < 0 or labels.max() >= count or count > MOST_CLASSES:
            raise InputError(f"{pair.labels_called}: labels from {labels.min():g} to {labels.max():g}, expected numbers from 0 "
                             f"to {min(count, MOST_CLASSES) - 1}" + f"\n  hint: {FROM_ONE}" * from_one)
    return [labels.astype(np.int32) for labels in found], classes or tuple(map(str, range(count)))
