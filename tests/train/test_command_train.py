"""`archspec train` from end to end on a small network: what it leaves, and how it goes on after each kind of end."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest

import archspec as archspec_package
from archspec.cli import run as archspec
from archspec.train import loop

# Keras 3.15 reads variables in a way that NumPy 2.4 will give up

ROOT = Path(archspec_package.__file__).parents[1]
RUN = Path("runs/small")
QUICK = ["--set", "export.formats=[]"]


def metrics(run: Path = RUN) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_a_run_leaves_what_commands_md_promises(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert archspec(["train", "small.yaml"]) == 0
    promised = {"spec.yaml", "manifest.json", "metrics.jsonl", "result.json", "curves.png", "tensorboard", "checkpoints",
                "model.keras", "saved_model", "model.tflite"}
    assert {path.name for path in RUN.iterdir()} == promised
    result = json.loads((RUN / "result.json").read_text())
    assert list(result) == ["spec", "fingerprint", "data", "split", "examples", "loss", "top1", "top5", "epochs",
                            "seconds", "images_per_second"]
    assert (result["top1"], result["epochs"]) == (metrics()[-1]["test_top1"], 2)
    shown = capsys.readouterr()
    assert "small on digits, 360 test images" in shown.out
    assert "epoch 2/2" in shown.err


def test_the_saved_model_predicts_what_the_result_says(spec: Path) -> None:
    from archspec.data.sources import load
    from archspec.spec.recipe import Digits
    assert archspec(["train", "small.yaml", *QUICK]) == 0
    model = keras.saving.load_model(RUN / "model.keras")
    test = load(Digits()).test
    images = np.stack([test.item(index) for index in range(test.size)]) * (255 / 16)
    logits = model.predict((images - 127.5) / 127.5, verbose=0)
    expected = json.loads((RUN / "result.json").read_text())["top1"]
    assert (logits.argmax(axis=1) == test.labels).mean() == pytest.approx(expected)


def test_a_finished_run_says_so_and_changes_nothing(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert archspec(["train", "small.yaml", *QUICK]) == 0
    before = {path: path.stat().st_mtime_ns for path in RUN.rglob("*")}
    assert archspec(["train", "small.yaml", *QUICK]) == 0
    assert "runs/small is finished; --fresh starts over" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in RUN.rglob("*")} == before


def test_what_is_missing_is_made_without_training_again(spec: Path) -> None:
    assert archspec(["train", "small.yaml", *QUICK]) == 0
    trained = metrics()
    assert archspec(["train", "small.yaml", "--set", "export.formats=[tflite]"]) == 0
    assert (RUN / "model.tflite").is_file()
    assert metrics() == trained


def test_dry_run_writes_nothing(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert archspec(["train", "small.yaml", "--dry-run"]) == 0
    assert "the first step works (loss " in capsys.readouterr().out
    assert [path.name for path in Path().iterdir()] == ["small.yaml"]


def test_wrong_data_does_not_cost_an_old_run_its_place(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert archspec(["train", "small.yaml", *QUICK]) == 0
    assert archspec(["train", "small.yaml", "--fresh", "--set", "classes=11"]) == 2
    assert "--set classes=10" in capsys.readouterr().err
    assert (RUN / "result.json").is_file()
    assert [path.name for path in RUN.parent.iterdir()] == ["small"]


def test_a_run_that_diverges_answers_no(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert archspec(["train", "small.yaml", "--set", "train.schedule.learning_rate=1e18"]) == 1
    shown = capsys.readouterr().err
    assert "is no longer a number" in shown
    assert "start over with --fresh and a lower train.schedule.learning_rate (now 1e+18)" in shown
    assert not (RUN / "checkpoints").exists()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_and_the_same_command_goes_on(spec: Path, number: signal.Signals, monkeypatch: pytest.MonkeyPatch,
                                                     capsys: pytest.CaptureFixture[str]) -> None:
    taken = _after_steps(monkeypatch, 10, lambda: os.kill(os.getpid(), number))
    assert archspec(["train", "small.yaml", *QUICK]) == 130
    assert "interrupted; what was done is saved in runs/small: the same command again goes on" in capsys.readouterr().err
    assert [path.name for path in (RUN / "checkpoints").iterdir()] == [f"step-{taken[0]:08d}.npz"]
    assert archspec(["train", "small.yaml", *QUICK]) == 0
    assert f"resuming at epoch 1, step {taken[0] + 1} of 30" in capsys.readouterr().err
    assert [row["epoch"] for row in metrics()] == [1, 2]


def test_stopped_and_resumed_is_the_same_training(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert archspec(["train", "small.yaml", *QUICK, "--run", "whole"]) == 0
    _after_steps(monkeypatch, 40, lambda: os.kill(os.getpid(), signal.SIGINT))
    assert [archspec(["train", "small.yaml", *QUICK]) for _ in range(2)] == [130, 0]
    for whole, resumed in zip(metrics(Path("whole")), metrics(), strict=True):
        for key in ("loss", "accuracy", "test_loss", "test_top1"):
            assert resumed[key] == pytest.approx(whole[key], rel=1e-3), key


def _after_steps(monkeypatch: pytest.MonkeyPatch, count: int, act: Any) -> list[int]:
    """Acts once, when so many steps are done; returns a list that then holds the number."""
    look, done = loop._Loop._look, list[int]()

    def looking(self: loop._Loop) -> None:
        look(self)
        if self.progress.step == count and not done:
            done.append(count)
            act()
    monkeypatch.setattr(loop._Loop, "_look", looking)
    return done


@pytest.mark.slow
def test_killed_in_the_middle_of_an_epoch(spec: Path) -> None:
    """SIGKILL, which nothing can catch: at most one checkpoint interval is lost, and every file can be read."""
    command = [sys.executable, "-m", "archspec", "train", "small.yaml", *QUICK, "--set", "train.batch=4",
               "--set", "train.checkpoint.steps=20"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    with subprocess.Popen(command, stderr=subprocess.DEVNULL, env=environment) as process:
        _wait_for(process, "step-00000400.npz")  # of 360 an epoch: in the second
        process.kill()
    newest = int(max(path.stem for path in (RUN / "checkpoints").glob("step-*")).removeprefix("step-"))
    assert [row["epoch"] for row in metrics()] == [1]
    json.loads((RUN / "manifest.json").read_text())
    again = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    assert again.returncode == 0, again.stderr
    assert f"resuming at epoch 2, step {newest - 359} of 360" in again.stderr
    assert [row["epoch"] for row in metrics()] == [1, 2]
    assert not [path for path in RUN.rglob("*") if path.name.startswith(".partial")]


def _wait_for(process: subprocess.Popen[bytes], name: str) -> None:
    """Until a checkpoint of that name or a later one is there."""
    end = time.monotonic() + 120
    while not any(path.name >= name for path in (RUN / "checkpoints").glob("step-*.npz")):
        if time.monotonic() > end or process.poll() is not None:
            process.kill()
            raise TimeoutError(name)
        time.sleep(0.02)
