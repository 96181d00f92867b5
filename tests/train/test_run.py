"""The run folder: whose it is, who may work in it, what is moved aside."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from archspec.errors import InputError
from archspec.graph.ir import Graph
from archspec.network import load, lower
from archspec.spec.arch import Spec
from archspec.train.run import RunFolder, begin, opened


def loaded(spec: Path, *overrides: str) -> tuple[Spec, Graph]:
    found = load(str(spec), overrides)
    return found, lower(found)


@pytest.fixture
def begun(spec: Path) -> Path:
    """A run folder that has just been begun with the small spec."""
    with opened(Path("run"), *loaded(spec), fresh=False) as run:
        begin(run, *loaded(spec), fresh=False)
    return run.path


def refused(path: Path, spec: Path, *overrides: str) -> str:
    with pytest.raises(InputError) as error, opened(path, *loaded(spec, *overrides), fresh=False):
        pass
    return str(error.value)


def test_it_says_what_it_is(begun: Path) -> None:
    manifest: dict[str, Any] = json.loads((begun / "manifest.json").read_text())
    assert (manifest["spec"], manifest["seed"], manifest["train"]["epochs"]) == ("small", 0, 2)
    assert set(manifest["versions"]) == {"python", "tensorflow", "keras", "numpy"}
    assert manifest["input"] == {"images": "float32 pixels from 0 to 255", "mean": [127.5], "std": [127.5]}


def test_its_spec_gives_the_same_network_and_recipe(begun: Path, spec: Path) -> None:
    (written, graph), (again, same) = loaded(spec), loaded(begun / "spec.yaml")
    assert (again.train, same.fingerprint) == (written.train, graph.fingerprint)


def test_the_same_spec_may_go_on(begun: Path, spec: Path) -> None:
    with opened(begun, *loaded(spec), fresh=False) as run:
        assert run == RunFolder(begun)


def test_devices_and_checkpoints_may_change(begun: Path, spec: Path) -> None:
    with opened(begun, *loaded(spec, "train.strategy=one", "train.checkpoint.steps=5"), fresh=False):
        pass


def test_another_recipe_is_refused_with_what_differs(begun: Path, spec: Path) -> None:
    assert refused(begun, spec, "train.epochs=3", "train.schedule.learning_rate=1") == (
        "run holds a run with another recipe: train.epochs was 2, is 3; train.schedule.learning_rate was 0.05, is 1.0\n"
        "  hint: --fresh starts over (the old run is moved aside), --run NAME keeps both")


def test_another_network_is_refused(begun: Path, spec: Path) -> None:
    assert refused(begun, spec, "stages.width=16").startswith("run holds a run of another network (small, fingerprint ")


def test_a_folder_of_something_else_is_left_alone(spec: Path, tmp_path: Path) -> None:
    assert refused(tmp_path, spec) == f"{tmp_path} holds small.yaml and is no run folder\n  hint: name another one with --run"
    assert refused(spec, spec) == f"{spec} is a file; --run names a folder"


def test_two_at_once_are_refused(begun: Path, spec: Path) -> None:
    with opened(begun, *loaded(spec), fresh=False):
        assert refused(begun, spec).startswith("another archspec works in run\n")
    assert not list(begun.parent.glob(".*lock"))


def test_fresh_moves_the_old_one_aside(begun: Path, spec: Path) -> None:
    (begun / "result.json").write_text("{}")
    for _ in range(2):
        with opened(begun, *loaded(spec, "train.epochs=3"), fresh=True) as run:
            begin(run, *loaded(spec, "train.epochs=3"), fresh=True)
    assert (begun.parent / "run.old1" / "result.json").is_file()
    assert (begun.parent / "run.old2" / "spec.yaml").is_file()
    assert not run.result.exists()


def test_what_a_kill_left_half_written_is_removed(begun: Path, spec: Path) -> None:
    (begun / ".partial-model.keras").write_text("half")
    (begun / "saved_model" / ".partial-1" / "variables").mkdir(parents=True)
    begin(RunFolder(begun), *loaded(spec), fresh=False)
    assert not list(begun.rglob(".partial*"))
