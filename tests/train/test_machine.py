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


def job(*devices: str, **recipe: Any) -> Any:
    """One on these devices."""
    strategy = SimpleNamespace(extended=SimpleNamespace(worker_devices=devices or ("/device:CPU:0",)))
    return SimpleNamespace(recipe=Recipe(**recipe), strategy=strategy, cluster=None)


@pytest.fixture
def gpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two that TensorFlow sees, of one kind."""
    def devices(kind: str) -> list[str]:
        return ["0", "1"] * (kind == "GPU")
    monkeypatch.setattr(tf.config, "list_physical_devices", devices)
    monkeypatch.setattr(tf.config.experimental, "get_device_details", lambda gpu: {"device_name": "NVIDIA X"})


@pytest.mark.usefixtures("gpus")
def test_with_gpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "cpuinfo").write_text("processor : 0\nmodel name\t: Fast 9000\n")
    monkeypatch.setattr(machines, "TABLE", tmp_path / "cpuinfo")
    monkeypatch.setattr(machines, "devices_text", lambda *_: "2 GPUs, mirrored")
    found = machine(job("/device:GPU:0", "/device:GPU:1"))
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


@pytest.mark.usefixtures("gpus")
def test_of_gpus_that_do_not_train_nothing_is_said_to_round() -> None:
    """`train.gpus: 0` trains on the processors."""
    assert numbers(job()) == ["float32"]
    assert numbers(job("/device:GPU:0")) == [TF32]


def test_numbers() -> None:
    assert numbers(job()) == ["float32"]
    assert numbers(job(precision="mixed_bfloat16", jit="on")) == ["mixed_bfloat16", "compiled by XLA"]
