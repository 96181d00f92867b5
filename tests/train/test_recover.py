"""A trained network has other weights than those of its folder, too: raw ones, their average, those of the best epoch."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from runs import QUICK, SPEC

from archspec.artifact.folder import read
from archspec.cli import run as archspec
from archspec.errors import InputError
from archspec.export.asked import Asked
from archspec.export.subject import subject

RECIPE = ["--set", "train.ema=0.9", "--set", "train.checkpoint.best=2", "--set", "train.epochs=3"]


def tick(*_: object) -> None: ...


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Trained with an average, which is what lies in it. Not to be changed."""
    folder = tmp_path_factory.mktemp("recover")
    (folder / "small.yaml").write_text(SPEC)
    assert archspec(["train", str(folder / "small.yaml"), "--run", str(folder / "run"), *QUICK, *RECIPE]) == 0
    return folder / "run"


@pytest.mark.slow
def test_each_kind_of_weights(run: Path, tmp_path: Path) -> None:
    """As the training itself would have left them, with their own test: asked for by training on, which trains nothing then."""
    for kind in ("raw", "best", "ema"):
        found = subject(Asked(str(run), kind), tick).artifact
        other = Path(shutil.copytree(run, tmp_path / kind))
        assert archspec(["train", str(run.parent / "small.yaml"), "--run", str(other), *QUICK, *RECIPE, "--set", f"export.weights={kind}"]) == 0
        expected = read(other)
        assert found.weights.keys() == expected.weights.keys()
        assert all(np.array_equal(array, expected.weights[key]) for key, array in found.weights.items()), kind
        assert found.metrics == pytest.approx(dict(expected.metrics)), kind
        assert found.data == expected.data


def test_nothing_is_written(run: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in run.rglob("*")}
    subject(Asked(str(run), "raw"), tick)
    assert {path: path.stat().st_mtime_ns for path in run.rglob("*")} == before


def test_weights_that_are_not_there(run: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"--weights rwa: of a run there are raw, ema, best\n  hint: did you mean 'raw'\?"):
        subject(Asked(str(run), "rwa"), tick)
    with pytest.raises(InputError, match=r"--weights raw: .*model.keras has its ema weights alone"):
        subject(Asked(str(run / "model.keras"), "raw"), tick)
    bare = Path(shutil.copytree(run, tmp_path / "bare"))
    shutil.rmtree(bare / "checkpoints")
    with pytest.raises(InputError, match="holds no state of the training any more"):
        subject(Asked(str(bare), "raw"), tick)
    shutil.copytree(run / "checkpoints", bare / "checkpoints")
    for path in (bare / "checkpoints").glob("best-*"):
        path.unlink()
    with pytest.raises(InputError) as error:
        subject(Asked(str(bare), "best"), tick)
    assert str(error.value) == (f"{bare}/checkpoints holds no best epoch that can be used: train.checkpoint.best keeps those that end from now on\n"
                                "  hint: where no weights are named the network is exported that lies in the run's folder")
    states = sorted((bare / "checkpoints").glob("step-*"), reverse=True)
    for path in states:
        path.write_bytes(path.read_bytes()[:100])
    with pytest.raises(InputError) as error:
        subject(Asked(str(bare), "raw"), tick)
    damaged = ", ".join(f"{path.name} (damaged: its checksum differs)" for path in states)
    assert str(error.value).startswith(f"{bare}/checkpoints holds no state of the training that can be used: {damaged}\n")
