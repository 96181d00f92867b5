"""`archspec train` from end to end on a small network: what it leaves, and what it refuses."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import keras
import numpy as np
import pytest
from runs import QUICK, RUN, Finished, metrics

from archspec.cli import run as archspec
from archspec.io.lock import alone


@pytest.fixture
def diagrams() -> None:
    """Are drawn: what a run takes of a disk is counted with them."""


def test_a_run_leaves_what_commands_md_promises(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert archspec(["train", "small.yaml"]) == 0
    promised = {"spec.yaml", "manifest.json", "data.json", "augmented.png", "metrics.jsonl", "result.json", "curves.png", "report.md", "confusion.png", "worst.png", "tensorboard", "checkpoints",
                "artifact.json", "model.keras", "saved_model", "model.tflite", "labels.txt", "parity.json"}
    assert {path.name for path in RUN.iterdir()} == promised
    result = json.loads((RUN / "result.json").read_text())
    assert list(result) == ["spec", "fingerprint", "data", "split", "examples", "loss", "top1", "top5", "epochs",
                            "seconds", "images_per_second", "classes"]
    assert (result["top1"], result["epochs"]) == (metrics()[-1]["test_top1"], 2)
    shown = capsys.readouterr()
    assert "small on synthetic, 20 test images" in shown.out
    assert "epoch 2/2" in shown.err


def test_the_saved_model_predicts_what_the_result_says(spec: Path, finished: Finished) -> None:
    from archspec.data.sources import load_data
    from archspec.network import load
    finished()
    model = keras.saving.load_model(RUN / "model.keras")
    test = load_data(load(str(spec)).train.data).test
    images = np.stack([test.item(index) for index in range(test.size)]).astype(np.float32)
    logits = model.predict((images - 127.5) / 127.5, verbose=0)
    expected = json.loads((RUN / "result.json").read_text())["top1"]
    assert (logits.argmax(axis=1) == test.labels).mean() == pytest.approx(expected)


def test_a_finished_run_says_so_and_changes_nothing(spec: Path, finished: Finished, capsys: pytest.CaptureFixture[str]) -> None:
    finished()
    before = {path: path.stat().st_mtime_ns for path in RUN.rglob("*")}
    assert archspec(["train", "small.yaml", *QUICK]) == 0
    assert "runs/small is finished; --fresh starts over" in capsys.readouterr().err
    assert {path: path.stat().st_mtime_ns for path in RUN.rglob("*")} == before


def test_what_is_missing_is_made_without_training_again(spec: Path, finished: Finished) -> None:
    finished()
    trained = metrics()
    assert archspec(["train", "small.yaml", "--set", "export.formats=[tflite]"]) == 0
    assert (RUN / "model.tflite").is_file()
    assert metrics() == trained


def test_a_finished_run_on_a_disk_that_is_only_read_is_shown(spec: Path, finished: Finished, capsys: pytest.CaptureFixture[str]) -> None:
    """No lock is taken: here another one holds it."""
    finished()
    with alone(RUN):
        assert archspec(["train", "small.yaml", *QUICK]) == 0
    assert capsys.readouterr().out.count("small on synthetic, 20 test images") == 1


def test_without_checkpoints_a_finished_run_is_completed_or_refused(spec: Path, finished: Finished, capsys: pytest.CaptureFixture[str]) -> None:
    """Never trained anew in silence."""
    finished()
    trained = metrics()
    shutil.rmtree(RUN / "checkpoints")
    (RUN / "curves.png").unlink()
    assert archspec(["train", "small.yaml", *QUICK]) == 0
    assert (RUN / "curves.png").is_file()
    (RUN / "model.keras").write_bytes(b"damaged")
    assert archspec(["train", "small.yaml", *QUICK]) == 2
    assert capsys.readouterr().err.endswith("runs/small has trained, but no checkpoint is left to go on from\n"
                                            "  hint: --fresh starts over (the old run is moved aside)\n")
    assert metrics() == trained


def test_dry_run_writes_nothing(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert archspec(["train", "small.yaml", "--dry-run"]) == 0
    shown = capsys.readouterr().out
    assert "small, as it would be trained here" in shown
    assert re.search(r"\nthe first step works \(loss 2\.\d+\), and so do evaluation and export; nothing was written\n$", shown)
    assert [path.name for path in Path().iterdir()] == ["small.yaml"]


def test_dry_run_fails_where_the_run_would(spec: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Another run's folder, an export that is not equal, a disk that is too small."""
    from archspec.train import rehearsal
    Path("runs/small").mkdir(parents=True)
    Path("runs/small/x.txt").touch()
    assert archspec(["train", "small.yaml", "--dry-run"]) == 2
    assert "runs/small holds x.txt and is no run folder" in capsys.readouterr().err
    assert archspec(["train", "small.yaml", "--dry-run", "--run", "a", "--set", "export.tolerance=1e-12"]) == 1
    assert "It was not kept" in capsys.readouterr().err
    monkeypatch.setattr(rehearsal.shutil, "disk_usage", lambda path: type("Usage", (), {"free": 20_000}))
    assert archspec(["train", "small.yaml", "--dry-run", "--run", "a", *QUICK]) == 2
    assert "a: the run needs 0.1 MB (3 checkpoints of 0.0 MB, and what it exports), but only 0.0 MB are free\n" in (
        capsys.readouterr().err)
    assert not Path("a").exists()


def test_wrong_data_does_not_cost_an_old_run_its_place(spec: Path, finished: Finished, capsys: pytest.CaptureFixture[str]) -> None:
    finished()
    assert archspec(["train", "small.yaml", "--fresh", "--set", "classes=11"]) == 2
    assert "--set classes=10" in capsys.readouterr().err
    assert (RUN / "result.json").is_file()
    assert {path.name for path in RUN.parent.iterdir()} == {"small", ".small.lock"}


def test_a_run_that_diverges_answers_no(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert archspec(["train", "small.yaml", "--set", "train.schedule.learning_rate=1e18"]) == 1
    shown = capsys.readouterr().err
    assert "is no longer a number" in shown
    assert "start over with --fresh and a lower train.schedule.learning_rate (now 1e+18)" in shown
    assert not (RUN / "checkpoints").exists()
