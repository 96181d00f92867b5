"""Memory of devices is told where a device tells it."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tensorflow as tf
from runs import QUICK, metrics

from archspec.cli import run
from archspec.train import events
from archspec.train.devices.strategy import device_memory, peak

PEAKS = {"GPU:0": 5, "GPU:1": 7, "GPU:2": 9}
"""Bytes that each of the GPUs here has had in use at the most."""


@pytest.fixture(autouse=True)
def gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tf.config.experimental, "get_memory_info", lambda name: {"current": 1, "peak": PEAKS[name]})


def on(*devices: str) -> Any:
    """A strategy of these devices."""
    return SimpleNamespace(extended=SimpleNamespace(worker_devices=[f"/job:worker/replica:0/task:0/device:{each}" for each in devices]))


def test_of_several_it_is_the_fullest_of_those_that_train() -> None:
    assert device_memory(on("GPU:0", "GPU:1")) == 7
    assert peak(on("GPU:0", "GPU:1")) == (7, "a GPU")
    assert peak(on("GPU:0")) == (5, "the GPU")


def test_where_none_tells_nothing_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    assert device_memory(on("CPU:0")) == 0
    monkeypatch.setattr(tf.config.experimental, "get_memory_info", _no_statistics)
    assert device_memory(on("GPU:0")) == 0


def _no_statistics(name: str) -> dict[str, int]:
    raise ValueError("Allocator stats not available")


@pytest.mark.parametrize("taken", [0, 3 << 30])
def test_a_row_has_it(taken: int, spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(events, "device_memory", lambda strategy: taken)
    assert run(["train", str(spec), *QUICK, "--set", "train.epochs=1"]) == 0
    assert metrics()[0].get("device_memory", 0) == taken
    assert ("device_memory" in metrics()[0]) == bool(taken)
