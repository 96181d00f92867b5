"""A small network on the digits, quick enough to train in a test."""

from __future__ import annotations

from pathlib import Path

import pytest
from matplotlib.figure import Figure
from PIL import Image
from runs import SPEC


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The spec's file, `small.yaml`; commands run in its folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.yaml"
    path.write_text(SPEC)
    return path


@pytest.fixture(autouse=True)
def diagrams(monkeypatch: pytest.MonkeyPatch) -> None:
    """They hold nothing: to draw those of a run's end takes half of the time of such a training. tests/export has them drawn."""
    def save(self: Figure, path: Path, **_: object) -> None:
        Image.new("1", (1, 1)).save(path, "PNG")
    monkeypatch.setattr(Figure, "savefig", save)
