"""How a training begins: new, taken up, or refused; each case of `begin` in its order. No network is built here."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from archspec.errors import InputError
from archspec.network import load, lower
from archspec.preprocess.rule import Preprocess, preprocess_of
from archspec.spec.recipe import Recipe
from archspec.train import begin as beginning
from archspec.train.progress import Progress
from archspec.train.run import RunFolder
from archspec.train.saving.checkpoint import Checkpoints, Snapshot

STEPS = 10


@dataclass
class State:
    progress: Progress = field(default_factory=Progress)


@dataclass
class Job:
    """What `begin` asks of a job, with ten steps an epoch."""

    index: Any
    state: State = field(default_factory=State)
    initialized: int = 0
    steps: int = 2 * STEPS
    recipe: Recipe = field(default_factory=lambda: Recipe(epochs=2))
    training: Any = None
    rule: Preprocess = field(default_factory=lambda: preprocess_of(Recipe(), (8, 8, 1)))
    checked: Any = field(default_factory=lambda: SimpleNamespace(reasons=()))

    def initialize(self, say: object) -> None:
        self.initialized += 1

    def restore(self, snapshot: Snapshot) -> None:
        self.state.progress.take(snapshot.progress)

    def end_epoch(self, row: dict[str, float]) -> None:
        self.state.progress.end_epoch(row)


@dataclass(frozen=True)
class Steps:
    steps: int = STEPS


@dataclass(frozen=True)
class Data:
    """Stands for an index, too."""

    names: tuple[str, ...] = ("cat", "owl")

    def to_json(self) -> dict[str, Any]:
        return {"names": list(self.names)}

    @classmethod
    def from_json(cls, document: dict[str, Any]) -> Data:
        if not isinstance(document, dict) or "names" not in document:
            raise InputError("no index")
        return cls(tuple(document["names"]))


@pytest.fixture(autouse=True)
def _machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(beginning, "machine", lambda job: {"devices": "1 CPU"})


@dataclass(frozen=True)
class Begun:
    job: Job
    said: list[str]


Begin = Callable[..., Begun]
RUN = RunFolder(Path("run"))


@pytest.fixture
def begin(spec: Path, monkeypatch: pytest.MonkeyPatch) -> Begin:
    """Begins in the folder `run`, with these data."""
    monkeypatch.setattr(beginning, "Index", Data)
    monkeypatch.setattr(beginning, "difference", lambda before, now: [] if before == now else [f"{before.names} now {now.names}"])

    def run(*names: str, fresh: bool = False, **overrides: str) -> Begun:
        loaded = load(str(spec), [f"train.{key}={value}" for key, value in overrides.items()])
        job, said = Job(Data(names) if names else Data(), training=Steps()), list[str]()
        beginning.begin(RUN, loaded, lower(loaded), job, fresh, said.append)
        return Begun(job, said)
    return run


def save(step: int, value: float = 1.0, history: list[dict[str, float]] | None = None) -> Path:
    document = {"step": step, "seconds": 1.0, "sums": [1.0, 1.0, 1.0], "timed": [0.0, 0.0, 0.0], "history": history or []}
    Checkpoints(RUN.checkpoints, 9).save(Snapshot({"a": np.float32([value])}, document))
    return Checkpoints(RUN.checkpoints, 9).found()[0]


def row(epoch: int) -> dict[str, float]:
    return {"epoch": epoch, "step": epoch * STEPS, "seconds": 9.0, "loss": 1.0, "accuracy": 0.5, "test_loss": 1.0, "test_top1": 0.5,
            "images_per_second": 3.0}


def message(begin: Begin, *names: str, **keys: Any) -> str:
    with pytest.raises(InputError) as error:
        begin(*names, **keys)
    return str(error.value)


def test_a_new_run_is_initialized_and_written_down(begin: Begin) -> None:
    assert begin().job.initialized == 1
    assert sorted(path.name for path in RUN.path.iterdir()) == ["data.json", "manifest.json", "spec.yaml"]
    assert json.loads(RUN.index.read_text()) == {"names": ["cat", "owl"]}


def test_its_spec_gives_the_same_network_and_recipe(begin: Begin, spec: Path) -> None:
    begin()
    written, again = load(str(spec)), load(str(RUN.spec))
    assert (again.train, lower(again).fingerprint) == (written.train, lower(written).fingerprint)


def test_one_that_saved_nothing_begins_again_with_whatever_data(begin: Begin) -> None:
    begin()
    begun = begin("zebra")
    assert begun.job.initialized == 1
    assert json.loads(RUN.index.read_text()) == {"names": ["zebra"]}
    assert not begun.said


def test_a_checkpoint_is_taken_up_and_nothing_is_initialized(begin: Begin) -> None:
    begin()
    save(13)
    begun = begin()
    assert (begun.job.initialized, begun.job.state.progress.step) == (0, 13)
    assert begun.said == ["resuming at epoch 2, step 4 of 10"]


def test_who_began_a_run_stays_written_when_it_is_taken_up(begin: Begin, monkeypatch: pytest.MonkeyPatch) -> None:
    begin()
    first = json.loads(RUN.manifest.read_text())
    monkeypatch.setattr(beginning.manifests, "versions", lambda: {"keras": "9"})
    for step in (3, 5):
        save(step)
        begin()
    manifest = json.loads(RUN.manifest.read_text())
    assert [(each["step"], each["versions"]) for each in manifest["resumed"]] == [(3, {"keras": "9"}), (5, {"keras": "9"})]
    assert {**manifest, "resumed": []} == first
    assert manifest["machine"] == manifest["resumed"][0]["machine"] == {"devices": "1 CPU"}


def test_other_data_are_refused_with_the_difference(begin: Begin) -> None:
    begin()
    save(13)
    assert message(begin, "owl", "zebra") == (
        "run was trained on other data: ('cat', 'owl') now ('owl', 'zebra')\n  hint: put the data back as they were; or --fresh "
        "starts over (the old run is moved aside), --run DIR keeps both")
    assert json.loads(RUN.index.read_text()) == {"names": ["cat", "owl"]}


@pytest.mark.parametrize("text", [None, "", "{}", "[]", "[" * 10**5])
def test_without_its_index_a_run_is_not_taken_up(begin: Begin, text: str | None) -> None:
    begin()
    save(13)
    RUN.index.unlink() if text is None else RUN.index.write_text(text)
    assert message(begin).startswith("run/data.json is not there or damaged; it says what the run was trained on\n")


def test_the_newest_that_can_be_used_is_taken_up_and_the_others_put_aside(begin: Begin) -> None:
    begin()
    save(3)
    nan, damaged = save(4, np.nan), save(5)
    damaged.write_bytes(damaged.read_bytes()[:-30])
    begun = begin()
    assert begun.job.state.progress.step == 3
    assert begun.said == [f"{damaged} is passed over (damaged: its checksum differs); going back to an earlier one",
                          f"{nan} is passed over (it holds values that are not numbers); going back to an earlier one",
                          "resuming at epoch 1, step 4 of 10"]
    assert sorted(path.name for path in RUN.checkpoints.iterdir()) == [
        "step-00000003.npz", "step-00000004.npz.unusable", "step-00000005.npz.unusable"]


def test_none_starts_from_zero_in_silence(begin: Begin) -> None:
    begin()
    path = save(3, np.nan)
    assert message(begin) == (f"run has no checkpoint that can be used\n  {path}: it holds values that are not numbers\n"
                              "  hint: --fresh starts over (the old run is moved aside)")
    assert path.is_file()
    path.unlink()
    RUN.metrics.write_text(json.dumps(row(1)) + "\n")
    assert message(begin) == ("run has trained, but no checkpoint is left to go on from\n"
                              "  hint: --fresh starts over (the old run is moved aside)")


def test_rows_of_epochs_before_the_first_save_are_no_state(begin: Begin) -> None:
    """Killed then, the same command begins again."""
    for interval, begins in ((3, True), (2, False)):
        begin(**{"checkpoint.epochs": str(interval)})
        RUN.metrics.write_text("".join(json.dumps(row(epoch)) + "\n" for epoch in (1, 2)))
        if begins:
            assert begin(**{"checkpoint.epochs": str(interval)}).job.initialized == 1
            RUN.metrics.unlink()
    assert message(begin).startswith("run has trained, but no checkpoint is left to go on from\n")


def test_a_row_that_was_written_after_the_save_is_not_evaluated_again(begin: Begin) -> None:
    begin()
    save(20, history=[row(1)])
    RUN.metrics.write_text("".join(json.dumps(row(epoch)) + "\n" for epoch in (1, 2)))
    progress = begin().job.state.progress
    assert progress.history == [row(1), row(2)]
    assert (progress.seconds, progress.images) == (9.0, 0.0)


@pytest.mark.parametrize("rows", [[], [row(1)], [row(1), replace(Progress()).__dict__], [row(1), {**row(2), "step": 19}]])
def test_a_row_of_another_state_is_not_taken(begin: Begin, rows: list[dict[str, Any]]) -> None:
    begin()
    save(20, history=[row(1)])
    RUN.metrics.write_text("".join(json.dumps(each, default=str) + "\n" for each in rows))
    progress = begin().job.state.progress
    assert (progress.history, progress.images) == ([row(1)], 1.0)


def test_fresh_moves_the_old_one_aside(begin: Begin) -> None:
    begin()
    save(13)
    begun = begin("zebra", fresh=True, epochs="3")
    assert (begun.job.initialized, begun.job.state.progress.step) == (1, 0)
    assert (Path("run.old1/checkpoints/step-00000013.npz")).is_file()
    assert not RUN.checkpoints.exists()


def test_fresh_interrupted_is_gone_on_with_by_the_same_command(begin: Begin) -> None:
    begin(fresh=True)
    begin(fresh=True)
    save(13)
    begun = begin(fresh=True)
    assert begun.job.state.progress.step == 13
    assert begun.said == ["--fresh began this run and it is not finished: going on with it\n"
                          "  hint: to begin it once more, remove run", "resuming at epoch 2, step 4 of 10"]
    assert not Path("run.old1").exists()


@pytest.mark.parametrize(("why", "names", "overrides"), [
    ("other data", ("zebra",), {}), ("another recipe", (), {"seed": "3"}), ("finished", (), {}), ("damaged", (), {}),
    ("no manifest", (), {})])
def test_what_fresh_cannot_go_on_with_it_starts_over(begin: Begin, why: str, names: tuple[str, ...],
                                                     overrides: dict[str, str]) -> None:
    begin(fresh=True)
    path = save(13)
    if why == "finished":
        RUN.result.write_text("{}")
    if why == "damaged":
        path.write_bytes(b"")
    if why == "no manifest":
        RUN.manifest.write_text("{")
    assert begin(*names, fresh=True, **overrides).job.state.progress.step == 0
    assert Path("run.old1").is_dir()


def test_fresh_moves_what_a_link_leads_to(begin: Begin) -> None:
    Path("disk/x").mkdir(parents=True)
    RUN.path.symlink_to(Path("disk/x").resolve())
    begin()
    save(13)
    begin(fresh=True, epochs="3")
    assert Path("disk/x.old1/checkpoints").is_dir()
    assert (Path("disk/x/manifest.json")).is_file()
    assert RUN.path.is_symlink()


def test_what_a_kill_left_half_written_is_removed(begin: Begin) -> None:
    begin()
    save(3)
    (RUN.path / ".partial-model.keras").write_text("half")
    (RUN.path / "saved_model" / ".partial-1" / "variables").mkdir(parents=True)
    begin()
    assert not list(RUN.path.rglob(".partial*"))
