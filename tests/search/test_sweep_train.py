"""`archspec sweep --train`: which runs there are and how far each goes, what is told of them, and that a kill changes nothing.

But for the last tests no run is trained: what it comes to is written down by hand.
"""

from __future__ import annotations

import csv
import json
import os
import signal
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from forked import printing

import archspec.cli.apart as apart
import archspec.cli.sweep_train as module
from archspec.cli import run
from archspec.io.lock import alone
from archspec.search.halving import picked, rounds
from archspec.search.results import Spread, Trained, result, rows
from archspec.search.sweep import Candidate

Run = Callable[..., tuple[int, str, str]]
Value = Callable[[str, int], float]
SPEC = """\
input: 8x8x1
classes: 10
let: {width: 8}
stem: [conv: 3x3 $width /2]
head: [global_avg_pool, dense: $classes]
export: {formats: []}
train:
  data: {source: synthetic, classes: 10, train: 120, test: 60, height: 8, width: 8, channels: 1}
  epochs: 8
  batch: 12
  schedule: {kind: cosine, learning_rate: 0.05}
"""
PLAN = "base: small.yaml\nvary: {let.width: [4, 8]}\nseeds: 3\n"
RUNS = Path("sweeps/plan/runs")


@pytest.fixture
def archspec(capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.chdir(tmp_path)
    Path("small.yaml").write_text(SPEC)
    Path("plan.yaml").write_text(PLAN)

    def call(*arguments: str) -> tuple[int, str, str]:
        code = run(["sweep", *arguments])
        return code, *capsys.readouterr()
    return call


class Trainings:
    """In the place of trainings: writes what `value` says of a run after an epoch; of None the training fails there."""

    def __init__(self, value: Callable[[str, int], float | None]) -> None:
        self.value = value
        self.asked: list[tuple[str, int]] = []
        """Runs, and until which epoch."""

    def __call__(self, arguments: Sequence[str], log: Path, between: Callable[[], object]) -> int:
        said = dict(pairwise(arguments))
        run, until = Path(said["--run"]), int(said.get("--until", 8))
        self.asked.append((run.name, until))
        run.mkdir(parents=True, exist_ok=True)
        log.parent.mkdir(exist_ok=True)
        lines = []
        for epoch in range(1, until + 1):
            value = self.value(run.name, epoch)
            if value is None:
                log.write_text("resuming\nthe loss is no longer a number in epoch 3\n  hint: a lower rate\n")
                return 1
            lines.append({"epoch": epoch, "step": epoch, "loss": 1.0, "accuracy": 0.5, "test_loss": 1.0, "test_top1": value,
                          "seconds": 2.0 * epoch, "images_per_second": 9.0})
            (run / "metrics.jsonl").write_text("".join(json.dumps(each) + "\n" for each in lines))
        if until == 8:
            (run / "result.json").write_text(json.dumps({"top1": lines[-1]["test_top1"]}))
        between()
        return 0


@pytest.fixture
def trainings(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[str, int], float | None]], Trainings]:
    def begin(value: Callable[[str, int], float | None]) -> Trainings:
        found = Trainings(value)
        monkeypatch.setattr(module, "run_apart", found)
        return found
    return begin


def by_hand(name: str, epoch: int) -> float:
    """0.90, 0.92, 0.94 of the seeds 0, 1, 2 of plan-1, 0.5 more or less than that in the epoch before, and 0.1 less of plan-2."""
    seed = int(name[-1])
    return 0.9 + 0.02 * seed - 0.1 * name.startswith("plan-2") + (0.03 if epoch == 5 else 0.0)


