"""The folder of a trained run that has nothing yet of what is made after the training."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from artifacts import artifact, evaluated_on
from fileless import fileless

from archspec.artifact.folder import write
from archspec.export.run import complete
from archspec.export.sample import made
from archspec.network import load
from archspec.spec.export import ExportSection
from archspec.train.saving.manifest import begun

ROWS = [{"epoch": epoch, "step": 5 * epoch, "loss": 1 / epoch, "accuracy": 0.5, "test_loss": 1 / epoch, "test_top1": 0.75,
         "learning_rate": 0.1, "seconds": 10.0 * epoch, "images_per_second": 100.0 + epoch} for epoch in (1, 2, 3)]


@pytest.fixture(scope="session")
def _trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("runs") / "small"
    write(artifact(), folder)
    found = artifact()
    begun(load(str(folder / "spec.yaml"), ["train.epochs=3"]), found.preprocess, found.graph, False).write(folder / "manifest.json")
    (folder / "metrics.jsonl").write_text("".join(json.dumps(row) + "\n" for row in ROWS))
    return folder


@pytest.fixture
def trained(_trained: Path, tmp_path: Path) -> Path:
    """May be changed."""
    return Path(shutil.copytree(_trained, tmp_path / "run"))


@pytest.fixture(scope="session")
def _finished(_trained: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = Path(shutil.copytree(_trained, tmp_path_factory.mktemp("runs") / "finished"))
    with fileless():
        complete(folder, ExportSection(), evaluated_on(made(artifact().preprocess)))
    return folder


@pytest.fixture
def finished(_finished: Path, tmp_path: Path) -> Path:
    """A run with all that it has; may be changed."""
    return Path(shutil.copytree(_finished, tmp_path / "run"))
