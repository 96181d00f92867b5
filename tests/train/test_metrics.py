"""metrics.jsonl and TensorBoard: what is in them, and that older ones are read."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from archspec.errors import InputError
from archspec.train.board import TensorBoard
from archspec.train.metrics import draw_curves, read_lines, write_lines
from archspec.train.progress import REQUIRED, Row

ROW: Row = {"epoch": 1, "step": 10, "loss": 0.5, "accuracy": 0.9, "test_loss": 0.25, "test_top1": 0.95, "learning_rate": 0.1, "seconds": 2.0,
            "images_per_second": 123.5, "data_wait": 0.25, "images": 1437, "skipped": 3}


def test_tensorboard_shows_how_images_come(tmp_path: Path) -> None:
    board = TensorBoard(tmp_path / "tensorboard", [ROW])
    board.close()
    file, = (tmp_path / "tensorboard").iterdir()
    values = [value for event in tf.compat.v1.train.summary_iterator(str(file)) for value in event.summary.value]
    found = {value.tag: float(tf.make_ndarray(value.tensor)) for value in values}
    assert {name: found[name] for name in ("images", "skipped", "data_wait")} == {"images": 1437, "skipped": 3, "data_wait": 0.25}


def test_lines_of_before_are_read_and_drawn(tmp_path: Path) -> None:
    """Of runs that did not tell how images came."""
    old = {name: ROW[name] for name in (*REQUIRED, "step")}
    write_lines(tmp_path / "metrics.jsonl", [old, ROW])
    assert read_lines(tmp_path / "metrics.jsonl") == [old, ROW]
    draw_curves(tmp_path / "curves.png", [old, ROW], "net")
    TensorBoard(tmp_path / "tensorboard", [old, ROW]).close()


@pytest.mark.parametrize("text", ["", "[]\n", '{"epoch": 1}\n', "\xff"])
def test_what_is_no_history_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(InputError) as caught:
        read_lines(path)
    assert str(caught.value) == f"{path} is not there or damaged\n  hint: the command that trained makes it anew from a checkpoint"