def test_mean_and_deviation_over_seeds(archspec: Run, trainings: Callable[[Value], Trainings]) -> None:
    found = trainings(by_hand)
    code, out, err = archspec("plan.yaml", "--train", "--json")
    assert code == 0
    assert [name for name, _ in found.asked] == [f"plan-{number}-seed{seed}" for seed in range(3) for number in (1, 2)]
    assert "[6/6] plan-2-seed2: epoch 8 of 8, test_top1 84.00%, 16 s" in err
    first, second = json.loads(out)
    assert (first["name"], first["set"], first["state"]) == ("plan-1", {"let.width": 4}, "fits")
    result = first["result"]
    assert result["final"] == {"mean": pytest.approx(0.92), "deviation": pytest.approx(0.02), "runs": 3}
    assert result["best"] == {"mean": pytest.approx(0.95), "deviation": pytest.approx(0.02), "runs": 3}
    assert (result["metric"], result["state"], result["epoch"], result["pareto"]) == ("test_top1", "finished", 8, True)
    assert [(each["seed"], each["best_epoch"], each["state"]) for each in result["runs"]] == [
        (0, 5, "finished"), (1, 5, "finished"), (2, 5, "finished")]
    assert not second["result"]["pareto"]
    folder = Path("sweeps/plan")
    assert json.loads((folder / "candidates.json").read_text()) == json.loads(out)
    lines = [json.loads(each) for each in (folder / "results.jsonl").read_text().splitlines()]
    assert [(each["run"], each["final"]) for each in lines][4] == ("plan-2-seed1", pytest.approx(0.82))
    table = list(csv.DictReader((folder / "results.csv").read_text().splitlines()))
    assert [(each["name"], float(each["test_top1_mean"])) for each in table] == [
        ("plan-1", pytest.approx(0.92)), ("plan-2", pytest.approx(0.82))]
    assert {"results.svg", "results.png", "cost.svg", "table.csv", "sweep.json"} <= {each.name for each in folder.iterdir()}
    found.asked.clear()
    code, out, _ = archspec("plan.yaml", "--train")
    assert (code, found.asked) == (0, [])
    assert "92.00% ± 2.00%" in out
    assert "95.00% ± 2.00%" in out


def test_more_seeds_are_trained_and_another_sweep_is_refused(archspec: Run, trainings: Callable[[Value], Trainings]) -> None:
    found = trainings(by_hand)
    Path("plan.yaml").write_text(PLAN.replace("seeds: 3", "seeds: [2]"))
    assert archspec("plan.yaml", "-o", "sweeps/plan")[0] == 0  # costed, and then trained
    assert archspec("plan.yaml", "--train")[0] == 0
    Path("plan.yaml").write_text(PLAN + "plot: {x: let.width}\n")
    before = (Path("sweeps/plan/results.jsonl").read_bytes(), found.asked.copy())
    assert archspec("plan.yaml", "--train")[0] == 0
    assert [name for name, _ in found.asked] == ["plan-1-seed2", "plan-2-seed2", *(
        f"plan-{number}-seed{seed}" for seed in range(2) for number in (1, 2))]
    assert Path("sweeps/plan/plot.svg").exists()
    for change, told in [("vary: {let.width: [4, 8, 16]}", "vary was"), ("base: small.yaml\nset: {train.epochs: 9}",
                         "of the base train.epochs was 8, is 9"), ("where: params < 1M\nseeds: 3", "where was []")]:
        key = change.partition(":")[0] if not change.startswith("where") else "seeds"
        Path("plan.yaml").write_text("".join(f"{change}\n" if each.startswith(key) else f"{each}\n" for each in PLAN.splitlines()))
        code, _, err = archspec("plan.yaml", "--train")
        assert code == 2
        assert told in err
        assert "hint: undo the change, or name another folder with -o" in err
    assert len(found.asked) == 6 > len(before[1])
    Path("other").mkdir()
    assert "is there, and no sweep's folder" in archspec("plan.yaml", "--train", "-o", "other")[2]
    with alone(Path("sweeps/plan")):
        code, _, err = archspec("plan.yaml", "--train")
    assert code == 2
    assert "another archspec works in sweeps/plan" in err


def test_a_base_that_changes_while_it_trains_ends_the_sweep(archspec: Run, trainings: Callable[[Value], Trainings]) -> None:
    """What is told of the runs would be of other networks."""
    def value(name: str, epoch: int) -> float:
        Path("small.yaml").write_text(SPEC.replace("3x3 $width", "5x5 $width"))
        return by_hand(name, epoch)
    found = trainings(value)
    code, _, err = archspec("plan.yaml", "--train")
    assert code == 2
    assert "small.yaml has changed since this sweep began" in err
    assert [name for name, _ in found.asked] == ["plan-1-seed0"]
    Path("small.yaml").write_text(SPEC)
    trainings(by_hand)
    assert archspec("plan.yaml", "--train")[0] == 0


def test_runs_of_different_lengths_make_no_mean() -> None:
    def trained(seed: int, state: str, epoch: int) -> Trained:
        return Trained(seed, f"a-seed{seed}", state, epoch, 8, 0.1 * epoch, 0.1 * epoch, epoch, 1.0)
    candidate = Candidate("a", {}, None)
    mixed = result(candidate, [trained(0, "finished", 8), trained(1, "paused", 4)])
    assert (mixed.state, mixed.final) == ("finished", Spread(0.8, None, 1))
    paused = result(candidate, [trained(0, "paused", 4), trained(1, "paused", 6), trained(2, "paused", 6)])
    assert (paused.state, paused.final and paused.final.count) == ("stopped", 2)


