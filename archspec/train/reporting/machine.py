"""On what a job runs, in words: for whoever compares its times or its last digits with another's."""

from __future__ import annotations

import os
import platform
from collections import Counter
from pathlib import Path

import tensorflow as tf

from archspec.train.devices.strategy import devices_text, gpus
from archspec.train.job import Job

TABLE = Path("/proc/cpuinfo")


def machine(job: Job) -> dict[str, str]:
    """Devices, in what numbers they compute, the processor and the system."""
    found = {"devices": devices_text(job.strategy, job.cluster, job.recipe), "numbers": ", ".join(numbers(job)),
             "GPUs": _gpus(), "processor": f"{_processor(TABLE)}, {os.cpu_count()} cores", "system": platform.platform()}
    return {name: value for name, value in found.items() if value}


def numbers(job: Job) -> list[str]:
    """In what numbers a step computes, and who compiles it, where that is not TensorFlow step by step."""
    tf32 = bool(gpus(job.strategy)) and tf.config.experimental.tensor_float_32_execution_enabled()
    plain = "float32, whose products a GPU that can rounds to TF32's 10 bits" if tf32 else "float32"
    return [plain if job.recipe.precision == "float32" else job.recipe.precision,
            *(["compiled by XLA"] if job.recipe.jit == "on" else [])]


def _gpus() -> str:
    """`8 x NVIDIA H100`: those that TensorFlow sees."""
    names = Counter(str(tf.config.experimental.get_device_details(gpu).get("device_name", "GPU"))
                    for gpu in tf.config.list_physical_devices("GPU"))
    return ", ".join(f"{count} x {name}" for name, count in names.items())


def _processor(table: Path) -> str:
    """The name of the first one that the system tells, else its kind."""
    try:
        named = [line.partition(":")[2].strip() for line in table.read_text(encoding="utf-8").splitlines()
                 if line.startswith("model name")]
    except (OSError, ValueError):
        named = []
    return next(filter(None, named), platform.machine())
