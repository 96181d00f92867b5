"""Memory of devices is told where a device tells it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace

import pytest
import tensorflow as tf
from runs import QUICK, metrics

from archspec.cli import run
from archspec.train import events
from archspec.train.devices.strategy import device_memory


def gpus(monkeypatch: pytest.MonkeyPatch, peaks: dict[str, int]) -> None:
    """GPUs that have had so many bytes in use at the most."""
    found = [SimpleNamespace(name=f"/device:{name}") for name in peaks]
    monkeypatch.setattr(tf.config, "list_logical_devices", lambda kind: found if kind == "GPU" else [])
    monkeypatch.setattr(tf.config.experimental, "get_memory_info", lambda name: {"current": 1, "peak": peaks[name]})


def test_of_several_it_is_the_fullest(monkeypatch: pytest.MonkeyPatch) -> None:
    gpus(monkeypatch, {"GPU:0": 5, "GPU:1": 7})
    assert device_memory() == 7


def test_where_none_tells_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    gpus(monkeypatch, {})
    assert device_memory() == 0
    gpus(monkeypatch, {"GPU:0": 5})
    monkeypatch.setattr(tf.config.experimental, "get_memory_info", _no_statistics)
    assert device_memory() == 0


def _no_statistics(name: str) -> dict[str, int]:
    raise ValueError("Allocator stats not available")


@pytest.mark.parametrize("taken", [0, 3 << 30])
def test_a_row_has_it(taken: int, spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "device_memory", lambda: taken)
    assert run(["train", str(spec), *QUICK, "--set", "train.epochs=1"]) == 0
    assert metrics()[0].get("device_memory", 0) == taken
    assert ("device_memory" in metrics()[0]) == bool(taken)
