"""The history of a run as files: metrics.jsonl and curves.png, both written anew from the history. No framework."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from archspec.errors import InputError, shorten
from archspec.io.files import read_bytes, write_text
from archspec.io.numbers import is_number
from archspec.train.progress import Row, is_row
from archspec.train.reporting.picture.plot import plot
from archspec.train.reporting.picture.words import legible

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLOUR = "#1f5fa8"
FEW = 4
"""Below so many epochs each is a point that is seen."""
RANGE = 3
"""From this ratio of the greatest to the smallest on a loss is drawn on an axis of powers."""


def write_lines(path: Path, history: Sequence[Row]) -> None:
    """metrics.jsonl or steps.jsonl: one JSON object an epoch, or a step."""
    write_text(path, "".join(json.dumps(row) + "\n" for row in history))


def read_steps(path: Path, done: int) -> list[Row]:
    """The rows of steps.jsonl up to so many steps, each step once; what is half written, or beyond them, is left out."""
    try:
        lines = read_bytes(path).decode("utf-8", "replace").splitlines()
    except (OSError, ValueError):
        return []
    found = {row["step"]: row for row in map(_parsed, lines) if row and row["step"] <= done}
    return [found[step] for step in sorted(found)]


def _parsed(line: str) -> Row | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(row, dict) and type(row.get("step")) is int and row["step"] >= 0 and all(map(is_number, row.values()))
    return row if whole else None


def read_lines(path: Path) -> list[Row]:
    """What `write_lines` wrote, one epoch at least. Raises InputError for anything else."""
    try:
        rows = [json.loads(line) for line in read_bytes(path).decode("utf-8").splitlines()]
    except (OSError, ValueError, RecursionError):
        rows = []
    if not rows or not all(map(is_row, rows)):
        raise InputError(f"{path} is not there or damaged\n  hint: the command that trained makes it anew from a checkpoint")
    return rows


def draw_curves(path: Path, history: Sequence[Row], title: str, objective: str = "") -> None:
    """curves.png: loss and error over the epochs, as He et al. 2016 draw them: training thin and dashed, test bold.

    `objective` is the loss that was trained with, where it is not the one that is tested.
    """
    from matplotlib.ticker import MaxNLocator
    epochs = [row["epoch"] for row in history]
    losses = [[row[name] for row in history] for name in ("loss", "test_loss")]
    errors = [[100 * (1 - row[name]) for row in history] for name in ("accuracy", "test_top1")]
    with plot(path, 10, 4.2) as figure:
        figure.suptitle(shorten(legible(title)))
        for axes, label, (trained, tested) in zip(figure.subplots(1, 2), ("loss", "error (%)"), (losses, errors), strict=True):
            few = "o" if len(epochs) < FEW else ""
            own = f"training ({objective})" if objective and label == "loss" else "training"
            axes.plot(epochs, trained, label=own, color=COLOUR, linestyle="--", linewidth=1, marker=few, markersize=4)
            axes.plot(epochs, tested, label="test", color=COLOUR, linewidth=2, marker=few, markersize=4)
            axes.set(xlabel="epoch", ylabel=label)
            axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
            least, most = min(*trained, *tested), max(*trained, *tested)
            if label == "loss" and 0 < RANGE * least < most:
                _logarithmic(axes)
            else:
                axes.set_ylim(0, 1.08 * most or 1)
            axes.set_xlim(min(epochs) - 0.5, max(epochs) + 0.5)
            axes.grid(alpha=0.3)
            axes.legend()


def _logarithmic(axes: Axes) -> None:
    """An axis on which a loss of 2 is written as 2."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullLocator
    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 3, 5)))
    axes.yaxis.set_minor_locator(NullLocator())
    axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
