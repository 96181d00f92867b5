"""The benchmark of the light commands: that it measures and prints. What it finds is no matter of a test."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest


def test_sides_take_turns_and_the_first_turn_does_not_count(tool: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def seconds(command: str, checkout: Path) -> float:
        asked.append(checkout)
        return (100.0 if len(asked) < 3 else 1.0) * (3 if checkout == Path("other") else 1)
    monkeypatch.setattr(tool, "cpu_seconds", seconds)
    assert list(tool.measured(["list"], 2, Path("other"))) == [tool.Row("list", 1.0, 3.0, 3.0)]
    assert asked == [tool.ROOT, Path("other")] * 3


def test_a_missed_goal_shows_and_ends_with_1(tool: ModuleType, monkeypatch: pytest.MonkeyPatch,
                                             capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(tool, "cpu_seconds", lambda command, _: tool.GOALS[command] + (command == "list"))
    assert tool.main(["list", "--runs", "1"]) == 1
    assert capsys.readouterr().out.splitlines()[1].split() == ["list", "2.000", "1.00", "missed"]
    assert tool.main(["check resnet152", "--runs", "1"]) == 0


def test_a_command_is_run(tool: ModuleType) -> None:
    assert tool.main(["check cifar_resnet1202", "--runs", "1"]) in (0, 1)


def test_an_unknown_command_is_refused(tool: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        tool.main(["train"])
    assert "no goal is known for 'train'; there are --help, --version, list" in capsys.readouterr().err
