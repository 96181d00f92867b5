"""The benchmark of exports runs: every side of a network is written, loaded and called."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

SMALL = "extends: cifar_resnet20\ninput: 32x32x2\nstages: {repeats: [1], widths: [16], strides: [1]}\n"
"""Of two channels, so that no function of the SavedModel decodes files: none is measured, and tracing one takes seconds."""


@pytest.mark.slow
def test_every_side_takes_its_turn(tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "small.yaml").write_text(SMALL)
    name = str(tmp_path / "small.yaml")
    monkeypatch.setattr(tool, "NETWORKS", {name: None})
    made = tool.artifact(name, None)
    sides = tool.written(name, made, tmp_path)
    rows = list(tool.latencies(name, made.graph, sides, 1, 1e9))
    assert {(row.side, row.batch) for row in rows} == {(side, batch) for side in tool.BESIDE for batch in tool.BATCHES}
    assert all(row.milliseconds > 0 and row.wall > 0 and row.share > 0 for row in rows)
    capsys.readouterr()
    tool.load_one("tflite", str(sides["tflite"]), "[32, 32, 2]")
    assert capsys.readouterr().out.startswith("[")
