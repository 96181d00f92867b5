"""calibration.png: how often a network is right, over how sure it is."""

from __future__ import annotations

from math import isnan
from pathlib import Path

from archspec.errors import shorten
from archspec.evaluate.calibration import Calibration
from archspec.train.reporting.metrics import COLOUR
from archspec.train.reporting.picture.plot import plot
from archspec.train.reporting.picture.words import legible

CALIBRATION = "calibration.png"
GREY = "#8a8a8a"


def draw_calibration(path: Path, found: Calibration, title: str) -> None:
    """The reliability diagram: the share that is right in each bin, at its mean confidence; below, how many images it has.

    On the diagonal a network is right as often as it is sure; a bar ends at its mark, its distance from the diagonal is drawn.
    """
    from matplotlib.ticker import PercentFormatter
    rows = [(each.low, each.high - each.low, each.images, each.confidence, each.accuracy) for each in found.bins
            if each.confidence is not None and each.accuracy is not None]
    lows, widths, images, sure, right = zip(*rows, strict=True) if rows else ((),) * 5
    with plot(path, 4.8, 5.6) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        upper.bar(lows, right, widths, align="edge", color=COLOUR, alpha=0.35, edgecolor="white")
        upper.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="as often as it is sure")
        upper.vlines(sure, sure, right, color=COLOUR, linewidth=1)
        upper.plot(sure, right, "o", color=COLOUR, markersize=4, label="how often it is right")
        upper.set(title=f"{shorten(legible(title))}\n{_error(found.error)}", ylabel="right", ylim=(0, 1.02))
        figure.legend(loc="outside lower center", ncols=2, fontsize=8, frameon=False)
        lower.bar(lows, images, widths, align="edge", color=COLOUR, edgecolor="white")
        lower.set(xlabel="sure", ylabel="images", xlim=(0, 1))
        for axis in (upper.yaxis, lower.xaxis):
            axis.set_major_formatter(PercentFormatter(1.0))
        upper.grid(alpha=0.3)


def _error(error: float) -> str:
    return "some probabilities are not numbers" if isnan(error) else f"expected calibration error {error:.2%}"
