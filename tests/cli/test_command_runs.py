"""`archspec runs`: which runs there are, how far they came, and what differs in them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from archspec.cli import run, runs
from archspec.cli.screen import Screen
from archspec.io.files import write_json
from archspec.network import load, lower
from archspec.preprocess.rule import input_shape, preprocess_of
from archspec.train.reporting.metrics import write_lines
from archspec.train.run import RunFolder
from archspec.train.saving.manifest import begun

ROW = {"epoch": 1.0, "step": 9.0, "loss": 0.5, "accuracy": 0.9, "test_loss": 0.25, "test_top1": 0.95, "seconds": 125.0, "images_per_second": 9.0}


DATA = "0123456789abcdef"


def a_run(path: Path, changes: dict[str, object], top1: float | None, *, finished: bool = True) -> None:
    """A folder as a training leaves it, as far as the list looks."""
    spec = load("resnet20_digits", {"train.epochs": 1, "train.schedule": {"kind": "constant", "learning_rate": 0.1}, **changes})
    graph, found = lower(spec), RunFolder(path)
    path.mkdir(parents=True)
    found.spec.write_text(spec.to_yaml(expand=True))
    write_json(found.index, {"digest": DATA})
    begun(spec, preprocess_of(spec.train, input_shape(graph)), graph, False).write(found.manifest)
    if top1 is not None:
        write_lines(found.metrics, [{**ROW, "test_top1": top1}])
    if finished:
        write_json(found.result, {})


@pytest.fixture
def three(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    a_run(Path("runs/a"), {}, 0.9)
    a_run(Path("runs/b"), {"train.batch": 64, "classes": 10}, 0.95)
    a_run(Path("runs/c[red]"), {"train.epochs": 3, "stages.shortcut": "projection"}, None, finished=False)


@pytest.mark.usefixtures("three")
def test_the_best_stands_first_with_what_differs(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs"]) == 0
    head, *rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert head[:8] == ["run", "spec", "state", "top1", "top5", "test", "loss", "loss"]
    assert head[9:11] == ["epochs", "batch"]
    assert [row[0] for row in rows[:3]] == ["runs/b", "runs/a", "runs/c[red]"]
    assert rows[0][1:12] == ["resnet20_digits", "finished", "95.00%", "0.2500", "0.5000", "2", "min", "5", "s", "1", "64"]
    assert rows[2][2:6] == ["epoch", "0", "of", "3"]


@pytest.mark.usefixtures("three")
def test_they_are_listed_without_tensorflow() -> None:
    code = ("import sys; from archspec.cli import run; code = run(['runs']); "
            "print(code, sorted({name.partition('.')[0] for name in sys.modules} & {'tensorflow', 'keras'}))")
    assert subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.splitlines()[-1] == "0 []"


@pytest.mark.usefixtures("three")
def test_two_runs_are_compared(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["runs", "runs/a", "runs/b", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["differing"] == ["train.batch"]
    assert [(each["run"], each["test_top1"], each["state"], each["set"]) for each in found["runs"]] == [
        ("runs/b", 0.95, "finished", {"train.batch": 64}), ("runs/a", 0.9, "finished", {"train.batch": 32})]
    assert found["refused"] == []


@pytest.mark.usefixtures("three")
def test_what_cannot_be_read_is_left_out_and_named(capsys: pytest.CaptureFixture[str]) -> None:
    Path("runs/a/manifest.json").write_text("{}")
    Path("runs/b/spec.yaml").write_text("input: [")
    assert run(["runs"]) == 0
    out, err = capsys.readouterr()
    assert "runs/c[red]" in out
    assert "runs/a" not in out
    assert err.splitlines()[0] == "left out: runs/a/manifest.json cannot be read (it has not the keys of a manifest)"
    assert err.splitlines()[1].startswith("left out: runs/b/spec.yaml cannot be read (")


@pytest.mark.parametrize("odd", [
    {"spec": 5}, {"spec": ["a"]}, {"fingerprint": None}, {"seed": "x"}, {"command": 7}, {"command": [7]}, {"versions": 3},
    {"versions": {"keras": 3}}, {"machine": {"devices": []}}, {"fresh": 1}, {"input": []}, {"resumed": [1]}, {"resumed": [{"machine": 5}]},
    {"train": []}, {"train": {"epochs": "x"}}, {"train": {"checkpoint": 5}}, {"train": {"stop_early": {}}},
    {"train": {"batch": 10**400}}, {"train": {"batch": json.loads(40 * "[" + 40 * "]")}}])
@pytest.mark.usefixtures("three")
def test_a_manifest_that_another_wrote_is_left_out(odd: dict[str, object], capsys: pytest.CaptureFixture[str]) -> None:
    path = Path("runs/a/manifest.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), **odd}))
    assert run(["runs"]) == 0
    assert capsys.readouterr().err == f"left out: runs/a/manifest.json cannot be read (its {list(odd)[-1]} is of another kind)\n"


@pytest.mark.parametrize("name", ["spec.yaml", "manifest.json", "metrics.jsonl", "result.json", "data.json", "artifact.json"])
@pytest.mark.usefixtures("three")
def test_nothing_waits_for_the_end_of_a_pipe(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("runs/a", name).unlink(missing_ok=True)
    os.mkfifo(Path("runs/a", name))
    assert run(["runs"]) == 0
    assert "runs/c[red]" in capsys.readouterr().out


def test_where_there_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(["runs"]) == 2
    assert capsys.readouterr().err == "runs is no run folder, and holds none\n  hint: archspec train SPEC makes one, runs/NAME\n"


@pytest.mark.usefixtures("three")
def test_what_has_no_room_stands_below_and_nothing_is_cut_off(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(runs, "screen", lambda width: Screen(width=80, highlight=False))
    assert run(["runs"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [row[0] if row else "" for row in rows] == [*(first := ["run", "runs/b", "runs/a", "runs/c[red]"]), "", *first]
    assert rows[5:] == [["run", "loss", "time", "epochs", "batch", "stages.shortcut"],
                        ["runs/b", "0.5000", "2", "min", "5", "s", "1", "64", "pad"],
                        ["runs/a", "0.5000", "2", "min", "5", "s", "1", "32", "pad"], ["runs/c[red]", "3", "32", "projection"]]


def test_of_a_key_that_one_spec_leaves_out_the_recipes_value_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                    capsys: pytest.CaptureFixture[str]) -> None:
    """One that says what holds anyway does not differ."""
    monkeypatch.chdir(tmp_path)
    a_run(Path("runs/a"), {"train.optimizer": "adam", "train.auxiliary_weight": 0.3}, 0.9)
    a_run(Path("runs/b"), {"train.accumulate": 1}, 0.8)
    assert run(["runs", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["runs"][1]["set"]["train.optimizer.kind"] == "sgd"
    assert not {"train.auxiliary_weight", "train.accumulate"} & set(found["differing"])


@pytest.mark.usefixtures("three")
def test_other_data_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    write_json(Path("runs/a/data.json"), {"digest": "fedcba9876543210"})
    Path("runs/c[red]/data.json").write_text("{")
    assert run(["runs", "--json"]) == 0
    assert [each["data"] for each in json.loads(capsys.readouterr().out)["runs"]] == [DATA, "fedcba9876543210", None]
    assert run(["runs"]) == 0
    head, b, a, _ = capsys.readouterr().out.splitlines()
    end = head.index("  data") + 6
    assert (b[:end].split()[-1], a[:end].split()[-1]) == (DATA[:8], "fedcba98")


def test_values_are_written_as_in_a_spec_and_what_changes_no_result_stands_last(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                                                               capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(tmp_path)
    a_run(Path("runs/a"), {}, 0.9)
    a_run(Path("runs/b"), {"train.log": 3, "train.sync_batch_norm": False, "train.freeze": ["stem"]}, 0.8)
    assert run(["runs"]) == 0
    shown = capsys.readouterr().out
    assert "[stem]" in shown
    assert "false" in shown
    assert "'" not in shown
    heads = " ".join(line for line in shown.splitlines() if line.startswith("run "))
    assert heads.index("log.steps") > heads.index("sync_batch_norm")
