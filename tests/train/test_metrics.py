"""metrics.jsonl, steps.jsonl and TensorBoard: what is in them, and that older ones are read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.data_provider import MultiplexerDataProvider
from tensorboard.backend.event_processing.plugin_event_multiplexer import EventMultiplexer
from tensorboard.context import RequestContext
from tensorboard.plugins.base_plugin import TBContext
from tensorboard.plugins.hparams import api_pb2, backend_context, list_session_groups

from archspec.artifact.facts import KEYS
from archspec.errors import InputError
from archspec.train.progress import REQUIRED, Progress, Row, is_progress
from archspec.train.reporting.board import Board, finish
from archspec.train.reporting.metrics import draw_curves, read_lines, read_steps, write_lines

ROW: Row = {"epoch": 1, "step": 10, "loss": 0.5, "accuracy": 0.9, "test_loss": 0.25, "test_top1": 0.95, "learning_rate": 0.1, "seconds": 2.0,
            "images_per_second": 123.5, "data_wait": 0.25, "images": 1437, "skipped": 3}


CHOICES = {"optimizer": {"kind": "sgd", "nesterov": False}, "batch": 32, "clip": None, "augment": ["mixup"]}


@pytest.fixture
def diagrams() -> None:
    """Are drawn."""


def board(path: Path, *rows: Row, steps: tuple[Row, ...] = ()) -> Board:
    (path / "spec.yaml").write_text("input: 8x8x1\n")
    return Board(path / "tensorboard", path / "spec.yaml", CHOICES, rows, steps)


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
    assert tags(tmp_path / "tensorboard" / "train") == {("spec", 0): "text"}
    assert tags(tmp_path / "tensorboard" / "weights") == {("conv/kernel", 3): "histograms"}


def tags(folder: Path) -> dict[tuple[str, int], str]:
    """What is told in a folder's files, and where it stands: by which of TensorBoard's plugins it is shown."""
    return {(value.tag, event.step): value.metadata.plugin_data.plugin_name for file in sorted(folder.iterdir()) if file.is_file()
            for event in tf.compat.v1.train.summary_iterator(str(file)) for value in event.summary.value}


def test_weights_and_images_of_epochs_that_are_done_stay(tmp_path: Path) -> None:
    """They cannot be made anew. Of one that is trained again there is the new one alone."""
    shown = board(tmp_path, ROW, {**ROW, "epoch": 2})
    for epoch in (1, 2, 2):
        shown.histograms({"conv/kernel": tf.constant([1.0, 2.0])}, epoch)
        shown.image("augmented", np.zeros((2, 2, 3), np.uint8), epoch)
    shown.close()
    assert len(list((tmp_path / "tensorboard" / "weights").iterdir())) == 2
    board(tmp_path, ROW).close()
    assert tags(tmp_path / "tensorboard" / "weights") == {("conv/kernel", 1): "histograms"}
    assert tags(tmp_path / "tensorboard" / "images") == {("augmented", 1): "images"}


def test_tensorboard_compares_runs_by_the_recipe(tmp_path: Path) -> None:
    """As its own HParams plugin reads it, of two runs in one folder: choices, and what they came to."""
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        board(tmp_path / name, ROW).close()
    finish(tmp_path / "a" / "tensorboard", [], 1)
    multiplexer = EventMultiplexer().AddRunsFromDirectory(str(tmp_path))
    multiplexer.Reload()
    given = backend_context.Context(TBContext(data_provider=MultiplexerDataProvider(multiplexer, str(tmp_path))))
    asked = api_pb2.ListSessionGroupsRequest(slice_size=9, include_metrics=True,
                                             allowed_statuses=[api_pb2.STATUS_UNKNOWN, api_pb2.STATUS_RUNNING, api_pb2.STATUS_SUCCESS])
    first, second = sorted(list_session_groups.Handler(RequestContext(), given, "", asked).run().session_groups, key=lambda each: each.name)
    assert first.name.endswith("/a")
    assert {name: value.WhichOneof("kind") for name, value in first.hparams.items()} == {
        "optimizer.kind": "string_value", "optimizer.nesterov": "bool_value", "batch": "number_value", "augment": "string_value"}
    found = {(value.name.group, value.name.tag): value.value for value in first.metric_values}
    assert found[("test", "epoch/accuracy")] == pytest.approx(0.95)
    assert [each.sessions[0].status for each in (first, second)] == [api_pb2.STATUS_SUCCESS, api_pb2.STATUS_UNKNOWN]


def test_the_pictures_of_a_finished_run_are_there_once(tmp_path: Path) -> None:
    board(tmp_path, ROW).close()
    draw_curves(tmp_path / "confusion.png", [ROW], "net")
    for _ in range(2):
        finish(tmp_path / "tensorboard", [tmp_path / "confusion.png", tmp_path / "none.png"], 7)
    file, = (tmp_path / "tensorboard" / "report").iterdir()
    assert tags(file.parent) == {("confusion", 7): "images"}
    assert len(list((tmp_path / "tensorboard").glob("*.end"))) == 1


def test_of_steps_those_that_are_done_are_read(tmp_path: Path) -> None:
    path = tmp_path / "steps.jsonl"
    write_lines(path, [{"step": 5, "loss": 1.0}, {"step": 10, "loss": 0.7}, {"step": 10, "loss": 0.5}])
    with path.open("a") as file:
        file.write('{"step": "x"}\n[]\n{"step": -1e300}\n{"step": -5}\n{"step": 7, "loss": 1' + 400 * "0" + '}\n{"step": 15, "lo')
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


def test_a_loss_as_great_as_float32_has_them_is_written_read_and_drawn(tmp_path: Path) -> None:
    """The checkpoint's history and what is told of the result take the same numbers."""
    row = {**ROW, "loss": 3e17, "test_loss": 9e37}
    write_lines(tmp_path / "metrics.jsonl", [ROW, row])
    assert read_lines(tmp_path / "metrics.jsonl") == [ROW, row]
    assert is_progress({**Progress(history=[row]).to_json()})
    assert KEYS["metrics"][1]({"data": "digits", "split": "test", "examples": 360, "loss": row["test_loss"], "top1": 0.1})
    draw_curves(tmp_path / "curves.png", [ROW, row], "net")
    board(tmp_path, row, steps=(row,)).close()
    assert told(tmp_path, "test")[("epoch/loss", 1)] == pytest.approx(9e37)


@pytest.mark.parametrize("text", ["", "[]\n", '{"epoch": 1}\n', "\xff", json.dumps({**ROW, "epoch": 1e30})])
def test_what_is_no_history_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "metrics.jsonl"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(InputError) as caught:
        read_lines(path)
    assert str(caught.value) == f"{path} is not there or damaged\n  hint: the command that trained makes it anew from a checkpoint"
