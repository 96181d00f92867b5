"""metrics.jsonl, steps.jsonl and TensorBoard: what is in them, and that older ones are read."""

from __future__ import annotations

from pathlib import Path

import pytest
import tensorflow as tf

from archspec.errors import InputError
from archspec.train.progress import REQUIRED, Row
from archspec.train.reporting.board import Board
from archspec.train.reporting.metrics import draw_curves, read_lines, read_steps, write_lines

ROW: Row = {"epoch": 1, "step": 10, "loss": 0.5, "accuracy": 0.9, "test_loss": 0.25, "test_top1": 0.95, "learning_rate": 0.1, "seconds": 2.0,
            "images_per_second": 123.5, "data_wait": 0.25, "images": 1437, "skipped": 3}


@pytest.fixture
def diagrams() -> None:
    """Are drawn."""


def board(path: Path, *rows: Row, steps: tuple[Row, ...] = ()) -> Board:
    (path / "spec.yaml").write_text("input: 8x8x1\n")
    return Board(path / "tensorboard", path / "spec.yaml", rows, steps)


def told(path: Path, run: str) -> dict[tuple[str, int], float]:
    """Every number of one of TensorBoard's runs: by its name, and where it stands."""
    file, = (path / "tensorboard" / run).iterdir()
    return {(value.tag, event.step): float(tf.make_ndarray(value.tensor))
            for event in tf.compat.v1.train.summary_iterator(str(file)) for value in event.summary.value
            if value.metadata.plugin_data.plugin_name == "scalars"}


def test_tensorboard_shows_training_and_test_as_two_runs_on_one_axis(tmp_path: Path) -> None:
    board(tmp_path, ROW).close()
    train, test = told(tmp_path, "train"), told(tmp_path, "test")
    assert test == {("epoch/loss", 1): 0.25, ("epoch/accuracy", 1): pytest.approx(0.95)}
    assert train[("epoch/loss", 1)] == 0.5
    assert {name: train[(f"epoch/{name}", 1)] for name in ("images", "skipped", "data_wait")} == {
        "images": 1437, "skipped": 3, "data_wait": 0.25}


def test_tensorboard_shows_steps_over_steps(tmp_path: Path) -> None:
    shown = board(tmp_path, steps=({"step": 7, "loss": 2.0, "learning_rate": 0.5},))
    shown.step({"step": 9, "loss": 1.0})
    shown.close()
    assert told(tmp_path, "train") == {("step/loss", 7): 2.0, ("step/learning_rate", 7): 0.5, ("step/loss", 9): 1.0}


def test_tensorboard_shows_the_spec_and_how_weights_are_spread(tmp_path: Path) -> None:
    shown = board(tmp_path)
    shown.histograms({"conv/kernel": tf.constant([1.0, 2.0])}, 3)
    shown.close()
    file, = (tmp_path / "tensorboard" / "train").iterdir()
    found = {value.tag: (event.step, value.metadata.plugin_data.plugin_name)
             for event in tf.compat.v1.train.summary_iterator(str(file)) for value in event.summary.value}
    assert found == {"spec": (0, "text"), "conv/kernel": (3, "histograms")}


def test_of_steps_those_that_are_done_are_read(tmp_path: Path) -> None:
    path = tmp_path / "steps.jsonl"
    write_lines(path, [{"step": 5, "loss": 1.0}, {"step": 10, "loss": 0.5}])
    with path.open("a") as file:
        file.write('{"step": "x"}\n[]\n{"step": 15, "lo')
    assert read_steps(path, 10) == [{"step": 5, "loss": 1.0}, {"step": 10, "loss": 0.5}]
    assert read_steps(path, 9) == [{"step": 5, "loss": 1.0}]
    assert read_steps(tmp_path / "none", 9) == []


def test_lines_of_before_are_read_and_drawn(tmp_path: Path) -> None:
    """Of runs that did not tell how images came."""
    old = {name: ROW[name] for name in (*REQUIRED, "step")}
    write_lines(tmp_path / "metrics.jsonl", [old, ROW])
    assert read_lines(tmp_path / "metrics.jsonl") == [old, ROW]
    draw_curves(tmp_path / "curves.png", [old, ROW], "net")
    board(tmp_path, old, ROW).close()


@pytest.mark.parametrize("text", ["", "[]\n", '{"epoch": 1}\n', "\xff"])
def test_what_is_no_history_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(InputError) as caught:
        read_lines(path)
    assert str(caught.value) == f"{path} is not there or damaged\n  hint: the command that trained makes it anew from a checkpoint"
