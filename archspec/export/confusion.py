"""confusion.png and worst.png: what a network takes for what, and the images that it is most wrong about."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from archspec.data.pipeline import Pipeline
from archspec.evaluate.judged import Judged
from archspec.io.files import replacing
from archspec.train.reporting.picture.sheet import in_colours
from archspec.train.reporting.picture.words import class_names, legible

CONFUSION, WORST_IMAGES = "confusion.png", "worst.png"
MOST_CLASSES = 50
"""Of which a confusion matrix can be read; of more the pairs that are confused most are told in report.md."""
COUNTED = 20
"""Up to so many classes the counts stand in the fields."""
LONGEST = 24
"""Letters of a name in a picture."""
COLUMNS = 6
DARK = 0.5
"""From this share of a row on a field is so dark that white can be read on it."""


def draw_confusion(path: Path, judged: Judged, classes: Sequence[str], title: str) -> None:
    """The confusion matrix of up to MOST_CLASSES classes: rows are true, columns said, shades the share of a row."""
    from matplotlib.figure import Figure  # half a second, and needed once
    counts = judged.confusion
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    side = 2.5 + 0.32 * len(classes)
    figure = Figure(figsize=(side + 0.5, side), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    names = [_short(name) for name in class_names(classes)]
    axes.set_xticks(range(len(names)), names, rotation=90)
    axes.set_yticks(range(len(names)), names)
    axes.set(title=title, xlabel="said", ylabel="true")
    if len(names) <= COUNTED:
        for (row, column), count in np.ndenumerate(counts):
            if count:
                axes.text(column, row, str(count), ha="center", va="center", fontsize=8,
                          color="white" if shares[row, column] >= DARK else "black")
    with replacing(path) as partial:
        figure.savefig(partial, format="png", dpi=120)


def draw_worst(path: Path, judged: Judged, chosen: Sequence[int], classes: Sequence[str], testing: Pipeline) -> None:
    """The images of these numbers as the network saw them, each with its class, what was said, and how surely."""
    from matplotlib.figure import Figure
    rows, names = -(-len(chosen) // COLUMNS), class_names(classes)
    figure = Figure(figsize=(2 * min(COLUMNS, len(chosen)), 2.5 * rows), layout="constrained")
    fields = np.ravel(figure.subplots(rows, min(COLUMNS, len(chosen)), squeeze=False))
    for axes in fields:
        axes.axis("off")
    for axes, number in zip(fields, chosen, strict=False):
        axes.imshow(in_colours(testing.still(number)))
        true, said = (_short(legible(text)) for text in words(judged, number, names))
        axes.set_title(f"{true}\nsaid: {said}", fontsize=8)
    with replacing(path) as partial:
        figure.savefig(partial, format="png", dpi=120)


def words(judged: Judged, number: int, names: Sequence[str]) -> tuple[str, str]:
    """What is true of an image, and what was said of it."""
    if judged.several:
        true, said = (", ".join(names[int(each)] for each in np.flatnonzero(row[number])) or "none"
                      for row in (judged.labels, judged.said))
        return true, said
    true, said = (names[int(each[number])] for each in (judged.labels, judged.said))
    return true, f"{said}, {judged.surest[number]:.0%}"


def _short(text: str) -> str:
    return text if len(text) <= LONGEST else f"{text[:LONGEST - 1]}…"