def test_seeds_beyond_the_largest_are_refused_before_a_training(archspec: Run, trainings: Callable[[Value], Trainings]) -> None:
    found = trainings(by_hand)
    Path("plan.yaml").write_text(PLAN + "set: {train.seed: 2147483646}\n")
    code, _, err = archspec("plan.yaml", "--train")
    assert code == 2
    assert "the seeds of plan-1 would go up to 2147483648" in err
    assert found.asked == []


def test_halving_goes_on_with_the_best(archspec: Run, trainings: Callable[[Value], Trainings]) -> None:
    """Of six with a factor of 2 and 8 epochs: six until the 2nd, three until the 4th, one to the end."""
    values = {1: (0.1, 0.9), 2: (0.6, 0.6), 3: (0.5, 0.7), 4: (0.2, 0.2), 5: (0.5, 0.8), 6: (0.5, 0.9)}
    found = trainings(lambda name, epoch: values[int(name[5])][epoch > 2])
    Path("plan.yaml").write_text("base: small.yaml\nvary: {let.width: [2, 4, 6, 8, 10, 12]}\nhalving: 2\n")
    code, out, err = archspec("plan.yaml", "--train", "--json")
    assert code == 0
    assert found.asked == [(f"plan-{number}-seed0", 2) for number in range(1, 7)] + [
        ("plan-2-seed0", 4), ("plan-3-seed0", 4), ("plan-5-seed0", 4), ("plan-5-seed0", 8)]  # of equal ones the earlier
    assert "round 2 of 3: 3 of 6 candidates, until 1/2 of the epochs are done" in err
    assert {each["name"]: (each["result"]["state"], each["result"]["epoch"]) for each in json.loads(out)} == {
        "plan-1": ("stopped", 2), "plan-2": ("stopped", 4), "plan-3": ("stopped", 4), "plan-4": ("stopped", 2),
        "plan-5": ("finished", 8), "plan-6": ("stopped", 2)}
    found.asked.clear()
    assert archspec("plan.yaml", "--train")[0] == 0
    assert found.asked == []


def test_rounds_end_with_all_epochs() -> None:
    def told(*given: int) -> list[tuple[int, int]]:
        return [(each.candidates, each.until(given[2])) for each in rounds(*given)]
    assert told(9, 3, 9) == [(9, 1), (3, 3), (1, 9)]
    assert told(27, 3, 10) == [(27, 2), (9, 4), (3, 10)]
    assert told(2, 3, 10) == [(2, 10)]
    assert picked({"a": 0.2, "b": 0.1, "c": 0.1}, "test_loss", 2) == ["b", "c"]


def test_a_training_that_fails_is_told_and_the_others_go_on(archspec: Run, trainings: Callable[..., Trainings]) -> None:
    found = trainings(lambda name, epoch: None if name == "plan-1-seed1" and epoch > 2 else by_hand(name, epoch))
    code, out, err = archspec("plan.yaml", "--train")
    assert code == 1
    assert len(found.asked) == 6
    for text in (err, out):
        assert "plan-1-seed1 failed: the loss is no longer a number in epoch 3 (sweeps/plan/logs/plan-1-seed1.log)" in text
    assert "2, 1 failed" in out
    assert "92.00% ± 2.83%" in out  # of 90 and 94
    found.asked.clear()
    found.value = by_hand
    assert archspec("plan.yaml", "--train")[0] == 0  # only this one is tried again
    assert found.asked == [("plan-1-seed1", 8)]


def test_a_metric_that_runs_lack(archspec: Run, trainings: Callable[[Value], Trainings]) -> None:
    trainings(by_hand)
    Path("plan.yaml").write_text(PLAN + "metric: test_top5\n")
    code, _, err = archspec("plan.yaml", "--train")
    assert code == 2
    assert "these runs have no test_top5\n  hint: metric: loss; they have loss accuracy test_loss test_top1" in err


