"""The index of the shipped specs: it is believed where it was made of the files that are there, and only there."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from archspec.io.places import shipped
from archspec.views import catalog


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the shipped specs whose index says that AlexNet has one parameter; lowering gives no entry."""
    copy = Path(shutil.copytree(shipped(), tmp_path / "specs"))
    kept = json.loads((copy / catalog.INDEX).read_text())
    entry = next(entry for entry in kept["specs"] if entry["name"] == "alexnet")
    (copy / catalog.INDEX).write_text(json.dumps({**kept, "specs": [{**entry, "parameters": 1}]}))
    monkeypatch.setattr(catalog, "shipped", lambda: copy)
    monkeypatch.setattr(catalog, "lowered", list)
    return copy


def test_the_index_is_read_where_it_is_of_these_files(folder: Path) -> None:
    assert [(entry.name, entry.parameters) for entry in catalog.specs()] == [("alexnet", 1)]


@pytest.mark.parametrize("changed", ["alexnet.yaml", "resnet50.yaml", "blocks/resnet.yaml", "recipes/resnet_2015.yaml"])
def test_a_file_that_differs_makes_it_void(changed: str, folder: Path) -> None:
    (folder / changed).write_text("# mine\n" + (folder / changed).read_text())
    assert catalog.specs() == []


@pytest.mark.parametrize("change", [lambda folder: (folder / "mine.yaml").write_text(""),
                                    lambda folder: (folder / "vgg16.yaml").unlink(),
                                    lambda folder: (folder / "vgg16.yaml").rename(folder / "vgg.yaml"),
                                    lambda folder: (folder / catalog.INDEX).unlink()], ids=["added", "gone", "renamed", "none"])
def test_so_do_other_files(change: object, folder: Path) -> None:
    change(folder)  # type: ignore[operator]
    assert catalog.specs() == []
