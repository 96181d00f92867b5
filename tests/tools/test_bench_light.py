"""The benchmark of the light commands: that it measures and prints. What it finds is no matter of a test."""

from __future__ import annotations

import importlib.util
import sys
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import pytest

FILE = Path(__file__).parents[2] / "tools" / "bench_light.py"


@pytest.fixture(scope="module")
def bench() -> Iterator[ModuleType]:
    """tools/bench_light.py as a module."""
    found = importlib.util.spec_from_file_location("bench_light", FILE)
    assert found is not None
    assert found.loader is not None
    module = importlib.util.module_from_spec(found)
    sys.modules["bench_light"] = module
    found.loader.exec_module(module)
    yield module
    del sys.modules["bench_light"]


def test_sides_take_turns_and_the_first_turn_does_not_count(bench: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def seconds(command: str, checkout: Path) -> float:
        asked.append(checkout)
        return (100.0 if len(asked) < 3 else 1.0) * (3 if checkout == Path("other") else 1)
    monkeypatch.setattr(bench, "cpu_seconds", seconds)
    assert list(bench.measured(["list"], 2, Path("other"))) == [bench.Row("list", 1.0, 3.0, 3.0)]
    assert asked == [bench.ROOT, Path("other")] * 3


def test_a_missed_goal_shows_and_ends_with_1(bench: ModuleType, monkeypatch: pytest.MonkeyPatch,
                                             capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(bench, "cpu_seconds", lambda command, _: bench.GOALS[command] + (command == "list"))
    assert bench.main(["list", "--runs", "1"]) == 1
    assert capsys.readouterr().out.splitlines()[1].split() == ["list", "2.000", "1.00", "missed"]
    assert bench.main(["check resnet152", "--runs", "1"]) == 0


def test_a_command_is_run(bench: ModuleType) -> None:
    assert bench.main(["check cifar_resnet1202", "--runs", "1"]) in (0, 1)


def test_an_unknown_command_is_refused(bench: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        bench.main(["train"])
    assert "no goal is known for 'train'; there are --help, --version, list" in capsys.readouterr().err
