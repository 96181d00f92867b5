"""Run folders where one stands in them, where things lie in the way, or where none can be made."""

from __future__ import annotations

import json
import os
import shutil
import signal
from pathlib import Path

import pytest
from runs import QUICK, RUN, Finished, checkpoints, metrics

from archspec.cli import run as archspec
from archspec.train import rehearsal
from archspec.train.reporting import records

LONG = "x" * 250


def test_fresh_from_within_the_run_folder_keeps_the_old_run(spec: Path, finished: Finished, monkeypatch: pytest.MonkeyPatch) -> None:
    finished()
    before = (RUN / "model.keras").read_bytes()
    for number, (place, name) in enumerate([(RUN, "."), (RUN / "checkpoints", "..")], start=1):
        monkeypatch.chdir(spec.parent / place)
        assert archspec(["train", str(spec), "--run", name, "--fresh", "--set", "train.seed=7", *QUICK]) == 0
        monkeypatch.chdir(spec.parent)
        assert json.loads((RUN / "manifest.json").read_text())["seed"] == 7
        assert Path(f"runs/small.old{number}/model.keras").is_file()
    assert Path("runs/small.old1/model.keras").read_bytes() == before


def test_a_model_without_its_records_is_not_trained_over(spec: Path, finished: Finished, capsys: pytest.CaptureFixture[str]) -> None:
    finished()
    before = (RUN / "model.keras").read_bytes()
    shutil.rmtree(RUN / "checkpoints")
    (RUN / "result.json").unlink()
    (RUN / "metrics.jsonl").write_text((RUN / "metrics.jsonl").read_text()[:-9])
    for more in ([], ["--dry-run"]):
        assert archspec(["train", "small.yaml", *QUICK, *more]) == 2
        assert "runs/small has trained, but no checkpoint is left to go on from\n" in capsys.readouterr().err
    assert (RUN / "model.keras").read_bytes() == before


@pytest.mark.parametrize(("name", "said"), [
    ("", "--run is empty\n"), ("small.yaml/x", "small.yaml/x cannot be made: {here}/small.yaml is a file\n"),
    (LONG, f"the name of {LONG} is too long for its disk\n")])
def test_where_no_run_can_be(spec: Path, capsys: pytest.CaptureFixture[str], name: str, said: str) -> None:
    for more in ([], ["--dry-run"]):
        assert archspec(["train", "small.yaml", "--run", name, *more]) == 2
        assert capsys.readouterr().err.startswith(said.format(here=spec.parent))


def test_a_dry_run_says_that_the_run_s_index_is_damaged(spec: Path, finished: Finished, capsys: pytest.CaptureFixture[str]) -> None:
    finished()
    (RUN / "data.json").write_text("{")
    assert archspec(["train", "small.yaml", "--dry-run", *QUICK]) == 2
    assert "runs/small/data.json is not there or damaged" in capsys.readouterr().err


def test_an_interrupted_dry_run_says_that_nothing_is_kept(spec: Path, capsys: pytest.CaptureFixture[str],
                                                          monkeypatch: pytest.MonkeyPatch) -> None:
    RUN.mkdir(parents=True)
    monkeypatch.setattr(rehearsal.Job, "tested", lambda self: (_ for _ in ()).throw(KeyboardInterrupt))
    assert archspec(["train", "small.yaml", "--dry-run"]) == 130
    assert capsys.readouterr().err.endswith("interrupted; a dry run keeps nothing\n")


def test_a_signal_at_the_very_end_is_heeded(spec: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = records.Board.epoch

    def add(self: records.Board, row: dict[str, float]) -> None:
        real(self, row)
        if row["epoch"] == 2:
            os.kill(os.getpid(), signal.SIGTERM)
    with monkeypatch.context() as patched:
        patched.setattr(records.Board, "epoch", add)
        assert archspec(["train", "small.yaml", *QUICK]) == 130
    assert (checkpoints()[-1], len(metrics()), (RUN / "model.keras").exists()) == (60, 2, False)
    assert archspec(["train", "small.yaml", *QUICK]) == 0


def test_what_lies_where_tensorboard_writes_is_replaced(spec: Path, finished: Finished) -> None:
    finished()
    events = RUN / "tensorboard"
    shutil.move(events, "elsewhere")
    kept = sorted(path.name for path in Path("elsewhere").iterdir())
    for put in (lambda: events.write_text(""), lambda: events.symlink_to(Path("elsewhere").resolve())):
        put()
        (RUN / "model.keras").unlink()
        assert archspec(["train", "small.yaml", *QUICK]) == 0
        assert {path.name for path in events.iterdir()} >= {"test", "train", "report"}
        shutil.rmtree(events)
    assert sorted(path.name for path in Path("elsewhere").iterdir()) == kept


def test_a_pipe_in_place_of_a_file_holds_nothing_up(spec: Path, finished: Finished) -> None:
    finished()
    (RUN / "result.json").unlink()
    os.mkfifo(RUN / "result.json")
    assert archspec(["train", "small.yaml", *QUICK]) == 0
    assert json.loads((RUN / "result.json").read_text())["epochs"] == 2


def test_fresh_passes_over_a_link_that_leads_nowhere(spec: Path, finished: Finished) -> None:
    finished()
    Path("runs/small.old1").symlink_to("nowhere")
    assert archspec(["train", "small.yaml", "--fresh", *QUICK]) == 0
    assert Path("runs/small.old2/model.keras").is_file()
