"""Every spec that ships opens with what it is, lowers, and stands on its own when it is written out."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import zoo_graphs

from archspec import load, lower
from archspec.io.places import shipped
from archspec.spec.files import spec_names
from archspec.spec.library import _library, block_names, blocks_of, shipped_blocks
from archspec.spec.source import read


@pytest.mark.parametrize("name", spec_names())
def test_it_opens_with_a_comment_and_has_a_description(name: str) -> None:
    text = (shipped() / f"{name}.yaml").read_text(encoding="utf-8")
    assert text.startswith("# ")
    assert zoo_graphs.shipped(name)[0].description


@pytest.mark.parametrize("path", sorted((shipped() / "blocks").glob("*.yaml")), ids=lambda path: path.stem)
def test_a_file_of_blocks_says_what_it_holds(path: Path) -> None:
    assert "description" in read(path).entries


@pytest.mark.parametrize("path", sorted((shipped() / "blocks").glob("*.yaml")), ids=lambda path: path.stem)
def test_the_names_of_blocks_are_found_without_reading(path: Path) -> None:
    assert block_names(path.read_text(encoding="utf-8")) == list(blocks_of(path))


def test_no_block_ships_twice() -> None:
    names = [name for path in (shipped() / "blocks").glob("*.yaml") for name in blocks_of(path)]
    assert len(names) == len(set(names)) == len(shipped_blocks())


def test_a_spec_reads_the_files_of_its_blocks_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    read_files: list[str] = []
    monkeypatch.setattr("archspec.spec.library.read", lambda path: read_files.append(path.stem) or read(path))
    _library.cache_clear()
    lower(load("se_resnet50"))
    assert {"resnet", "senet"} <= set(read_files) <= {"resnet", "senet", "mobilenet"}
    assert len(read_files) == len(set(read_files))


@pytest.mark.parametrize("name", shipped_blocks())
def test_a_shipped_block_is_described(name: str) -> None:
    assert "description" in shipped_blocks()[name].entries


@pytest.mark.parametrize("expand", [False, True])
@pytest.mark.parametrize("name", ["se_resnet50_pre", "googlenet", "mobilenet_v3_large", "inception_v4", "cifar_highway19",
"resnet20_digits"])
def test_a_resolved_spec_means_the_same(name: str, expand: bool, write: Callable[..., Path]) -> None:
    spec = load(name)
    path = write("input: 1x1x1\nhead: []", name)
    path.write_text(spec.to_yaml(expand=expand), encoding="utf-8")
    assert lower(load(str(path))).fingerprint == lower(spec).fingerprint
