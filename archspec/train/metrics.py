"""The history of a run as files: metrics.jsonl, TensorBoard, curves.png. All are written anew from the history.

So after a kill and a new start no epoch is in them twice, whatever the killed process had written.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import tensorflow as tf

from archspec.errors import InputError
from archspec.io.files import read_bytes, remove, replacing, write_text
from archspec.train.progress import Row, is_row


class TensorBoard:
    """A writer of one event file, begun with what has happened before."""

    def __init__(self, folder: Path, history: Sequence[Row]) -> None:
        remove(folder)
        self._writer = tf.summary.create_file_writer(str(folder))
        for row in history:
            self.add(row)

    def add(self, row: Row) -> None:
        """One epoch."""
        with self._writer.as_default():
            for name, value in row.items():
                if name not in ("epoch", "step"):
                    tf.summary.scalar(name, value, step=int(row["epoch"]))
        self._writer.flush()

    def picture(self, path: Path) -> None:
        """Shows a PNG file, if it is there and can be read."""
        with suppress(OSError, ValueError, tf.errors.OpError):
            image = tf.io.decode_png(read_bytes(path), channels=3)
            with self._writer.as_default():
                tf.summary.image(path.stem, image[None], step=0)

    def close(self) -> None:
        """Ends the event file."""
        self._writer.close()


def write_lines(path: Path, history: Sequence[Row]) -> None:
    """metrics.jsonl: one JSON object an epoch."""
    write_text(path, "".join(json.dumps(row) + "\n" for row in history))


def read_lines(path: Path) -> list[Row]:
    """What `write_lines` wrote, one epoch at least. Raises InputError for anything else."""
    try:
        rows = [json.loads(line) for line in read_bytes(path).decode("utf-8").splitlines()]
    except (OSError, ValueError, RecursionError):
        rows = []
    if not rows or not all(map(is_row, rows)):
        raise InputError(f"{path} is not there or damaged\n  hint: the command that trained makes it anew from a checkpoint")
    return rows


def draw_curves(path: Path, history: Sequence[Row], title: str) -> None:
    """curves.png: loss and error over the epochs, training and test."""
    from matplotlib.figure import Figure  # half a second, and needed once
    figure = Figure(figsize=(10, 4), layout="constrained")
    epochs = [row["epoch"] for row in history]
    loss, error = figure.subplots(1, 2)
    loss.plot(epochs, [row["loss"] for row in history], label="training")
    loss.plot(epochs, [row["test_loss"] for row in history], label="test")
    error.plot(epochs, [100 * (1 - row["accuracy"]) for row in history], label="training")
    error.plot(epochs, [100 * (1 - row["test_top1"]) for row in history], label="test")
    for axes, label in ((loss, "loss"), (error, "error (%)")):
        axes.set(xlabel="epoch", ylabel=label, title=title)
        axes.set_yscale("log" if label == "loss" else "linear")
        axes.grid(alpha=0.3)
        axes.legend()
    with replacing(path) as partial:
        figure.savefig(partial, format="png", dpi=120)
