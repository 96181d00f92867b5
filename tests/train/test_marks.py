"""Steps that are written down: what each step was, the same whether a training was stopped in between or not."""

from __future__ import annotations

import json
import signal
from pathlib import Path

import numpy as np
import pytest
import tensorflow as tf
from runs import QUICK, RUN, Finished, after_steps

from archspec.cli import run as archspec
from archspec.train.reporting import marks

LOGGED = ["--set", "train.log={steps: 4, histograms: 2, images: 1}", "--set", "train.epochs=2"]


def rows(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "steps.jsonl").read_text().splitlines()]


def test_stopped_and_taken_up_the_same_steps_are_told(spec: Path, finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    logged = [*LOGGED, "--set", "train.batch=12", "--set", "train.data.train=360"]
    finished(*logged, run=Path("whole"))
    told = rows(Path("whole"))
    assert [row["step"] for row in told] == list(range(4, told[-1]["step"] + 1, 4))
    assert told[0]["epoch"] == pytest.approx(4 / 30)
    assert [row["learning_rate"] for row in told] == pytest.approx([0.05] * len(told))
    assert 0 < told[-1]["loss"] < told[0]["loss"]
    after_steps(monkeypatch, 13, lambda: signal.raise_signal(signal.SIGTERM))
    assert archspec(["train", str(spec), *QUICK, *logged]) == 130
    with (RUN / "steps.jsonl").open("a") as file:
        file.write('{"step": 16, "loss": 0.0}\n{"st')  # as a kill leaves it
    assert archspec(["train", str(spec), *QUICK, *logged]) == 0
    assert rows(RUN) == told


def test_tensorboard_has_steps_epochs_and_histograms(spec: Path, finished: Finished) -> None:
    finished(*LOGGED)
    file, = (RUN / "tensorboard" / "train").iterdir()
    found = [(value.tag, event.step) for event in tf.compat.v1.train.summary_iterator(str(file)) for value in event.summary.value]
    assert {("step/loss", 4), ("step/loss", 8), ("epoch/loss", 1), ("epoch/loss", 2), ("spec", 0)} <= set(found)
    assert {("augmented", 0), ("step/gradient_norm", 4), ("epoch/update_norm", 1)} <= set(found)
    assert told("weights", "stem_conv/kernel") == [2]
    assert told("images", "augmented") == [1, 2]
    assert told("report", "confusion") == told("report", "worst") == [2]


def told(run: str, tag: str) -> list[int]:
    """The epochs of which TensorBoard is told something."""
    return sorted(event.step for file in (RUN / "tensorboard" / run).iterdir()
                  for event in tf.compat.v1.train.summary_iterator(str(file)) for value in event.summary.value if value.tag == tag)


def test_images_of_an_epoch_are_those_that_it_was_trained_on(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = list[int]()
    monkeypatch.setattr(marks, "draw_from", lambda name, job, step: (asked.append(step), np.zeros((2, 2, 3), np.uint8))[1])
    assert archspec(["train", str(spec), *QUICK, *LOGGED]) == 0
    assert asked == [0, 30]


def test_without_the_key_no_step_is_told(spec: Path) -> None:
    assert archspec(["train", str(spec), *QUICK, "--set", "train.epochs=1"]) == 0
    assert not (RUN / "steps.jsonl").exists()
