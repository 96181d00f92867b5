"""A run that gets more epochs than it was begun with goes on from its last checkpoint, as if it had had them from the beginning."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from runs import QUICK, RUN, Finished, exact, metrics

from archspec.cli import run as archspec
from archspec.train import loop

THREE = ["--set", "train.epochs=3"]


def test_a_finished_run_goes_on(spec: Path, finished: Finished, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Killed when it has all its rows and not its end, it is not taken for finished; exports are made anew."""
    lite = ["--set", "export.formats=[tflite]"]
    finished()
    assert archspec(["train", "small.yaml", *lite]) == 0
    before = (RUN / "model.tflite").read_bytes()
    with monkeypatch.context() as patched:
        patched.setattr("archspec.artifact.folder.write", lambda artifact, folder: (_ for _ in ()).throw(SystemExit))
        with pytest.raises(SystemExit):
            archspec(["train", "small.yaml", *lite, *THREE])
    assert "resuming at epoch 3, step 1 of 30" in capsys.readouterr().err
    assert len(metrics()) == 3
    assert (RUN / "model.tflite").read_bytes() == before
    assert archspec(["train", "small.yaml", *lite, *THREE]) == 0
    assert (RUN / "model.tflite").read_bytes() != before
    assert json.loads((RUN / "result.json").read_text())["epochs"] == 3
    finished(*THREE, run=Path("whole"))
    assert exact(RUN) == exact(Path("whole"))
    assert archspec(["train", "small.yaml", *lite, *THREE]) == 0
    assert "runs/small is finished" in capsys.readouterr().err
    assert archspec(["train", "small.yaml", *lite]) == 2
    assert "train.epochs was 3, is 2" in capsys.readouterr().err


def test_statistics_of_the_end_are_no_part_of_what_goes_on(spec: Path) -> None:
    """They are in the result alone: rows, and what follows from them, are those of a run that did not end there."""
    again = [*QUICK, "--set", "train.recompute_statistics=32", "--set", "train.stop_early={metric: test_loss, patience: 1, least: 9}"]
    assert archspec(["train", "small.yaml", *again]) == 0
    assert json.loads((RUN / "result.json").read_text())["loss"] != metrics()[-1]["test_loss"]
    more = [*again[:4], *THREE]
    for run in (RUN, Path("whole")):
        assert archspec(["train", "small.yaml", *more, "--run", str(run)]) == 0
    assert exact(RUN) == exact(Path("whole"))


def test_one_that_cannot_go_on_is_left_as_it_is(spec: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    cosine = ["--set", "train.schedule=cosine"]
    assert archspec(["train", "small.yaml", *QUICK, *cosine]) == 0
    monkeypatch.setattr(loop, "train", lambda *_: pytest.fail("it trains"))
    assert archspec(["train", "small.yaml", *QUICK, *cosine, *THREE]) == 2
    assert "a cosine schedule is drawn over all epochs" in capsys.readouterr().err
    assert archspec(["train", "small.yaml", *QUICK, *cosine]) == 0


def test_a_run_that_pauses_goes_on_as_one_that_did_not(spec: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cosine = [*QUICK, "--set", "train.schedule={kind: cosine, learning_rate: 0.05}"]
    for _ in range(2):  # the second time nothing is left to do
        assert archspec(["train", "small.yaml", *cosine, "--until", "1"]) == 0
        assert "paused after 1 of 2 epochs; what was done is saved in runs/small: the same command without" in capsys.readouterr().err
        assert len(metrics()) == 1
        assert not (RUN / "result.json").exists()
    assert archspec(["train", "small.yaml", *cosine, "--until", "2"]) == 0
    assert (RUN / "result.json").exists()
    assert archspec(["train", "small.yaml", *cosine, "--run", "whole"]) == 0
    assert exact(RUN) == exact(Path("whole"))
    assert archspec(["train", "small.yaml", "--dry-run", "--until", "2"]) == 2
    assert "leave one of them out" in capsys.readouterr().err
