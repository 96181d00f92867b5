"""Trainings with every augmentation on, stopped at random steps, ten in all, and taken up each time: those of one go, bit for bit."""

from __future__ import annotations

import json
import os
import signal
from pathlib import Path
from typing import Any

import augmented
import numpy as np
import pytest
from augmented import BATCH, EPOCHS, STEPS, section
from runs import QUICK, after_steps, checkpoints, exact, metrics

from archspec.cli import run as archspec
from archspec.network import load
from archspec.schema.keys import to_json
from archspec.spec.augment import Operation

SPEC = """\
input: 16x16x3
classes: 3
stem: [conv: 3x3 8 /2, dropout: 0.1]
stages: {block: basic, repeats: 1, width: 8}
head: [global_avg_pool, dense: $classes]
train:
  data: %s
  epochs: %d
  batch: %d
  seed: 7
  sampling: balanced
  repeated_augmentation: 2
  class_weights: {%s: 2}
  label_smoothing: 0.1
  loss: {kind: sigmoid, threshold: 0.2}
  optimizer: {kind: lamb, layers: [{match: stage1*, learning_rate: 0.5}]}
  accumulate: 2
  freeze: {layers: stem, until: 1.5}
  clip: {kind: adaptive, at: 0.1}
  ema: {decay: 0.9, every: 3, warmup: true}
  schedule: {kind: cosine, learning_rate: 0.05, warmup: 1}
  augment: %s
"""
"""YAML takes JSON."""

TEN = sorted(np.random.default_rng(2015).choice(np.arange(1, STEPS), 10, replace=False).tolist())


def spec(root: Path, source: str, cache: str, operations: tuple[Operation, ...], run: str) -> list[str]:
    """The command that trains."""
    first = "class0" if source == "folder" else "'0'"
    data, augment = (json.dumps(written(to_json(each))) for each in (section(root, source, cache), operations))
    Path(f"{run}.yaml").write_text(SPEC % (data, EPOCHS, BATCH, first, augment))
    assert load(f"{run}.yaml").train.augment == operations
    return ["train", f"{run}.yaml", *QUICK]


def written(value: Any) -> Any:
    """Without what stands for nothing."""
    if isinstance(value, dict):
        return {key: written(each) for key, each in value.items() if each not in (None, "")}
    return [written(each) for each in value] if isinstance(value, list) else value


@pytest.mark.slow
@pytest.mark.parametrize(("source", "cache", "name", "turn"), [("folder", "disk", "parts", 0), ("tfrecord", "none", "scales", 1)])
def test_stopped_at_random_steps(source: str, cache: str, name: str, turn: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARCHSPEC_CACHE", str(tmp_path / "kept"))
    augmented.write(tmp_path)
    whole, stopped = (spec(tmp_path, source, cache, augmented.LISTS[name], run) for run in ("whole", "stopped"))
    assert archspec(whole) == 0
    for step in TEN[turn::2]:
        with monkeypatch.context() as patched:
            after_steps(patched, step, lambda: os.kill(os.getpid(), signal.SIGTERM))
            assert archspec(stopped) == 130
        assert checkpoints(Path("runs/stopped"))[-1] == step
    assert archspec(stopped) == 0
    assert len(metrics(Path("runs/whole"))) == EPOCHS
    assert exact(Path("runs/stopped")) == exact(Path("runs/whole"))
