"""A small network on the digits, quick enough to train in a test."""

from __future__ import annotations

from pathlib import Path

import pytest
from runs import SPEC


@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The spec's file, `small.yaml`; commands run in its folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.yaml"
    path.write_text(SPEC)
    return path
