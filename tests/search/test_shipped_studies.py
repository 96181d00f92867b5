"""The studies that ship: found by name, valid, costed; each key that they vary counts, and one is trained."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from archspec.cli import run
from archspec.cli.options import spec_of
from archspec.errors import InputError
from archspec.search import plan
from archspec.search.plan import plan_file, read_plan, study_names, written
from archspec.search.sweep import sweep

Run = Callable[..., tuple[int, str, str]]
ONE_EPOCH = ("--set", "train.epochs=1", "--set", "stages.repeats=1", "--set", "train.batch=479")


@pytest.mark.parametrize("name", study_names())
def test_every_candidate_of_a_study_fits_and_is_another(name: str) -> None:
    study = read_plan(plan_file(name))
    found = list(sweep(study, spec_of(study.base, written(study.common)), 32))
    assert {each.state for each in found} == {"fits"}
    assert len(found) == study.total > 1
    assert isinstance(study.seeds, int)
    assert study.seeds >= 3
    assert study.axes is not None
    assert study.common["export.formats"] == []


def test_cardinalities_cost_the_same() -> None:
    study = read_plan(plan_file("cardinality"))
    found = list(sweep(study, spec_of(study.base, written(study.common)), 32))
    sizes = [(each.cost.params, each.cost.macs) for each in found if each.cost is not None and each.cost.macs is not None]
    for each in zip(*sizes, strict=True):
        assert max(each) < 1.05 * min(each)


def test_a_file_of_that_name_counts_and_a_study_needs_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert read_plan(plan_file("growth")).name == "growth"
    Path("growth").write_text("base: resnet18\nvary: {stages.se: [4, 8]}\nname: mine\n")
    assert read_plan(plan_file("growth")).name == "mine"


@pytest.mark.parametrize(("reference", "said"), [
    ("grwoth", "grwoth: there is no such file, and no study of that name ships\n  hint: did you mean 'growth'?"),
    ("q.yaml", "q.yaml: there is no such file, and no study of that name ships\n  hint: a sweep is a YAML file: base: resnet50, vary: "),
    (".", ".: this is no file\n  hint: a sweep is a YAML file, or one of cardinality compression "),
])
def test_what_is_neither_is_refused(reference: str, said: str) -> None:
    with pytest.raises(InputError) as caught:
        plan_file(reference)
    assert str(caught.value).startswith(said)


@pytest.mark.slow
def test_a_study_is_trained_by_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """One of its trainings: what becomes of several is no part of a study's file (tests/search/test_sweep_train.py)."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(plan, "read_plan", lambda path: replace(read_plan(path), seeds=1, sample=1))
    assert run(["sweep", "shortcuts", "--train", *ONE_EPOCH, "--json"]) == 0
    document = json.loads((tmp_path / "sweeps/shortcuts/candidates.json").read_text())
    assert [each["result"]["state"] for each in document] == ["finished"]
    assert {run["epoch"] for each in document for run in each["result"]["runs"]} == {1}
    assert (tmp_path / "sweeps/shortcuts/plot.svg").is_file()
