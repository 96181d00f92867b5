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
GREY, RED = "#8a8a8a", "#c0392b"


def draw_calibration(path: Path, found: Calibration, title: str) -> None:
    """The reliability diagram (1706.04599, figure 1).

    Above, the share that is right in each bin, and how far that is from how sure the network is there, on the mean; below, how
    many images each bin has.
    """
    from matplotlib.ticker import PercentFormatter
    rows = [(each.low, each.high - each.low, each.images, each.confidence, each.accuracy) for each in found.bins
            if each.confidence is not None and each.accuracy is not None]
    lows, widths, images, sure, right = zip(*rows, strict=True) if rows else ((),) * 5
    with plot(path, 4.8, 5.6) as figure:
        upper, lower = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
        gaps = [mean - share for mean, share in zip(sure, right, strict=True)]
        upper.bar(lows, right, widths, align="edge", color=COLOUR, alpha=0.5, edgecolor="white", label="right")
        upper.bar(lows, gaps, widths, right, align="edge", facecolor="none", edgecolor=RED, hatch="//",
                  linewidth=0, alpha=0.6, label="gap")
        upper.hlines(right, lows, [low + width for low, width in zip(lows, widths, strict=True)], color=COLOUR, linewidth=2)
        upper.plot([0, 1], [0, 1], color=GREY, linestyle="--", linewidth=1, label="right as often as sure")
        upper.set(title=f"{shorten(legible(title))}\n{_error(found.error)}", ylabel="right", ylim=(0, 1.02))
        figure.legend(loc="outside lower center", ncols=3, fontsize=8, frameon=False)
        lower.bar(lows, images, widths, align="edge", color=COLOUR, edgecolor="white")
        lower.set(xlabel="sure", ylabel="images", xlim=(0, 1))
        for axis in (upper.yaxis, lower.xaxis):
            axis.set_major_formatter(PercentFormatter(1.0))
        upper.grid(alpha=0.3)


def _error(error: float) -> str:
    return "some probabilities are not numbers" if isnan(error) else f"expected calibration error {error:.2%}"