@pytest.mark.parametrize(("line", "message"), [
    ("seeds: 0", "seeds says how many runs"), ("seeds: [1, 1]", "different whole numbers"), ("seeds: [1, x]", "whole numbers"),
    ("halving: 1", "halving is a whole number from 2 on"), ("metric: top1", "did you mean 'test_top1'?"),
    ("metric: [loss]", "metric is one of"), ("set: 3", "set is a mapping"), ("set: {let.width: 3}", "set for all, and varied"),
    ("set: {..: 3}", "is not an override"), ("plot: let.width", "plot says which key is x"),
    ("plot: {x: let.widths}", "did you mean 'let.width'?"), ("plot: {x: let.width, lines: let.width}", "a key twice"),
    ("plot: {x: let.width, line: 1}", "did you mean 'lines'?"),
    ("vary: {let.width: [1, 2], train.batch: [3, 4]}\nplot: {x: let.width}", "plot says nothing of train.batch"),
    ("vary: {train.seed: [1, 2]}\nseeds: 2", "train.seed is varied"),
])
def test_what_is_wrong_is_told_with_its_place(archspec: Run, line: str, message: str) -> None:
    vary = "" if line.startswith("vary") else "vary: {let.width: [1, 2]}\n"
    Path("wrong.yaml").write_text(f"base: small.yaml\n{vary}{line}\n")
    code, _, err = archspec("wrong.yaml", "--train")
    assert code == 2
    assert message in err
    assert f"wrong.yaml:{2 + bool(vary) + line.count(chr(10))}:" in err
    assert not Path("sweeps").exists()


def _killed_at(name: str, act: Callable[[], object]) -> Callable[..., None]:
    """In the place of what is said now and then: acts when a run has a row."""
    def between(watch: Any) -> None:
        if watch._task.run.name == name and rows(watch._task.run):
            act()
    return between


def _sweep_that_is_killed() -> int:
    apart.POLL_SECONDS = 0.02
    module._Watch.__call__ = _killed_at("plan-1-seed0", lambda: os.kill(os.getpid(), signal.SIGKILL))  # type: ignore[method-assign]
    return run(["sweep", "plan.yaml", "--train"])


def _stop() -> None:
    raise KeyboardInterrupt


@pytest.mark.longest
@pytest.mark.slow
def test_a_sweep_that_was_killed_goes_on_as_one_that_was_not(archspec: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed in the first run, which heeds that; interrupted in the second; then it ends."""
    monkeypatch.setattr(apart, "POLL_SECONDS", 0.02)
    Path("small.yaml").write_text(SPEC.replace("epochs: 8", "epochs: 3"))
    Path("plan.yaml").write_text(PLAN.replace("seeds: 3", "seeds: 1"))
    assert printing(Path("log").resolve(), _in_folder, str(Path.cwd())) == -signal.SIGKILL
    with monkeypatch.context() as patched:
        patched.setattr(module._Watch, "__call__", _killed_at("plan-2-seed0", _stop))
        code, _, err = archspec("plan.yaml", "--train")
    assert code == 130
    assert "interrupted; what was done is saved in sweeps/plan: the same command again goes on" in err
    for number in (1, 2):
        assert "interrupted; what was done is saved in" in Path(f"sweeps/plan/logs/plan-{number}-seed0.log").read_text()
    assert archspec("plan.yaml", "--train")[0] == 0
    assert archspec("plan.yaml", "--train", "-o", "whole")[0] == 0
    for name in ("plan-1-seed0", "plan-2-seed0"):
        assert [{**row, **TIMES} for row in rows(RUNS / name)] == [{**row, **TIMES} for row in rows(Path("whole/runs") / name)]
    lines = [[{**json.loads(each), "seconds": 0} for each in Path(folder, "results.jsonl").read_text().splitlines()]
             for folder in ("sweeps/plan", "whole")]
    assert lines[0] == lines[1]
    assert all(each["state"] == "finished" for each in lines[0])


TIMES = dict.fromkeys(("seconds", "images_per_second", "data_wait"), 0.0)


def _in_folder(folder: str) -> int:
    os.chdir(folder)
    return _sweep_that_is_killed()


def test_a_command_apart_says_how_it_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    log = tmp_path / "logs" / "one.log"
    assert apart.run_apart(["summary", "resnet20_digits"], log, lambda: None) == 0
    assert apart.run_apart(["check", "none.yaml"], log, lambda: None) == 2
    assert "resnet20_digits" in log.read_text()
    assert "none.yaml" in log.read_text()


def test_an_end_from_outside_is_no_message_of_the_training(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("epoch 1/8  loss 2.3\n")
    assert module._why(log, 0, 255) == "its process was ended from outside (exit code 255)"
    assert module._why(log, 0, -9).startswith("ended by SIGKILL")


def test_what_nothing_can_be_forked_from_is_no_interrupt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ended(self: object) -> None:
        raise EOFError
    monkeypatch.setattr("multiprocessing.process.BaseProcess.start", ended)
    assert apart.run_apart(["summary", "resnet20_digits"], tmp_path / "logs" / "one.log", lambda: None) == -9
