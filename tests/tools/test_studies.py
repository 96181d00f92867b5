"""What `make studies` gathers of its work, and that it tries again what is missing."""

from __future__ import annotations

import json
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from archspec.search.plan import plan_file, read_plan, study_names


def _work(folder: Path) -> None:
    """What the sweeps and evaluations would have written."""
    for name in study_names():
        plan = read_plan(plan_file(name))
        document = []
        for number in range(plan.total):
            runs = [{"run": f"{name}-{number + 1}-seed{seed}", "seed": seed, "state": "finished", "final": 0.75} for seed in range(2)]
            document.append({"name": f"{name}-{number + 1}", "set": plan.combination(number), "params": 10, "macs": 20, "result": {"runs": runs}})
            for run in runs:
                _write(folder / name / "runs" / str(run["run"]) / "metrics.jsonl", {"accuracy": 0.5, "test_top1": 0.75})
                _write(folder / name / "runs" / str(run["run"]) / "manifest.json", {"machine": {"processor": "one"}, "versions": {"tensorflow": "2", "keras": "3"}})
        _write(folder / name / "candidates.json", document)
    _write(folder / "seconds.json", [30, 90])


def _write(path: Path, value: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(value) + "\n")


@pytest.fixture
def work(tool: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tool, "WORK", tmp_path)
    _work(tmp_path)
    return tmp_path


def _evaluated(*arguments: str, log: Path) -> str:
    """In the place of `archspec evaluate`: each model is right about nine images of ten, an ensemble about all."""
    if arguments[0] == "sweep":
        return ""
    models = [each for each in arguments if "/runs/" in each]
    parts = [models] if "--ensemble" in arguments else [[each] for each in models]
    return json.dumps({"evaluate": [{"models": [{"model": each} for each in part], "results": {"top1": 1.0 if part[1:] else 0.9}} for part in parts]})


def test_what_was_done_is_gathered(tool: ModuleType, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "_archspec", _evaluated)
    tool._evaluate()
    found = tool.collect()
    assert found["minutes"] == 2
    assert found["studies"]["degradation"][0]["runs"][1] == {"run": "degradation-1-seed1", "seed": 1, "state": "finished", "error": 25.0, "train": [50.0], "test": [25.0]}
    assert found["studies"]["degradation"][0]["set"] == {"shortcut": "none", "repeats": 1}
    assert found["evaluate"]["10"] == {"A (11)": [10.0, 10.0], "B (13)": [10.0, 10.0], "D (16)": [10.0, 10.0], "E (19)": [10.0, 10.0]}
    assert found["evaluate"]["ensemble 5"]["E (19)"] == [0.0]


def test_an_evaluation_that_is_there_is_not_done_again(tool: ModuleType, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tool, "_archspec", _evaluated)
    tool._evaluate()
    (work / "evaluate/crops_5.json").unlink()
    asked: list[tuple[str, ...]] = []
    monkeypatch.setattr(tool, "_archspec", lambda *arguments, log: asked.append(arguments) or _evaluated(*arguments, log=log))
    tool._evaluate()
    assert [each[-4:] for each in asked] == [("--crops", "10", "--no-flip", "--json")]


def test_all_studies_are_run_and_the_evaluation_behind_its_own(tool: ModuleType, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []
    monkeypatch.setattr(tool, "_archspec", lambda *arguments, log: asked.append(arguments[1]) or _evaluated(*arguments, log=log))
    tool.run(3)
    assert {each for each in asked if "/" not in each} == set(study_names())
    assert asked.index("vgg_depth") < next(at for at, each in enumerate(asked) if "/runs/" in each)
    assert json.loads((work / "seconds.json").read_text())[:2] == [30, 90]


@pytest.mark.parametrize("jobs", [1, 3])
def test_a_command_that_fails_ends_the_work(jobs: int, tool: ModuleType, work: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(*arguments: str, log: Path) -> str:
        raise SystemExit(f"archspec {arguments[0]} {arguments[1]} ended with 2")
    monkeypatch.setattr(tool, "_archspec", fails)
    with pytest.raises(SystemExit, match="archspec sweep cardinality ended with 2"):
        tool.run(jobs)
