"""The benchmark of checkpoints: that it measures and prints. What it finds is no matter of a test."""

from __future__ import annotations

from types import ModuleType

import pytest


def test_steps_that_save_are_compared_with_steps_that_do_not(tool: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    tool.main(["step", "--spec", "resnet20_digits", "--batch", "2", "--pairs", "1"])
    first, *_, last = capsys.readouterr().out.splitlines()
    assert first.startswith("resnet20_digits, 2 images a step, checkpoints of 2 MB, 1 pairs of steps")
    assert "times as long; pair by pair" in last


@pytest.mark.slow
def test_a_long_training_is_watched(tool: ModuleType, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """By tenths of it, rounded down: of 24 steps."""
    few = "train:\n  data: {source: synthetic, classes: 10, train: 72, test: 10, height: 8, width: 8, channels: 1}\n"
    monkeypatch.setattr(tool, "SMALL", tool.SMALL.replace("train:\n", few))
    tool.main(["grow", "--steps", "1"])
    told = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [(words[0], int(words[1])) for words in told] == [("step", 2 * tenth) for tenth in range(1, 13)]
    assert all(float(words[2]) > 0 for words in told)
