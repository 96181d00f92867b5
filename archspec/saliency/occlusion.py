"""How much less probable a class becomes where a patch hides a part of the image (Zeiler and Fergus 2013, 1311.2901, 4.2).

The patch is of the network's input and has one colour. It goes from edge to edge in steps; a last one in each row and column
is flush with the edge, so that no pixel is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from archspec.data.looking import Tick
from archspec.errors import InputError
from archspec.preprocess.rule import Preprocess

STEPS = 7
"""A side of the patch is this part of the input's shorter side if nothing is said: 32 pixels of 224."""
MOST = 1 << 16
"""Patches."""
Run = Callable[[np.ndarray], np.ndarray]
"""Pixels (n, h, w, c) float32 from 0 to 255 to probabilities (n, classes)."""


@dataclass(frozen=True)
class Patches:
    """A square of so many pixels of the input, moved by `stride`; `value` is its colour, a number or one a channel.

    `rows` and `columns` say where it begins.
    """

    side: int
    stride: int
    value: tuple[float, ...]
    rows: tuple[int, ...]
    columns: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many places it is put at."""
        return len(self.rows) * len(self.columns)


def patches(rule: Preprocess, side: int | None, stride: int | None) -> Patches:
    """The patches of a side and a stride, or those that suit the input: a seventh of its shorter side, in steps of half of it.

    The colour is the mean that preprocessing subtracts, of which the network gets zeros. Raises InputError where they do not
    fit, or are more than MOST.
    """
    least = min(rule.height, rule.width)
    own = side or -(-least // STEPS)
    if own > least:
        raise InputError(f"--patch {own}: the input is {rule.height}x{rule.width} pixels\n  hint: --patch {-(-least // STEPS)}")
    step = stride or max(1, own // 2)
    if step > own:
        raise InputError(f"--stride {step}: what lies between patches of {own} pixels would not be looked at\n"
                         f"  hint: --stride {own} or less")
    value = rule.mean[::-1] if rule.order == "bgr" else rule.mean
    found = Patches(own, step, value, _starts(rule.height, own, step), _starts(rule.width, own, step))
    if found.count > MOST:
        raise InputError(f"--stride {step}: {found.count:,} patches of each image, and {MOST:,} are the most\n"
                         f"  hint: --stride {max(1, own // 2)}")
    return found


def _starts(side: int, patch: int, stride: int) -> tuple[int, ...]:
    last = side - patch
    return (*range(0, last, stride), last)


def occluded(run: Run, pixels: np.ndarray, chosen: Patches, classes: Sequence[int], batch: int, tick: Tick) -> np.ndarray:
    """(rows, columns, n) float32: what the probability of n classes loses where the patch is; below zero where it gains.

    `pixels` is (h, w, c) from 0 to 255. No more than `batch` images are held at a time.
    """
    whole = run(pixels[None].astype(np.float32))[0, classes]
    places = [(row, column) for row in chosen.rows for column in chosen.columns]
    said = list[np.ndarray]()
    for begin in range(0, len(places), batch):
        tick("patches", begin, len(places))
        said.append(run(_hidden(pixels, places[begin:begin + batch], chosen))[:, classes])
    return np.asarray(whole - np.concatenate(said)).reshape(len(chosen.rows), len(chosen.columns), -1)


def _hidden(pixels: np.ndarray, places: Sequence[tuple[int, int]], chosen: Patches) -> np.ndarray:
    found = np.repeat(pixels[None].astype(np.float32), len(places), axis=0)
    for image, (row, column) in zip(found, places, strict=True):
        image[row:row + chosen.side, column:column + chosen.side] = chosen.value
    return found


def spread(losses: np.ndarray, chosen: Patches, height: int, width: int) -> np.ndarray:
    """(height, width) float64: for each pixel of the input the mean of (rows, columns) over the patches that hide it."""
    total, times = np.zeros((height, width)), np.zeros((height, width))
    for (row, column), loss in np.ndenumerate(losses):
        top, left = chosen.rows[row], chosen.columns[column]
        total[top:top + chosen.side, left:left + chosen.side] += loss
        times[top:top + chosen.side, left:left + chosen.side] += 1
    return np.asarray(total / times)
