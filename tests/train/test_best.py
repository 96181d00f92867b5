"""The best epochs are kept beside the newest states, exported where that is asked for, and end a training early."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from runs import QUICK, RUN, after_steps, checkpoints, exact, metrics

from archspec.artifact.folder import read as read_artifact
from archspec.cli import run as archspec
from archspec.errors import InputError
from archspec.train import events
from archspec.train.saving.best import best_state
from archspec.train.saving.checkpoint import Checkpoints, Snapshot, read

FIVE = ["--set", "train.epochs=5", "--set", "train.checkpoint.best=2"]


@pytest.fixture
def top1(monkeypatch: pytest.MonkeyPatch) -> None:
    """The test says this of epochs 1 to 5."""
    said = {30: 0.5, 60: 0.9, 90: 0.7, 120: 0.9, 150: 0.1}

    def tested(self: events.Evaluate) -> dict[str, float]:
        return {"test_loss": said[self._job.state.progress.step], "test_top1": said[self._job.state.progress.step], "test_top5": 1.0}
    monkeypatch.setattr(events.Evaluate, "test", tested)


def kept() -> list[str]:
    return sorted(path.name for path in (RUN / "checkpoints").iterdir())


@pytest.mark.usefixtures("top1")
def test_the_best_are_kept_and_the_newest_too(spec: Path) -> None:
    assert archspec(["train", "small.yaml", *QUICK, *FIVE]) == 0
    assert kept() == ["best-00000060.npz", "best-00000120.npz", "step-00000120.npz", "step-00000150.npz"]
    assert read(RUN / "checkpoints/best-00000060.npz").progress["step"] == 60


@pytest.mark.usefixtures("top1")
def test_by_another_metric_others_are(spec: Path) -> None:
    assert archspec(["train", "small.yaml", *QUICK, *FIVE, "--set", "train.checkpoint.metric=test_loss"]) == 0
    assert kept()[:2] == ["best-00000030.npz", "best-00000150.npz"]


@pytest.mark.usefixtures("top1")
def test_what_is_exported_is_the_best_epoch_and_says_so(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Asked for when the run is finished, too; asked for no more, the last one's come back."""
    assert archspec(["train", "small.yaml", "--set", "export.formats=[tflite]", *FIVE]) == 0
    last, lite = weights(), (RUN / "model.tflite").read_bytes()
    assert archspec(["train", "small.yaml", "--set", "export.formats=[tflite]", *FIVE, "--set", "export.weights=best"]) == 0
    result = json.loads((RUN / "result.json").read_text())
    assert (result["top1"], result["weights"], result["epoch"], result["epochs"]) == (0.9, "best", 2, 5)
    assert "2, the best" in capsys.readouterr().out
    held = read(RUN / "checkpoints/best-00000060.npz").arrays
    np.testing.assert_array_equal(weights(), held["model/head_dense/kernel"])
    assert (weights() != last).any()
    assert (RUN / "model.tflite").read_bytes() != lite
    np.testing.assert_array_equal(keras.saving.load_model(RUN / "model.keras").get_layer("head_dense").kernel, weights())
    assert archspec(["train", "small.yaml", "--set", "export.formats=[tflite]", *FIVE]) == 0
    np.testing.assert_array_equal(weights(), last)
    assert (RUN / "model.tflite").read_bytes() == lite
    assert "weights" not in json.loads((RUN / "result.json").read_text())


def weights() -> np.ndarray:
    return read_artifact(RUN).weights["head_dense", "kernel"]


