"""The runs that the page shows: those in the folder, with their curves as JSON has numbers."""

from __future__ import annotations

import errno
import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from archspec.io.files import write_json
from archspec.network import load, lower
from archspec.preprocess.rule import input_shape, preprocess_of
from archspec.studio.answers import ANSWERS
from archspec.studio.runs import LARGEST, ROWS
from archspec.train.reporting.listing import Entry, read_entry
from archspec.train.reporting.metrics import write_lines
from archspec.train.run import RunFolder
from archspec.train.saving.manifest import begun

ROW = {"epoch": 1.0, "step": 9.0, "loss": 0.5, "accuracy": 0.9, "test_loss": 0.25, "test_top1": 0.95, "seconds": 125.0, "images_per_second": 9.0}


def a_run(path: Path, top1: float, *, epochs: int = 1) -> str:
    """A folder as a training leaves it, as far as it is looked at; its fingerprint."""
    spec = load("resnet20_digits")
    graph, found = lower(spec), RunFolder(path)
    path.mkdir(parents=True)
    found.spec.write_text(spec.to_yaml(expand=True))
    begun(spec, preprocess_of(spec.train, input_shape(graph)), graph, False).write(found.manifest)
    write_lines(found.metrics, [{**ROW, "epoch": float(number + 1), "test_top1": top1} for number in range(epochs)])
    write_json(found.result, {})
    return graph.fingerprint


def test_runs_are_told_with_their_curves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    a_run(Path("runs/a"), 0.9)
    fingerprint = a_run(Path("runs/b <i>"), 0.95, epochs=2)
    (tmp_path / "runs" / "b <i>" / "confusion.png").write_bytes(b"\x89PNG")
    (tmp_path / "runs" / "broken").mkdir()
    (tmp_path / "runs" / "broken" / "manifest.json").write_text("[")
    found = json.loads(json.dumps(ANSWERS["runs"]({}), allow_nan=False))["runs"]
    assert [each["name"] for each in found] == ["b <i>", "a", "broken"]
    assert [each["columns"][:4] for each in found[:2]] == [["epoch", "test_top1", "test_loss", "loss"]] * 2
    assert [row[:2] for row in found[0]["rows"]] == [[1.0, 0.95], [2.0, 0.95]]
    assert (found[0]["fingerprint"], found[0]["images"], found[0]["finished"]) == (fingerprint, {"confusion": "runs/b%20%3Ci%3E/image/confusion.png"}, True)
    assert "cannot be read" in found[2]["refused"]


def test_a_run_that_cannot_be_read_leaves_the_others(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    a_run(Path("runs/a"), 0.9)
    for name in ("large", "refused", "loops", os.fsdecode(b"\xff")):
        shutil.copytree("runs/a", Path("runs", name))
    with Path("runs/large/metrics.jsonl").open("ab") as file:
        file.truncate(LARGEST + 1)
    Path("runs/loops/spec.yaml").unlink(missing_ok=True)
    Path("runs/loops/loop.json").symlink_to("loop.json")

    def denied(path: Path) -> Entry:
        if path.name == "refused":
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
        return read_entry(path)
    monkeypatch.setattr("archspec.studio.runs.read_entry", denied)
    found = json.loads(json.dumps(ANSWERS["runs"]({})))["runs"]
    assert [each["name"] for each in found if "refused" not in each] == ["a"]
    why = {each["name"]: each["refused"] for each in found if "refused" in each}
    assert len(why) == 4
    assert "larger than 32 MiB" in why["large"]
    assert "Permission denied" in why["refused"]


def test_of_many_epochs_some_are_told_and_the_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    a_run(Path("runs/a"), 0.9, epochs=2 * ROWS + 2)
    (found,) = ANSWERS["runs"]({})["runs"]
    assert len(found["rows"]) <= ROWS + 1
    assert found["rows"][-1][0] == 2 * ROWS + 2


def test_no_number_is_told_that_json_has_not(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    a_run(Path("runs/a"), 0.9)
    path = tmp_path / "runs" / "a" / "metrics.jsonl"
    path.write_text(json.dumps({**ROW, "loss": math.nan, "test_loss": math.inf}) + "\n")
    json.dumps(ANSWERS["runs"]({}), allow_nan=False)


def test_only_runs_need_numpy() -> None:
    code = ("import sys; from archspec.studio.worker import answered; answered({'ask': 'check', 'name': 'x', 'text': 'extends: resnet18'}); "
            "answered({'ask': 'zoo'}); first = 'numpy' in sys.modules; answered({'ask': 'runs'}); print(first, 'numpy' in sys.modules, 'tensorflow' in sys.modules)")
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip() == "False True False"
