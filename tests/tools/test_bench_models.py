"""The benchmark of models: that it measures, prints and writes. What it finds is no matter of a test."""

from __future__ import annotations

import json
import multiprocessing
from pathlib import Path
from types import ModuleType

import keras
import pytest
from forked import FORKS


def test_sides_take_turns_and_the_first_turn_does_not_count(tool: ModuleType) -> None:
    calls: list[str] = []
    ours, theirs, ratio = tool.side_by_side(lambda: calls.append("a"), lambda: calls.append("b"), 2)
    assert "".join(calls) == "ababab"
    assert min(ours, theirs, ratio) > 0


def test_a_missed_goal_shows(tool: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    rows = [tool.Row("x", "this / that", "1 image", "s", 2.0, 3.0, 1.5, goal) for goal in (1.0, 2.0)]
    tool.report(rows, tool.Console(width=160))
    first, second = capsys.readouterr().out.splitlines()[1:]
    assert "missed" not in first
    assert second.endswith("2.00 missed")
    assert [row.met for row in rows] == [True, False]


def test_an_unknown_name_is_refused(tool: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        tool.main(["resnet"])
    assert "there is no benchmark resnet; there are build, resnext50" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rows"), [("build", 1), ("resnext50", 1), ("densenet201", 2)])
def test_each_benchmark_runs(name: str, rows: int, tool: ModuleType, tmp_path: Path,
                            monkeypatch: pytest.MonkeyPatch) -> None:
    small = tmp_path / "small.yaml"
    small.write_text("extends: cifar_densenet40_k12\nstages: {repeats: [2, 1, 1]}\n")
    monkeypatch.setattr(tool, "DEEP", str(small))
    grouped = tmp_path / "grouped.yaml"
    grouped.write_text("extends: resnext50_32x4d\nstages: {repeats: [1], widths: [64], strides: [1]}\n")
    monkeypatch.setattr(tool, "GROUPED", str(grouped))
    monkeypatch.setattr(multiprocessing, "get_context", lambda _: FORKS)  # which have TensorFlow loaded
    monkeypatch.setattr(tool, "BUILT", ("keras_mobilenet", keras.applications.MobileNet))
    path = tmp_path / "found.json"
    assert tool.main([name, "--size", "32", "--batch", "1", "--repeats", "1", "--json", str(path)]) == 0
    found = json.loads(path.read_text())
    assert found["machine"]["cores"] >= 1
    assert [row["name"] for row in found["rows"]] == [name] * rows
    assert all(row["ratio"] > 0 and row["ours"] > 0 for row in found["rows"])
