"""A small network on small images, quick enough to train in a test."""

from __future__ import annotations

from pathlib import Path

import pytest
from runs import DIGITS, SPEC, undrawn

from archspec.io.memory import keep_freed

keep_freed()  # as the command does

@pytest.fixture
def spec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The spec's file, `small.yaml`; commands run in its folder."""
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "small.yaml"
    path.write_text(SPEC)
    return path


@pytest.fixture
def digits(spec: Path) -> None:
    """The spec is that of a residual block on the digits."""
    spec.write_text(DIGITS)


@pytest.fixture(autouse=True)
def diagrams(monkeypatch: pytest.MonkeyPatch) -> None:
    """They hold nothing. tests/export has them drawn."""
    undrawn(monkeypatch)
