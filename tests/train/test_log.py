"""What is shown: a bar on a terminal, else lines; numbers that can be believed."""

from __future__ import annotations

import io

import pytest
from rich.console import Console

from archspec.train import log as logs
from archspec.train.progress import Row

ROW: Row = {"epoch": 1, "step": 10, "loss": 0.5, "accuracy": 0.9, "test_loss": 0.25, "test_top1": 0.95,
            "test_top5": 1.0, "learning_rate": 0.1, "seconds": 2.0, "images_per_second": 123.4, "data_wait": 0.0}


def shown(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TERM", "xterm")
    clock = iter(range(1000))
    monkeypatch.setattr(logs.time, "monotonic", lambda: float(next(clock)))
    file = io.StringIO()
    with logs.make_log(Console(file=file, force_terminal=terminal, width=100), logs.Extent(2, 10, 40)) as log:
        for step in range(1, 11):
            log.step(step, 0.5, 0.9)
        log.evaluating(10, 3, 5)
        log.epoch(ROW)
    return file.getvalue()


def test_without_a_terminal_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(False, monkeypatch).splitlines()
    assert lines[-1] == ("epoch 1/2  loss 0.5000  accuracy 90.00%  test loss 0.2500  test accuracy 95.00%  "
                         "learning rate 0.1  123 images/s")
    assert len(lines) == 3
    assert lines[1] == "epoch 1/2  evaluating: 3 of 5 batches"
    assert lines[0].startswith("epoch 1/2  loss 0.5000  accuracy 90.00%  ")
    assert lines[0].endswith(" left")
    assert "\x1b" not in "".join(lines)


def test_on_a_terminal_a_bar_below_the_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = shown(True, monkeypatch)
    assert "━" in text
    assert "50 %" in text
    assert "test accuracy 95.00%" in text
    assert "epoch 1/2  evaluating: 3 of 5 batches" in text


def test_speed_and_time_left(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 2.0])
    monkeypatch.setattr(logs.time, "monotonic", lambda: next(clock))
    speed = logs.Speed(logs.Extent(epochs=3, steps=10, images=80))
    speed.mark(0)
    assert speed.images is None
    speed.mark(10)
    assert (speed.images, speed.left) == (40, 4)


def test_evaluations_count_for_the_time_left_and_not_for_the_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 2.0, 2.0, 9.0, 9.0, 11.0])
    monkeypatch.setattr(logs.time, "monotonic", lambda: next(clock))
    speed = logs.Speed(logs.Extent(epochs=3, steps=10, images=80))
    speed.mark(0)
    speed.mark(10)
    speed.pause()
    speed.resume()
    assert speed.images is None
    speed.mark(10)
    speed.mark(20)
    assert (speed.images, speed.left) == (40, 2 + 7)


def test_fewer_images_than_a_batch_are_counted_once(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([0.0, 2.0])
    monkeypatch.setattr(logs.time, "monotonic", lambda: next(clock))
    speed = logs.Speed(logs.Extent(epochs=3, steps=1, images=12))
    speed.mark(0)
    speed.mark(1)
    assert speed.images == 6


@pytest.mark.parametrize(("seconds", "text"), [(7.6, "8 s"), (200, "3 min 20 s"), (7500, "2 h 5 min")])
def test_durations(seconds: float, text: str) -> None:
    assert logs.duration(seconds) == text
