"""confusion.png or pairs.png, and worst.png: what a network takes for what, and the images that it is most wrong about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from math import isnan
from pathlib import Path

import numpy as np
from PIL import Image

from archspec.errors import shorten
from archspec.evaluate.outcome import Outcome
from archspec.train.reporting.metrics import COLOUR
from archspec.train.reporting.picture.plot import plot
from archspec.train.reporting.picture.sheet import in_colours
from archspec.train.reporting.picture.words import class_names, legible

CONFUSION, PAIRS, WORST_IMAGES = "confusion.png", "pairs.png", "worst.png"
MOST_CLASSES = 50
"""Of which a confusion matrix can be read; of more the pairs that are confused most are told."""
COUNTED = 20
"""Up to so many classes the counts stand in the fields."""
LONGEST = 24
"""Letters of a name in a picture."""
MOST_PAIRS = 24
"""In pairs.png."""
LARGEST = 432
"""Pixels of the longer side of an image in worst.png, which is shown with about half of them."""
COLUMNS, FIELD, BORDER = 6, (2.0, 2.4), 0.1
"""Of worst.png: fields in a row, and inches of a field and around its image."""
UPRIGHT = 4
"""From so many letters on the names of columns stand upright, or they would run into one another."""
DARK = 0.5
"""From this share of a row on a field is so dark that white can be read on it."""


def draw_confusion(path: Path, judged: Outcome, classes: Sequence[str], title: str) -> None:
    """The confusion matrix of up to MOST_CLASSES classes: rows are true, columns said, shades the share of a row."""
    counts = judged.confusion
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    names = [_short(name) for name in class_names(classes)]
    side = 2.5 + 0.32 * len(names)
    from matplotlib.ticker import PercentFormatter
    with plot(path, side + 1, side) as figure:
        axes = figure.subplots()
        shown = axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
        axes.set_xticks(range(len(names)), names, rotation=0 if max(map(len, names)) < UPRIGHT else 90)
        axes.set_yticks(range(len(names)), names)
        axes.set_xticks(np.arange(len(names) - 1) + 0.5, minor=True)
        axes.set_yticks(np.arange(len(names) - 1) + 0.5, minor=True)
        axes.grid(which="minor", color="0.88", linewidth=0.5)
        axes.tick_params(which="minor", length=0)
        axes.set(title=shorten(legible(title)), xlabel="said", ylabel="true")
        figure.colorbar(shown, ax=axes, shrink=0.6, fraction=0.04, pad=0.02, format=PercentFormatter(1.0),
                        label="of the true class")
        if len(names) <= COUNTED:
            for (row, column), count in np.ndenumerate(counts):
                if count:
                    axes.text(column, row, str(count), ha="center", va="center", fontsize=8,
                              color="white" if shares[row, column] >= DARK else "black")


def draw_confused(folder: Path, judged: Outcome, classes: Sequence[str], title: str) -> str:
    """Draws the matrix, or of many classes the pairs; the name of the picture, '' where there is nothing to draw."""
    if judged.several:
        return ""
    if len(classes) <= MOST_CLASSES:
        draw_confusion(folder / CONFUSION, judged, classes, title)
        return CONFUSION
    if not judged.confused(1):
        return ""
    draw_pairs(folder / PAIRS, judged, classes, title)
    return PAIRS


def draw_pairs(path: Path, judged: Outcome, classes: Sequence[str], title: str) -> None:
    """The pairs of classes that are confused most, a bar each: the share of the images of the true one, and how many.

    Of one label an image, of which one at least is wrong.
    """
    from matplotlib.ticker import PercentFormatter
    names = [_short(name) for name in class_names(classes)]
    found = judged.confused(MOST_PAIRS)
    images = np.bincount(judged.labels, minlength=judged.classes)
    shares = [count / int(images[true]) for true, _, count in found]
    with plot(path, 7.5, 1.4 + 0.26 * len(found)) as figure:
        axes = figure.subplots()
        axes.barh(range(len(found)), shares, color=COLOUR, alpha=0.7)
        axes.set_yticks(range(len(found)), [f"{names[true]} → {names[said]}" for true, said, _ in found], fontsize=8)
        axes.set_ylim(len(found) - 0.4, -0.6)
        for row, (share, (true, _, count)) in enumerate(zip(shares, found, strict=True)):
            axes.text(share, row, f" {count} of {images[true]}", va="center", fontsize=8)
        axes.set(title=shorten(legible(title)), xlabel="of the images of the true class", xlim=(0, 1.18 * max(shares)))
        axes.xaxis.set_major_formatter(PercentFormatter(1.0))
        axes.grid(axis="x", alpha=0.3)


def draw_worst(path: Path, judged: Outcome, chosen: Sequence[int], classes: Sequence[str], shown: Iterable[np.ndarray]) -> None:
    """The images of these numbers, (h, w, c) from 0 to 255 each, with their class, what was said, and how surely of both."""
    columns, names = min(COLUMNS, len(chosen)), class_names(classes)
    rows = -(-len(chosen) // columns)
    with plot(path, FIELD[0] * columns, FIELD[1] * rows) as figure:
        figure.set_layout_engine("none")
        axes = figure.add_axes((0, 0, 1, 1))  # one for all: eighteen take three times as long
        axes.set(xlim=(0, FIELD[0] * columns), ylim=(-FIELD[1] * rows, 0))
        axes.axis("off")
        for place, (number, pixels) in enumerate(zip(chosen, shown, strict=True)):
            left, top = FIELD[0] * (place % columns), -FIELD[1] * (place // columns)
            bottom = top - FIELD[1] + BORDER
            side, image = FIELD[0] - 2 * BORDER, _small(pixels)
            high, wide = (side * each / max(image.shape[:2]) for each in image.shape[:2])
            within = left + (FIELD[0] - wide) / 2, bottom + side - high
            axes.imshow(image, aspect="auto", extent=(within[0], within[0] + wide, within[1], within[1] + high))
            true, said = (_short(legible(text), LONGEST - 4 * (not judged.several)) for text in _told(judged, number, names))
            axes.text(left + FIELD[0] / 2, bottom + FIELD[0] - BORDER, caption(true, said, surely(judged, number)), fontsize=8,
                      ha="center")


def _small(pixels: np.ndarray) -> np.ndarray:
    """An image in colours, no larger than is shown: photographs of a camera would take a gigabyte together."""
    image = Image.fromarray(in_colours(pixels))
    image.thumbnail((LARGEST, LARGEST))
    return np.asarray(image)


def surely(judged: Outcome, number: int) -> tuple[float, float] | None:
    """The probabilities of what is true and of what was said of an image; None where it may have several classes."""
    return None if judged.several else (float(np.exp(-judged.losses[number])), float(judged.surest[number]))


def caption(true: str, said: str, sure: tuple[float, float] | None) -> str:
    """What stands below an image: its class, and what was said, how surely."""
    if sure is None:
        return f"{true}\nsaid {said}"
    own, other = ("no number" if isnan(each) else f"{each:.0%}" for each in sure)
    return f"{true}, {own}\nsaid {said}, {other}"


def words(judged: Outcome, number: int, names: Sequence[str]) -> tuple[str, str]:
    """What is true of an image, and what was said of it, of one label with its probability."""
    true, said = _told(judged, number, names)
    return true, said if judged.several else f"{said}, {judged.surest[number]:.0%}"


def _told(judged: Outcome, number: int, names: Sequence[str]) -> tuple[str, str]:
    if judged.several:
        true, said = (", ".join(names[int(each)] for each in np.flatnonzero(row[number])) or "none"
                      for row in (judged.labels, judged.said))
        return true, said
    return names[int(judged.labels[number])], names[int(judged.said[number])]


def _short(text: str, most: int = LONGEST) -> str:
    return text if len(text) <= most else f"{text[:most - 1]}…"
