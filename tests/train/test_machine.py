"""What is said of the machine that a training runs on."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tensorflow as tf

from archspec.spec.recipe import Recipe
from archspec.train.reporting import machine as machines
from archspec.train.reporting.machine import machine, numbers

TF32 = "float32, whose products a GPU that can rounds to TF32's 10 bits"


def job(**recipe: Any) -> Any:
    return SimpleNamespace(recipe=Recipe(**recipe), strategy=None, cluster=None)


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that TensorFlow sees, of one kind."""
    def devices(kind: str) -> list[str]:
        return ["0", "1"] * (kind == "GPU")
    monkeypatch.setattr(tf.config, "list_physical_devices", devices)
    monkeypatch.setattr(tf.config, "list_logical_devices", devices)
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: {"device_name": "NVIDIA X"})


@pytest.mark.usefixtures("gpus")
def test_with_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cpuinfo").write_text("processor : 0\nmodel name\t: Fast 9000\n")
    monkeypatch.setattr(machines, "TABLE", tmp_path / "cpuinfo")
    monkeypatch.setattr(machines, "devices_text", lambda *_: "2 GPUs, mirrored")
    found = machine(job())
    assert list(found) == ["devices", "numbers", "GPUs", "processor", "system"]
    assert (found["devices"], found["numbers"], found["GPUs"]) == ("2 GPUs, mirrored", TF32, "2 x NVIDIA X")
    assert found["processor"].startswith("Fast 9000, ")


def test_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(machines, "TABLE", tmp_path / "none")
    monkeypatch.setattr(machines.platform, "machine", lambda: "arm64")
    monkeypatch.setattr(machines, "devices_text", lambda *_: "1 CPU")
    found = machine(job())
    assert "GPUs" not in found
    assert found["processor"].startswith("arm64, ")


def test_numbers() -> None:
    assert numbers(job()) == ["float32"]
    assert numbers(job(precision="mixed_bfloat16", jit="on")) == ["mixed_bfloat16", "compiled by XLA"]
