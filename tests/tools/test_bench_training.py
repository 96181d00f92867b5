"""The benchmark of training: that it measures, prints and writes. What it finds is no matter of a test."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import ModuleType

import keras
import pytest

TORCH = """
import json, sys
given = json.loads(sys.stdin.readline())
print(json.dumps({"torch": "2", "timm": given["model"], "threads": 1}), flush=True)
for _ in sys.stdin:
    print(json.dumps({"wall": 2.0, "cpu": 3.0}), flush=True)
"""


def test_sides_take_turns_and_the_first_do_not_count(tool: ModuleType) -> None:
    asked: list[str] = []

    def side(name: str, wall: float, cpu: float) -> tuple[float, float]:
        asked.append(name)
        return (100.0, 100.0) if len(asked) < 3 else (wall, cpu)
    found = tool.side_by_side(lambda: side("a", 0.5, 2.0), lambda: side("b", 1.0, 3.0), 2, warm=1)
    assert found == (500.0, 1000.0, 2.0, 1.5)
    assert asked == ["a", "b"] * 3


def test_of_epochs_the_first_does_not_count(tool: ModuleType) -> None:
    assert tool.epochs_of([(9.0, 1.0), (11.0, 2.0), (15.0, 6.0), (18.0, 7.0)]) == (3.0, 1.0)


def test_a_missed_goal_shows_and_ends_with_1(tool: ModuleType, monkeypatch: pytest.MonkeyPatch,
                                             capsys: pytest.CaptureFixture[str]) -> None:
    rows = [tool.Row("keras", "this / that", "1 image", 1.0, 2.0, 2.0, 1.5, goal) for goal in (1.0, 2.0, 2.1)]
    monkeypatch.setitem(tool.BENCHES, "keras", lambda _: iter(rows))
    assert tool.main(["keras"]) == 1
    assert [line.split()[-1] for line in capsys.readouterr().out.splitlines()[1:]] == ["1.00", "2.00", "missed"]


def test_an_unknown_name_is_refused(tool: ModuleType, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        tool.main(["jax"])
    assert "there is no benchmark jax; there are keras, torch, loop" in capsys.readouterr().err


def test_another_process_is_asked_for_its_steps(tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "tools").mkdir()
    (tmp_path / "tools" / "bench_torch.py").write_text(TORCH)
    monkeypatch.setattr(tool, "ROOT", tmp_path)
    monkeypatch.setattr(tool, "step_of_ours", lambda name, size: lambda: (1.0, 1.0))
    rows = list(tool.beside_torch(tool.Settings(tmp_path, 32, 2, 2, Path(sys.executable))))
    assert [row.what for row in rows] == [f"training step, {name} / timm {name}, PyTorch 2" for name in ("resnet50", "densenet121")]
    assert {(row.theirs, row.wall, row.cpu) for row in rows} == {(2000.0, 2.0, 3.0)}
    assert list(tool.beside_torch(tool.Settings(tmp_path, 32, 2, 2, None))) == []


def application(*, weights: None, classifier_activation: None, input_shape: tuple[int, int, int]) -> keras.Model:
    """Called as those of keras.applications, and of few layers: tracing all of one takes ten seconds."""
    layers = keras.layers
    return keras.Sequential([keras.Input(input_shape), layers.Conv2D(8, 3), layers.BatchNormalization(), layers.ReLU(),
                             layers.GlobalAveragePooling2D(), layers.Dense(1000)])


@pytest.mark.slow
def test_the_step_beside_keras_runs(tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "small.yaml").write_text("input: 32x32x3\nclasses: 1000\nstem: [conv: 3x3 8]\nhead: [global_avg_pool, dense: $classes]\n")
    monkeypatch.setattr(tool, "TWINS", {str(tmp_path / "small.yaml"): (application, 1.0)})
    path = tmp_path / "found.json"
    assert tool.main(["keras", "--size", "32", "--rounds", "1", "--json", str(path)]) in (0, 1)
    rows = json.loads(path.read_text())["rows"]
    assert [row["name"] for row in rows] == ["keras"]
    assert all(row["ours"] > 0 and row["theirs"] > 0 for row in rows)


@pytest.mark.slow
def test_loops_run(tool: ModuleType, tmp_path: Path) -> None:
    few = "train.data={source: synthetic, classes: 10, train: 256, test: 64, height: 8, width: 8, channels: 1}"
    overrides = [few, "train.epochs=2", "stages={repeats: [1], widths: [16], strides: [1]}", "input=8x8x1", "train.preprocess=none", "train.augment=[]", "train.schedule=constant"]
    for loop in (tool.loop_of_ours, tool.loop_of_keras):
        assert all(each > 0 for each in loop("resnet20_digits", overrides, tmp_path)())
