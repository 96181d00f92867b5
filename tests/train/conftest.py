"""A small network on the digits, quick enough to train in a test."""

from __future__ import annotations

from pathlib import Path

import pytest

SPEC = """\
input: 8x8x1
classes: 10
stem: [conv: 3x3 8 /2, dropout: 0.1]
stages: {block: basic, repeats: 1, width: 8}
head: [global_avg_pool, dense: $classes]
train:
  epochs: 2
  batch: 48
  schedule: {kind: constant, learning_rate: 0.05}
"""


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The spec's file, `small.yaml`; commands run in its folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.yaml"
    path.write_text(SPEC)
    return path
