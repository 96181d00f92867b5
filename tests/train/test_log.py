"""What is shown: a bar on a terminal, else lines; what is said of how images come."""

from __future__ import annotations

import io
import re

import pytest
from rich.console import Console

from archspec.train.progress import Row
from archspec.train.reporting import log as logs
from archspec.train.reporting.speed import Extent

ROW: Row = {"epoch": 1, "step": 10, "loss": 0.5, "accuracy": 0.9, "test_loss": 0.25, "test_top1": 0.95,
            "test_top5": 1.0, "learning_rate": 0.1, "seconds": 2.0, "images_per_second": 123.4, "data_wait": 0.0, "images": 1437, "skipped": 0}
NOW = logs.Now(0.5, 0.9, 0.1, 0.25, 3 << 30)
SLOW = {**ROW, "data_wait": 0.5, "images": 1234, "skipped": 3}


def shown(terminal: bool, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("TERM", "xterm")
    clock = iter(range(1000))
    monkeypatch.setattr(logs.time, "monotonic", lambda: float(next(clock)))
    file = io.StringIO()
    with logs.make_log(Console(file=file, force_terminal=terminal, width=100), Extent(2, 10, 40), "a cache") as log:
        for step in range(1, 11):
            log.step(step, NOW)
        log.evaluating(10, 3, 5)
        log.epoch(ROW)
    return file.getvalue()


def test_without_a_terminal_a_line_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = shown(False, monkeypatch).splitlines()
    assert lines[-1] == ("epoch 1/2  loss 0.5000  accuracy 90.00%  test loss 0.2500  test accuracy 95.00%  "
                         "learning rate 0.1  1437 images, 123 images/s")
    assert len(lines) == 3
    assert re.fullmatch(r"epoch 1/2  evaluating  3 of 5 batches(  [\d mins]+ left of the evaluation, [\d mins]+ of all)?", lines[1])
    assert re.fullmatch(r"epoch 1/2  loss 0\.5000  accuracy 90\.00%  rate 0\.1  \d+ images/s  25% waiting for data  GPU 3\.0 GiB  "
                        r"[\d mins]+ left of the epoch, [\d mins]+ of all", lines[0])
    assert "\x1b" not in "".join(lines)


def test_on_a_terminal_a_bar_below_the_epochs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    text = shown(True, monkeypatch)
    assert "━" in text
    assert "50 %" in text
    assert "test accuracy 95.00%" in text


def test_an_evaluation_has_a_bar_of_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm")
    file = io.StringIO()
    with logs.make_log(Console(file=file, force_terminal=True, width=100), Extent(2, 10, 40), "") as log:
        log.evaluating(10, 3, 5)
    assert re.search(r"50 % +\n.* 60 % epoch 1/2  evaluating.*\n3 of 5 batches", file.getvalue())


def test_on_eighty_columns_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    """Time left of a month, beside the bar; numbers below it."""
    monkeypatch.setenv("TERM", "xterm")
    clock = iter(range(1000))
    monkeypatch.setattr(logs.time, "monotonic", lambda: float(next(clock)))
    file = io.StringIO()
    with logs.make_log(Console(file=file, force_terminal=True, width=80), Extent(90, 5005, 1281167), "") as log:
        log.step(1, NOW)
        log.step(2, NOW)
    text = re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", file.getvalue())
    assert "…" not in text
    assert "0 % epoch 1/90  1 h 23 min left of the epoch, 5 d 5 h of all" in text
    assert re.search(r"loss 0\.5000  accuracy 90\.00%  rate 0\.1  256 images/s  25% waiting for data  GPU\s+3\.0 GiB", text)


def said(*rows: Row) -> list[str]:
    file = io.StringIO()
    with logs.make_log(Console(file=file, width=100), Extent(2, 10, 40), "a cache") as log:
        for row in rows:
            log.epoch(row)
    return file.getvalue().splitlines()


def test_where_images_come_too_slowly_it_is_said_once_what_to_do() -> None:
    first, warning, hint, second = said(SLOW, SLOW)
    assert first == second
    assert first.endswith("learning rate 0.1  1234 images, 3 skipped, 123 images/s, 50% of the time waiting for data")
    assert (warning, hint) == ("images come too slowly: 50% of the time the device waited for them", "  hint: a cache")


@pytest.mark.parametrize("row", [{**SLOW, "data_wait": 0.2}, {**SLOW, "images": 1000}])
def test_of_little_waiting_or_of_a_few_seconds_nothing_is_said(row: Row) -> None:
    assert len(said(row)) == 1