@pytest.mark.usefixtures("top1")
def test_stopped_between_its_row_and_its_keeping_an_epoch_is_kept(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(self: object, copy: object, steps: object) -> None:
        raise SystemExit
    with monkeypatch.context() as patched:
        patched.setattr(events.Records, "keep", killed)
        for _ in range(2):
            with pytest.raises(SystemExit):
                archspec(["train", "small.yaml", *QUICK, *FIVE])
    assert kept() == ["step-00000030.npz"]
    assert archspec(["train", "small.yaml", *QUICK, *FIVE]) == 0
    assert kept() == ["best-00000060.npz", "best-00000120.npz", "step-00000120.npz", "step-00000150.npz"]


@pytest.mark.usefixtures("top1")
def test_an_epoch_that_is_not_saved_is_kept(spec: Path) -> None:
    assert archspec(["train", "small.yaml", *QUICK, *FIVE, "--set", "train.checkpoint.epochs=5"]) == 0
    assert kept() == ["best-00000060.npz", "best-00000120.npz", "step-00000150.npz"]


@pytest.mark.usefixtures("top1")
def test_without_patience_left_it_ends_and_is_finished(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With the state of its end saved, though it is no end of an interval; with more patience it goes on from there."""
    early = ["--set", "train.epochs=5", "--set", "train.checkpoint.epochs=4", "--set", "train.stop_early={patience: 1, least: 0.05}"]
    assert archspec(["train", "small.yaml", *QUICK, *early]) == 0
    assert "stopped early, after epoch 3: test_top1 has not risen by more than 0.05 for 1 epoch(s)" in capsys.readouterr().err
    assert (len(metrics()), checkpoints()) == (3, [90])
    assert archspec(["train", "small.yaml", *QUICK, *early]) == 0
    assert "runs/small is finished" in capsys.readouterr().err
    assert archspec(["train", "small.yaml", *QUICK, "--set", "train.epochs=5"]) == 0
    assert archspec(["train", "small.yaml", *QUICK, "--set", "train.epochs=5", "--run", "whole"]) == 0
    assert exact(RUN) == exact(Path("whole"))


@pytest.mark.usefixtures("top1")
def test_interrupted_it_stops_early_at_the_same_epoch(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    early = ["--set", "train.epochs=5", "--set", "train.stop_early=1"]
    with monkeypatch.context() as patched:
        after_steps(patched, 70, lambda: os.kill(os.getpid(), signal.SIGTERM))
        assert archspec(["train", "small.yaml", *QUICK, *early]) == 130
    assert archspec(["train", "small.yaml", *QUICK, *early]) == 0
    assert [row["test_top1"] for row in metrics()] == [0.5, 0.9, 0.7]


def test_a_metric_that_these_data_do_not_have_is_refused_first(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for section, more in (("checkpoint", ", best: 1"), ("stop_early", ", patience: 1")):
        assert archspec(["train", "small.yaml", "--set", f"train.{section}={{metric: test_f1{more}}}"]) == 2
        assert capsys.readouterr().err == (f"train.{section}.metric: test_f1 is not measured on these data\n"
                                           "  hint: one of loss accuracy test_loss test_top1 test_top5\n")


@pytest.mark.usefixtures("top1")
def test_a_better_epoch_that_was_not_kept_is_told(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert archspec(["train", "small.yaml", *QUICK, "--set", "train.epochs=3"]) == 0
    asked = ["--set", "train.epochs=3", "--set", "train.checkpoint.best=1", "--set", "export.weights=best"]
    assert archspec(["train", "small.yaml", *QUICK, *asked]) == 0
    said = capsys.readouterr()
    assert "3, the best kept" in said.out
    assert "epoch 2 was better by test_top1, 0.9, and is not kept: " in said.err
    assert "- weights after epoch 3 of 3, the best that was kept by test_top1; " in (RUN / "report.md").read_text()


@pytest.mark.usefixtures("top1")
def test_the_recipe_that_is_told_is_that_of_the_last_start(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A metric that its epochs have not is refused first, though by them it would be told whether it is finished."""
    for patience in (1, 2):
        early = [f"train.stop_early={patience}", "train.epochs=9", "train.on_divergence=rollback"][:1 + patience]
        assert archspec(["train", "small.yaml", *QUICK, *(part for key in early for part in ("--set", key))]) == 0
    manifest, text = json.loads((RUN / "manifest.json").read_text())["train"], (RUN / "report.md").read_text()
    assert (manifest["stop_early"]["patience"], manifest["on_divergence"]["kind"]) == (2, "rollback")
    assert "stopped early, after 4 of 9 epochs: test\\_top1 had not got better for 2 epochs" in text
    capsys.readouterr()
    wrong = ["--set", "train.epochs=9", "--set", "train.stop_early={metric: test_f1, patience: 2}"]
    assert archspec(["train", "small.yaml", *QUICK, *wrong]) == 2
    assert capsys.readouterr().err.startswith("train.stop_early.metric: test_f1 is not measured on these data\n")


def saved(folder: Path, steps: Iterable[int]) -> Checkpoints:
    found = Checkpoints(folder, 2)
    for step in steps:
        document: dict[str, Any] = {"step": step, "seconds": 0.5, "sums": [0.0] * 3, "timed": [0.0] * 3, "history": []}
        found.save_best(Snapshot({"a": np.float32([step])}, document), range(9))
    return found


def row(step: int, top1: float) -> dict[str, float]:
    return {"epoch": step, "step": step, "test_top1": top1}


def test_a_damaged_best_one_is_passed_over(tmp_path: Path) -> None:
    found, said = saved(tmp_path, (1, 2)), list[str]()
    found.best()[2].write_bytes(b"")
    history = [row(1, 0.1), row(2, 0.3), row(3, 0.9)]
    snapshot, best = best_state(found, history, "test_top1", said.append)
    assert (snapshot.arrays["a"].tolist(), best) == ([1.0], row(1, 0.1))
    assert said == [f"{tmp_path}/best-00000002.npz is passed over (damaged: its checksum differs)",
                    "epoch 3 was better by test_top1, 0.9, and is not kept: train.checkpoint.best keeps those that end from now on"]
    with pytest.raises(InputError, match=r"holds no best epoch that can be used.*\n  hint: --set export.weights=raw"):
        best_state(found, history[2:], "test_top1", said.append)


def test_on_a_disk_without_second_names_it_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Elsewhere it costs no more room than the newest one does."""
    def refuse(*names: object) -> None:
        raise PermissionError
    found, document = Checkpoints(tmp_path, 2), {"step": 7, "seconds": 0.5, "sums": [0.0] * 3, "timed": [0.0] * 3, "history": []}
    snapshot = Snapshot({"a": np.float32([7])}, document)
    for harm, names in ((False, 2), (True, 1)):
        if harm:
            monkeypatch.setattr(os, "link", refuse)
        found.save(snapshot)
        found.save_best(snapshot, [7])
        assert found.best()[7].stat().st_nlink == names
        assert read(found.best()[7]).arrays["a"] == [7]


def test_a_best_epoch_has_the_statistics_that_it_was_tested_with(spec: Path) -> None:
    """Not those that `recompute_statistics` gives the end: the rows that an epoch is the best by are of others."""
    chosen = [*QUICK, "--set", "train.recompute_statistics=100", "--set", "train.checkpoint.best=9"]
    for weights, same in (("raw", False), ("best", True)):
        assert archspec(["train", "small.yaml", *chosen, "--set", f"export.weights={weights}"]) == 0
        result = json.loads((RUN / "result.json").read_text())
        variance = keras.saving.load_model(RUN / "model.keras").get_layer("stem_conv_norm").moving_variance.numpy()
        step = metrics()[result.get("epoch", 2) - 1]["step"]
        assert np.array_equal(variance, read(RUN / f"checkpoints/best-{step:08}.npz").arrays["model/stem_conv_norm/moving_variance"]) == same
        assert (result["loss"] == metrics()[result.get("epoch", 2) - 1]["test_loss"]) == same
