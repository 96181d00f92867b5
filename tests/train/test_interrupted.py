"""Runs that are interrupted: what was done is saved, and the same command goes on. Bit for bit, says test_killed.py."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from runs import QUICK, RUN, after_steps, checkpoints, metrics

from archspec.cli import run as archspec
from archspec.cli.bars import ticking
from archspec.cli.screen import Screen
from archspec.io.signals import SIGNALS, interrupt
from archspec.train import events
from archspec.train.progress import Interrupted
from archspec.train.signals import StopRequest


@pytest.fixture(autouse=True)
def _with_a_terminal() -> Iterator[None]:
    """As without nohup, under which the tests may run: it has the end of the terminal ignored."""
    before = signal.signal(signal.SIGHUP, signal.SIG_DFL)
    yield
    signal.signal(signal.SIGHUP, before)


def test_a_signal_saves_and_the_same_command_goes_on(spec: Path, monkeypatch: pytest.MonkeyPatch,
                                                     capsys: pytest.CaptureFixture[str]) -> None:
    after_steps(monkeypatch, 10, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert archspec(["train", "small.yaml", *QUICK]) == 130
    assert "interrupted; what was done is saved in runs/small: the same command again goes on" in capsys.readouterr().err
    assert checkpoints() == [10]
    assert archspec(["train", "small.yaml", *QUICK]) == 0
    assert "resuming at epoch 1, step 11 of 30" in capsys.readouterr().err
    assert [row["epoch"] for row in metrics()] == [1, 2]


@pytest.mark.parametrize("number", SIGNALS)
def test_every_signal_is_noted_and_the_second_acts_at_once(number: signal.Signals) -> None:
    before = signal.getsignal(number)
    with pytest.raises(Interrupted, match=number.name), StopRequest() as stop:
        stop.check()
        os.kill(os.getpid(), number)
        with pytest.raises(Interrupted, match=number.name):
            stop.check()
        assert {signal.getsignal(each) for each in SIGNALS} == {signal.SIG_DFL}
    assert signal.getsignal(number) == before


def lose(number: signal.Signals) -> None:
    """The signal comes while an object is taken apart, where what is raised is lost."""
    with suppress(KeyboardInterrupt):
        os.kill(os.getpid(), number)


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_that_was_lost_on_the_way_is_heeded(number: signal.Signals) -> None:
    before = {each: signal.getsignal(each) for each in SIGNALS}
    try:
        interrupt()
        with ticking(Screen(stderr=True)) as tick, StopRequest() as stop:
            tick("reading", 1, 2)
            stop.check()
        lose(number)
        with pytest.raises(KeyboardInterrupt), ticking(Screen(stderr=True)) as tick:
            tick("reading", 2, 2)
        with pytest.raises(Interrupted), StopRequest() as stop:
            stop.check()
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


@pytest.mark.parametrize("number", SIGNALS)
def test_before_training_every_signal_interrupts(number: signal.Signals) -> None:
    before = {each: signal.getsignal(each) for each in SIGNALS}
    try:
        interrupt()
        with pytest.raises(KeyboardInterrupt):
            os.kill(os.getpid(), number)
    finally:
        for each, handler in before.items():
            signal.signal(each, handler)


def test_a_signal_in_the_evaluation_ends_it_at_the_next_batch(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    batches: list[int] = []

    def between(self: events.Evaluate, batch: int) -> None:
        batches.append(batch)
        if len(batches) == 3:
            os.kill(os.getpid(), signal.SIGTERM)
        self._stop.check()
    with monkeypatch.context() as patched:
        patched.setattr(events.Evaluate, "_between", between)
        assert archspec(["train", "small.yaml", *QUICK, "--set", "train.checkpoint.epochs=2"]) == 130
    assert batches == [1, 2, 3]
    assert checkpoints() == [30]
    assert not (RUN / "metrics.jsonl").exists()
    assert archspec(["train", "small.yaml", *QUICK]) == 0
    assert [row["epoch"] for row in metrics()] == [1, 2]


def test_a_closed_terminal_is_nothing_to_what_nohup_runs() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with StopRequest() as stop:
            os.kill(os.getpid(), signal.SIGHUP)
            stop.check()
    finally:
        signal.signal(signal.SIGHUP, before)
