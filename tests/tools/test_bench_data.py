"""The benchmark of data: that it measures, prints and writes. What it finds is no matter of a test."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType

import pytest
import tensorflow as tf


def test_sides_take_turns_and_the_first_turn_does_not_count(tool: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def spent(side: str) -> tuple[float, float]:
        asked.append(side)
        return (100.0, 100.0) if len(asked) < 3 else (0.006, 2.0) if side == "ours" else (0.012, 3.0)
    monkeypatch.setattr(tool, "_spent", spent)
    assert tool.side_by_side("ours", "theirs", tool.Size(4, 4, 90, 3, 6, 3), 2) == (1.0, 2.0, 2.0, 1.5)
    assert asked == ["ours", "theirs"] * 3


def test_a_missed_goal_shows_and_ends_with_1(tool: ModuleType, monkeypatch: pytest.MonkeyPatch,
                                             capsys: pytest.CaptureFixture[str]) -> None:
    rows = [tool.Row("decoding", "this / that", "4x4", 1.0, 2.0, 2.0, 1.5, goal) for goal in (0.0, 2.0, 2.1)]
    monkeypatch.setitem(tool.BENCHES, "decoding", lambda _: iter(rows))
    assert tool.main(["decoding"]) == 1
    lines = capsys.readouterr().out.splitlines()[1:]
    assert [line.split()[-1] for line in lines] == ["1.50", "2.00", "missed"]


def test_an_unknown_name_is_refused(tool: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        tool.main(["disk"])
    assert "there is no benchmark disk; there are decoding, keras" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.parametrize(("name", "rows"), [("decoding", 3), ("keras", 2), ("records", 1), ("threads", 3), ("augment", 3)])
def test_each_benchmark_runs(name: str, rows: int, tool: ModuleType, tmp_path: Path,
                            monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ARCHSPEC_CACHE", str(tmp_path))
    monkeypatch.setattr(tool, "LARGE", tool.LARGE._replace(width=300, height=200))
    path = tmp_path / "found.json"
    assert tool.main([name, "--images", "8", "--rounds", "1", "--json", str(path)]) in (0, 1)
    found = json.loads(path.read_text())
    assert found["machine"]["tensorflow"] == tf.__version__
    assert [row["name"] for row in found["rows"]] == [name] * rows
    assert all(row["ours"] > 0 and row["theirs"] > 0 for row in found["rows"])
