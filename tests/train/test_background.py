"""Checkpoints are written beside the training: it goes on meanwhile, one is under way at most, and none that fails is missed."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from runs import QUICK, RUN, Finished, after_steps, checkpoints, exact

from archspec.cli import run as archspec
from archspec.train import loop
from archspec.train.reporting import records
from archspec.train.saving import checkpoint
from archspec.train.saving.background import Background
from archspec.train.saving.checkpoint import Snapshot

TENS = ["--set", "train.checkpoint.steps=10"]


def failing() -> None:
    raise OSError("full")


def test_one_thing_at_a_time_and_in_order() -> None:
    begun, free, done = threading.Event(), threading.Event(), list[int]()
    background = Background("test")
    background.start(lambda: (begun.set(), free.wait(), done.append(1))[0])
    begun.wait()
    background.check()
    assert not done
    free.set()
    background.start(lambda: done.append(2))
    assert done[0] == 1
    background.close()
    assert done == [1, 2]


@pytest.mark.parametrize("ask", [Background.wait, lambda background: background.start(lambda: None)])
def test_what_goes_wrong_is_raised_once(ask: Callable[[Background], None]) -> None:
    background = Background("test")
    background.start(failing)
    with pytest.raises(OSError, match="full"):
        ask(background)
    background.wait()
    background.close()


def test_a_check_raises_it_when_it_is_known() -> None:
    background = Background("test")
    background.start(failing)
    background.close()
    with pytest.raises(OSError, match="full"):
        background.check()


def test_training_goes_on_while_a_checkpoint_is_written(spec: Path, finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one of step 10 is let go after step 15, and holds what was at step 10."""
    free, real = threading.Event(), checkpoint._write

    def slow(found: Snapshot, path: Path) -> None:
        if found.progress["step"] == 10:
            assert free.wait(timeout=600)
        real(found, path)
    finished(*TENS, "--set", "train.checkpoint.keep=9", run=Path("whole"))
    monkeypatch.setattr(checkpoint, "_write", slow)
    after_steps(monkeypatch, 15, free.set)
    assert archspec(["train", "small.yaml", *QUICK, *TENS, "--set", "train.checkpoint.keep=9"]) == 0
    assert checkpoints() == [10, 20, 30, 40, 50, 60]
    for step in checkpoints():
        one, other = (checkpoint.read(Path(run) / f"checkpoints/step-{step:08}.npz").arrays for run in ("whole", RUN))
        assert {name: array.tobytes() for name, array in one.items()} == {name: array.tobytes() for name, array in other.items()}


def test_one_that_fails_ends_the_run_before_the_next_one(spec: Path, monkeypatch: pytest.MonkeyPatch,
                                                         capsys: pytest.CaptureFixture[str]) -> None:
    """At the next step: the steps go on only while the writing is under way."""
    real, steps = checkpoint._write, list[int]()

    def fail(found: Snapshot, path: Path) -> None:
        if found.progress["step"] > 10:
            raise OSError(28, os.strerror(28))
        real(found, path)

    def after(self: loop.Steps) -> None:
        counted(self)
        steps.append(self._job.state.progress.step)
        if steps[-1] == 20:
            monkeypatch.setattr(loop.Records, "check", loop.Records.wait)  # as if the disk were quick
    counted = loop.Steps.next
    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "_write", fail)
        patched.setattr(loop.Steps, "next", after)
        assert archspec(["train", "small.yaml", *QUICK, *TENS]) == 2
    assert capsys.readouterr().err.endswith("runs/small: No space left on device\n  hint: the same command goes on when that is mended\n")
    assert (steps[-1], checkpoints()) == (20, [10])


def test_a_row_is_not_on_the_disk_before_its_checkpoint(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a kill between the two would leave a run that has trained, and nothing to go on from. Here the disk is slow."""
    asked, seen = threading.Event(), list[list[int]]()
    write, wait, write_lines = checkpoint._write, loop.Records.wait, records.write_lines
    monkeypatch.setattr(checkpoint, "_write", lambda *given: (asked.wait(timeout=600), write(*given)))
    monkeypatch.setattr(loop.Records, "wait", lambda self: (asked.set(), wait(self))[1])
    monkeypatch.setattr(records, "write_lines", lambda *given: (seen.append(checkpoints()), write_lines(*given)))
    assert archspec(["train", "small.yaml", *QUICK]) == 0
    assert seen == [[30], [30, 60]]


def test_interrupted_it_says_that_all_is_saved_only_where_it_is(spec: Path, monkeypatch: pytest.MonkeyPatch,
                                                                capsys: pytest.CaptureFixture[str]) -> None:
    def fail(found: Snapshot, path: Path) -> None:
        raise OSError(28, os.strerror(28))
    monkeypatch.setattr(checkpoint, "_write", fail)
    after_steps(monkeypatch, 10, lambda: os.kill(os.getpid(), signal.SIGTERM))
    assert archspec(["train", "small.yaml", *QUICK]) == 2
    assert "No space left on device" in capsys.readouterr().err


def test_many_checkpoints_leave_no_thread_and_no_file_open(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is open after six is what is open after two; threads that another test began may end in between."""
    found, before = dict[int, tuple[int, int]](), set(threading.enumerate())
    for step in (25, 60):
        after_steps(monkeypatch, step, lambda step=step: found.update({step: counted(before)}))
    monkeypatch.setattr(loop.Records, "check", loop.Records.wait)
    assert archspec(["train", "small.yaml", *QUICK, *TENS]) == 0
    assert found[25] == found[60]
    assert not [each.name for each in threading.enumerate() if each.name.startswith("checkpoint")]


def counted(before: set[threading.Thread]) -> tuple[int, int]:
    """Threads of Python's that were not there before, and open files."""
    return len(set(threading.enumerate()) - before), len(os.listdir("/proc/self/fd"))


def test_what_is_saved_on_the_way_out_is_on_the_disk(spec: Path, finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever ends the training, with a checkpoint still under way."""
    def end() -> None:
        raise SystemExit(5)
    finished(run=Path("whole"))
    with monkeypatch.context() as patched:
        after_steps(patched, 11, end)
        with pytest.raises(SystemExit):
            archspec(["train", "small.yaml", *QUICK, *TENS])
    assert checkpoints() == [10, 11]
    assert archspec(["train", "small.yaml", *QUICK]) == 0
    assert exact(RUN) == exact(Path("whole"))
