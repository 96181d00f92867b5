"""The history of a run as files: metrics.jsonl and curves.png, both written anew from the history. No framework."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from archspec.errors import InputError
from archspec.io.files import read_bytes, replacing, write_text
from archspec.train.progress import Row, is_row


def write_lines(path: Path, history: Sequence[Row]) -> None:
    """metrics.jsonl or steps.jsonl: one JSON object an epoch, or a step."""
    write_text(path, "".join(json.dumps(row) + "\n" for row in history))


def read_steps(path: Path, done: int) -> list[Row]:
    """The rows of steps.jsonl up to so many steps; what a kill left half written, or beyond them, is left out."""
    try:
        lines = read_bytes(path).decode("utf-8", "replace").splitlines()
    except (OSError, ValueError):
        return []
    return [row for row in map(_parsed, lines) if row and row["step"] <= done]


def _parsed(line: str) -> Row | None:
    try:
        row = json.loads(line)
    except (ValueError, RecursionError):
        return None
    whole = isinstance(row, dict) and "step" in row and all(type(value) in (int, float) for value in row.values())
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
